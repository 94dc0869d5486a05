"""General layout: stress majorisation from several starts, the one with the fewest crossings kept.

Sources: Gansner, Koren and North, "Graph drawing by stress majorization" (2004) for the iteration; classical
scaling for the starts.  Nothing is random: the same network always gets the same picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .components import Component, leg_key
from .extents import Size
from .geometry import Point
from .layout import Placement
from .planarity import planar_start
from .skeletons import OPEN
from .style import Style

__all__ = ["crossing_count", "general", "majorise"]

Array = np.ndarray[Any, np.dtype[np.float64]]
_ROUNDS, _OFF_FRAME = 20, 0.5
_LARGE = 100
"""From here on one start, no relocation and fewer rounds, so that a picture takes seconds and not minutes."""


def general(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement:
    """A layout of any component: few crossings, no overlaps, open legs on the frame."""
    nodes = list(component.nodes)
    number = {node: k for k, node in enumerate(nodes)}
    radius = _radius(component, size)
    edges = _edges(component, number)
    wanted = _distances(len(radius), edges, radius, style.gap + 0.6 * _doubled(component, edges, nodes))
    _draw_in(component, number, wanted)
    starts = [_scaling(wanted, pair) for pair in ((0, 1), (0, 2), (1, 2))] + [_circle(wanted)]
    starts = starts if len(radius) <= _LARGE else starts[:1]
    best: tuple[int, Array] | None = None
    for start in starts:
        at = majorise(start, wanted)
        crossings = crossing_count(at, edges)
        if best is None or crossings < best[0]:
            best = crossings, at
        if not best[0]:
            break
    assert best is not None
    made, crossings = _finished(best[1], component, number, size, style, sides)
    if crossings:
        tries: list[Array | None] = [
            planar_start(edges, len(radius), len(nodes), wanted, rim=rim) for rim in (True, False)
        ]
        planar = any(found is not None for found in tries)
        tries += [] if planar or len(radius) > _LARGE else [_relocated(best[1], edges, wanted)]
        for points in tries:
            if points is not None and crossings:
                other, count = _finished(points, component, number, size, style, sides)
                made, crossings = (other, count) if count < crossings else (made, crossings)
    return made


def _finished(
    at: Array, component: Component, number: dict[int, int], size: Size, style: Style, sides: dict[int, str]
) -> tuple[Placement, int]:
    """The placement of these points, and how many wires cross in it."""
    edges = _edges(component, number)
    radius = _radius(component, size)
    at = _off_frames(_separated(_aligned(at, component, number, sides), radius, edges, style), component, size)
    made = Placement("general")
    for node, k in number.items():
        made.centers[node] = (float(at[k, 0]), round(float(at[k, 1]) - size.box(node).center[1], 6))
        made.axes[node] = "free"
    inner = [(a, b) for a, b in edges if b < len(number)]
    return made, crossing_count(at, inner) + _exits(component, at, number, size, style, sides, made)


def _off_frames(at: Array, component: Component, size: Size) -> Array:
    """Push nodes off frames, which reach farther than the circles that stand for them, the shortest way."""
    boxes = [size.box(node) for node in component.nodes]
    frames = [k for k, node in enumerate(component.nodes) if component.node(node).kind == "frame"]
    moved = at.copy()
    for _ in range(_ROUNDS if frames else 0):
        still = True
        for a, b in ((a, b) for a in frames for b in range(len(boxes)) if b != a):
            gap = moved[b] - moved[a]
            need = np.array([boxes[a].width + boxes[b].width, boxes[a].height + boxes[b].height]) / 2 + _OFF_FRAME
            short = need - np.abs(gap)
            if (short > 1e-6).all():
                axis = int(short[1] < short[0])
                step = 0.5 * short[axis] * (1.0 if gap[axis] >= 0 else -1.0)
                moved[a, axis] -= step
                moved[b, axis] += step
                still = False
        if still:
            break
    return np.round(moved, 3)


def _radius(component: Component, size: Size) -> Array:
    """How much room nodes take round their middles, and open legs after them."""
    boxes = [size.box(node) for node in component.nodes]
    return np.array([0.475 * math.hypot(box.width, box.height) for box in boxes] + [0.2] * len(component.outputs))


def _edges(component: Component, number: dict[int, int]) -> list[tuple[int, int]]:
    """Pairs of joined nodes, each once; open legs count as nodes after the others."""
    pairs: dict[tuple[int, int], None] = {}
    for node, row in component.links.items():
        for _, there in row:
            if there[0] not in (OPEN, node):
                a, b = sorted((number[node], number[there[0]]))
                pairs[(a, b)] = None
    for place, leg in enumerate(component.outputs):
        pairs[(number[component.homes[leg][0]], len(number) + place)] = None
    return list(pairs)


def _draw_in(component: Component, number: dict[int, int], wanted: Array) -> None:
    """Bring what a merge joins nearer together, so that it stands on one side and the product on the other."""
    ends = dict(number)
    ends.update((-2 - leg, len(number) + place) for place, leg in enumerate(component.outputs))
    for node, row in component.links.items():
        if component.node(node).kind == "merge":
            k = number[node]
            joined = [ends[leg_key(there)] for _, there in row[:-1] if there[0] != node]
            for a, b in itertools.combinations(dict.fromkeys(joined), 2):
                wanted[a, b] = wanted[b, a] = min(wanted[a, b], 0.7 * (wanted[a, k] + wanted[k, b]))


def _doubled(component: Component, edges: list[tuple[int, int]], nodes: list[int]) -> Array:
    """How many wires beyond the first every edge has."""
    return np.array([component.wires_between(nodes[a], nodes[b]) - 1.0 if b < len(nodes) else 0.0 for a, b in edges])


def _distances(count: int, edges: list[tuple[int, int]], radius: Array, gap: Array) -> Array:
    """Lengths of shortest paths, an edge being as long as the nodes at its ends need."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import shortest_path

    rows = np.array(edges, dtype=np.int32).T  # older versions of scipy take no other type
    lengths = radius[rows[0]] + radius[rows[1]] + gap
    graph = csr_array((lengths, (rows[0], rows[1])), shape=(count, count))
    found: Array = shortest_path(graph, directed=False)
    return found


def _scaling(wanted: Array, pair: tuple[int, int]) -> Array:
    """Classical scaling: coordinates along two eigenvectors, their signs fixed."""
    count = len(wanted)
    centred = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centred @ wanted**2 @ centred)
    order = np.argsort(-values, kind="stable")
    columns = []
    for place in pair:
        if place >= count:
            columns.append(np.zeros(count))
            continue
        vector = vectors[:, order[place]]
        largest = int(np.argmax(np.round(np.abs(vector), 9)))
        columns.append(vector * np.sign(vector[largest]) * math.sqrt(max(values[order[place]], 1e-6)))
    # a tiny fixed spiral keeps points that coincide apart
    turn = np.arange(count) * 2.399963
    return np.round(np.stack(columns, 1) + 0.05 * np.stack([np.cos(turn), np.sin(turn)], 1), 6)


def _circle(wanted: Array) -> Array:
    """Nodes on a circle in the order of their distance from the first one."""
    order = np.argsort(np.round(wanted[0], 6), kind="stable")
    angle = np.empty(len(wanted))
    angle[order] = np.arange(len(wanted)) * 2 * math.pi / len(wanted)
    reach = float(wanted.max()) / 2
    return np.stack([reach * np.cos(angle), reach * np.sin(angle)], 1)


def majorise(start: Array, wanted: Array, rounds: int = 120) -> Array:
    """Stress majorisation: each round solves for the points that the present directions ask for."""
    count = len(start)
    if count < 2:
        return start
    weight = 1.0 / np.where(wanted > 0, wanted, 1.0) ** 2
    np.fill_diagonal(weight, 0.0)
    laplacian = np.diag(weight.sum(1)) - weight
    inverse = np.linalg.inv(laplacian + 1.0 / count)
    at = start
    before = math.inf
    for _ in range(rounds):
        gaps = at[:, None] - at[None]
        lengths = np.maximum(np.hypot(gaps[..., 0], gaps[..., 1]), 1e-9)
        ratio = weight * wanted / lengths
        at = inverse @ (ratio.sum(1)[:, None] * at - ratio @ at)
        stress = float((weight * (wanted - lengths) ** 2).sum())
        if before - stress < 1e-5 * stress:
            break
        before = stress
    return at


@lru_cache(maxsize=4)
def _pairs(edges: tuple[tuple[int, int], ...]) -> tuple[Array, Array]:
    """All pairs of edges without a common end."""
    ends = np.array(edges)
    first, second = np.triu_indices(len(edges), 1)
    a, b = ends[first], ends[second]
    apart = (a[:, :1] != b).all(1) & (a[:, 1:] != b).all(1)
    return a[apart], b[apart]


def crossing_count(at: Array, edges: Sequence[tuple[int, int]]) -> int:
    """How many pairs of straight edges cross."""
    if len(edges) < 2:
        return 0
    a, b = _pairs(tuple(edges))
    return int(_crossed(at[a[:, 0]], at[a[:, 1]], at[b[:, 0]], at[b[:, 1]]).sum())


def _crossed(p: Array, q: Array, r: Array, s: Array) -> Any:
    def side(u: Array, v: Array, w: Array) -> Array:
        found: Array = (v[..., 0] - u[..., 0]) * (w[..., 1] - u[..., 1]) - (v[..., 1] - u[..., 1]) * (
            w[..., 0] - u[..., 0]
        )
        return found

    return (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)


def _relocated(at: Array, edges: list[tuple[int, int]], wanted: Array) -> Array:
    """Move single nodes to where they cross less: near the middle of their neighbours, in several directions."""
    count = len(at)
    at = at.copy()
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    ends = np.array(edges)
    angles = np.arange(16) * 2 * math.pi / 16
    ways = np.stack([np.cos(angles), np.sin(angles)], 1)
    reach = float(np.median([wanted[a, b] for a, b in edges]))

    def cost(node: int, points: Array) -> Array:
        mine = np.array(near[node])
        other = ends[(ends != node).all(1)]
        p, q = points[:, None, None, :], at[mine][None, :, None, :]
        r, s = at[other[:, 0]][None, None], at[other[:, 1]][None, None]
        apart = (mine[:, None] != other[None, :, 0]) & (mine[:, None] != other[None, :, 1])
        crossed = _crossed(p, q, r, s) & apart[None]
        rest = np.delete(at, node, 0)
        close = np.hypot(*np.moveaxis(points[:, None] - rest[None], 2, 0)).min(1) < 0.6 * reach
        far = np.hypot(*np.moveaxis(points[:, None] - at[mine][None], 2, 0)).mean(1) / reach
        total: Array = crossed.sum((1, 2)) + 20.0 * close + 0.05 * far
        return total

    for _ in range(4 if count <= 50 else 2):
        improved = False
        for node in range(count):
            if not near[node]:
                continue
            middle = at[near[node]].mean(0)
            tries = np.concatenate([at[node][None], *(middle + reach * r * ways for r in (0.6, 1.2, 2.0))])
            costs = np.round(cost(node, tries), 6)
            choice = int(np.argmin(costs))
            if costs[choice] < costs[0] - 0.5:
                at[node] = tries[choice]
                improved = True
        if not improved:
            break
    return at


def _aligned(at: Array, component: Component, number: dict[int, int], sides: dict[int, str]) -> Array:
    """Turn the longest direction level, outputs to their sides, the first node up and left."""
    at = at - at.mean(0)
    _, vectors = np.linalg.eigh(at.T @ at)
    axis = vectors[:, -1]
    axis = axis * (np.sign(axis[int(np.argmax(np.abs(axis)))]) or 1.0)
    at = at @ np.array([[axis[0], -axis[1]], [axis[1], axis[0]]])
    pull = 0.0
    for place, leg in enumerate(component.outputs):
        way = {"left": -1.0, "right": 1.0}.get(sides.get(leg, ""), 0.0)
        pull += way * float(at[len(number) + place, 0])
    if pull < -1e-6 or (abs(pull) <= 1e-6 and at[0, 0] > 1e-6):
        at = at * np.array([-1.0, 1.0])
    turn = _turn(at, component, number)
    if turn < 0 or (turn == 0 and at[0, 1] < -1e-6):
        at = at * np.array([1.0, -1.0])
    found: Array = np.round(at, 3)
    return found


def _turn(at: Array, component: Component, number: dict[int, int]) -> int:
    """How many tensors have their legs in their usual turn, less those that have them the other way round."""
    ends = dict(number)
    ends.update((-2 - leg, len(number) + place) for place, leg in enumerate(component.outputs))
    total = 0
    for node, k in number.items():
        others = [ends[leg_key(there)] for _, there in component.links[node]]
        here = component.node(node)
        if here.kind != "tensor" or k in others or len(set(others)) < len(others):
            continue
        angles = [math.atan2(at[n, 1] - at[k, 1], at[n, 0] - at[k, 0]) for n in others]
        rising = [(angle - angles[0]) % (2 * math.pi) for angle in angles]
        way = (rising == sorted(rising)) - (rising[1:] == sorted(rising[1:], reverse=True))
        total += -way if here.conjugate else way
    return total


def _separated(at: Array, radius: Array, edges: list[tuple[int, int]], style: Style) -> Array:
    """Push nodes apart that overlap, and off edges that pass too near."""
    before = crossing_count(at, edges)
    room = radius[:, None] + radius[None] + 0.6
    ends = np.array(edges)
    moved, grown = at, 1.0
    large = len(at) > _LARGE
    rounds = 30 if large else 80
    for step_ in range(rounds):
        push, short = _pushes(moved, radius, room, ends)
        if float(np.abs(push).max()) < 1e-3:
            break
        tried = moved + np.clip(push, -0.6, 0.6)
        if (
            crossing_count(tried, edges) > before
            and not (short > (0.7 if step_ < 2 * rounds // 3 else 0.1) * room).any()
        ):
            if grown > _MOST_GROWN:  # more room helps no further
                break
            tried, grown = moved * 1.04, grown * 1.04
        moved = tried
    for _ in range(_MORE_ROUNDS):  # room comes before crossings where there are very many, or nodes still overlap
        push, short = _pushes(moved, radius, room, ends)
        if not large and not (short > 0.05 * room).any():
            break
        if float(np.abs(push).max()) < 1e-2:
            break
        moved = 1.01 * moved + np.clip(push, -0.6, 0.6)
    found: Array = np.round(moved, 3)
    return found


_MORE_ROUNDS = 40
_MOST_GROWN = 2.5


def _pushes(moved: Array, radius: Array, room: Array, ends: Any) -> tuple[Array, Array]:
    """Where nodes are pushed by others and by edges that are too near, and how much room there is too little."""
    count = np.arange(len(moved))
    x, y = moved.T
    across, along = x[:, None] - x[None], y[:, None] - y[None]
    same = (np.abs(across) < 1e-3) & (np.abs(along) < 1e-3)
    across = across + 1e-3 * np.sign(count[:, None] - count[None]) * same  # points that coincide part sideways
    length = np.maximum(np.hypot(across, along), 1e-6)
    short: Array = np.maximum(room - length, 0.0)
    np.fill_diagonal(short, 0.0)
    share = 0.25 * short / length
    push = np.stack([(share * across).sum(1), (share * along).sum(1)], 1)
    first, second = ends.T
    step_x, step_y = x[second] - x[first], y[second] - y[first]
    from_x, from_y = x[:, None] - x[first][None], y[:, None] - y[first][None]
    t = (from_x * step_x + from_y * step_y) / np.maximum(step_x**2 + step_y**2, 1e-9)
    away_x, away_y = from_x - t * step_x, from_y - t * step_y
    gap = np.hypot(away_x, away_y)
    foreign = (first[None] != count[:, None]) & (second[None] != count[:, None])
    near = (t > 0.02) & (t < 0.98) & (gap < radius[:, None] + 0.45) & foreign
    nodes, edges = np.nonzero(near)
    size = np.maximum(gap[near], 1e-6)
    force = 0.4 * (radius[nodes] + 0.45 - gap[near]) / size
    pushed = np.stack([force * away_x[near], force * away_y[near]], 1)
    np.add.at(push, nodes, pushed)
    np.add.at(push, first[edges], -0.5 * pushed)
    np.add.at(push, second[edges], -0.5 * pushed)
    return push, short


def _exits(
    component: Component,
    at: Array,
    number: dict[int, int],
    size: Size,
    style: Style,
    sides: dict[int, str],
    made: Placement,
) -> int:
    """For every open leg the straight way to the frame that meets least; how much they still meet."""
    nodes = at[: len(number)]
    boxes = [size.box(node) for node in number]
    reach = np.array([0.5 * math.hypot(box.width, box.height) for box in boxes])
    low, high = (nodes - reach[:, None]).min(0) - style.leg, (nodes + reach[:, None]).max(0) + style.leg
    edges = [(a, b) for a, b in _edges(component, number) if b < len(number)]
    ways: list[list[Array]] = [[] for _ in nodes]
    for a, b in edges:
        step = (nodes[b] - nodes[a]) / max(1e-9, float(np.hypot(*(nodes[b] - nodes[a]))))
        ways[a].append(step)
        ways[b].append(-step)
    taken: dict[int, tuple[Point, Point]] = {}
    met: dict[int, float] = {}
    for place, leg in [*enumerate(component.outputs)] * 2:  # once more, now that all others are known
        home = number[component.homes[leg][0]]
        start = at[home]
        others = [way for other, way in taken.items() if other != leg]
        options = []
        for turn in range(48):
            angle = turn * math.pi / 24
            way = np.array([math.cos(angle), math.sin(angle)])
            side, end = _frame_hit((float(start[0]), float(start[1])), (float(way[0]), float(way[1])), low, high)
            normal = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}[side]
            slope = float(way @ np.array(normal))
            wanted = sides.get(leg, "any")
            if slope < 0.7 or (wanted == "across" and normal[0]) or (wanted == "down" and side != "down"):
                continue
            cost = _obstacles(home, start, end, nodes, reach, edges, others)
            toward = at[len(number) + place] - start
            cost += 0.3 * (1 - float(toward @ way) / max(1e-6, float(np.hypot(*toward))))
            cost += 0.0 if side == (wanted if wanted != "any" else "down") else 0.5
            cost += 2.0 * _turned_round(leg, side, end, {n: at for n, (_, at) in taken.items()}, made)
            cost += sum(4.0 * max(0.0, float(way @ other) - 0.82) for other in ways[home])
            options.append((round(cost + 0.4 * (1 - slope), 6), turn, side, end))
        met[leg], _, side, end = min(options)
        made.tips[leg] = (side, end[1] if side in ("left", "right") else end[0])
        made.rays.add(leg)
        taken[leg] = (float(start[0]), float(start[1])), end
    return sum(int(cost // 10) for cost in met.values())


def _turned_round(leg: int, side: str, end: Point, ends: dict[int, Point], made: Placement) -> int:
    """How many open legs at a side stand on the wrong side of a new one, from left to right or top to bottom."""
    level = side in ("left", "right")

    def at(point: Point) -> float:
        return -point[1] if level else point[0]

    others = [n for n in ends if n != leg and made.tips[n][0] == side]
    return sum((n < leg) != (at(ends[n]) < at(end)) for n in others)


def _frame_hit(start: Point, way: Point, low: Array, high: Array) -> tuple[str, Point]:
    """Where a ray from inside meets the frame."""
    best: tuple[float, str] = (math.inf, "right")
    for axis, (below, above) in enumerate((("left", "right"), ("down", "up"))):
        if abs(way[axis]) > 1e-9:
            edge = float(high[axis] if way[axis] > 0 else low[axis])
            best = min(best, ((edge - start[axis]) / way[axis], above if way[axis] > 0 else below))
    return best[1], (start[0] + best[0] * way[0], start[1] + best[0] * way[1])


def _obstacles(
    home: int,
    start: Array,
    end: Point,
    nodes: Array,
    reach: Array,
    edges: list[tuple[int, int]],
    taken: list[tuple[Point, Point]],
) -> float:
    """How many nodes, wires and other open legs a straight leg meets."""
    finish = np.array(end)
    step = finish - start
    t = np.clip(((nodes - start) @ step) / max(float(step @ step), 1e-9), 0, 1)
    gap = np.hypot(*(nodes - start - t[:, None] * step).T)
    hits = (gap < reach + 0.35) & (np.arange(len(nodes)) != home)
    cost = 10.0 * float(hits.sum())
    others = [(nodes[a], nodes[b]) for a, b in edges if home not in (a, b)]
    others += [(np.array(a), np.array(b)) for a, b in taken]
    for a, b in others:
        cost += 10.0 * bool(_crossed(start, finish, a, b))
    for _, tip in taken:
        cost += 5.0 * (math.hypot(tip[0] - end[0], tip[1] - end[1]) < 1.2)
    return cost
