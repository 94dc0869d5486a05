"""Where wires cross: for the metrics, and for the gaps that are left in the lower wire."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .geometry import Point
from .scene import Wire

__all__ = ["Crossing", "crossings", "meeting"]

Array = np.ndarray[Any, np.dtype[np.float64]]


def meeting(wires: Sequence[Wire]) -> list[tuple[int, int]]:
    """Pairs of wires whose extents overlap, in order."""
    if len(wires) < 2:
        return []
    left, bottom, right, top = np.array([(b.left, b.bottom, b.right, b.top) for b in (w.box for w in wires)]).T
    room = 0.04
    overlap = (left[:, None] < right[None] + room) & (bottom[:, None] < top[None] + room)
    pairs: list[tuple[int, int]] = [(int(a), int(b)) for a, b in np.argwhere(np.triu(overlap & overlap.T, 1))]
    return pairs


@dataclass(frozen=True)
class Crossing:
    """Where two wires cross away from their ends: their numbers, the point, and the angle there in degrees."""

    under: int
    over: int
    point: Point
    angle: float


def crossings(wires: Sequence[Wire]) -> list[Crossing]:
    """Crossings of different wires."""
    arrays = [np.array(w.points) for w in wires]
    return [Crossing(a, b, point, angle) for a, b in meeting(wires) for point, angle in _points(arrays[a], arrays[b])]


def _points(first: Array, second: Array) -> list[tuple[Point, float]]:
    """Proper crossings of two polylines, with their angles."""
    p, r = first[:-1, None, :], (first[1:] - first[:-1])[:, None, :]
    q, s = second[None, :-1, :], (second[1:] - second[:-1])[None, :, :]
    cross = r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0]
    gap = q - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[..., 0] * s[..., 1] - gap[..., 1] * s[..., 0]) / cross
        u = (gap[..., 0] * r[..., 1] - gap[..., 1] * r[..., 0]) / cross
    hit = (np.abs(cross) > 1e-12) & (t >= 0) & (t < 1) & (u >= 0) & (u < 1)
    ends = np.array([first[0], first[-1], second[0], second[-1]])
    found = []
    for i, j in np.argwhere(hit):
        point = first[i] + t[i, j] * (first[i + 1] - first[i])
        if np.min(np.hypot(*(ends - point).T)) > 1e-3:
            sine = abs(cross[i, j]) / (np.hypot(*r[i, 0]) * np.hypot(*s[0, j]))
            found.append(((float(point[0]), float(point[1])), math.degrees(math.asin(min(1.0, float(sine))))))
    return found
