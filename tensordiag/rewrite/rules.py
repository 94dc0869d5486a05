"""Rewrite rules on flat networks: each finds a match, applies it and keeps the value.

A rule is a function `Network -> Network | None` (None: no match); `RULES` lists them with their names.  That each
keeps the value is tested on random numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..core.diagrams import UnionFind, permuted
from ..core.expressions import Apply, Expr, Structural, Tensor, one
from ..core.functions import pow_
from ..core.networks import Network
from ..core.numbers import as_number
from .matrix_functions import close_difference, commuting_direction

__all__ = ["RULES", "Rule", "join_indices", "without"]

Rule = Callable[[Network], "Network | None"]


def without(network: Network, gone: set[int]) -> Network:
    """The network without some operands (their indices stay)."""
    kept = [k for k in range(len(network.operands)) if k not in gone]
    return Network(
        network.coefficient,
        tuple(network.operands[k] for k in kept),
        tuple(network.indices[k] for k in kept),
        network.output,
        network.dims,
    )


def join_indices(network: Network, pairs: list[tuple[int, int]], drop: set[int]) -> Network:
    """Indices made one, and the indices `drop`, which nothing uses any more, removed."""
    union = UnionFind()
    for a, b in pairs:
        union.join(a, b)
    kept = [i for i in range(len(network.dims)) if i not in drop and union.find(i) == i]
    number: dict[Any, int] = {index: place for place, index in enumerate(kept)}
    return Network(
        network.coefficient,
        network.operands,
        tuple(tuple(number[union.find(i)] for i in row) for row in network.indices),
        tuple(number[union.find(i)] for i in network.output),
        tuple(network.dims[i] for i in kept),
    )


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


def _inverse_of(box: Apply) -> tuple[Tensor, bool] | None:
    """(A, whether it is transposed) for a box inv(A) or inv(Aᵀ) of a single tensor."""
    arg = box.args[0]
    if isinstance(arg, Tensor):
        return arg, False
    children = arg.children
    if len(children) == 1 and isinstance(children[0], Tensor) and permuted(children[0], (1, 0)) == arg:
        return children[0], True
    return None


def cancel_inverse(network: Network) -> Network | None:
    """inv(A)·A and A·inv(A) are the identity, for a tensor A; Qᵀ·Q likewise for an orthogonal Q."""
    count = network.occurrences()
    tensors = list(_named(network, Tensor))
    for k, box, row in _named(network, Apply):
        if box.function != "inv" or row[0] == row[1] or (known := _inverse_of(box)) is None:
            continue
        tensor, transposed = known
        for other, candidate, other_row in tensors:
            if candidate is not tensor or other_row[0] == other_row[1]:
                continue
            facing = other_row[::-1] if transposed else other_row
            for mine, its in ((1, 0), (0, 1)):
                straight = row[mine] == facing[its]
                if (straight or (candidate.symmetric and row[mine] == facing[mine])) and count[row[mine]] == 2:
                    far = facing[1 - its] if straight else facing[its]
                    return join_indices(without(network, {k, other}), [(row[1 - mine], far)], {row[mine]})
    return _cancel_orthogonal(network, count)


def _cancel_orthogonal(network: Network, count: list[int]) -> Network | None:
    orthogonal = [(k, box, row) for k, box, row in _named(network, Tensor) if "orth" in box.facts]
    for position, (k, box, row) in enumerate(orthogonal):
        for other, candidate, other_row in orthogonal[position + 1 :]:
            if candidate.name != box.name or candidate.conjugate != box.conjugate:
                continue
            for leg in (0, 1):
                shared = row[leg]
                if shared == other_row[leg] and count[shared] == 2 and row[0] != row[1]:
                    if box.dims[0] is not box.dims[1] and leg == 1:
                        continue  # a tall isometry: only QᵀQ is the identity
                    pairs = [(row[1 - leg], other_row[1 - leg])]
                    return join_indices(without(network, {k, other}), pairs, {shared})
    return None


def collect_powers(network: Network) -> Network | None:
    """x^a ∘ x^b is x^(a+b) where a power function is among them."""
    groups: dict[tuple[Expr, tuple[int, ...]], list[tuple[int, Any]]] = {}
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if isinstance(box, Apply) and box.function == "power":
            groups.setdefault((box.args[0].base, row), []).append((k, box.params[0]))
        else:
            groups.setdefault((box, row), []).append((k, 1))
    for (base, row), members in groups.items():
        powers = [k for k, exponent in members if exponent != 1]
        if len(members) < 2 or not powers:
            continue
        exponent = as_number(sum(e for _, e in members))
        made = one() if exponent == 0 else pow_(base, exponent) if exponent != 1 else base
        rest = without(network, {k for k, _ in members})
        if exponent == 0:
            return rest
        return Network(rest.coefficient, (*rest.operands, made.base), (*rest.indices, row), rest.output, rest.dims)
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


RULES: tuple[tuple[str, Rule], ...] = (
    ("cancel merge", cancel_merge),
    ("cancel inverse", cancel_inverse),
    ("collect powers", collect_powers),
    ("0 and 1 squared", drop_repeated),
    ("unit vector", sum_of_unit),
    ("trace of a matrix function", close_difference),
    ("commuting direction", commuting_direction),
)
