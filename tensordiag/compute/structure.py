"""What has to be computed: the shared expression cut into contractions, combinations and applications.

A node that several others use is computed once; a nested diagram that one other diagram uses is inlined there,
and so is one that only repeats or relabels (a diagonal matrix, an outer product with ones), because copy tensors
never become arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..core.diagrams import Diagram, Environment, UnionFind
from ..core.expressions import Apply, Copy, Expr, Sum, Tensor, walk
from ..core.numbers import Number
from ..dimension import Dimension

__all__ = ["Application", "Combination", "Contraction", "Piece", "Removal", "live_below", "pieces"]

_LARGEST_NETWORK = 64
_SMALL_NETWORK = 6


@dataclass(frozen=True, slots=True)
class Contraction:
    """coefficient · Σ Π operand[indices]; an index is a number into `dims` (see `core.networks.Network`)."""

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
    """A large network without one box, joined to an adjoint where there is one; `network` is the whole of it."""

    network: Contraction
    place: int
    adjoint: Expr | None
    dims: tuple[Dimension, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The network's operands, then the adjoint."""
        return self.network.operands + ((self.adjoint,) if self.adjoint is not None else ())


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
    order = list(walk(*bases, children=live_below))
    removals = _removals(order) if environments else {}
    kept = _kept(order, bases, largest, removals)
    made: dict[Expr, Piece] = {}
    for node in order:
        if node not in kept or isinstance(node, Tensor):
            continue
        if node in removals:
            diagram, place, adjoint = removals[node]
            network = inlined(diagram, kept | set(diagram.boxes))
            made[node] = Removal(network, place, adjoint, node.dims)
        elif isinstance(node, Sum):
            made[node] = Combination(node.terms, node.dims)
        elif isinstance(node, Apply):
            made[node] = Application(node.function, node.args, node.params, node.dims)
        else:
            made[node] = inlined(node, kept)
    return made


def _removals(order: Sequence[Expr]) -> dict[Expr, tuple[Diagram, int, Expr | None]]:
    """Nodes that are one of several environments of a large network, perhaps glued to an adjoint.

    By node: the network, the operand without its copy tensors, the adjoint.
    """
    count = Counter(node.diagram for node in order if isinstance(node, Environment) and _is_large(node.diagram))
    found: dict[Expr, tuple[Diagram, int, Expr | None]] = {}
    for node in order:
        env, adjoint = node, None
        if isinstance(node, Diagram) and len(node.boxes) == 2 and isinstance(node.boxes[1], Environment):
            env, adjoint = node.boxes[1], node.boxes[0]
        if not isinstance(env, Environment) or count[env.diagram] < 2:
            continue
        inner = env.diagram.order
        if (adjoint is None and inner == 0) or (adjoint is not None and inner and _is_glue(node, inner)):
            place = sum(not isinstance(box, Copy) for box in env.diagram.boxes[: env.node])
            found[node] = env.diagram, place, adjoint
    return found


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
    order: list[Expr], roots: Sequence[Expr], largest: int, removals: Mapping[Expr, tuple[Diagram, int, Expr | None]]
) -> set[Expr]:
    """The nodes that get a value of their own."""
    uses: dict[Expr, int] = {}
    kept: set[Expr] = set(removals)
    for diagram, _, adjoint in removals.values():
        kept.update(box for box in diagram.boxes if not isinstance(box, Copy))
        kept.update(() if adjoint is None else (adjoint,))
    for node in order:
        inside = isinstance(node, (Diagram, Environment))
        for child in live_below(node):
            base = child.base
            uses[base] = uses.get(base, 0) + 1
            if not inside and not isinstance(base, Tensor):
                kept.add(base)
    kept |= set(roots)
    weight: dict[Expr, int] = {}
    for node in order:
        if isinstance(node, (Diagram, Environment)):
            weight[node] = _weigh(node, weight, kept, largest)
            if node not in kept and uses.get(node, 0) > 1 and not _repeats(node, kept):
                kept.add(node)
        elif isinstance(node, Apply) or (isinstance(node, Sum) and len(node.terms) != 1):
            kept.add(node)
        elif isinstance(node, Sum):
            weight[node] = weight.get(node.terms[0][1], 1)
        if node in kept:
            weight[node] = 1
    return kept


def _weigh(node: Expr, weight: dict[Expr, int], kept: set[Expr], largest: int) -> int:
    """The operands of a diagram after inlining; where they are too many, its heaviest boxes are kept apart."""
    below = live_below(node)
    total = sum(weight.get(box, 1) for box in below)
    if total > largest:
        for box in sorted(set(below), key=lambda box: -weight.get(box, 1)):
            if total <= largest or weight.get(box, 1) == 1:
                break
            apart = box.terms[0][1] if isinstance(box, Sum) else box
            total -= (weight[box] - 1) * below.count(box)
            kept.add(apart)
            weight[apart] = weight[box] = 1
    return total


def _repeats(node: Expr, kept: set[Expr]) -> bool:
    """Whether a diagram only repeats or relabels at most one operand, summing nothing."""
    flat = inlined(node, kept)
    return len(flat.operands) <= 1 and all(i in flat.output for row in flat.indices for i in row)


def inlined(root: Expr, kept: Set[Expr]) -> Contraction:
    """A diagram as one network, nested diagrams inlined unless they are kept."""
    union = UnionFind()
    size: list[Dimension] = list(root.dims)
    outer = list(range(len(size)))
    coefficient: Number = 1
    operands: list[tuple[Expr, Sequence[int]]] = []
    stack: list[tuple[Expr, Sequence[int]]] = [(root, outer)]
    while stack:
        box, legs = stack.pop()
        if isinstance(box, Copy):
            if not legs:
                size.append(box.dim)
            for leg in legs[1:]:
                union.join(legs[0], leg)
        elif box in kept and box is not root:
            operands.append((box, legs))
        elif isinstance(box, (Diagram, Environment)):
            stack.extend(_boxes(box, legs, size, union))
        elif isinstance(box, Sum) and len(box.terms) == 1:
            factor, term = box.terms[0]
            coefficient = coefficient * factor
            stack.append((term, legs))
        else:
            operands.append((box, legs))
    return _numbered(root, coefficient, operands, size, union)


def _numbered(
    root: Expr, coefficient: Number, operands: list[tuple[Expr, Sequence[int]]], size: list[Dimension], union: UnionFind
) -> Contraction:
    number: dict[Any, int] = {}
    dims: list[Dimension] = []
    find = union.find

    def index(leg: int) -> int:
        where = find(leg)
        if where not in number:
            number[where] = len(dims)
            dims.append(size[leg])
        return number[where]

    rows = tuple([tuple([index(leg) for leg in legs]) for _, legs in operands])
    output = tuple([index(leg) for leg in range(root.order)])
    for leg in range(len(size)):
        index(leg)
    return Contraction(coefficient, tuple([box for box, _ in operands]), rows, output, tuple(dims))


def _boxes(
    box: Diagram | Environment, legs: Sequence[int], size: list[Dimension], union: UnionFind
) -> Iterator[tuple[Expr, list[int]]]:
    """The boxes of a diagram (without its removed one), last first, wired to the outer legs."""
    if isinstance(box, Environment):
        skip, diagram = box.node, box.diagram
        open_ = diagram.open + diagram.wires[skip]
    else:
        skip, diagram, open_ = -1, box, box.open
    local: dict[int, int] = {}
    for wire, leg in zip(open_, legs, strict=True):
        if local.setdefault(wire, leg) != leg:
            union.join(local[wire], leg)
    for wire, dim in enumerate(diagram.wire_dims):
        if wire not in local:
            local[wire] = len(size)
            size.append(dim)
    for k in range(len(diagram.boxes) - 1, -1, -1):
        if k != skip:
            yield diagram.boxes[k], [local[w] for w in diagram.wires[k]]
