"""Normal forms of functions: numbers and scalars taken out, inverse functions undone, the sigmoid recognised.

Each rule takes a function box whose arguments are in reading form and gives an equal expression, or None.
They hold wherever the box is defined over the reals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from ..core.algebra import hadamard, kron, ones
from ..core.diagrams import contract, permuted
from ..core.expressions import Apply, Copy, Expr, Structural, Sum, Tensor, add, identity, one, zero
from ..core.functions import apply, pow_, reciprocal
from ..core.networks import Network, flatten
from ..core.numbers import Number, as_number
from .canonical import components
from .matching import unmerged, without

__all__ = ["NORMAL_FORMS", "closed_part", "inverse", "normal_function", "split_scalars"]

_ODD = frozenset({"sin", "tan", "arcsin", "arctan", "sinh", "tanh", "erf", "sign"})
_EVEN = frozenset({"cos", "cosh", "abs"})
_AT_ZERO: dict[str, Number] = dict.fromkeys(_ODD | {"abs", "relu", "step", "expm1", "log1p"}, 0)
_AT_ZERO |= {"exp": 1, "cos": 1, "cosh": 1, "sigmoid": Fraction(1, 2)}
_UNDONE = {"exp": "log", "log": "exp", "inv": "inv", "pinv": "pinv", "expm1": "log1p", "log1p": "expm1"}


def split_scalars(expr: Expr) -> tuple[Number, list[Expr], Expr | None]:
    """(number, scalar factors, the rest): the rest has the legs of the expression, None stands for a rest of 1."""
    network = flatten(expr)
    outside = set(network.output)
    scalars: list[Expr] = []
    kept_operands: list[int] = []
    kept_indices: set[int] = set(outside)
    for operands, indices in components(network):
        if outside & set(indices):
            kept_operands.extend(operands)
            kept_indices.update(indices)
        else:
            scalars.append(closed_part(network, operands, indices))
    if not network.output:
        return network.coefficient, scalars, None
    rest = _part(network, sorted(kept_operands), sorted(kept_indices), network.output)
    return network.coefficient, scalars, rest.to_expr()


def closed_part(network: Network, operands: list[int], indices: list[int]) -> Expr:
    """A component without open legs as an expression of order 0."""
    return _part(network, operands, sorted(indices), ()).numbered().to_expr().base


def _part(network: Network, operands: Sequence[int], indices: Sequence[int], output: Sequence[int]) -> Network:
    """The network of some operands and indices, without its coefficient."""
    number = {index: place for place, index in enumerate(indices)}
    return Network(
        1,
        tuple(network.operands[k] for k in operands),
        tuple(tuple(number[i] for i in network.indices[k]) for k in operands),
        tuple(number[i] for i in output),
        tuple(network.dims[i] for i in indices),
    )


def _power_of(number: Number, exponent: Any) -> Number | None:
    """number^exponent where that is exact (or was not exact before); None else."""
    if isinstance(number, complex) or isinstance(exponent, complex) or number == 0:
        return None
    if isinstance(exponent, int):
        base = Fraction(number) if isinstance(number, int) else number
        return as_number(base**exponent) if abs(exponent) <= _LARGEST_EXPONENT else None
    if number < 0:
        return None
    if isinstance(number, float):
        return as_number(number ** float(exponent))
    if isinstance(exponent, Fraction) and exponent.denominator == 2:
        top, bottom = math.isqrt(number.numerator), math.isqrt(number.denominator)
        if top * top == number.numerator and bottom * bottom == number.denominator:
            return as_number(Fraction(top, bottom) ** exponent.numerator)
    return None


_LARGEST_EXPONENT = 64


def _times(number: Number, factors: list[Expr], rest: Expr | None) -> Expr:
    """The product of a number, scalars and at most one expression with legs."""
    made = one() if rest is None else rest
    for factor in factors:
        made = hadamard(factor, made)
    return made if number == 1 else add([(number, made)])


def _power(box: Apply) -> Expr | None:
    """(c s x∘y)^p as c^p s^p x^p∘y^p: scalars for an integer p, numbers wherever their power is exact."""
    exponent, arg = box.params[0], box.args[0]
    if isinstance(arg, Apply) and arg.function == "exp" and not isinstance(exponent, complex):
        return apply("exp", add([(exponent, arg.args[0])]))
    if isinstance(exponent, int) and exponent < 0:
        logistic = _logistic(arg)
        if logistic is not None:
            return pow_(logistic, -exponent)
    number, scalars, rest = split_scalars(arg)
    factor = _power_of(number, exponent)
    if factor is None:
        return None
    if rest is None and not scalars:  # a number: nothing is left of it
        return add([(factor, one())])
    if not isinstance(exponent, int):
        return None if number == 1 else add([(factor, pow_(_times(1, scalars, rest), exponent))])
    pieces = [] if rest is None else _entrywise_factors(rest)
    if number == 1 and len(scalars) + len(pieces) == 1:
        return None
    raised = [pow_(piece, exponent) for piece in pieces]
    entries = reduce(hadamard, raised) if raised else None
    return _times(factor, [pow_(scalar, exponent) for scalar in scalars], entries)


def _entrywise_factors(expr: Expr) -> list[Expr]:
    """The factors of an elementwise product, each with all the legs; else the expression alone."""
    network = flatten(expr)
    if len(network.operands) < 2 or len(set(network.output)) != len(network.output):
        return [expr]
    factors = []
    for box, row in zip(network.operands, network.indices, strict=True):
        if len(row) != len(network.output) or set(row) != set(network.output):
            return [expr]
        factors.append(permuted(box, [row.index(i) for i in network.output]))
    return factors


def _logistic(arg: Expr) -> Expr | None:
    """sigmoid(−w) where the argument is 1 + exp(w)."""
    if not isinstance(arg, Sum) or len(arg.terms) != 2 or any(c != 1 for c, _ in arg.terms):
        return None
    for (_, first), (_, second) in (arg.terms, arg.terms[::-1]):
        if isinstance(first, Apply) and first.function == "exp" and _is_ones(second):
            return apply("sigmoid", -first.args[0])
    return None


def _is_ones(expr: Expr) -> bool:
    network = flatten(expr)
    return not network.operands and len(set(network.output)) == len(network.output) == len(network.dims)


def _undo(box: Apply) -> Expr | None:
    """exp(log x) and log(exp x) are x; so is inv(inv x)."""
    arg = box.args[0]
    if isinstance(arg, Apply) and arg.function == _UNDONE.get(box.function):
        return arg.args[0]
    return None


def _of_zero(box: Apply) -> Expr | None:
    """f(0) is one number everywhere, a known one for most functions."""
    arg = box.args[0]
    if not box.spec.elementwise or len(box.args) > 1 or not isinstance(arg, Sum) or not arg.is_zero:
        return None
    if box.function in _AT_ZERO:
        return add([(_AT_ZERO[box.function], ones(arg.dims))])
    return hadamard(apply(box.function, zero(), params=box.params), ones(arg.dims)) if arg.dims else None


def _sign(box: Apply) -> Expr | None:
    """f(−x) as −f(x) of an odd function, f(x) of an even one."""
    arg = box.args[0]
    if not isinstance(arg, Sum) or any(isinstance(c, complex) or c >= 0 for c, _ in arg.terms):
        return None
    made = apply(box.function, -arg)
    return made if box.function in _EVEN else -made


def _homogeneous(box: Apply) -> Expr | None:
    """abs(c x) is |c| abs(x); relu(c x) is c relu(x) and step(c x) is step(x) for positive c; sign(c x) likewise."""
    arg = box.args[0]
    if not isinstance(arg, Sum) or len(arg.terms) != 1:
        return None
    number, rest = arg.terms[0]
    if isinstance(number, complex) or (number < 0 and box.function != "abs"):
        return None
    made = apply(box.function, rest)
    return made if box.function in ("step", "sign") else add([(abs(number), made)])


def inverse(box: Apply) -> Expr | None:
    """inv(c s X) is inv(X)/(c s); of an identity, a diagonal, an orthogonal or a Kronecker factor the known one."""
    arg = box.args[0]
    number, scalars, rest = split_scalars(arg)
    assert rest is not None
    factor = _power_of(number, -1)
    if factor is not None and (number != 1 or scalars):
        return _times(factor, [reciprocal(scalar) for scalar in scalars], apply("inv", rest))
    if arg == identity(arg.dims[0]):
        return arg
    if isinstance(arg, Tensor) and "orth" in arg.facts:
        return permuted(arg, (1, 0))
    return _inverse_of_diagonal(arg) or _inverse_of_kronecker(arg)


def _inverse_of_diagonal(arg: Expr) -> Expr | None:
    network = flatten(arg)
    first, second = network.output
    if first != second or not network.operands:
        return None
    vector = Network(1, network.operands, network.indices, (first,), network.dims).to_expr()
    return contract([reciprocal(vector), Copy(3, arg.dims[0])], [(0,), (0, 1, 2)], (1, 2))


def _inverse_of_kronecker(arg: Expr) -> Expr | None:
    """inv(A ⊗ B ⊗ …) = inv(A) ⊗ inv(B) ⊗ … for square factors: expressions or identities."""
    network = flatten(arg)
    merged: dict[int, tuple[int, ...]] = {}
    merges: set[int] = set()
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if isinstance(box, Structural) and box.name == "merge" and row[-1] not in merged:
            merged[row[-1]] = row[:-1]
            merges.add(k)
    rows, columns = (unmerged(i, merged) for i in network.output)
    if network.coefficient != 1 or len(rows) != len(columns) or len(rows) < 2:
        return None
    inside = without(network, merges)
    sides = {frozenset(pair): pair for pair in zip(rows, columns, strict=True)}
    found: dict[frozenset[int], Expr] = {}
    for operands, indices in components(inside):
        ends = frozenset(indices) & {*rows, *columns}
        if not operands and indices[0] in merged:
            continue
        if ends not in sides or ends in found:
            return None
        found[ends] = _part(inside, operands, indices, sides[ends]).to_expr()
    if len(found) < len(rows) or any(len(set(box.dims)) > 1 for box in found.values()):
        return None
    return reduce(kron, [apply("inv", found[frozenset(pair)]) for pair in zip(rows, columns, strict=True)])


def _of_transpose(box: Apply) -> Expr | None:
    """det(Xᵀ) is det(X): the argument in the orientation that needs fewer transposes."""
    from .simplification import oriented

    arg = box.args[0]
    other = oriented(arg)
    return None if other is arg else apply(box.function, other)


def _log_of_inverse(box: Apply) -> Expr | None:
    """logdet(inv X) is −logdet X, log of a power −1 or 1/2 the multiple of the log."""
    arg = box.args[0]
    if not isinstance(arg, Apply):
        return None
    if box.function == "logdet" and arg.function == "inv":
        return -apply("logdet", arg.args[0])
    if box.function == "log" and arg.function == "power" and arg.params[0] in (-1, Fraction(1, 2)):
        return add([(arg.params[0], apply("log", arg.args[0]))])
    return None


NormalForm = Callable[[Apply], "Expr | None"]

NORMAL_FORMS: tuple[tuple[str, frozenset[str] | None, NormalForm], ...] = (
    ("value at zero", None, _of_zero),
    ("undo", frozenset(_UNDONE), _undo),
    ("power of a product", frozenset({"power"}), _power),
    ("odd or even", _ODD | _EVEN, _sign),
    ("homogeneous", frozenset({"abs", "relu", "step", "sign"}), _homogeneous),
    ("inverse", frozenset({"inv"}), inverse),
    ("transpose", frozenset({"det", "logdet"}), _of_transpose),
    ("log of an inverse", frozenset({"log", "logdet"}), _log_of_inverse),
)


def normal_function(box: Apply) -> tuple[str, Expr] | None:
    """The first normal form that applies: its name and the new expression."""
    for name, functions, rule in NORMAL_FORMS:
        if functions is None or box.function in functions:
            made = rule(box)
            if made is not None and made.base is not box:
                return name, made
    return None
