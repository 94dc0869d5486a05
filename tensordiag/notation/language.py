"""The text language in: `parse` reads ``x'*A*x`` as an expression, with dimensions inferred or declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from ..core.algebra import as_expr
from ..core.declarations import parse_declarations
from ..core.expressions import Copy, Expr, Sum, Tensor, identity
from ..core.numbers import Number, as_number
from ..dimension import Dimension, DimLike, as_dimension
from ..errors import DimensionError, ParseError
from .decimals import PI
from .kinds import Reading, Typed
from .operators import OPERATORS, negate, transposed
from .syntax import Node, postorder, read_tree
from .vocabulary import function_names, is_function, type_call

__all__ = ["Declarations", "parse", "read_declarations"]

Declarations: TypeAlias = "str | Mapping[str, Tensor | DimLike | Iterable[DimLike]] | Iterable[Tensor]"
_LONGEST_NUMBER = 4000


def parse(text: str, dims: Declarations | None = None) -> Expr:
    """The expression that a text of the language means.

    Parameters
    ----------
    text
        Such as ``x'*A*x``: ``*`` contracts, ``.*`` (or ``∘``) is elementwise, ``'`` (or ``ᵀ``) transposes.
    dims
        Declared tensors: a text such as ``"A[n,n] sym, x[n]"``, or a mapping from names to dimensions or tensors.
        A tensor that is not declared has the order of its first letter (a–g scalar, h–z vector, capital matrix,
        lower-case Greek scalar) and sizes that are inferred; the names of those that stay free are chosen here.

    `pi` and `π` are the number, unless a tensor of that name is declared.

    Returns
    -------
    An expression with the legs of the result, row leg first, then column leg: 0 for a scalar, 1 for a column or a
    row, 2 for a matrix.  All declared tensors may be given to `evaluate` and `diff`, also those that do not occur.

    Raises
    ------
    ParseError
        for a text that is not in the language, or operands of the wrong kind: with the line and a caret.
    DimensionError
        where the dimensions of two legs differ: names both operands, legs and sizes.

    Notes
    -----
    No recursion: a text may be as deep and as long as a million characters.  Cost: linear in the text.
    The language is that of matrixcalculus.org (Laue, Mitterreiter and Giesen, NeurIPS 2018), made exact.

    >>> parse("x'*A*x").tensors
    (A[n, n], x[n])
    """
    declared = {tensor.name: tensor for tensor in read_declarations(dims)}
    tree = read_tree(text, is_function, function_names(), declared)
    nodes = postorder(tree)
    reading = Reading(text, declared, [node.text for node in nodes if node.kind == "name"])
    typed: dict[Node, Typed] = {}
    for node in nodes:
        typed[node] = _type_node(reading, node, [typed[operand] for operand in node.operands])
    reading.settle()
    built: dict[Node, Expr] = {}
    for node in nodes:
        built[node] = _build_node(reading, typed[node], [built.pop(operand) for operand in node.operands])
    return built[tree].declaring(reading.all_tensors())


def read_declarations(dims: Declarations | None) -> list[Tensor]:
    """The tensors of a declaration text, a mapping or an iterable of tensors, in its order.

    Raises `ParseError` for a text that is no declaration or a name declared twice, and `DimensionError` for a
    dimension that cannot be read.

    >>> read_declarations({"A": ("m", "n"), "c": ()})
    [A[m, n], c[]]
    """
    if dims is None:
        return []
    if isinstance(dims, str):
        return parse_declarations(dims)
    if isinstance(dims, Mapping):
        return [_declared(name, value) for name, value in dims.items()]
    found = list(dims) if isinstance(dims, Iterable) else [dims]
    for tensor in found:
        if not isinstance(tensor, Tensor):
            raise ParseError(f"declare tensors by a text, a mapping or tensors, not by {tensor!r}")
    for tensor in found:
        if sum(other.name == tensor.name for other in found) > 1:
            raise ParseError(f"the tensor {tensor.name} is declared twice")
    return found


def _declared(name: str, value: Tensor | DimLike | Iterable[DimLike]) -> Tensor:
    if not isinstance(value, Tensor):
        return Tensor(name, value)
    if value.name != name:
        raise ParseError(f"the name {name!r} is declared as the tensor {value!r}; use one name")
    return value


def _type_node(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    """The kind and the dimensions of a node from those of its operands."""
    if node.kind == "binary":
        return OPERATORS[node.text](reading, node, args[0], args[1])
    if node.kind == "call":
        return type_call(reading, node, args)
    if node.kind == "transpose":
        return transposed(reading, node, args[0])
    if node.kind == "negative":
        return negate(reading, node, args[0])
    if node.kind == "number":
        number = _read_number(reading, node)
        return Typed(node, None, None, lambda _: as_expr(number))
    if node.kind == "name" and node.text in ("pi", PI) and node.text not in reading.declared:
        return Typed(node, None, None, lambda _: as_expr(math.pi))
    subscript = _identity_subscript(reading, node)
    if node.kind == "constant" or subscript is not None:
        return _type_constant(reading, node, subscript)
    return _type_name(reading, node)


def _type_name(reading: Reading, node: Node) -> Typed:
    dims = reading.dims_of(node)
    if len(dims) > 2:
        raise reading.error(
            node, f"the tensor {node.text} has order {len(dims)}; the language has orders 0 to 2, use td.einsum"
        )
    row = dims[0] if dims else None
    column = dims[1] if len(dims) == 2 else None
    return Typed(node, row, column, lambda _: reading.tensor(node.text))


def _decimal(text: str) -> Fraction | float:
    """A decimal as the exact fraction that people mean by it, where it is short."""
    exact = Fraction(text)
    return exact if exact.denominator <= 10**6 else float(text)


def _read_number(reading: Reading, node: Node) -> Number:
    if len(node.text) > _LONGEST_NUMBER:
        raise reading.error(node, f"the number has {len(node.text)} characters; at most {_LONGEST_NUMBER} are read")
    return as_number(int(node.text) if node.text.isdigit() else _decimal(node.text))


def _identity_subscript(reading: Reading, node: Node) -> str | None:
    """The subscript of an identity (empty for none), None for a tensor's name."""
    if node.text in reading.declared:
        return None
    if node.text in ("eye", "I"):
        return ""
    return node.text[2:] if node.text.startswith("I_") and len(node.text) > 2 else None


def _type_constant(reading: Reading, node: Node, identity_subscript: str | None) -> Typed:
    """`eye`, `I`, `I_n`, `𝟏`, `𝟏_n`: the size is the subscript's, or fixed by the rest of the text."""
    subscript = node.text[2:] if identity_subscript is None else identity_subscript
    dim = _read_subscript(reading, node, subscript) if subscript else reading.constant_dimension(node)
    if identity_subscript is None:
        return Typed(node, dim, None, lambda _: Copy(1, reading.final(dim)))
    return Typed(node, dim, dim, lambda _: identity(reading.final(dim)))


def _read_subscript(reading: Reading, node: Node, subscript: str) -> Dimension:
    try:
        dim = as_dimension(subscript.strip("{}()"))
    except DimensionError as error:
        raise reading.error(node, f"{node.text} is not a constant with a dimension: {error}") from None
    reading.sizes |= dim.symbols
    reading.inference.reserve(dim.symbols)
    return dim


def _build_node(reading: Reading, typed: Typed, operands: Sequence[Expr]) -> Expr:
    """The expression of a node; `ParseError` where a number in it leaves the range of floating point."""
    try:
        made = typed.build(operands)
        fits = all(math.isfinite(factor) for factor in _single_coefficient(made))
    except ZeroDivisionError:
        raise reading.error(typed.node, "a division by zero") from None
    except OverflowError:
        fits = False
    if not fits:
        raise reading.error(typed.node, f"a number in {reading.quote(typed.node)} is too large")
    return made


def _single_coefficient(expr: Expr) -> list[int | Fraction | float]:
    """The coefficient that products multiply; terms of longer sums have had theirs checked."""
    base = expr.base
    if not isinstance(base, Sum) or len(base.terms) != 1:
        return []
    factor = base.terms[0][0]
    return [] if isinstance(factor, complex) else [factor]
