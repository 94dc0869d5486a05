"""The memory that a plan takes at once, and how to say it."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from ..errors import MemoryLimitError
from .layouts import copied_entries
from .values import Value, reachable

__all__ = ["default_memory_limit", "most_bytes", "peak_bytes", "readable_bytes"]

_VIEWS = frozenset({"input", "view", "turn", "part"})


def peak_bytes(order: Sequence[Value], results: Sequence[Value], itemsize: int, limit: int | None = None) -> int:
    """The most bytes that computed arrays take at once when the values are computed in this order.

    `MemoryLimitError` names the first value that goes over a limit.
    """
    owner: dict[int, int] = {}
    last: dict[int, int] = {}
    for place, value in enumerate(order):
        is_view = value.kind in _VIEWS and value.operands
        owner[value.number] = owner[value.operands[0].number] if is_view else value.number
        for operand in value.operands:
            last[owner[operand.number]] = place
    for value in results:
        last[owner[value.number]] = len(owner)
    live: dict[int, int] = {}
    total = peak = 0
    for place, value in enumerate(order):
        if value.kind not in _VIEWS:
            kept, passing = (value.entries, 0) if value.kind != "sliced" else value.data.memory(itemsize)
            live[value.number] = kept * itemsize
            total += live[value.number]
            passing += _copied(value) * itemsize
            peak = max(peak, total + passing)
            if limit is not None and total + passing > limit:
                raise MemoryLimitError(_too_much(value, total + passing, limit, itemsize))
        for operand in value.operands:
            base = owner[operand.number]
            if last[base] == place:
                total -= live.pop(base, 0)
    return peak


def most_bytes(order: Sequence[Value], itemsize: int) -> float:
    """At a glance, what `peak_bytes` cannot be more than."""
    if any(value.kind == "sliced" for value in order):
        return math.inf
    return 2 * itemsize * sum([value.entries for value in order])


def _copied(value: Value) -> int:
    """The entries of operands that a matrix product copies first, because their axes come in another order."""
    if value.kind != "pair":
        return 0
    (ra, rb), order = value.data
    if len(ra) < 3 > len(rb):
        return 0
    shared = set(ra).intersection(rb)
    if not shared or min(shared) < order:
        return 0
    return copied_entries(ra, rb, order, value.operands[0].shape, value.operands[1].shape)


def _too_much(value: Value, total: int, limit: int, itemsize: int) -> str:
    below = reachable([value])
    names = sorted({v.data for v in below if v.kind == "input"})
    shown = "·".join(names[:6]) + ("…" if len(names) > 6 else "")
    remedy = "compile with slicing=True"
    if value.kind == "expand":
        remedy = "ask for .structured(…), which keeps copy tensors apart from the entries"
    return (
        f"computing this needs {readable_bytes(total)} at once, over the limit of {readable_bytes(limit)}: the "
        f"intermediate {shown or 'without tensors'} has shape {value.shape} "
        f"({readable_bytes(value.entries * itemsize)}); pass a larger memory_limit= if the machine has it, or {remedy}"
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
