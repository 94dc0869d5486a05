"""Rules for divided differences of matrix functions: where they are an ordinary derivative f′(X)."""

from __future__ import annotations

from ..core.expressions import Apply, Expr
from ..core.matrix_functions import SCALAR_DERIVATIVES
from ..core.networks import Network, flatten
from .matching import join_indices, without

__all__ = ["close_difference", "commuting_direction"]


def _differences(network: Network) -> list[tuple[int, Apply, tuple[int, ...]]]:
    """The first divided differences among the operands."""
    return [
        (k, box, row)
        for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True))
        if isinstance(box, Apply) and box.function == "divided_difference" and box.params[1] == 1
    ]


def _replaced(network: Network, gone: set[int], made: Expr, row: tuple[int, int]) -> Network:
    """The network with f′(X), a number times a function perhaps, for some operands."""
    inner = flatten(made)
    rest = without(network, gone)
    rows = [tuple(row[inner.output.index(i)] for i in r) for r in inner.indices]
    return Network(
        network.coefficient * inner.coefficient,
        (*rest.operands, *inner.operands),
        (*rest.indices, *rows),
        network.output,
        network.dims,
    )


def close_difference(network: Network) -> Network | None:
    """The trace of a divided difference: Σ_a f[X, X]_aaij is f′(X)_ji."""
    count = network.occurrences()
    for k, box, (a, b, i, j) in _differences(network):
        if a == b and count[a] == 2:
            made = SCALAR_DERIVATIVES[box.params[0]](box.args[0])
            rest = _replaced(network, {k}, made, (j, i))
            return join_indices(rest, [], {a})
    return None


def commuting_direction(network: Network) -> Network | None:
    """Along a direction A that X is a multiple of, f[X, X] is f′(X) A."""
    count = network.occurrences()
    for k, box, (a, b, i, j) in _differences(network):
        for other, (candidate, row) in enumerate(zip(network.operands, network.indices, strict=True)):
            if row == (i, j) and i != j and count[i] == count[j] == 2 and _is_multiple(box.args[0], candidate):
                made = SCALAR_DERIVATIVES[box.params[0]](box.args[0])
                turned = list(network.indices)
                turned[other] = (i, b)
                rest = Network(network.coefficient, network.operands, tuple(turned), network.output, network.dims)
                return join_indices(_replaced(rest, {k}, made, (a, i)), [], {j})
    return None


def _is_multiple(expr: Expr, matrix: Expr) -> bool:
    """Whether a matrix is another one times scalars."""
    network = flatten(expr)
    found = [row for box, row in zip(network.operands, network.indices, strict=True) if box is matrix]
    return found == [network.output] and all(box is matrix or box.order == 0 for box in network.operands)
