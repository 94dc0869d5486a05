"""From expressions to values: sizes put in, structural constants taken out, networks as polynomials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..core.expressions import Expr, Structural, Tensor
from ..core.numbers import Number
from ..dimension import Dimension
from ..errors import DimensionError
from .constants import constant_rule
from .networks import SizedNetwork, sized
from .products import Removal as PlannedRemoval
from .structure import Combination, Contraction, Piece, Removal
from .values import Term, Value, Values

__all__ = ["lower"]


class Lowering:
    """The values of pieces, one after the other."""

    def __init__(self, values: Values, sizes: Mapping[str, int]) -> None:
        self.values = values
        self.sizes = sizes
        self.made: dict[Expr, Value] = {}
        self._numbers: dict[Dimension, int] = {}
        self._whole: dict[int, tuple[Value, dict[int, int], list[int]]] = {}

    def size(self, dim: Dimension) -> int:
        """The size of a dimension."""
        found = self._numbers.get(dim)
        if found is None:
            found = self._numbers[dim] = dim.value(self.sizes)
            if found < 0:
                raise DimensionError(f"the dimension {dim} is {found} at these sizes")
        return found

    def value(self, box: Expr) -> Value:
        """The value of a tensor or of an expression that has been lowered."""
        found = self.made.get(box)
        if found is None and isinstance(box, Structural):
            shape = [self.size(dim) for dim in box.dims]
            found = self.made[box] = self.values.make("constant", constant_rule(box, self.sizes, shape), (), shape)
        if found is None:
            assert isinstance(box, Tensor), box
            shape = [self.size(dim) for dim in box.dims]
            found = self.values.input(box.name, shape, box.symmetric)
            if box.conjugate:
                found = self.values.make("conjugate", None, (found,), shape, symmetry=found.symmetry)
            self.made[box] = found
        return found

    def lower(self, node: Expr, piece: Piece) -> Value:
        """The value of one piece, whose operands have been lowered."""
        shape = tuple([self.size(dim) for dim in piece.dims]) if not isinstance(piece, Contraction) else ()
        if isinstance(piece, Contraction):
            made = self.network(piece)
        elif isinstance(piece, Removal):
            made = self.removal(piece)
        elif isinstance(piece, Combination):
            made = self.values.poly([_whole(c, self.value(box), shape) for c, box in piece.terms], shape)
        else:
            operands = tuple([self.value(box) for box in piece.operands])
            made = self.values.make("apply", (piece.function, piece.params), operands, shape)
        self.made[node] = made
        return made

    def removal(self, piece: Removal) -> Value:
        """One environment of a large network, which is one value for all of them."""
        network = piece.network
        if id(network) not in self._whole:
            self._whole[id(network)] = self._removable(network)
        whole, place, size = self._whole[id(network)]
        operands: tuple[Value, ...] = (whole,)
        head: tuple[int, ...] | None = None
        outer: tuple[int, ...] = ()
        shape: tuple[int, ...] = ()
        if piece.adjoint is not None:
            adjoint = self.value(piece.adjoint)
            free = len(adjoint.shape) - len(network.output)
            outer = tuple(range(len(network.dims), len(network.dims) + free))
            operands, head, shape = (whole, adjoint), outer + network.output, adjoint.shape[:free]
        data = PlannedRemoval(place[piece.place], head, outer + network.indices[piece.place])
        shape += tuple([size[i] for i in network.indices[piece.place]])
        return self.values.make("removed", data, operands, shape)

    def _removable(self, network: Contraction) -> tuple[Value, dict[int, int], list[int]]:
        """A network that operands are removed from, the new place of each operand, and the sizes.

        Operands are sorted as in the network's own polynomial.
        """
        size = [self.size(dim) for dim in network.dims]
        boxes = [self.value(box) for box in network.operands]
        order = sorted(range(len(boxes)), key=lambda k: (boxes[k].number, network.indices[k]))
        number: Number = network.coefficient
        for i in set(range(len(size))) - set(network.output).union(*network.indices):
            number = number * size[i]
        data = (number, tuple([network.indices[k] for k in order]), frozenset(network.output))
        whole = self.values.make("network", data, tuple([boxes[k] for k in order]), ())
        return whole, {k: place for place, k in enumerate(order)}, size

    def network(self, piece: Contraction) -> Value:
        """The polynomial of one network."""
        if any(isinstance(box, Structural) for box in piece.operands):
            return self._structural(sized(piece, [self.size(dim) for dim in piece.dims]))
        size = dict(enumerate([self.size(dim) for dim in piece.dims]))
        number: Number = piece.coefficient
        present = set(piece.output).union(*piece.indices)
        for i in size.keys() - present:
            number = number * size[i]
        operands = tuple([self.value(box) for box in piece.operands])
        term = Term(number, operands, piece.indices, piece.output, size)
        return self.values.poly([term], [size[i] for i in piece.output])

    def _structural(self, network: SizedNetwork) -> Value:
        operands: list[Value] = []
        for operand in network.operands:
            if operand.expr is None:
                assert operand.shape is not None
                box = self.values.make("eye", operand.shape, (), operand.shape)
                if operand.select is not None:
                    shape = [network.size[i] for i in operand.indices]
                    box = self.values.make("view", (operand.shape, operand.select), (box,), shape)
                operands.append(box)
                continue
            box = self.value(operand.expr)
            if operand.shape is not None or operand.select is not None:
                shape = [network.size[i] for i in operand.indices]
                box = self.values.make("view", (operand.shape, operand.select), (box,), shape)
            operands.append(box)
        term = Term(
            network.coefficient,
            tuple(operands),
            tuple(o.indices for o in network.operands),
            network.output,
            network.size,
            tuple(sorted(network.fixed.items())),
        )
        return self.values.poly([term] if network.coefficient != 0 else [], network.shape)


def _whole(coefficient: Number, box: Value, shape: Sequence[int]) -> Term:
    row = tuple(range(len(shape)))
    return Term(coefficient, (box,), (row,), row, dict(enumerate(shape)))


def lower(values: Values, steps: Mapping[Expr, Piece], roots: Iterable[Expr], sizes: Mapping[str, int]) -> list[Value]:
    """The values of the roots.  Raises `DimensionError` where a size is not known."""
    lowering = Lowering(values, sizes)
    for node, piece in steps.items():
        lowering.lower(node, piece)
    return [lowering.value(root.base) for root in roots]
