"""Flat networks: nested diagrams inlined, and every connected set of copy tensors one shared index.

This is the form of an einsum: operands with a list of indices each, an index on any number of operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..dimension import Dimension
from .diagrams import Diagram, Environment, UnionFind, contract
from .expressions import Copy, Expr, Sum, add
from .numbers import Number

__all__ = ["Network", "flat", "flatten"]


@dataclass(frozen=True, slots=True)
class Network:
    """`coefficient` · Σ Π operand[indices], with the indices of `output` kept.

    An index is a number into `dims`.  It may stand on any number of operands (a copy tensor), several
    times in `output` (a diagonal result), on none but the output (a ones vector), or nowhere (a factor n).
    """

    coefficient: Number
    operands: tuple[Expr, ...]
    indices: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    dims: tuple[Dimension, ...]

    @property
    def is_zero(self) -> bool:
        """Whether the coefficient is 0."""
        return self.coefficient == 0

    def occurrences(self) -> list[int]:
        """How often each index stands on an operand or in the output."""
        count = [0] * len(self.dims)
        for row in (*self.indices, self.output):
            for index in row:
                count[index] += 1
        return count

    def numbered(self) -> Network:
        """The same with indices numbered by first occurrence: operands, then output, then the free ones."""
        number: dict[int, int] = {}
        for row in (*self.indices, self.output):
            for index in row:
                number.setdefault(index, len(number))
        for index in sorted(set(range(len(self.dims))) - number.keys(), key=lambda i: str(self.dims[i])):
            number[index] = len(number)
        dims = sorted(number, key=number.__getitem__)
        return Network(
            self.coefficient,
            self.operands,
            tuple(tuple(number[i] for i in row) for row in self.indices),
            tuple(number[i] for i in self.output),
            tuple(self.dims[i] for i in dims),
        )

    def to_expr(self) -> Expr:
        """The diagram of the network, a copy tensor on every index that has other than two ends."""
        output_dims = [self.dims[i] for i in self.output]
        if self.is_zero:
            return add((), output_dims)
        boxes = list(self.operands)
        count = self.occurrences()
        ends: dict[int, list[Any]] = {i: [] for i, k in enumerate(count) if k != 2}

        def label(index: int, place: tuple[int, int]) -> Any:
            if index not in ends:
                return index
            ends[index].append((index, place))
            return ends[index][-1]

        labels = [[label(i, (k, leg)) for leg, i in enumerate(row)] for k, row in enumerate(self.indices)]
        outer = [label(i, (-1, leg)) for leg, i in enumerate(self.output)]
        for index, wires in ends.items():
            boxes.append(Copy(len(wires), self.dims[index]))
            labels.append(wires)
        dims = {i: dim for i, dim in enumerate(self.dims) if count[i] == 2}
        made = contract(boxes, labels, outer, dims)
        return made if self.coefficient == 1 else add([(self.coefficient, made)])


def flatten(expr: Expr) -> Network:
    """The expression as one flat network; sums of several terms and functions stay operands.

    Iterative.  Cost: linear in the legs of the flattened network.
    """
    union = UnionFind()
    size: list[Dimension] = list(expr.dims)
    outer = list(range(len(size)))
    coefficient: Number = 1
    operands: list[tuple[Expr, Sequence[int]]] = []
    stack: list[tuple[Expr, Sequence[int]]] = [(expr.base, outer)]
    while stack:
        box, legs = stack.pop()
        kind = type(box)
        if kind is Diagram or kind is Environment:
            _inline(box, legs, size, union, stack)
        elif kind is Copy:
            if not legs:
                size.append(box.dim)  # type: ignore[attr-defined]
            for leg in legs[1:]:
                union.join(legs[0], leg)
        elif isinstance(box, Sum) and len(box.terms) <= 1:
            if not box.terms:
                return Network(0, (), (), tuple(range(len(outer))), expr.dims)
            factor, term = box.terms[0]
            coefficient = coefficient * factor
            stack.append((term, legs))
        else:
            operands.append((box, legs))
    number: dict[Any, int] = {}
    dims: list[Dimension] = []
    for index, dim in enumerate(size):
        root = union.find(index)
        if root not in number:
            number[root] = len(dims)
            dims.append(dim)
    made = Network(
        coefficient,
        tuple([box for box, _ in operands]),
        tuple([tuple([number[union.find(leg)] for leg in legs]) for _, legs in operands]),
        tuple([number[union.find(leg)] for leg in outer]),
        tuple(dims),
    )
    return made.numbered()


def _inline(
    box: Expr, legs: Sequence[int], size: list[Dimension], union: UnionFind, stack: list[tuple[Expr, Sequence[int]]]
) -> None:
    """Put the boxes of a diagram (without its removed one) on the stack, wired to the outer legs."""
    skip = -1
    if isinstance(box, Environment):
        skip, diagram = box.node, box.diagram
        open_ = diagram.open + diagram.wires[skip]
    else:
        assert isinstance(box, Diagram)
        diagram, open_ = box, box.open
    local: list[int | None] = [None] * len(diagram.wire_dims)
    for wire, leg in zip(open_, legs, strict=True):
        known = local[wire]
        if known is None:
            local[wire] = leg
        else:
            union.join(known, leg)
    for wire, dim in enumerate(diagram.wire_dims):
        if local[wire] is None:
            local[wire] = len(size)
            size.append(dim)
    for k in range(len(diagram.boxes) - 1, -1, -1):
        if k != skip:
            stack.append((diagram.boxes[k], [local[w] for w in diagram.wires[k]]))  # type: ignore[misc]


def flat(expr: Expr) -> Expr:
    """The expression with nested diagrams inlined and copy tensors fused, term by term in a sum.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> len(td.flat(x * y * z).boxes)  # x, y, z and one copy tensor of order 4
    4
    """
    base = expr.base
    if isinstance(base, Sum) and len(base.terms) != 1:
        made = add([(c, flatten(term).to_expr()) for c, term in base.terms], base.dims, spread=base.spread)
    else:
        made = flatten(base).to_expr()
    return made.declaring(expr.declared) if expr.declared else made
