"""Long chains of elementwise operations on large arrays, written as one loop over blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.numbers import as_number
from .values import Value
from .writers import literal

__all__ = ["Block", "find_runs"]

_LARGE = 32_768
_BLOCK = 65_536
_SHORTEST = 3


def is_elementwise(value: Value, implementation: Callable[[str], Any]) -> bool:
    """Whether every entry of a value comes from the same entries of its operands (or from scalars)."""
    same = all(o.shape in (value.shape, ()) for o in value.operands)
    if not same or value.entries < _LARGE:
        return False
    straight = tuple(range(len(value.shape)))
    if value.kind == "pair":
        rows, order = value.data
        return order == len(straight) and all(row in (straight, ()) for row in rows)
    if value.kind == "sum":
        return any(data[1] == straight for data in value.data) and all(
            data[1] in (straight, ()) and data[2] == straight and not data[3] for data in value.data
        )
    if value.kind == "apply":
        return isinstance(implementation(value.data[0]), np.ufunc) and len(value.operands) == 1
    return value.kind == "scale"


def find_runs(order: Sequence[Value], implementation: Callable[[str], Any]) -> dict[int, list[Value]]:
    """Runs of neighbouring elementwise values of one shape, by the number of their first value."""
    runs: dict[int, list[Value]] = {}
    run: list[Value] = []
    for value in [*order, None]:
        fits = value is not None and is_elementwise(value, implementation)
        if fits and value is not None and (not run or value.shape == run[0].shape):
            run.append(value)
            continue
        if value is not None and value.kind in ("input", "full"):  # these compute nothing
            continue
        if len(run) >= _SHORTEST and _links(run) >= _SHORTEST - 1:
            runs[run[0].number] = run
        run = [value] if fits and value is not None else []
    return runs


def _links(run: Sequence[Value]) -> int:
    """How many values of a run read one of it: what stays in the cache; without them a loop has nothing to gain."""
    inside = {value.number for value in run}
    return sum(any(o.number in inside for o in value.operands) for value in run)


def _is_at_once(value: Value) -> bool:
    """Whether a value is one call; a longer sum reads operands after it has begun to write."""
    return value.kind != "sum" or [abs(data[0]) for data in value.data] == [1, 1]


class Block:
    """Writes one run as a loop."""

    def __init__(self, run: Sequence[Value], names: Mapping[int, str], function: Callable[[Value], str]) -> None:
        self.run = run
        self.names = names
        self.function = function
        self.inside = {value.number for value in run}
        self.local: dict[int, str] = {}
        self.free: list[str] = []
        self.buffers = 0
        self.body: list[str] = []
        self.taken: dict[int, int] = {}

    def write(self, needed: Mapping[int, str], spent: Collection[int] = ()) -> list[str]:
        """The lines; `needed` are the names of the results that are used after the run.

        `spent` are operands that nobody needs after the run: results may take their buffers.
        """
        shape, count = self.run[0].shape, self.run[0].entries
        last = {o.number: place for place, value in enumerate(self.run) for o in value.operands}
        head, slices = [], []
        outside = dict.fromkeys(o for value in self.run for o in value.operands if o.number not in self.inside)
        for operand in outside:
            if not operand.shape:
                self.local[operand.number] = self._scalar(operand)
                continue
            name = f"x{operand.number}"
            head.append(f"flat{operand.number} = {self.names[operand.number]}.reshape(-1)")
            slices.append(f"{name} = flat{operand.number}[i:j]")
            self.local[operand.number] = name
        self.taken = self._taken(needed, spent, last)
        for number, name in needed.items():
            if number in self.taken:
                head.append(f"{name} = {self.names[self.taken[number]]}")
                continue
            head.append(f"{name} = empty({shape}, dtype)")
            head.append(f"flat{number} = {name}.reshape(-1)")
            slices.append(f"x{number} = flat{number}[i:j]")
        for place, value in enumerate(self.run):
            self._compute(value, place, last, needed)
        head += [f"w{k} = empty({min(_BLOCK, count)}, dtype)" for k in range(self.buffers)]
        slices += [f"t{k} = w{k}[: j - i]" for k in range(self.buffers)]
        loop = [f"for i in range(0, {count}, {_BLOCK}):", f"    j = min(i + {_BLOCK}, {count})"]
        views = [line.split(" = ")[0] for line in head + slices if ".reshape(-1)" in line or "[i:j]" in line]
        return [*head, *loop, *["    " + line for line in slices + self.body], f"del {', '.join(views)}"]

    def _taken(self, needed: Mapping[int, str], spent: Collection[int], last: Mapping[int, int]) -> dict[int, int]:
        """For results the operand whose buffer they take: one that is last read before they are written."""
        taken: dict[int, int] = {}
        left = list(spent)
        for place, value in enumerate(self.run):
            ready = (o for o in left if last[o] < place or (last[o] == place and _is_at_once(value)))
            if value.number in needed and (operand := next(ready, None)) is not None:
                taken[value.number] = operand
                left.remove(operand)
        return taken

    def _scalar(self, operand: Value) -> str:
        return literal(operand.data) if operand.kind == "full" else self.names[operand.number]

    def _buffer(self) -> str:
        if self.free:
            return self.free.pop()
        self.buffers += 1
        return f"t{self.buffers - 1}"

    def _compute(self, value: Value, place: int, last: Mapping[int, int], needed: Mapping[int, str]) -> None:
        """The calls of one value, its result in a block buffer or in the array that is needed later."""
        done = [
            self.local[o.number]
            for o in dict.fromkeys(value.operands)
            if o.number in self.inside and last[o.number] == place and o.number not in needed
        ]
        at_once = _is_at_once(value)
        if at_once:
            self.free += done
        out = f"x{self.taken.get(value.number, value.number)}" if value.number in needed else self._buffer()
        names = [self.local[o.number] for o in value.operands]
        if value.kind == "pair":
            self.body.append(f"multiply({names[0]}, {names[1]}, {out})")
        elif value.kind == "scale":
            self.body.append(f"multiply({names[0]}, {literal(value.data)}, {out})")
        elif value.kind == "apply":
            self.body.append(f"{self.function(value)}({names[0]}, {out})")
        else:
            self._sum(value, names, out)
            self.free += [] if at_once else done
        self.local[value.number] = out

    def _sum(self, value: Value, names: Sequence[str], out: str) -> None:
        parts = zip([data[0] for data in value.data], names, value.operands, strict=True)
        terms = [(1, literal(as_number(c * o.data))) if o.kind == "full" else (c, name) for c, name, o in parts]
        terms.sort(key=lambda term: term[0] != 1)
        if value.operands and len(terms) == 1:
            self.body.append(f"multiply({terms[0][1]}, {literal(terms[0][0])}, {out})")
            return
        (c, x), (d, y), *rest = terms
        if (c, d) == (-1, -1) and not rest:
            self.body += [f"add({x}, {y}, {out})", f"multiply({out}, -1, {out})"]
            return
        if c != 1:
            self.body.append(f"multiply({x}, {literal(c)}, {out})")
            rest, x = [(d, y), *rest], out
        elif abs(d) == 1:
            self.body.append(f"{'add' if d == 1 else 'subtract'}({x}, {y}, {out})")
        else:
            self.body.append(f"multiply({y}, {literal(d)}, {out})")
            self.body.append(f"add({x}, {out}, {out})")
        for d, y in rest:
            name = y
            if abs(d) != 1:
                name = self._buffer()
                self.body.append(f"multiply({y}, {literal(d)}, {name})")
                self.free.append(name)
            self.body.append(f"{'subtract' if d == -1 else 'add'}({out}, {name}, {out})")
