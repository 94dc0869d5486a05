"""Operators of the text language: their typing rules, and the expressions that they build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from ..core.algebra import as_expr, hadamard, matmul, outer, plus, transpose
from ..core.diagrams import contract
from ..core.elementary import matrix_power
from ..core.expressions import Expr
from ..core.functions import pow_, quotient
from ..core.numbers import Number, as_number
from ..core.structurals import merge
from ..dimension import Dimension
from .inference import Site
from .kinds import Reading, Typed, constant_value
from .syntax import Node

__all__ = ["OPERATORS", "kronecker", "multiply", "negate", "same_shape", "transposed"]

_LARGEST_MATRIX_POWER = 1000
_LARGEST_NUMBER_BITS = 1000

Rule = Callable[[Reading, Node, Typed, Typed], Typed]


def multiply(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
    """`a*b`: scale, contract the column leg with the row leg, or put a column and a row side by side."""
    if a.is_scalar or b.is_scalar:
        whole = b if a.is_scalar else a
        return Typed(node, whole.row, whole.column, lambda args: hadamard(args[0], args[1]))
    if a.column is not None and b.row is not None:
        action = f"multiply {reading.quote(a.node)} by {reading.quote(b.node)}"
        site = Site(node.position, action, reading.leg(a, "column"), reading.leg(b, "row"))
        reading.inference.equate(a.column, b.row, site)
        return Typed(node, a.row, b.column, lambda args: matmul(args[0], args[1]))
    if a.column is None and b.row is None:
        return Typed(node, a.row, b.column, lambda args: outer(args[0], args[1]))
    raise reading.error(node, f"cannot multiply {reading.say(a)} by {reading.say(b)}: {_alternatives(reading, a, b)}")


def _alternatives(reading: Reading, a: Typed, b: Typed) -> str:
    x, y = reading.factor(a.node), reading.factor(b.node)
    x_flipped, y_flipped = reading.flipped(a.node), reading.flipped(b.node)
    if a.is_vector and b.is_vector:
        inner, side = (f"{x_flipped}*{y}", f"{x}*{y_flipped}")
        if a.kind == "row":
            inner, side = side, inner
        return f"write {inner} for the inner product, {side} for the outer one or {x}.*{y} for the elementwise one"
    if b.is_matrix:
        return f"write {x_flipped}*{y} for the product, or diag({x})*{y} to scale the rows"
    vector = y_flipped if b.node.kind == "transpose" else y
    return f"write {x}*{y_flipped} for the product, or {x}*diag({vector}) to scale the columns"


def same_shape(
    reading: Reading, node: Node, verb: str, a: Typed, b: Typed
) -> tuple[Dimension | None, Dimension | None]:
    """The legs of an elementwise operation: a scalar broadcasts, anything else has to be of the same kind."""
    if a.is_scalar or b.is_scalar:
        whole = b if a.is_scalar else a
        return whole.row, whole.column
    action = f"{verb} {reading.quote(a.node)} and {reading.quote(b.node)}"
    if a.kind != b.kind:
        if a.is_vector and b.is_vector:
            hint = f"transpose one of them, e.g. {reading.flipped(b.node)}; x*vector(1)' repeats a column"
        else:
            hint = "x*vector(1)' repeats a column and vector(1)*y' a row"
            if verb.endswith("elementwise"):
                hint = "diag(x)*A scales the rows and A*diag(x) the columns; " + hint
        raise reading.error(node, f"cannot {verb} {reading.say(a)} and {reading.say(b)}: {hint}")
    reading.equate_rows(node, action, a, b)
    return a.row, a.column


def _elementwise(verb: str, combine: Callable[[Expr, Expr], Expr]) -> Rule:
    def rule(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
        row, column = same_shape(reading, node, verb, a, b)
        return Typed(node, row, column, lambda args: combine(args[0], args[1]))

    return rule


def _quotient(a: Expr, b: Expr) -> Expr:
    number, numerator = constant_value(b), constant_value(a)
    if number is not None:
        return quotient(a, number)
    return quotient(a if numerator is None else numerator, b)


def _divide(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
    """`a/b`, where b is a scalar."""
    if not b.is_scalar:
        x, y = reading.factor(a.node), reading.factor(b.node)
        product = f"{x}*inv({y})" if a.column is not None or a.is_scalar else f"inv({y})*{x}"
        hint = (
            f"write {product} for the inverse, or {x}./{y} for each entry"
            if b.is_matrix
            else f"write {x}./{y} for each entry"
        )
        raise reading.error(node, f"cannot divide by {reading.say(b)}: {hint}")
    return Typed(node, a.row, a.column, lambda args: _quotient(args[0], args[1]))


def _power(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
    """`a^b`: a scalar with a scalar exponent, or a square matrix with an integer."""
    x, y = reading.factor(a.node), b.node.text if b.node.kind == "number" else reading.factor(b.node)
    if a.is_vector:
        raise reading.error(node, f"cannot take ^ of {reading.say(a)}: write {x}.^{y} for the power of each entry")
    if not b.is_scalar:
        raise reading.error(node, f"the exponent of ^ is a scalar, not {reading.say(b)}: .^ works on entries")
    if a.is_matrix:
        reading.require_square(a, node, f"take {reading.quote(node)}")
        return Typed(node, a.row, a.column, lambda args: _matrix_power(reading, node, args[0], args[1]))
    return Typed(node, None, None, lambda args: _entry_power(reading, node, args[0], args[1]))


def _entrywise_power(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
    """`a.^b`, entry by entry."""
    row, column = same_shape(reading, node, "take .^ of", a, b)
    return Typed(node, row, column, lambda args: _entry_power(reading, node, args[0], args[1]))


def _entry_power(reading: Reading, node: Node, base: Expr, exponent: Expr) -> Expr:
    number, value = constant_value(exponent), constant_value(base)
    if number is None:
        return pow_(base, exponent)
    if value is not None:
        return as_expr(_number_power(reading, node, value, number))
    return pow_(base, number)


def _number_power(reading: Reading, node: Node, base: Number, exponent: Number) -> Number:
    """A power of two numbers, exact where both are; `ParseError` where it has no real value or is huge."""
    if isinstance(base, (int, Fraction)) and isinstance(exponent, int):
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base and (bits if abs(base) != 1 else 0) * abs(exponent) > _LARGEST_NUMBER_BITS:
            raise reading.error(node, f"the number {reading.quote(node)} is too large or too small to be written out")
        return as_number(Fraction(base) ** exponent)
    value = base**exponent
    if isinstance(value, complex):
        raise reading.error(node, f"{reading.quote(node)} has no real value")
    return as_number(value)


def _matrix_power(reading: Reading, node: Node, base: Expr, exponent: Expr) -> Expr:
    """The product of a matrix with itself; of its inverse for a negative exponent; the identity for 0."""
    number = constant_value(exponent)
    if not isinstance(number, int) or abs(number) > _LARGEST_MATRIX_POWER:
        raise reading.error(
            node,
            f"the exponent of a matrix is an integer of at most {_LARGEST_MATRIX_POWER} in size, "
            f"not {reading.quote(node.operands[1])}; .^ takes the power of each entry",
        )
    return matrix_power(base, number)


def kronecker(reading: Reading, node: Node, a: Typed, b: Typed) -> Typed:
    """`a⊗b`: the legs multiplied pairwise; a leg that one factor lacks counts as one of dimension 1."""
    row, column = _merged(a.row, b.row), _merged(a.column, b.column)
    legs = ((a.row is not None, a.column is not None), (b.row is not None, b.column is not None))
    return Typed(node, row, column, lambda args: _kron(args[0], args[1], legs))


def _kron(a: Expr, b: Expr, legs: tuple[tuple[bool, bool], tuple[bool, bool]]) -> Expr:
    """The Kronecker product of expressions with these (row, column) legs, the first factor slowest."""
    rows = [[(k, leg) for leg in (0, 1) if legs[k][leg]] for k in (0, 1)]
    dims = dict(zip((*rows[0], *rows[1]), (*a.dims, *b.dims), strict=True))
    boxes, labels, open_ = [a, b], list(rows), []
    for leg in (0, 1):
        ends = [(k, leg) for k in (0, 1) if legs[k][leg]]
        if len(ends) == 2:
            boxes.append(merge([dims[end] for end in ends]))
            labels.append([*ends, (2, leg)])
            open_.append((2, leg))
        else:
            open_.extend(ends)
    return contract(boxes, labels, open_)


def _merged(a: Dimension | None, b: Dimension | None) -> Dimension | None:
    if a is None or b is None:
        return b if a is None else a
    return a * b


def negate(reading: Reading, node: Node, a: Typed) -> Typed:
    """`-a`."""
    return Typed(node, a.row, a.column, lambda args: -args[0])


def transposed(reading: Reading, node: Node, a: Typed) -> Typed:
    """`a'`: the two legs exchanged."""
    return Typed(node, a.column, a.row, lambda args: transpose(args[0]))


OPERATORS: Mapping[str, Rule] = {
    "+": _elementwise("add", plus),
    "-": _elementwise("subtract", lambda a, b: plus(a, b, sign=-1)),
    "*": multiply,
    "/": _divide,
    ".*": _elementwise("multiply elementwise", hadamard),
    "./": _elementwise("divide elementwise", _quotient),
    "^": _power,
    ".^": _entrywise_power,
    "⊗": kronecker,
}
