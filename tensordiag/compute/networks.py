"""One network at known sizes: merges become reshapes, unit vectors selections, and only plain indices are left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..core.diagrams import UnionFind
from ..core.expressions import Expr, Structural
from ..core.numbers import Number
from ..errors import DimensionError
from .structure import Contraction

__all__ = ["Operand", "SizedNetwork", "is_absorbed", "sized"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand's value, reshaped to `shape` (None: as it is), at the places `select` of some axes.

    `expr` None stands for the dense identity between two factorisations of one merged leg, of this shape.
    """

    expr: Expr | None
    shape: tuple[int, ...] | None
    select: tuple[int | None, ...] | None
    indices: Indices


@dataclass(frozen=True, slots=True)
class SizedNetwork:
    """coefficient · Σ Π operand[indices] with the axes `output`, reshaped to `shape`.

    `fixed` says at which place an output index is not zero; `size` gives the size of every index.
    """

    coefficient: Number
    operands: tuple[Operand, ...]
    output: Indices
    shape: tuple[int, ...]
    size: dict[int, int]
    fixed: dict[int, int] = field(default_factory=dict)

    @property
    def kept(self) -> frozenset[int]:
        """The indices that the contraction keeps."""
        return frozenset(i for i in self.output if i not in self.fixed)


class _Structure:
    """Collects what the structural constants of a network say about its indices."""

    def __init__(self, size: Mapping[int, int]) -> None:
        self.size = dict(size)
        self.union = UnionFind()
        self.parts: dict[int, Indices] = {}
        self.fixed: dict[int, int] = {}
        self.is_zero = False

    def find(self, index: int) -> int:
        found = self.union.find(index)
        assert isinstance(found, int)
        return found

    def expanded(self, index: int) -> Indices:
        """The plain indices that an index is made of, slowest first."""
        made: list[int] = []
        stack = [index]
        while stack:
            at = self.find(stack.pop())
            if at in self.parts:
                stack.extend(reversed(self.parts[at]))
            else:
                made.append(at)
        return tuple(made)

    def merge(self, row: Indices) -> bool:
        """Join the legs of a merge; False where it has to become an array."""
        *legs, whole = row
        pieces = tuple(i for leg in legs for i in self.expanded(leg))
        whole = self.find(whole)
        known = self.expanded(whole)
        if known == (whole,):
            if whole in pieces:
                return False
            self.parts[whole] = pieces
            return True
        if [self.size[i] for i in known] != [self.size[i] for i in pieces]:
            return False
        for a, b in zip(known, pieces, strict=True):
            self.union.join(a, b)
        return True

    def fix(self, index: int, place: int) -> None:
        """Fix an index at a place, its parts at theirs."""
        for part in reversed(self.expanded(index)):
            place, here = divmod(place, self.size[part])
            if self.fixed.setdefault(part, here) != here:
                self.is_zero = True


def sized(net: Contraction, size: Sequence[int]) -> SizedNetwork:
    """The network with sizes put in and its structural constants taken out.

    Raises `DimensionError` where a unit vector's place is outside its dimension.
    """
    boxes = list(zip(net.operands, net.indices, strict=True))
    state = _Structure(dict(enumerate(size)))
    dense: list[Indices] = []
    for box, row in boxes:
        if isinstance(box, Structural) and box.name == "merge" and not state.merge(row):
            dense.append(row)
    for box, row in boxes:
        if isinstance(box, Structural) and box.name == "unit":
            state.fix(row[0], _place(box, size[row[0]]))
    operands = [_operand(box, row, state) for box, row in boxes if not is_absorbed(box)]
    operands += [_operand(None, row, state) for row in dense]
    output = tuple(i for leg in net.output for i in state.expanded(leg))
    present = {i for operand in operands for i in operand.indices}
    number = 0 if state.is_zero else net.coefficient
    for index in {i for leg in range(len(size)) for i in state.expanded(leg)}:
        if index not in present and index not in output and index not in state.fixed:
            number = number * state.size[index]
    fixed = {i: state.fixed[i] for i in output if i in state.fixed}
    return SizedNetwork(number, tuple(operands), output, tuple(size[leg] for leg in net.output), state.size, fixed)


def is_absorbed(box: Expr) -> bool:
    """Whether a box only says something of the indices: a merge of legs or a unit vector."""
    return isinstance(box, Structural) and box.name in ("merge", "unit")


def _place(box: Structural, size: int) -> int:
    place = box.params[0]
    assert isinstance(place, int)
    if not -size <= place < size:
        raise DimensionError(f"the index {place} is out of range for the leg {box.dims[0]} of size {size}")
    return place % size


def _operand(box: Expr | None, row: Indices, state: _Structure) -> Operand:
    expanded = [state.expanded(leg) for leg in row]
    indices = tuple(i for part in expanded for i in part)
    merged = box is None or any(len(part) != 1 for part in expanded)
    shape = tuple(state.size[i] for i in indices) if merged else None
    if not any(i in state.fixed for i in indices):
        return Operand(box, shape, None, indices)
    select = tuple(state.fixed.get(i) for i in indices)
    return Operand(box, shape, select, tuple(i for i in indices if i not in state.fixed))


def entries(indices: Sequence[int], size: Mapping[int, int]) -> int:
    """The number of entries of an array with these indices."""
    return math.prod([size[i] for i in indices])
