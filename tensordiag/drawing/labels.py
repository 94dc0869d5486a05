"""Labels on wires: each in the best free place beside its wire, or dropped and said so."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .geometry import Point, add, distance, inside, rotated, unit
from .scene import Item, NodeShape, Text, Wire
from .skeletons import OPEN, Skeleton

__all__ = ["bundle_labels", "outer_numbers", "relabelled", "wire_labels"]

_SHARES = (0.5, 0.35, 0.65, 0.2, 0.8)
_CLEAR = 0.12
_SLASH = 0.45  # beside the slash through a bundle


def wire_labels(
    skeleton: Skeleton, items: Sequence[Item], mode: str, taken: Collection[str]
) -> tuple[list[Text], tuple[str, ...]]:
    """Labels of the inner wires: letters after those of the open legs, or dimensions.  Also those without a place."""
    wires = [i for i in items if isinstance(i, Wire)]
    shapes = [i for i in items if isinstance(i, NodeShape)]
    texts = [i for i in items if isinstance(i, Text)]
    wanted: list[tuple[Wire, str, list[Text]]] = []
    letter = 0
    by_id = {wire.id: wire for wire in wires}
    for number, ends in enumerate(skeleton.wires):
        wire = by_id.get(f"w{number}")
        if wire is None or OPEN in (ends[0][0], ends[1][0]):
            continue
        label = skeleton.dims[number] if mode == "dims" else _letter(letter, taken)
        letter += 1
        wanted.append((wire, label, [t for t in _candidates(wire, label) if _free(t, wire, wires, shapes, texts)]))
    made: list[Text] = []
    dropped: list[str] = []
    for _, label, places in sorted(wanted, key=lambda entry: len(entry[2])):
        choice = next((t for t in places if not any(_meet(t, other) for other in made)), None)
        if choice is None:
            dropped.append(label)
        else:
            made.append(choice)
    return made, tuple(dropped)


def _letter(number: int, taken: Collection[str]) -> str:
    """The name of an inner wire, none that an open leg or a tensor has where there are others."""
    letters = "abcdefghklmnopqrstuvwxyz"
    alphabet = [c for c in letters if c not in taken] or list(letters)
    turn, place = divmod(number, len(alphabet))
    return alphabet[place] + (f"_{{{turn}}}" if turn else "")


def relabelled(items: Sequence[Item], start: int, taken: Collection[str]) -> tuple[list[Item], int]:
    """What is inside a frame, its wires named by the letters that come next; and how many these are."""
    names: dict[str, str] = {}
    made: list[Item] = []
    for item in items:
        wire = isinstance(item, Text) and item.owner.rpartition("/")[2].startswith("w") and not item.label.isdigit()
        if isinstance(item, Text) and wire:
            name = names.setdefault(item.label, _letter(start + len(names), taken))
            item = replace(item, label=name)
        made.append(item)
    return made, len(names)


def outer_numbers(
    name: str, ports: Mapping[int, tuple[Point, Point]], items: Sequence[Item], role: str
) -> list[Text] | None:
    """The numbers of a disc's legs outside of it, each beside its wire; None where they have no room there.

    Inside they would read as a part of the name.
    """
    wires = [i for i in items if isinstance(i, Wire)]
    near = [i for i in items if isinstance(i, (NodeShape, Text))]
    shapes = [i for i in near if isinstance(i, NodeShape)]
    texts = [i for i in near if isinstance(i, Text)]
    made: list[Text] = []
    for leg, (point, normal) in sorted(ports.items()):
        beside = [rotated(normal, 90.0 * side) for side in (1, -1)]
        tries = [
            Text(f"{name}-{leg}", str(leg), add(add(point, normal, 0.4), way, 0.34), 0.6, role, True) for way in beside
        ]
        tries = [replace(text, owner=f"{name}#{leg}") for text in tries]
        free = [t for t in tries if _free(t, wires[0], wires, shapes, [*texts, *made]) and _is_nearest(t, leg, ports)]
        if not free:
            return None
        made.append(free[0])
    told = all(min(made, key=lambda t: distance(t.center, ports[leg][0])).label == str(leg) for leg in ports)
    return made if told else None


def _is_nearest(text: Text, leg: int, ports: Mapping[int, tuple[Point, Point]]) -> bool:
    """Whether a number is clearly nearer to its own port than to any other."""
    own = distance(text.center, ports[leg][0])
    return all(distance(text.center, point) > own + 0.1 for other, (point, _) in ports.items() if other != leg)


def bundle_labels(items: Sequence[Item]) -> list[Text]:
    """The number of wires beside every bundle."""
    wires = [i for i in items if isinstance(i, Wire)]
    shapes = [i for i in items if isinstance(i, NodeShape)]
    texts = [i for i in items if isinstance(i, Text)]
    made: list[Text] = []
    for wire in wires:
        if wire.count > 1:
            places = _candidates(wire, str(wire.count), _SLASH)
            free = [t for t in places if _free(t, wire, wires, shapes, [*texts, *made])]
            made.append((free or places)[0])
    return made


def _candidates(wire: Wire, label: str, room: float = 0.25) -> list[Text]:
    """Places beside a wire, the best first."""
    points = wire.points
    lengths = [0.0]
    for a, b in itertools.pairwise(points):
        lengths.append(lengths[-1] + distance(a, b))
    made = []
    for share in _SHARES:
        at = share * lengths[-1]
        k = max(i for i, length in enumerate(lengths[:-1]) if length <= at)
        rest = (at - lengths[k]) / max(1e-9, lengths[k + 1] - lengths[k])
        point = add(points[k], (points[k + 1][0] - points[k][0], points[k + 1][1] - points[k][1]), rest)
        way = unit((points[k + 1][0] - points[k][0], points[k + 1][1] - points[k][1]))
        for sign in (1.0, -1.0):
            made.append(_beside(wire, label, point, (-sign * way[1], sign * way[0]), room))
    return made


def _beside(wire: Wire, label: str, point: Point, normal: Point, room: float) -> Text:
    text = Text(f"{wire.id}-label", label, point, 0.7, "wire", owner=wire.id)
    reach = abs(normal[0]) * text.box.width / 2 + abs(normal[1]) * text.box.height / 2 + room
    moved = replace(text, center=add(point, normal, reach))
    middle = moved.box.center
    return replace(moved, center=add(moved.center, (0.0, moved.center[1] - middle[1])))


def _free(text: Text, own: Wire, wires: Sequence[Wire], shapes: Sequence[NodeShape], texts: Sequence[Text]) -> bool:
    box = text.box.grown(_CLEAR)
    if any(_meet(text, other) for other in texts):
        return False
    for shape in shapes:
        if (
            shape.path
            and box.meets(shape.box)
            and (
                any(box.contains(p) for p in shape.corners)
                or inside(box.center, shape.corners)
                or any(
                    inside(p, shape.corners)
                    for p in (
                        (box.left, box.bottom),
                        (box.right, box.bottom),
                        (box.left, box.top),
                        (box.right, box.top),
                    )
                )
            )
        ):
            return False
    return all(not (wire.box.grown(0.01).meets(box) and _touches(wire, text)) for wire in wires)


def _touches(wire: Wire, text: Text) -> bool:
    box = text.box.grown(0.05)
    for a, b in zip(wire.points, wire.points[1:], strict=False):
        steps = max(1, math.ceil(distance(a, b) / 0.15))
        if any(box.contains(add(a, (b[0] - a[0], b[1] - a[1]), k / steps)) for k in range(steps + 1)):
            return True
    return False


def _meet(a: Text, b: Text) -> bool:
    return a.box.grown(_CLEAR).meets(b.box)
