"""Structural constants in a computation: indexing and running sums where they meet an operand, else an array.

A slice, a shift or a convolution never becomes an array where one of its indices is summed against one operand: that
index is determined by the others, so the operand is indexed instead.  A triangle of ones summed against one operand
is a running sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.expressions import Structural
from ..dimension import Dimension
from ..errors import DimensionError
from .arrays import Array
from .forms import rebuilt
from .values import Term, Value, Values

__all__ = ["CONSTANTS", "Gather", "constant_array", "constant_rule", "constant_source", "evaluated", "gathered"]

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


def constant_source(rule: Rule, shape: Sequence[int]) -> str:
    """The entries of a constant as truth values: NumPy source."""
    name, params = rule
    if name == "triangle":
        return _on_grid(f"i1 <= i0{params[0]:+}" if params[0] else "i1 <= i0", shape)
    return _on_grid(f"{_linear(params[:-1], 0, range(len(shape)))} == {params[-1]}", shape)


def constant_array(rule: Rule, shape: Sequence[int]) -> Array:
    """The entries of a constant as truth values."""
    return evaluated(constant_source(rule, shape))


def evaluated(source: str) -> Array:
    """The array of a source that this module has written."""
    made: Array = np.asarray(eval(source, {"np": np}))  # generated names and numbers only
    return made


def _linear(form: Sequence[int], offset: int, axes: Iterable[int]) -> str:
    """offset + Σ form[k]·i_k over some axes."""
    text = "".join([f"{form[k]:+}*i{k}" if abs(form[k]) != 1 else f"{'+-'[form[k] < 0]}i{k}" for k in axes])
    return f"{offset}{text}" if offset or not text else text.removeprefix("+")


def _on_grid(expression: str, shape: Sequence[int]) -> str:
    """An expression in i0, i1, … (the places on the axes) as an array; an axis that it does not have has length 1."""
    if not shape:
        return f"np.asarray({expression})"
    names = ", ".join([f"i{k}" for k in range(len(shape))])
    return f"(lambda {names}: {expression})(*np.ogrid[{', '.join([f':{n}' for n in shape])},])"


@dataclass(frozen=True, slots=True)
class Gather:
    """An operand indexed along an axis: place = (offset − Σ form[r]·index r)/factor, 0 where that is no place.

    The result has the operand's other axes in order, then new ones.
    """

    axis: int
    factor: int
    offset: int
    form: tuple[int, ...]

    def as_slice(self, source: Sequence[int], shape: Sequence[int]) -> slice | None:
        """The slice along the axis that this is; None where it is none."""
        *kept, step = self.form if self.form else (0,)
        if len(source) != len(shape) or any(kept) or step % self.factor or self.offset % self.factor:
            return None
        start, step, count = self.offset // self.factor, -step // self.factor, shape[-1]
        end = start + step * count
        if not step or not count or min(start, end - step) < 0 or max(start, end - step) >= source[self.axis]:
            return None
        return slice(start, end if end >= 0 else None, step)

    def index(self, source: Sequence[int], shape: Sequence[int]) -> tuple[list[str], str | None]:
        """Sources of the index into an operand, and of where that is inside (None: everywhere)."""
        size, kept = source[self.axis], len(source) - 1
        total = _linear([-c for c in self.form], self.offset, [k for k, c in enumerate(self.form) if c])
        place, whole = (
            (total, "") if self.factor == 1 else (f"({total})//{self.factor}", f"(({total})%{self.factor} == 0) & ")
        )
        inside = _on_grid(f"{whole}({place} >= 0) & ({place} < {size})", shape)
        found = [_on_grid(f"i{k}", shape) for k in range(kept)]
        if evaluated(inside).all():
            found.insert(self.axis, _on_grid(place, shape))
            return found, None
        found.insert(self.axis, _on_grid(f"np.clip({place}, 0, {max(size - 1, 0)})", shape))
        return found, inside


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
