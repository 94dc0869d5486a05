"""Rewrite rules on flat networks: each finds a match, applies it and keeps the value.

A rule is a function `Network -> Network | None` (None: no match); `RULES` lists them with their names.  That each
keeps the value is tested on random numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

from ..core.algebra import plus
from ..core.expressions import Apply, Copy, Expr, Structural, Sum, Tensor, add
from ..core.functions import apply, pow_
from ..core.networks import Network, flatten
from ..core.numbers import as_number
from .inverses import cancel_inverse, cancel_orthogonal
from .matching import find_copy, join_indices, without
from .matrix_functions import close_difference, commuting_direction

__all__ = ["RULES", "Rule"]

Rule = Callable[[Network], "Network | None"]


def _named(network: Network, kind: type[Expr]) -> Iterator[tuple[int, Any, tuple[int, ...]]]:
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if isinstance(box, kind):
            yield k, box, row


def cancel_merge(network: Network) -> Network | None:
    """A merge that meets its own inverse: the merged legs, or the separate ones, become one."""
    count = network.occurrences()
    merges = [(k, row) for k, box, row in _named(network, Structural) if box.name == "merge"]
    for position, (k, row) in enumerate(merges):
        for other, other_row in merges[position + 1 :]:
            if len(row) != len(other_row):
                continue
            dims = [network.dims[i] for i in row], [network.dims[i] for i in other_row]
            if dims[0] != dims[1]:
                continue
            if row[-1] == other_row[-1] and count[row[-1]] == 2:
                pairs = list(zip(row[:-1], other_row[:-1], strict=True))
                return join_indices(without(network, {k, other}), pairs, {row[-1]})
            if row[:-1] == other_row[:-1] and all(count[i] == 2 for i in row[:-1]) and len(set(row)) == len(row):
                return join_indices(without(network, {k, other}), [(row[-1], other_row[-1])], set(row[:-1]))
    return None


def _replaced(network: Network, gone: set[int], box: Expr | None, row: tuple[int, ...]) -> Network:
    """The network with some operands replaced by one, or by none."""
    from .simplification import simplify

    rest = without(network, gone)
    if box is None:
        return rest
    return Network(rest.coefficient, (*rest.operands, simplify(box).base), (*rest.indices, row), rest.output, rest.dims)


def collect_powers(network: Network) -> Network | None:
    """x^a ∘ x^b is x^(a+b) where a power function is among them; a and b are numbers or scalars."""
    groups: dict[tuple[Expr, tuple[int, ...]], list[tuple[int, Any]]] = {}
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if isinstance(box, Apply) and box.function == "power":
            groups.setdefault((box.args[0].base, row), []).append((k, box.params[0]))
        elif isinstance(box, Apply) and box.function == "pow":
            groups.setdefault((box.args[0].base, row), []).append((k, box.args[1]))
        else:
            groups.setdefault((box, row), []).append((k, 1))
    for (base, row), members in groups.items():
        if len(members) < 2 or all(isinstance(exponent, int) and exponent == 1 for _, exponent in members):
            continue
        return _replaced(network, {k for k, _ in members}, _raised(base, [e for _, e in members]), row)
    return None


def _raised(base: Expr, exponents: list[Any]) -> Expr | None:
    """The base to the sum of the exponents; None for the exponent 0."""
    numbers = as_number(sum(e for e in exponents if not isinstance(e, Expr)))
    symbols = [e for e in exponents if isinstance(e, Expr)]
    if not symbols:
        return pow_(base, numbers) if numbers != 0 else None
    return pow_(base, reduce(plus, symbols) + numbers)


def collect_sizes(network: Network) -> Network | None:
    """A closed wire of dimension n beside a power of n is one power: n·n⁻² is n⁻¹."""
    count = network.occurrences()
    loops = {dim: i for i, dim in enumerate(network.dims) if not count[i]}
    for k, box, _ in _named(network, Apply):
        base = box.args[0].base
        if box.function == "power" and isinstance(base, Copy) and not base.order and base.dim in loops:
            made = _raised(base, [box.params[0], 1])
            return join_indices(_replaced(network, {k}, made, ()), [], {loops[base.dim]})
    return None


def collect_compound_powers(network: Network) -> Network | None:
    """The same where the base is a piece of the network, such as xᵀx beside (xᵀx)^(-1/2), A x beside 1./(A x)."""
    from .simplification import simplify

    for k, box, row in _named(network, Apply):
        if box.function != "power":
            continue
        base = flatten(simplify(box.args[0]))
        if len(base.operands) < 2 or base.coefficient != 1:
            continue
        found = find_copy(network, base, row)
        if found is not None:
            operands, inner = found
            made = _raised(box.args[0], [box.params[0], 1])
            return join_indices(_replaced(network, {k, *operands}, made, row), [], inner)
    return None


def _pairs_on_one_row(network: Network, first: str, second: str | None) -> Iterator[tuple[int, int]]:
    """Places of two function boxes with equal indices, or of a function and of its own argument."""
    rows: dict[tuple[int, ...], list[int]] = {}
    for k, row in enumerate(network.indices):
        rows.setdefault(row, []).append(k)
    for k, box, row in _named(network, Apply):
        if box.function != first:
            continue
        for other in rows[row]:
            candidate = network.operands[other]
            if second is None:
                if other != k and candidate is box.args[0].base:
                    yield k, other
            elif other != k and isinstance(candidate, Apply) and candidate.function == second:
                yield k, other


def collect_exponentials(network: Network) -> Network | None:
    """exp(a)∘exp(b) is exp(a + b) where the sum is shorter."""
    from .simplification import simplify

    for k, other in _pairs_on_one_row(network, "exp", "exp"):
        if other < k:
            continue
        first, second = network.operands[k].children[0], network.operands[other].children[0]
        total = simplify(add([(1, first), (1, second)])).base
        if _terms(total) < _terms(first) + _terms(second):
            made = None if isinstance(total, Sum) and total.is_zero else apply("exp", total)
            return _replaced(network, {k, other}, made, network.indices[k])
    return None


def _terms(expr: Expr) -> int:
    return len(expr.terms) if isinstance(expr, Sum) else 1


def collect_sigmoid(network: Network) -> Network | None:
    """exp(w)∘sigmoid(−w) is sigmoid(w)."""
    from .simplification import simplify

    for k, other in _pairs_on_one_row(network, "exp", "sigmoid"):
        inside = network.operands[k].children[0]
        if simplify(-inside) == network.operands[other].children[0]:
            return _replaced(network, {k, other}, apply("sigmoid", inside), network.indices[k])
    return None


_QUOTIENTS = {("sin", "cos"): "tan", ("sinh", "cosh"): "tanh"}


def collect_quotient(network: Network) -> Network | None:
    """sin(x)/cos(x) is tan(x), sinh(x)/cosh(x) is tanh(x)."""
    for (above, below), made in _QUOTIENTS.items():
        for k, other in _pairs_on_one_row(network, above, "power"):
            base = network.operands[other].children[0]
            inside = network.operands[k].children[0]
            if network.operands[other].payload[1] == (-1,) and base == apply(below, inside):
                return _replaced(network, {k, other}, apply(made, inside), network.indices[k])
    return None


def collect_softmax(network: Network) -> Network | None:
    """exp(w)/sum(exp(w)) is softmax(w), for a vector w."""
    from .simplification import simplify

    for k, box, _ in _named(network, Apply):
        exponent = box.params[0] if box.function == "power" and not box.order else 0
        if not isinstance(exponent, int) or exponent >= 0:
            continue
        base = flatten(box.args[0])
        top = base.operands[0] if len(base.operands) == 1 else None
        if not isinstance(top, Apply) or top.function != "exp" or top.order != 1 or base.coefficient != 1:
            continue
        for other, candidate in enumerate(network.operands):
            if candidate is top:
                made = apply("softmax", top.args[0], params=(0,))
                changed = _replaced(network, {other, k}, made, network.indices[other])
                left = exponent + 1
                return _replaced(changed, set(), simplify(pow_(box.args[0], left)), ()) if left else changed
    return None


def collect_sign(network: Network) -> Network | None:
    """x∘sign(x) is abs(x), abs(x)∘sign(x) is x, abs(x)∘abs(x) is x∘x, x∘step(x) is relu(x)."""
    for k, other in _pairs_on_one_row(network, "sign", None):
        return _replaced(network, {k, other}, apply("abs", network.operands[other]), network.indices[k])
    for k, other in _pairs_on_one_row(network, "step", None):
        return _replaced(network, {k, other}, apply("relu", network.operands[other]), network.indices[k])
    for first, second in (("abs", "sign"), ("abs", "abs"), ("relu", "step")):
        for k, other in _pairs_on_one_row(network, first, second):
            box, candidate = network.operands[k], network.operands[other]
            if box.children != candidate.children:
                continue
            made = box if first == "relu" else box.children[0]
            changed = _replaced(network, {k, other}, made, network.indices[k])
            return _replaced(changed, set(), made, network.indices[k]) if second == "abs" else changed
    return None


def drop_repeated(network: Network) -> Network | None:
    """A factor of zeros and ones (mask, step, unit) times itself is itself."""
    seen: Counter[tuple[Expr, tuple[int, ...]]] = Counter()
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        idempotent = (
            (isinstance(box, Tensor) and "mask" in box.facts)
            or (isinstance(box, Apply) and box.function == "step")
            or isinstance(box, Structural)
        )
        if not idempotent:
            continue
        if seen[box, row]:
            return without(network, {k})
        seen[box, row] += 1
    return None


def sum_of_unit(network: Network) -> Network | None:
    """A unit vector summed over its only leg is 1."""
    count = network.occurrences()
    for k, box, row in _named(network, Structural):
        if box.name == "unit" and count[row[0]] == 1:
            return join_indices(without(network, {k}), [], {row[0]})
    return None


def sum_of_distribution(network: Network) -> Network | None:
    """Entries that add up to 1 along a leg, summed over it: softmax, and tensors declared so."""
    count = network.occurrences()
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        leg = None
        if isinstance(box, Tensor) and "prob" in box.facts:
            leg = box.order - 1
        elif isinstance(box, Apply) and box.function == "softmax" and len(box.params) == 1:
            leg = box.params[0]
        if leg is not None and count[row[leg]] == 1:
            return join_indices(without(network, {k}), [], {row[leg]})
    return None


def count_loops(network: Network) -> Network | None:
    """A closed loop of a dimension that is a number is that number."""
    count = network.occurrences()
    loops = [i for i, dim in enumerate(network.dims) if count[i] == 0 and dim.number is not None]
    if not loops:
        return None
    size = math.prod(network.dims[i].number or 0 for i in loops)
    rest = join_indices(network, [], set(loops))
    return Network(as_number(rest.coefficient * size), rest.operands, rest.indices, rest.output, rest.dims)


RULES: tuple[tuple[str, Rule], ...] = (
    ("count loops", count_loops),
    ("cancel merge", cancel_merge),
    ("cancel inverse", cancel_inverse),
    ("orthogonal", cancel_orthogonal),
    ("collect powers", collect_powers),
    ("collect sizes", collect_sizes),
    ("collect compound powers", collect_compound_powers),
    ("collect sigmoid", collect_sigmoid),
    ("collect exponentials", collect_exponentials),
    ("collect quotient", collect_quotient),
    ("collect softmax", collect_softmax),
    ("absolute value and sign", collect_sign),
    ("adds up to 1", sum_of_distribution),
    ("0 and 1 squared", drop_repeated),
    ("unit vector", sum_of_unit),
    ("trace of a matrix function", close_difference),
    ("commuting direction", commuting_direction),
)
