"""Structural constants in a computation: indexing and running sums where they meet an operand, else an array.

A slice, a shift or a convolution never becomes an array where one of its indices is summed against one operand: that
index is determined by the others, so the operand is indexed instead.  A triangle of ones summed against one operand
is a running sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.expressions import Structural
from ..dimension import Dimension
from ..errors import DimensionError
from .arrays import Array
from .forms import rebuilt
from .values import Term, Value, Values

__all__ = ["CONSTANTS", "Gather", "constant_array", "constant_rule", "gathered", "running_sum"]

CONSTANTS = frozenset({"affine", "slice", "triangle"})
"""The structural constants that are known by a rule on their indices."""

Rule = tuple[str, tuple[int, ...]]


def constant_rule(box: Structural, sizes: Mapping[str, int], shape: Sequence[int]) -> Rule:
    """The rule at known sizes: ``("affine", (coefficients…, offset))`` or ``("triangle", (k,))``.

    `DimensionError` where a slice reaches outside its leg.
    """
    params = tuple([p.value(sizes) if isinstance(p, Dimension) else p for p in box.params])
    if box.name != "slice":
        return box.name, params
    (start, step), (size, length) = params, shape
    last = start + step * (length - 1)
    if length and not (0 <= start < size and 0 <= last < size):
        raise DimensionError(f"the slice of places {start} to {last} is outside the leg {box.dims[0]} of size {size}")
    return "affine", (1, -step, start)


def constant_array(rule: Rule, shape: Sequence[int]) -> Array:
    """The entries of a constant as truth values."""
    name, params = rule
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    if name == "triangle":
        made: Array = grid[1] <= grid[0] + params[0]
        return made
    total = sum(c * g for c, g in zip(params, grid, strict=False))
    return np.asarray(total == params[-1])


@dataclass(frozen=True, slots=True)
class Gather:
    """An operand indexed along an axis: place = (offset − Σ form[r]·index r)/factor, 0 where that is no place.

    The result has the operand's other axes in order, then new ones.
    """

    axis: int
    factor: int
    offset: int
    form: tuple[int, ...]

    def index(self, kept: int, size: int, shape: Sequence[int]) -> tuple[tuple[Array, ...], Array | None]:
        """The index into an operand that keeps `kept` axes, and where it is inside (None: everywhere)."""
        grid = list(np.ogrid[tuple(slice(n) for n in shape)])
        total = self.offset - sum(c * g for c, g in zip(self.form, grid, strict=True))
        place, rest = np.divmod(np.asarray(total), self.factor)
        inside = (rest == 0) & (place >= 0) & (place < size)
        axes = grid[:kept]
        axes.insert(self.axis, np.clip(place, 0, max(size - 1, 0)))
        return tuple(axes), None if inside.all() else inside

    def on_arrays(self, source: Sequence[int], shape: Sequence[int]) -> Callable[[Array], Array]:
        """The function of NumPy arrays of one shape."""
        if not source[self.axis]:
            return lambda x: np.zeros(shape, x.dtype)
        index, inside = self.index(len(source) - 1, source[self.axis], shape)
        if inside is None:
            return lambda x: x[index]
        return lambda x: np.where(inside, x[index], x.dtype.type(0))


def running_sum(axis: int, reverse: bool) -> Callable[[Array], Array]:
    """The running sums along an axis, from the end where `reverse`."""
    if not reverse:
        return lambda x: np.add.accumulate(x, axis)
    return lambda x: np.ascontiguousarray(np.flip(np.add.accumulate(np.flip(x, axis), axis), axis))


def gathered(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with constants taken into the operands that they meet."""

    def change(value: Value) -> Value:
        if value.kind != "poly" or not any(o.kind == "constant" for t in value.terms for o in t.operands):
            return value
        return values.poly([_absorbed(values, term) for term in value.terms], value.shape)

    return rebuilt(values, roots, change)


def _absorbed(values: Values, term: Term) -> Term:
    for _ in range(len(term.operands)):
        found = _meeting(term)
        if found is None:
            break
        term = _joined(values, term, *found)
    return term


def _meeting(term: Term) -> tuple[int, int, int] | None:
    """(constant, other operand, index summed between just them) with the smallest result."""
    count: dict[int, int] = {}
    for i in (i for row in (*term.rows, term.output) for i in row):
        count[i] = count.get(i, 0) + 1
    best: tuple[int, tuple[int, int, int]] | None = None
    for k, (box, row) in enumerate(zip(term.operands, term.rows, strict=True)):
        if box.kind != "constant" or len(set(row)) != len(row):
            continue
        for leg, i in enumerate(row):
            others = [j for j, r in enumerate(term.rows) if j != k and i in r]
            if count[i] != 2 or len(others) != 1 or not _determines(box, row, leg, term.rows[others[0]]):
                continue
            entries = 1
            for j in {*row, *term.rows[others[0]]} - {i}:
                entries *= term.size[j]
            if best is None or entries < best[0]:
                best = entries, (k, others[0], i)
    return None if best is None else best[1]


def _determines(box: Value, row: Sequence[int], leg: int, other: Sequence[int]) -> bool:
    """Whether an index of a constant can be summed without an array of the constant."""
    name, params = box.data
    if name == "affine":
        return bool(params[leg])
    return params == (0,) and box.shape[0] == box.shape[1] and row[1 - leg] not in other


def _joined(values: Values, term: Term, constant: int, other: int, index: int) -> Term:
    """The term with a constant and an operand made one."""
    box, row = term.operands[constant], term.rows[constant]
    source, source_row = term.operands[other], term.rows[other]
    axis, leg = source_row.index(index), row.index(index)
    name, params = box.data
    if name == "triangle":
        made = values.make("running", (axis, leg == 0), (source,), source.shape)
        after = (*source_row[:axis], row[1 - leg], *source_row[axis + 1 :])
    else:
        kept = [i for i in source_row if i != index]
        after = (*kept, *(i for i in row if i != index and i not in kept))
        form = [0] * len(after)
        for i, coefficient in zip(row, params, strict=False):
            if i != index:
                # an index that the operand has twice is the same number on both axes
                form[after.index(i)] += coefficient
        data = Gather(axis, params[leg], params[-1], tuple(form))
        made = values.make("gather", data, (source,), [term.size[i] for i in after])
    keep = [k for k in range(len(term.operands)) if k not in (constant, other)]
    operands = (*(term.operands[k] for k in keep), made)
    return replace(term, operands=operands, rows=(*(term.rows[k] for k in keep), after))
