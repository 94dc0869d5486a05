"""The plan of several results together: what is computed in which order, and what that costs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.expressions import Expr
from ..errors import MemoryLimitError
from .choice import cheapest_plan, choose_form
from .layouts import arranged
from .lowering import lower
from .structure import Piece
from .values import Value, Values, reachable

__all__ = ["Plan", "core_plan", "default_memory_limit", "make_plan", "readable_bytes"]

_VIEWS = frozenset({"input", "view", "turn"})


@dataclass(slots=True)
class Plan:
    """The values to compute for the results (all of them, operands first), at known sizes.

    `print(plan)` is a table of the costs; `as_dict` and `json` are the same as data.
    """

    inputs: tuple[Value, ...]
    results: tuple[Value, ...]
    sizes: Mapping[str, int]
    itemsize: int
    values: list[Value]
    kernels: dict[int, str] = field(default_factory=dict)

    @property
    def flops(self) -> int:
        """Additions and multiplications (of a product of a matrix with its own transpose, half)."""
        return sum(self.flops_of(value) for value in self.values)

    def flops_of(self, value: Value) -> int:
        """The operations of one value."""
        if value.kind == "pair":
            (ra, rb), order = value.data
            size = dict(zip(ra + rb, value.operands[0].shape + value.operands[1].shape, strict=True))
            total = math.prod(size.values())
            if len(size) == order:
                return total
            return total if self.kernels.get(value.number) == "syrk" else 2 * total
        if value.kind in ("sum", "apply", "logistic"):
            return value.entries * max(1, len(value.operands))
        if value.kind == "reduce":
            return value.operands[0].entries
        return value.entries if value.kind == "scale" else 0

    @property
    def largest(self) -> Value | None:
        """The largest array that is computed; None where nothing is."""
        computed = [value for value in self.values if value.kind not in _VIEWS]
        return max(computed, key=lambda value: value.entries, default=None)

    @property
    def peak_memory(self) -> int:
        """The most bytes that computed arrays take at once, results included."""
        return self._peak(None)

    def _peak(self, limit: int | None) -> int:
        owner: dict[int, int] = {}
        last: dict[int, int] = {}
        for place, value in enumerate(self.values):
            is_view = value.kind in _VIEWS and value.operands
            owner[value.number] = owner[value.operands[0].number] if is_view else value.number
            for operand in value.operands:
                last[owner[operand.number]] = place
        for value in self.results:
            last[owner[value.number]] = len(owner)
        live: dict[int, int] = {}
        total = peak = 0
        for place, value in enumerate(self.values):
            if value.kind not in _VIEWS:
                live[value.number] = value.entries * self.itemsize
                total += live[value.number]
                peak = max(peak, total)
                if limit is not None and total > limit:
                    raise MemoryLimitError(_too_much(value, total, limit, self.itemsize))
            for operand in value.operands:
                base = owner[operand.number]
                if last[base] == place:
                    total -= live.pop(base, 0)
        return peak

    def check_memory(self, limit: int) -> None:
        """`MemoryLimitError` naming the first intermediate that goes over a limit in bytes."""
        self._peak(limit)

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data."""
        name = _names(self.values)
        rows = [
            {
                "value": name[v.number],
                "kernel": self.kernels.get(v.number, v.kind),
                "shape": list(v.shape),
                "operands": [name[o.number] for o in v.operands],
                "flops": self.flops_of(v),
            }
            for v in self.values
            if v.kind != "input"
        ]
        largest = self.largest
        return {
            "flops": self.flops,
            "peak_memory": self.peak_memory,
            "largest": None if largest is None else list(largest.shape),
            "sizes": dict(self.sizes),
            "results": [name[v.number] for v in self.results],
            "rows": rows,
        }

    def json(self) -> str:
        """The plan as JSON."""
        return json.dumps(self.as_dict())

    def __str__(self) -> str:
        data = self.as_dict()
        lines = [f"{'value':>8}  {'kernel':10}  {'FLOPs':>14}  {'shape':20}  operands"]
        for row in data["rows"]:
            shape = "×".join(map(str, row["shape"])) or "scalar"
            lines.append(
                f"{row['value']:>8}  {row['kernel']:10}  {row['flops']:>14,}  {shape:20}  " + ", ".join(row["operands"])
            )
        largest = "×".join(map(str, data["largest"] or [])) or "scalar"
        lines.append(
            f"total {data['flops']:,} FLOPs; largest intermediate {largest}; peak memory {data['peak_memory']:,} bytes"
        )
        return "\n".join(lines)


def _names(values: Sequence[Value]) -> dict[int, str]:
    found: dict[int, str] = {}
    for value in values:
        found[value.number] = value.data if value.kind == "input" else f"v{len(found)}"
    return found


def _too_much(value: Value, total: int, limit: int, itemsize: int) -> str:
    below = reachable([value])
    names = sorted({v.data for v in below if v.kind == "input"})
    shown = "·".join(names[:6]) + ("…" if len(names) > 6 else "")
    return (
        f"computing this needs {readable_bytes(total)} at once, over the limit of {readable_bytes(limit)}: the "
        f"intermediate {shown or 'without tensors'} has shape {value.shape} "
        f"({readable_bytes(value.entries * itemsize)}); pass a larger memory_limit= if the machine has it"
    )


def readable_bytes(count: int) -> str:
    """A number of bytes for people."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def default_memory_limit() -> int:
    """Three quarters of the machine's memory, in bytes (2⁶² where the system does not say)."""
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4)
    except (AttributeError, ValueError, OSError):
        return 2**62


def make_plan(steps: Mapping[Expr, Piece], roots: Sequence[Expr], sizes: Mapping[str, int], itemsize: int = 8) -> Plan:
    """Plan results at known sizes."""
    values = Values()
    lowered = lower(values, steps, roots, sizes)
    results = arranged(values, cheapest_plan(values, choose_form(values, lowered)))
    return _planned(results, sizes, itemsize)


def _planned(results: Sequence[Value], sizes: Mapping[str, int], itemsize: int) -> Plan:
    order = reachable(results)
    inputs = {v.data: v for v in order if v.kind == "input"}
    return Plan(tuple(inputs[name] for name in sorted(inputs)), tuple(results), sizes, itemsize, order)


def core_plan(plan: Plan) -> tuple[Plan, list[tuple[tuple[int, ...], tuple[int, ...]]]]:
    """The plan of the results' cores, and for each result the pattern that makes it of its core, and its shape."""
    results, patterns = [], []
    for value in plan.results:
        core, pattern = value, tuple(range(len(value.shape)))
        if value.kind == "turn" and value.operands[0].kind == "expand":
            inner = value.operands[0]
            core, pattern = inner.operands[0], tuple([inner.data[0][axis] for axis in value.data])
        elif value.kind == "expand":
            core, pattern = value.operands[0], value.data[0]
        results.append(core)
        patterns.append((pattern, value.shape))
    return _planned(results, plan.sizes, plan.itemsize), patterns
