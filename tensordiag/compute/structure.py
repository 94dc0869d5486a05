"""What has to be computed: the shared expression cut into contractions, combinations and applications.

A node that several others use is computed once; a nested diagram that one other diagram uses is inlined there,
and so is one that only repeats or relabels (a diagonal matrix, an outer product with ones), because copy tensors
never become arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from typing import Any, TypeAlias

from ..core.diagrams import Diagram, Environment, UnionFind
from ..core.expressions import Apply, Copy, Expr, Sum, Tensor
from ..core.numbers import Number
from ..dimension import Dimension

__all__ = ["Application", "Combination", "Contraction", "Piece", "Removal", "leaves", "live_below", "pieces"]

Indices: TypeAlias = tuple[int, ...]

_LARGEST_NETWORK = 64
_SMALL_NETWORK = 6


@dataclass(slots=True, eq=False)
class Contraction:
    """coefficient · Σ Π operand[indices]; an index is a number into `dims` (see `core.networks.Network`).

    Never changed (not `frozen`, which takes three times as long to make).
    """

    coefficient: Number
    operands: tuple[Expr, ...]
    indices: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    dims: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """Σ coefficient · term, all terms with the legs `dims`."""

    terms: tuple[tuple[Number, Expr], ...]
    dims: tuple[Dimension, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The terms."""
        return tuple(term for _, term in self.terms)


@dataclass(frozen=True, slots=True)
class Application:
    """A function of arrays."""

    function: str
    operands: tuple[Expr, ...]
    params: tuple[Any, ...]
    dims: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """A large network without one operand, joined to an adjoint where there is one.

    `network` is the whole of it, one object for all its removals.
    """

    network: Contraction
    place: int
    adjoint: Expr | None
    dims: tuple[Dimension, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The adjoint; `network.operands` are not repeated here, so that all removals together stay linear."""
        return () if self.adjoint is None else (self.adjoint,)


Piece: TypeAlias = Contraction | Combination | Application | Removal


def live_below(node: Expr) -> tuple[Expr, ...]:
    """The nodes that a node's value is made of: of an environment, the boxes that are left."""
    if isinstance(node, Environment):
        boxes = node.diagram.boxes
        return boxes[: node.node] + boxes[node.node + 1 :]
    return node.children


def pieces(roots: Sequence[Expr], largest: int = _LARGEST_NETWORK, environments: bool = False) -> dict[Expr, Piece]:
    """What to compute for the roots, by expression, operands before their users.  Cost: linear; iterative.

    Tensors have no piece.  `largest` bounds the operands of one network.  With `environments` several environments
    of one large network become removals, which are planned together.
    """
    bases = [root.base for root in roots]
    order = _ordered(bases)
    removals = _removals(order) if environments else {}
    kept = _kept(order, bases, largest, removals)
    made: dict[Expr, Piece] = {}
    networks: dict[int, Contraction] = {}
    for node in order:
        if id(node) not in kept or isinstance(node, Tensor):
            continue
        if id(node) in removals:
            diagram, place, adjoint = removals[id(node)]
            if id(diagram) not in networks:
                networks[id(diagram)] = inlined(diagram, kept.union(map(id, diagram.boxes)))
            made[node] = Removal(networks[id(diagram)], place, adjoint, node.dims)
        elif isinstance(node, Sum):
            made[node] = Combination(node.terms, node.dims)
        elif isinstance(node, Apply):
            made[node] = Application(node.function, node.args, node.params, node.dims)
        else:
            made[node] = inlined(node, kept)
    return made


def leaves(steps: Mapping[Expr, Piece]) -> set[Expr]:
    """The expressions that are an operand of a piece.  Cost: linear."""
    found: set[Expr] = set()
    networks: dict[int, Contraction] = {}
    for piece in steps.values():
        found.update(piece.operands)
        if isinstance(piece, Removal):
            networks[id(piece.network)] = piece.network
    for network in networks.values():
        found.update(network.operands)
    return found


def _ordered(roots: Sequence[Expr]) -> list[Expr]:
    """Every node below (and with) the roots, operands first.

    Of a large diagram the boxes are gone through once, not for every environment of it.
    """
    order: list[Expr] = []
    seen: set[int] = set()
    entered: dict[int, int] = {}
    stack: list[tuple[Expr, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, below = stack.pop()
        if below:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.append((node, True))
        inner: Sequence[Expr]
        if isinstance(node, Environment):
            first = entered.setdefault(id(node.diagram), node.node)
            inner = live_below(node) if first == node.node else (node.diagram.boxes[first],)
        else:
            inner = node.children
        stack.extend([(child.base, False) for child in reversed(inner)])
    return order


def _removals(order: Sequence[Expr]) -> dict[int, tuple[Diagram, int, Expr | None]]:
    """Nodes that are one of several environments of a large network, perhaps glued to an adjoint.

    By the node's id: the network, the operand without its copy tensors, the adjoint.
    """
    count = Counter(id(node.diagram) for node in order if isinstance(node, Environment))
    places: dict[int, list[int]] = {}
    found: dict[int, tuple[Diagram, int, Expr | None]] = {}
    for node in order:
        env, adjoint = node, None
        if isinstance(node, Diagram) and len(node.boxes) == 2 and isinstance(node.boxes[1], Environment):
            env, adjoint = node.boxes[1], node.boxes[0]
        if not isinstance(env, Environment) or count[id(env.diagram)] < 2:
            continue
        diagram = env.diagram
        if id(diagram) not in places:
            places[id(diagram)] = _places(diagram) if _is_large(diagram) else []
        inner = diagram.order
        glued = inner and _is_glue(node, inner) if adjoint is not None else not inner
        if places[id(diagram)] and glued:
            found[id(node)] = diagram, places[id(diagram)][env.node], adjoint
    return found


def _places(diagram: Diagram) -> list[int]:
    """For every box how many before it are no copy tensors."""
    return list(accumulate((not isinstance(box, Copy) for box in diagram.boxes), initial=0))


def _is_large(diagram: Diagram) -> bool:
    boxes = [box for box in diagram.boxes if not isinstance(box, Copy)]
    return len(boxes) > _SMALL_NETWORK and all(
        isinstance(box, (Tensor, Apply)) or (isinstance(box, Sum) and len(box.terms) > 1) or bool(box.children)
        for box in boxes
    )


def _is_glue(node: Expr, inner: int) -> bool:
    """Whether a diagram joins the last legs of its first box to the first legs of its second, in order."""
    assert isinstance(node, Diagram)
    first, second = node.wires
    kept = len(first) - inner
    return (
        kept >= 0
        and first[kept:] == second[:inner]
        and node.open == first[:kept] + second[inner:]
        and len(set(first + second)) == len(first) + len(second) - inner
    )


def _kept(
    order: list[Expr], roots: Sequence[Expr], largest: int, removals: Mapping[int, tuple[Diagram, int, Expr | None]]
) -> set[int]:
    """The ids of the nodes that get a value of their own."""
    uses: dict[int, int] = {}
    kept: set[int] = set(removals)
    networks = {id(diagram): diagram for diagram, _, _ in removals.values()}
    for diagram in networks.values():
        kept.update(id(box) for box in diagram.boxes if not isinstance(box, Copy))
    kept.update(id(adjoint) for _, _, adjoint in removals.values() if adjoint is not None)
    for node in order:
        if id(node) in removals:
            continue
        is_network = isinstance(node, (Diagram, Environment))
        if isinstance(node, Environment) and id(node.diagram) in networks:
            continue
        below = [child.base for child in live_below(node)]
        for base in below:
            uses[id(base)] = uses.get(id(base), 0) + 1
        if not is_network:
            kept.update([id(base) for base in below if not isinstance(base, Tensor)])
    kept.update(map(id, roots))
    weight: dict[int, int] = {}
    for node in order:
        own = id(node)
        if isinstance(node, (Diagram, Environment)):
            if isinstance(node, Environment) and id(node.diagram) in networks:
                weight[own] = len(node.diagram.boxes) - 1  # its boxes are all kept
            elif own not in removals:
                weight[own] = _weigh(node, weight, kept, largest)
            if own not in kept and uses.get(own, 0) > 1 and not _repeats(node, kept):
                kept.add(own)
        elif isinstance(node, Apply) or (isinstance(node, Sum) and len(node.terms) != 1):
            kept.add(own)
        elif isinstance(node, Sum):
            weight[own] = weight.get(id(node.terms[0][1].base), 1)
        elif isinstance(node, Copy):
            weight[own] = 0  # it becomes no array
        if own in kept:
            weight[own] = 1
    return kept


def _weigh(node: Expr, weight: dict[int, int], kept: set[int], largest: int) -> int:
    """The operands of a diagram after inlining; where they are too many, its heaviest boxes are kept apart."""
    below = live_below(node)
    total = 0
    for box in below:
        total += weight.get(id(box), 1)
    if total > largest:
        for box in sorted({id(box): box for box in below}.values(), key=lambda box: -weight.get(id(box), 1)):
            if total <= largest or weight.get(id(box), 1) <= 1:
                break
            apart = box.terms[0][1].base if isinstance(box, Sum) else box
            total -= (weight[id(box)] - 1) * below.count(box)
            kept.add(id(apart))
            weight[id(apart)] = weight[id(box)] = 1
    return total


def _repeats(node: Expr, kept: Set[int]) -> bool:
    """Whether a diagram only repeats or relabels at most one operand, summing nothing."""
    sure = 0
    for box in live_below(node):
        for inner in live_below(box) if isinstance(box, Environment) and id(box) not in kept else (box,):
            sure += _is_operand(inner, kept)
            if sure > 1:
                return False
    flat = inlined(node, kept)
    return len(flat.operands) <= 1 and all(i in flat.output for row in flat.indices for i in row)


def inlined(root: Expr, kept: Set[int]) -> Contraction:
    """A diagram as one network, nested diagrams inlined unless they (their ids) are kept."""
    if isinstance(root, Diagram) and all(_is_operand(box, kept) for box in root.boxes):
        return Contraction(1, root.boxes, root.wires, root.open, root.wire_dims)
    coefficient: Number = 1
    operands: list[Expr] = []
    steps: list[_Opened | _Kind] = []
    dims = list(root.dims)
    stack: list[Expr] = [root]
    while stack:
        box = stack.pop()
        if isinstance(box, Copy):
            steps.append(_Kind.COPY)
            dims.append(box.dim)
        elif isinstance(box, (Diagram, Environment)) and (box is root or id(box) not in kept):
            steps.append(_opened(box))
            diagram = box.diagram if isinstance(box, Environment) else box
            dims.extend(diagram.wire_dims)
            stack.extend(live_below(box)[::-1])
        elif isinstance(box, Sum) and len(box.terms) == 1 and id(box) not in kept:
            factor, term = box.terms[0]
            coefficient = coefficient * factor
            stack.append(term.base)
        else:
            operands.append(box)
            steps.append(_Kind.OPERAND)
    indices, output, places = _flattened(root.order, tuple(steps))
    return Contraction(coefficient, tuple(operands), indices, output, tuple([dims[place] for place in places]))


def _is_operand(box: Expr, kept: Set[int]) -> bool:
    return isinstance(box, (Tensor, Apply)) or (id(box) in kept and not isinstance(box, Copy))


_Opened: TypeAlias = tuple[tuple[Indices, ...], Indices, int]
"""The wires of a diagram's boxes and of its open legs, and how many wires there are."""


class _Kind(Enum):
    """What a box is that is not opened."""

    COPY = "copy"
    OPERAND = "operand"


def _opened(box: Diagram | Environment) -> _Opened:
    if isinstance(box, Diagram):
        return box.wires, box.open, len(box.wire_dims)
    diagram, skip = box.diagram, box.node
    wires = diagram.wires[:skip] + diagram.wires[skip + 1 :]
    return wires, diagram.open + diagram.wires[skip], len(diagram.wire_dims)


@lru_cache(maxsize=1024)
def _flattened(order: int, steps: tuple[_Opened | _Kind, ...]) -> tuple[tuple[Indices, ...], Indices, Indices]:
    """A nest of diagrams as one network: the rows of its operands, its output, and the leg that every index was.

    `steps` are the boxes as they are come to, each opened one followed by those in it.  Legs are counted through: the
    outer ones, the wires of every opened diagram, one for a copy tensor.  Most nests have one of a few forms.
    """
    union = UnionFind()
    outer = list(range(order))
    legs: list[Any] = [*outer]
    rows: list[Indices] = []
    stack: list[Sequence[int]] = [outer]
    count = order
    for step in steps:
        row = stack.pop()
        if step is _Kind.OPERAND:
            rows.append(tuple(row))
        elif step is _Kind.COPY:
            legs.extend([] if row else [count])
            for leg in row[1:]:
                union.join(row[0], leg)
            count += 1
        else:
            wires, open_, size = step
            local: dict[int, int] = {}
            for wire, leg in zip(open_, row, strict=True):
                if local.setdefault(wire, leg) != leg:
                    union.join(local[wire], leg)
            for wire in range(size):
                if wire not in local:
                    local[wire] = count + wire
                    legs.append(count + wire)
            count += size
            stack.extend([[local[wire] for wire in box] for box in reversed(wires)])
    place: dict[Any, int] = {}
    name = {leg: place.setdefault(union.find(leg), len(place)) for leg in legs}
    made = tuple([tuple([name[leg] for leg in row]) for row in rows])
    return made, tuple([name[leg] for leg in outer]), tuple(place)
