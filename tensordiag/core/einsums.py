"""Expressions from einsum strings: repeated letters become copy tensors."""

from __future__ import annotations

import re
from collections import Counter

from ..errors import DimensionError, ParseError, counted
from .expressions import Expr
from .networks import Network

__all__ = ["einsum"]


def einsum(spec: str, *operands: Expr) -> Expr:
    """The network of an einsum string: a letter on two legs is a wire, on more a copy tensor.

    Letters may repeat within an operand (a diagonal), stand on any number of operands (a hyperedge), repeat in
    the output (a diagonal result) and, unlike NumPy's, stand in the output alone only if an operand has them.
    Without ``->`` the output is, as in NumPy, the letters that stand once, in alphabetical order.  ``...`` is
    refused: name the legs.  Spaces are ignored.

    Raises `ParseError` with a caret under the place, `DimensionError` naming both operands, legs and sizes.

    >>> import tensordiag as td
    >>> A, x = td.tensors("A[m,n] x[n]")
    >>> einsum("ij,j->i", A, x) == A @ x
    True
    """
    inputs, output = _split(spec, len(operands))
    number: dict[str, int] = {}
    where: dict[str, tuple[int, int]] = {}
    for k, (letters, operand) in enumerate(zip(inputs, operands, strict=True)):
        if not isinstance(operand, Expr):
            raise ParseError(f"operand {k} of the einsum is {type(operand).__name__}, not a tensor: declare it")
        if len(letters) != operand.order:
            raise ParseError(
                f"operand {k}, {operand!r}, has {counted(operand.order, 'leg')} but {counted(len(letters), 'letter')}",
                spec,
                _place(spec, k),
            )
        for leg, letter in enumerate(letters):
            number.setdefault(letter, len(number))
            first, first_leg = where.setdefault(letter, (k, leg))
            dim = operands[first].dims[first_leg]
            if operand.dims[leg] is not dim:
                raise DimensionError(
                    f"letter {letter!r} has two dimensions: leg {first_leg} of {operands[first]!r} is {dim}, "
                    f"leg {leg} of {operand!r} is {operand.dims[leg]}"
                )
    for letter in output:
        if letter not in number:
            raise ParseError(f"the output letter {letter!r} is on no operand", spec, spec.rindex(letter))
    network = Network(
        1,
        tuple(operand.base for operand in operands),
        tuple(tuple(number[letter] for letter in letters) for letters in inputs),
        tuple(number[letter] for letter in output),
        tuple(operands[k].dims[leg] for k, leg in where.values()),
    )
    made = network.to_expr()
    declared = frozenset(tensor for operand in operands for tensor in operand.declared)
    return made.declaring(declared) if declared else made


def _place(spec: str, operand: int) -> int:
    """Where an operand's letters start."""
    position = 0
    for _ in range(operand):
        position = spec.index(",", position) + 1
    return position


def _split(spec: str, operands: int) -> tuple[list[str], str]:
    if "..." in spec:
        raise ParseError("'...' is not supported in an einsum here: name every leg", spec, spec.index("..."))
    bad = re.search(r"[^\w\s,>-]|[\d_]|-(?!>)|(?<!-)>", spec)
    if bad is not None:
        raise ParseError(f"an einsum string has letters, commas and one '->', not {bad.group()!r}", spec, bad.start())
    left, arrow, right = spec.partition("->")
    if "->" in right or "," in right:
        raise ParseError("an einsum string has one output", spec, spec.index("->") + 2)
    inputs = ["".join(part.split()) for part in left.split(",")]
    if len(inputs) != operands and not (operands == 0 and inputs == [""]):
        raise ParseError(f"the einsum string names {len(inputs)} operands, but {operands} are given", spec, 0)
    if operands == 0:
        inputs = []
    if arrow:
        return inputs, "".join(right.split())
    count = Counter("".join(inputs))
    return inputs, "".join(sorted(letter for letter, times in count.items() if times == 1))
