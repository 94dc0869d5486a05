"""Diagrams: networks of boxes joined by wires, with one box removed on demand (environments)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from ..dimension import Dimension, as_dimension
from ..errors import DimensionError, GraphError, OrderError, counted
from .expressions import Apply, Copy, Expr, Sum, Tensor, add
from .numbers import Number

__all__ = [
    "Diagram",
    "Environment",
    "UnionFind",
    "as_diagram",
    "contract",
    "environment",
    "glue",
    "pulled_back",
    "wiring",
]

Wires = tuple[int, ...]
_Labels: TypeAlias = tuple[tuple[Any, ...], ...]
_Form: TypeAlias = tuple[_Labels, tuple[Any, ...], tuple[tuple[Wires, ...], Wires, tuple[Any, ...]]]
"""A label for every leg of some boxes, one for every open leg, and the same as wire numbers with their labels."""

_REMEMBERED = 4096
"""Patterns of wires that are kept: most diagrams have one of a few."""


class Diagram(Expr):
    """A network of boxes and wires with ordered open legs; made by `contract`.

    `wires[k]` lists the wire at each leg of box k, `open` the wire at each open leg, `wire_dims` the
    dimension of each wire.  Every wire number stands exactly twice among all those legs.
    """

    __slots__ = ("boxes", "open", "wire_dims", "wires")
    boxes: tuple[Expr, ...]
    wires: tuple[Wires, ...]
    open: Wires
    wire_dims: tuple[Dimension, ...]

    def __new__(
        cls, boxes: tuple[Expr, ...], wires: tuple[Wires, ...], open: Wires, wire_dims: tuple[Dimension, ...]
    ) -> Diagram:
        dims = tuple([wire_dims[w] for w in open])
        key = (tuple(map(id, boxes)), wires, open, wire_dims)
        found: Diagram = cls._intern(key, dims, boxes=boxes, wires=wires, open=open, wire_dims=wire_dims)
        return found

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.boxes

    @property
    def payload(self) -> tuple[Any, ...]:
        return self.wires, self.open, tuple(map(str, self.wire_dims))

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        wires, open_, wire_dims = payload
        return contract(children, wires, open_, dict(enumerate(map(as_dimension, wire_dims))))

    def with_children(self, children: Sequence[Expr]) -> Expr:
        return contract(children, self.wires, self.open, dict(enumerate(self.wire_dims)))

    @property
    def is_wiring(self) -> bool:
        """Whether this has no boxes: the number 1, an identity, or a bundle of bare wires."""
        return not self.boxes

    def __repr__(self) -> str:
        count = len(self.boxes)
        return f"<Diagram of {count} box{'es' * (count != 1)} [{', '.join(map(str, self.dims))}]>"


class Environment(Expr):
    """The diagram without one of its boxes, not yet carried out: the derivative by that occurrence.

    Legs: the diagram's open legs, then the legs of the removed box.  Physics calls this the environment
    tensor of the box, automatic differentiation its vector-Jacobian product before the vector.
    """

    __slots__ = ("diagram", "node")
    diagram: Diagram
    node: int

    def __new__(cls, diagram: Diagram, node: int) -> Environment:
        dims = diagram.dims + diagram.boxes[node].dims
        found: Environment = cls._intern((id(diagram), node), dims, diagram=diagram, node=node)
        return found

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.diagram,)

    @property
    def payload(self) -> tuple[Any, ...]:
        return (self.node,)

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        return environment(as_diagram(children[0]), payload[0])

    @property
    def removed(self) -> Expr:
        """The box that is removed."""
        return self.diagram.boxes[self.node]

    def carried_out(self) -> Expr:
        """The network with the box gone and its wires open.  Cost: linear in the diagram."""
        memo = self.memo
        if "carried_out" not in memo:
            memo["carried_out"] = _remove(self.diagram, self.node)
        found: Expr = memo["carried_out"]
        return found

    def __repr__(self) -> str:
        return f"<Environment of box {self.node} in {self.diagram!r}>"


def environment(diagram: Diagram, node: int) -> Expr:
    """The derivative of a diagram by one of its boxes, as if every box occurred once.  Cost: O(1)."""
    if not 0 <= node < len(diagram.boxes):
        raise GraphError(f"there is no box {node} in a diagram of {len(diagram.boxes)} boxes")
    if len(diagram.boxes) == 1:
        return _remove(diagram, node)
    return Environment(diagram, node)


def _remove(diagram: Diagram, node: int) -> Expr:
    boxes = diagram.boxes[:node] + diagram.boxes[node + 1 :]
    wires = diagram.wires[:node] + diagram.wires[node + 1 :]
    return _assemble(boxes, wires, diagram.open + diagram.wires[node], dict(enumerate(diagram.wire_dims)), 1)


def wiring(open: Wires, wire_dims: tuple[Dimension, ...]) -> Diagram:
    """A diagram without boxes; every wire stands twice among the open legs."""
    return Diagram((), (), open, wire_dims)


def as_diagram(expr: Expr) -> Diagram:
    """The expression as a diagram: itself, or a diagram with this one box."""
    base = expr.base
    if isinstance(base, Diagram):
        return base
    legs = tuple(range(base.order))
    return Diagram((base,), (legs,), legs, base.dims)


class UnionFind:
    """Disjoint sets of hashable labels (labels appear on first use)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def find(self, label: Hashable) -> Hashable:
        """The representative of a label's set."""
        parent = self._parent
        root = label
        while (above := parent.get(root, root)) != root:
            root = above
        while label != root:
            parent[label], label = root, parent.get(label, label)
        return root

    def join(self, first: Hashable, second: Hashable) -> bool:
        """Join two sets; False where they were one already."""
        a, b = self.find(first), self.find(second)
        if a == b:
            return False
        self._parent[b] = a
        return True


def contract(
    boxes: Sequence[Expr],
    labels: Sequence[Iterable[Hashable]],
    open: Iterable[Hashable],
    dims: Mapping[Any, Dimension] | None = None,
) -> Expr:
    """The network of boxes whose legs with the same label are joined by a wire.

    Parameters: `boxes`; `labels[k]`, a label for each leg of box k; `open`, a label for each open leg.
    Each label stands exactly twice, on two legs, on a leg and in `open`, or twice in `open` (a bare wire,
    whose dimension `dims[label]` gives).  For labels that stand more often use `tensordiag.einsum`.

    Raises `GraphError` naming a wire that does not have two ends, `DimensionError` naming both tensors, legs
    and dimensions where two joined legs differ.  Cost: linear in the legs.
    """
    open_ = tuple(open)
    rows = tuple([tuple(row) for row in labels])
    sizes = _check_wires(boxes, rows, open_, dims or {})
    declared: frozenset[Tensor] = frozenset()
    for box in boxes:
        if box.declared and box.declared is not declared:
            declared = declared | box.declared
    made = _assemble(tuple([box.base for box in boxes]), rows, open_, sizes, 1)
    return made.declaring(declared) if declared else made


def glue(outer: Expr, inner: Expr, order: int) -> Expr:
    """The composition of two derivatives: the last `order` legs of one joined to the first of the other."""
    form = _glued(len(outer.dims), len(inner.dims), order)
    if outer.declared or inner.declared or outer.dims[len(outer.dims) - order :] != inner.dims[:order]:
        return contract((outer, inner), form[0], form[1])
    return _formed((outer.base, inner.base), form, outer.dims + inner.dims[order:])


@lru_cache(maxsize=_REMEMBERED)
def _glued(outer: int, inner: int, order: int) -> _Form:
    """Boxes with so many legs where the last `order` of one are joined to the first of the other."""
    every = tuple(range(outer + inner - order))
    rows = every[:outer], every[outer - order :]
    open_ = every[: outer - order] + every[outer:]
    return rows, open_, _numbered(rows, open_)


def pulled_back(outer: Expr, diagram: Diagram, node: int) -> Expr:
    """`glue(outer, environment(diagram, node))` with the diagram opened.  Cost: linear in the diagram."""
    inner = len(diagram.dims)
    kept = outer.dims[: len(outer.dims) - inner]
    if outer.declared or outer.dims[len(kept) :] != diagram.dims:
        return glue(outer, environment(diagram, node), inner)
    form = _opened_up(len(kept), diagram.wires, diagram.open, len(diagram.wire_dims), node)
    return _formed((*diagram.boxes[:node], *diagram.boxes[node + 1 :], outer.base), form, diagram.wire_dims + kept)


@lru_cache(maxsize=_REMEMBERED)
def _opened_up(kept: int, wires: tuple[Wires, ...], open_: Wires, count: int, node: int) -> _Form:
    """A diagram's boxes without one, whose legs are left open, and a box on the open legs, as in (x∘y)∘z without x."""
    outer = tuple(range(count, count + kept))
    rows, outside = (*wires[:node], *wires[node + 1 :], outer + open_), outer + wires[node]
    return rows, outside, _numbered(rows, outside)


def _check_wires(
    boxes: Sequence[Expr],
    rows: tuple[tuple[Hashable, ...], ...],
    open_: tuple[Hashable, ...],
    dims: Mapping[Any, Dimension],
) -> dict[Hashable, Dimension]:
    """Every wire has two ends and one dimension; the dimension of each."""
    if len(rows) != len(boxes):
        raise GraphError(f"there are {len(boxes)} boxes but labels for {len(rows)}")
    sizes: dict[Hashable, Dimension] = {}
    for number, (box, row) in enumerate(zip(boxes, rows, strict=True)):
        if len(row) != len(box.dims):
            raise OrderError(
                f"box {number}, {box!r}, has {counted(len(box.dims), 'leg')} but {counted(len(row), 'label')}"
            )
        for leg, (label, dim) in enumerate(zip(row, box.dims, strict=True)):
            if sizes.setdefault(label, dim) is not dim:
                raise DimensionError(_clash(boxes, rows, label, number, leg))
    for label in open_:
        if label not in sizes:
            if label not in dims:
                raise GraphError(f"the open wire {label!r} touches no box: give its dimension")
            sizes[label] = dims[label]
    _check_ends(rows, open_)
    return sizes


@lru_cache(maxsize=_REMEMBERED)
def _check_ends(rows: tuple[tuple[Hashable, ...], ...], open_: tuple[Hashable, ...]) -> None:
    """`GraphError` unless every label stands twice."""
    for label, count in Counter(itertools.chain(*rows, open_)).items():
        if count != 2:
            raise GraphError(f"the wire {label!r} has {count} end{'s' * (count != 1)}; a wire has exactly two")


@lru_cache(maxsize=_REMEMBERED)
def _numbered(
    rows: tuple[tuple[Hashable, ...], ...], open_: tuple[Hashable, ...]
) -> tuple[tuple[Wires, ...], Wires, tuple[Hashable, ...]]:
    """The rows and the open legs with labels numbered as they first stand there, and the labels by number."""
    number: dict[Hashable, int] = {}
    wires = tuple([tuple([number.setdefault(label, len(number)) for label in row]) for row in rows])
    return wires, tuple([number.setdefault(label, len(number)) for label in open_]), tuple(number)


def _clash(
    boxes: Sequence[Expr], rows: tuple[tuple[Hashable, ...], ...], label: Hashable, number: int, leg: int
) -> str:
    first = next((k, row.index(label)) for k, row in enumerate(rows) if label in row)
    a, b = boxes[first[0]], boxes[number]
    return (
        f"the dimensions do not match: leg {first[1]} of {a!r} is {a.dims[first[1]]}, "
        f"but leg {leg} of {b!r}, joined to it, is {b.dims[leg]}"
    )


def _formed(boxes: tuple[Expr, ...], form: _Form, dims: tuple[Dimension, ...]) -> Expr:
    """The one value of boxes wired in a form, `dims` by label."""
    rows, open_, (wires, outer, labels) = form
    if len(boxes) == 1 or any(map(_is_absorbed, boxes)):
        return _assemble(boxes, rows, open_, dict(enumerate(dims)), 1)
    return Diagram(boxes, wires, outer, tuple([dims[label] for label in labels]))


def _assemble(
    boxes: tuple[Expr, ...],
    rows: tuple[tuple[Any, ...], ...],
    open_: tuple[Any, ...],
    sizes: Mapping[Any, Dimension],
    coefficient: Number,
) -> Expr:
    """The one value of a checked network: bare wires absorbed, coefficients outside, wires numbered."""
    if any(map(_is_absorbed, boxes)):
        boxes, rows, open_, coefficient = _absorb(boxes, rows, open_, sizes, coefficient)
    if coefficient == 0:
        return add((), [sizes[label] for label in open_])
    wires, outer, labels = _numbered(rows, open_)
    made = _single(boxes[0], wires[0], outer) if len(boxes) == 1 else None
    if made is None:
        made = Diagram(boxes, wires, outer, tuple([sizes[label] for label in labels]))
    return made if coefficient == 1 else add([(coefficient, made)])


def _is_absorbed(box: Expr) -> bool:
    """Whether a box may be a wiring, a permutation of legs, a multiple or zero, which are no boxes of a network."""
    kind = type(box)
    return (kind is Diagram and len(box.boxes) <= 1) or (kind is Sum and len(box.terms) <= 1)  # type: ignore[attr-defined]


def _absorb(
    boxes: tuple[Expr, ...],
    rows: tuple[tuple[Any, ...], ...],
    open_: tuple[Any, ...],
    sizes: Mapping[Any, Dimension],
    coefficient: Number,
) -> tuple[tuple[Expr, ...], tuple[tuple[Any, ...], ...], tuple[Any, ...], Number]:
    """Take bare wirings, leg permutations and coefficients out of the boxes."""
    union = UnionFind()
    loops: list[Copy] = []
    kept: list[tuple[Expr, tuple[Any, ...]]] = []
    pending = list(zip(reversed(boxes), reversed(rows), strict=True))
    while pending:
        box, row = pending.pop()
        if type(box) is Sum and len(box.terms) <= 1:
            if not box.terms:
                return (), (), open_, 0
            factor, term = box.terms[0]
            coefficient = coefficient * factor
            pending.append((term, row))
        elif type(box) is Diagram and not box.boxes:
            first: dict[int, Any] = {}
            for wire, label in zip(box.open, row, strict=True):
                if wire not in first:
                    first[wire] = label
                elif not union.join(first[wire], label):
                    loops.append(Copy(0, sizes[label]))
        elif type(box) is Diagram and len(box.boxes) == 1 and _is_permutation(box):
            outer = dict(zip(box.open, row, strict=True))
            pending.append((box.boxes[0], tuple([outer[wire] for wire in box.wires[0]])))
        else:
            kept.append((box, row))
    find = union.find
    kept.extend((loop, ()) for loop in loops)
    return (
        tuple([box for box, _ in kept]),
        tuple([tuple([find(label) for label in row]) for _, row in kept]),
        tuple([find(label) for label in open_]),
        coefficient,
    )


def _is_permutation(diagram: Diagram) -> bool:
    """Whether a one-box diagram only reorders the legs of its box."""
    wires, open_ = diagram.wires[0], diagram.open
    return len(open_) == len(wires) == len(diagram.wire_dims) and set(open_) == set(wires)


def _single(box: Expr, wires: Wires, open_: Wires) -> Expr | None:
    """What a network of one box is, where it is no diagram: the box, or a permutation moved inside it."""
    if wires == open_:
        return box
    if len(wires) != len(open_) or len(set(wires)) != len(wires) or set(wires) != set(open_):
        return None
    if type(box) is Copy:
        return box
    order = {wire: place for place, wire in enumerate(wires)}
    axes = [order[wire] for wire in open_]
    if type(box) is Sum:
        return add([(c, permuted(term, axes)) for c, term in box.terms], spread=box.spread)
    if type(box) is Apply and (box.spec.elementwise or box.spec.transposes):
        return Apply(box.function, tuple([permuted(arg, axes) for arg in box.args]), box.params)
    return None


def permuted(expr: Expr, axes: Sequence[int]) -> Expr:
    """The legs in another order: leg i of the result is leg `axes[i]` of the expression."""
    return contract([expr], [range(expr.order)], axes)
