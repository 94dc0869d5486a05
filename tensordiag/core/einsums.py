"""Expressions from einsum strings or lists of indices: repeated indices become copy tensors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, overload

from ..errors import DimensionError, ParseError, counted
from .expressions import Expr
from .networks import Network

__all__ = ["einsum"]

Indices: TypeAlias = Sequence[Hashable]
Index = TypeVar("Index", bound=Hashable)

_IGNORED = re.compile("[ \t\r\n\f\v\xa0]+")  # not every Unicode space: opt_einsum's symbols have some of them


@overload
def einsum(spec: str, *operands: Expr) -> Expr: ...
@overload
def einsum(spec: Expr, *operands: Expr | Indices) -> Expr: ...


def einsum(spec: str | Expr, *operands: Expr | Indices) -> Expr:
    """The network of an einsum string: a letter on two legs is a wire, on more a copy tensor.

    Letters may repeat within an operand (a diagonal), stand on any number of operands (a hyperedge), repeat in
    the output (a diagonal result) and, unlike NumPy's, stand in the output alone only if an operand has them.
    Without ``->`` the output is, as in NumPy, the letters that stand once, in alphabetical order.  ``...`` is
    refused: name the legs.  Spaces are ignored.  Any other character is a letter, so that all symbols of
    `opt_einsum.get_symbol` are.

    Instead of a string every operand may be followed by the list of its indices, and the last one by the list of the
    output: ``einsum(A, [0, 1], x, [1], [0])``.

    Raises `ParseError` with a caret under the place, `DimensionError` naming both operands, legs and sizes.

    >>> import tensordiag as td
    >>> A, x = td.tensors("A[m,n] x[n]")
    >>> einsum("ij,j->i", A, x) == einsum(A, [0, 1], x, [1], [0]) == A @ x
    True
    """
    given: Sequence[Expr | Indices]
    if isinstance(spec, str):
        given, form = operands, _from_text(spec, len(operands))
    elif isinstance(spec, Expr):
        given, form = _from_lists([spec, *operands])
    else:
        raise ParseError(
            "einsum takes a string and tensors, such as einsum('ij,j->i', A, x), or tensors and lists of indices, "
            f"such as einsum(A, [0, 1], x, [1], [0]); the first argument is {type(spec).__name__} {spec!r}"
        )
    checked = [_operand(k, operand) for k, operand in enumerate(given)]
    network = _network(checked, form)
    made = network.to_expr()
    declared = frozenset(tensor for operand in checked for tensor in operand.declared)
    return made.declaring(declared) if declared else made


@dataclass(frozen=True, slots=True)
class _Form:
    """What a string or lists say: the indices of each operand and of the output, and what to call one."""

    inputs: Sequence[Indices]
    output: Indices
    word: str
    words: str
    text: str | None = None

    def error(self, message: str, position: int) -> ParseError:
        """With a caret, where there is a text."""
        return ParseError(message) if self.text is None else ParseError(message, self.text, position)


def _operand(k: int, operand: object) -> Expr:
    if not isinstance(operand, Expr):
        raise ParseError(f"operand {k} of the einsum is {type(operand).__name__}, not a tensor: declare it")
    return operand


def _network(operands: Sequence[Expr], form: _Form) -> Network:
    """The flat network in which equal indices are one."""
    number: dict[Hashable, int] = {}
    where: dict[Hashable, tuple[int, int]] = {}
    for k, (indices, operand) in enumerate(zip(form.inputs, operands, strict=True)):
        if len(indices) != operand.order:
            has = f"{len(indices)} {form.word if len(indices) == 1 else form.words}"
            message = f"operand {k}, {operand!r}, has {counted(operand.order, 'leg')} but {has}"
            raise form.error(message, _place(form.text or "", k))
        for leg, index in enumerate(indices):
            number.setdefault(index, len(number))
            first, first_leg = where.setdefault(index, (k, leg))
            dim = operands[first].dims[first_leg]
            if operand.dims[leg] is not dim:
                raise DimensionError(
                    f"{form.word} {index!r} has two dimensions: leg {first_leg} of {operands[first]!r} is {dim}, "
                    f"leg {leg} of {operand!r} is {operand.dims[leg]}"
                )
    for index in form.output:
        if index not in number:
            position = form.text.rindex(str(index)) if form.text else 0
            raise form.error(f"the output {form.word} {index!r} is on no operand", position)
    return Network(
        1,
        tuple(operand.base for operand in operands),
        tuple(tuple(number[index] for index in indices) for indices in form.inputs),
        tuple(number[index] for index in form.output),
        tuple(operands[k].dims[leg] for k, leg in where.values()),
    )


def _place(text: str, operand: int) -> int:
    """Where an operand's letters start."""
    return len(text) - len(text.split(",", operand)[-1])


def _from_text(text: str, operands: int) -> _Form:
    if "..." in text:
        raise ParseError("'...' is not supported in an einsum here: name every leg", text, text.index("..."))
    bad = re.search(r"\.|-(?!>)|(?<!-)>", text)
    if bad is not None:
        raise ParseError(f"an einsum string has letters, commas and one '->', not {bad.group()!r}", text, bad.start())
    left, arrow, right = text.partition("->")
    if "->" in right or "," in right:
        raise ParseError("an einsum string has one output", text, text.index("->") + 2)
    inputs = [_IGNORED.sub("", part) for part in left.split(",")]
    if len(inputs) != operands and not (operands == 0 and inputs == [""]):
        raise ParseError(f"the einsum string names {len(inputs)} operands, but {operands} are given", text, 0)
    if operands == 0:
        inputs = []
    output = _IGNORED.sub("", right) if arrow else "".join(sorted(_once(inputs)))
    return _Form(inputs, output, "letter", "letters", text)


def _from_lists(arguments: Sequence[Expr | Indices]) -> tuple[list[Expr | Indices], _Form]:
    """The operands, and what the list after each of them says."""
    operands = list(arguments[: len(arguments) // 2 * 2 : 2])
    last = arguments[-1] if len(arguments) % 2 else None
    if isinstance(last, Expr):
        raise ParseError(
            f"operand {len(operands)} of the einsum, {last!r}, has no list of indices; "
            "write einsum(A, [0, 1], x, [1], [0]), or a string first: einsum('ij,j->i', A, x)"
        )
    inputs = [_indices(f"operand {k}", given) for k, given in enumerate(arguments[1::2])]
    if last is not None:
        return operands, _Form(inputs, _indices("the output", last), "index", "indices")
    try:
        output = sorted(_once(inputs))  # type: ignore[type-var]
    except TypeError:
        raise ParseError("the indices of the einsum have no order: give the list of the output, too") from None
    return operands, _Form(inputs, output, "index", "indices")


def _indices(whose: str, given: object) -> list[Hashable]:
    """A list of indices, checked."""
    if isinstance(given, (str, Expr)) or not isinstance(given, Sequence):
        raise ParseError(
            f"the einsum's indices of {whose} are a list such as [0, 1], not {type(given).__name__} {given!r}"
        )
    for index in given:
        if index is ...:
            raise ParseError("'...' is not supported in an einsum here: name every leg")
        try:
            hash(index)
        except TypeError:
            raise ParseError(f"an index of {whose} in the einsum is a number or a name, not {index!r}") from None
    return list(given)


def _once(inputs: Sequence[Sequence[Index]]) -> list[Index]:
    """The indices that stand once."""
    count = Counter(index for indices in inputs for index in indices)
    return [index for index, times in count.items() if times == 1]
