"""Rows that close to rings: traces, matrix products with periodic ends, and their norms."""

from __future__ import annotations

from .components import Component, inversions
from .extents import Size
from .layout import Placement
from .orders import read_forward
from .skeletons import OPEN
from .style import Style

__all__ = ["closed_ring", "periodic"]


def closed_ring(component: Component, size: Size, style: Style) -> Placement:
    """A row from the node written first, closed by a wire below it; leg 0 of this node faces left where it may."""
    made = Placement("ring")
    first = min(component.nodes, key=lambda node: (component.node(node).place, node))
    row = [first]
    wire, (here, leg) = component.links[first][1]
    wires = [wire]
    while here != first:
        row.append(here)
        wire, (here, leg) = component.links[here][1 - leg]
        wires.append(wire)
    shown = read_forward(component, row, ring=True)
    made.closures[wires[-1] if shown == row else wires[0]] = ("below", 1)
    _lay(made, shown, size, style.gap)
    return made


def _lay(made: Placement, row: list[int], size: Size, gap: float, y: float = 0.0, least: float = 0.0) -> None:
    """Nodes side by side from the left, each as wide as it is or as the least width."""
    x = 0.0
    for node in row:
        width = max(size(node)[0], least)
        made.centers[node], made.axes[node] = (x + width / 2, y), "h"
        x += width + gap


def periodic(component: Component, size: Size, style: Style) -> Placement | None:
    """A ring whose nodes have open legs, or two rings joined by rungs; None for anything else."""
    near = component.neighbours
    if len(near) < 3 or any(component.wires_between(a, b) > 1 for a in near for b in (a, *near[a])):
        return None
    degrees = {len(found) for found in near.values()}
    if degrees == {2} and 2 * len({home for home, _ in component.homes.values()}) >= len(near):
        return _open_ring(component, size, style)
    return _prism(component, size, style) if degrees == {3} and not component.outputs else None


def _wire(component: Component, a: int, b: int) -> int:
    """The wire between two nodes."""
    return next(wire for wire, there in component.links[a] if there[0] == b)


def _open_ring(component: Component, size: Size, style: Style) -> Placement:
    """A row with its open legs below, closed by a wire above; the legs in their order as far as the ring allows."""
    first = min(component.nodes, key=lambda n: (_legs(component, n) or [len(component.outputs)])[0])
    tries = []
    for second in component.neighbours[first]:
        row = [first, second]
        while len(row) < len(component.nodes):
            row.append(next(n for n in component.neighbours[row[-1]] if n != row[-2]))
        tries.append(row)
    row = min(tries, key=lambda nodes: inversions([leg for n in nodes for leg in _legs(component, n)]))
    made = Placement("ring")
    _lay(made, row, size, style.gap)
    made.closures[_wire(component, row[-1], row[0])] = ("above", 1)
    for node in row:
        legs = _legs(component, node)
        for rank, leg in enumerate(legs):
            made.tips[leg] = ("down", made.centers[node][0] + 0.95 * (rank - (len(legs) - 1) / 2))
    return made


def _legs(component: Component, node: int) -> list[int]:
    return sorted(there[1] for _, there in component.links[node] if there[0] == OPEN)


def _prism(component: Component, size: Size, style: Style) -> Placement | None:
    """Two rows joined by rungs, the upper one closed above and the lower one below."""
    first = component.nodes[0]
    for partner in component.neighbours[first]:
        columns = _columns(component, first, partner)
        if columns is None:
            continue
        made = Placement("ring")
        least = max(size(n)[0] for n in component.nodes)
        tall = max(size(n)[1] for n in component.nodes)
        for place, (side, sign) in enumerate((("above", 1.0), ("below", -1.0))):
            row = [column[place] for column in columns]
            _lay(made, row, size, style.gap + 0.3, sign * (tall + style.gap + 0.5) / 2, least)
            made.closures[_wire(component, row[-1], row[0])] = (side, 1)
        return made
    return None


def _columns(component: Component, first: int, partner: int) -> list[tuple[int, int]] | None:
    """The pairs of nodes at the rungs of two rings, from one of them on; None where there are no such rings."""
    near = component.neighbours
    found = [(first, partner)]
    upper = min(n for n in near[first] if n != partner)
    lower = next((n for n in near[partner] if n != first and n in near[upper]), None)
    while lower is not None and (upper, lower) != found[0]:
        found.append((upper, lower))
        if len(found) * 2 > len(near):
            return None
        (a, b), (c, d) = found[-2:]
        ahead = [n for n in near[c] if n not in (a, d)], [n for n in near[d] if n not in (b, c)]
        if any(len(nodes) != 1 for nodes in ahead):
            return None
        (upper,), (lower,) = ahead
        if lower not in near[upper]:
            return None
    whole = lower is not None and len(found) > 2 and len({n for pair in found for n in pair}) == len(near)
    return found if whole else None
