"""Parts of a tensor as variables: entries, slices, transposes and reshapes of it."""

from __future__ import annotations

from collections import Counter

from ..core.diagrams import contract
from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import Network, flatten
from ..errors import DifferentiationError
from .engine import derivatives

__all__ = ["part_of", "restricted"]

_SELECTING = frozenset({"unit", "slice", "merge"})


def part_of(variable: Expr | str) -> tuple[Expr | str, Expr | None]:
    """The tensor that a variable is part of, and the map from it: legs (the part's, the tensor's).

    None for the map of a whole tensor or a name.  `DifferentiationError` for an expression that is no part of one.
    """
    if isinstance(variable, str) or (isinstance(variable, Expr) and isinstance(variable.base, Tensor)):
        return variable, None
    network = None if not isinstance(variable, Expr) or isinstance(variable.base, (Sum, Apply)) else flatten(variable)
    tensors = [box for box in network.operands if isinstance(box, Tensor)] if network else []
    if network is None or len(tensors) != 1 or not _selects(network):
        raise DifferentiationError(
            f"differentiate by a tensor, its name, or entries and slices of one, not by {variable!r}"
        )
    return tensors[0], derivatives(variable, [tensors[0]])[0]


def _selects(network: Network) -> bool:
    """Whether a network takes entries of its one tensor, each at most once."""
    rest = [box for box in network.operands if not isinstance(box, Tensor)]
    ends = Counter(i for row in (*network.indices, network.output) for i in row)
    return (
        network.coefficient == 1
        and all(isinstance(box, Structural) and box.name in _SELECTING for box in rest)
        and all(len(set(row)) == len(row) for row in (*network.indices, network.output))
        and all(ends[i] == 2 for row in (*network.indices, network.output) for i in row)
    )


def restricted(result: Expr, order: int, part: Expr | None) -> Expr:
    """A derivative by a tensor of some order, taken to a part of it: the part's map joined to its last legs."""
    if part is None:
        return result
    kept, last = range(result.order - order), range(result.order - order, result.order)
    chosen = [("part", leg) for leg in range(part.order - order)]
    return contract([result, part], [range(result.order), [*chosen, *last]], [*kept, *chosen])
