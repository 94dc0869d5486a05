"""The plan of several results together: what is computed in which order, and what that costs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.expressions import Expr
from .choice import cheapest_plan, choose_form
from .direct import planned_directly
from .layouts import arranged
from .lowering import lower
from .memory import most_bytes, peak_bytes
from .paths import DEFAULT, Search
from .short_axes import without_short_axes
from .slicing import Slicing
from .structure import Piece
from .values import Value, Values, reachable, results_first

__all__ = ["Plan", "core_plan", "make_plan"]

_WORTH = 0.9
_MANY, _IN_CACHE = 1000, 2**22
_VIEWS = frozenset({"input", "view", "turn", "part"})
_FACTORISED = {"inv": 6, "solve": 2, "det": 2, "logdet": 2}
"""Operations on a matrix of n rows by its LU factors, in n³/3."""


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
        if value.kind == "apply" and value.data[0] in _FACTORISED:
            n = value.operands[0].shape[0]
            columns = value.entries // n if value.data[0] == "solve" and n else 0
            return _FACTORISED[value.data[0]] * n**3 // 3 + 2 * n * n * columns
        if value.kind in ("sum", "apply", "logistic"):
            return value.entries * max(1, len(value.operands))
        if value.kind == "reduce":
            return value.operands[0].entries
        if value.kind == "sliced":
            inner = Plan(value.data.inputs, value.data.results, {}, self.itemsize, value.data.order)
            return int(value.data.count * inner.flops)
        return value.entries if value.kind == "scale" else 0

    @property
    def largest(self) -> Value | None:
        """The largest array that is computed; None where nothing is."""
        computed = [value for value in self.values if value.kind not in _VIEWS]
        return max(computed, key=lambda value: value.entries, default=None)

    @property
    def peak_memory(self) -> int:
        """The most bytes that computed arrays take at once, results included."""
        return peak_bytes(self.values, self.results, self.itemsize)

    def check_memory(self, limit: int) -> None:
        """`MemoryLimitError` naming the first intermediate that goes over a limit in bytes."""
        if most_bytes(self.values, self.itemsize) > limit:
            peak_bytes(self.values, self.results, self.itemsize, limit)

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


def make_plan(
    steps: Mapping[Expr, Piece],
    roots: Sequence[Expr],
    sizes: Mapping[str, int],
    itemsize: int = 8,
    search: Search = DEFAULT,
    slicing: Slicing | None = None,
    structured: bool = False,
) -> Plan:
    """Plan results at known sizes; of `structured` ones every axis stays, for their copy tensors are told by axes."""
    values = Values()
    products = planned_directly(values, steps, roots, sizes)
    if products is None:
        lowered = lower(values, steps, roots, sizes)
        if not structured:
            lowered = without_short_axes(values, lowered)
        products = cheapest_plan(values, choose_form(values, lowered), search, slicing)
    return _planned(arranged(values, products), sizes, itemsize)


def _planned(results: Sequence[Value], sizes: Mapping[str, int], itemsize: int) -> Plan:
    order = reachable(results)
    if len(order) < _MANY or most_bytes(order, itemsize) > _IN_CACHE:
        other = results_first(results)
        if peak_bytes(other, results, itemsize) < _WORTH * peak_bytes(order, results, itemsize):
            order = other
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
