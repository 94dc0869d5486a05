"""Inverses cancelled against their neighbours: inv(A B)·A is inv(B), B·inv(A B) is inv(A), inv(M)·M the identity."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from ..core.algebra import matmul
from ..core.diagrams import permuted
from ..core.expressions import Apply, Expr, Tensor
from ..core.functions import apply
from ..core.networks import Network, flatten
from .matching import join_indices, without

__all__ = ["cancel_inverse", "cancel_orthogonal"]

Link = tuple[Expr, bool]


def cancel_inverse(network: Network) -> Network | None:
    """An inverse beside a run of factors that its argument begins or ends with, where that run is square."""
    count = network.occurrences()
    for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if isinstance(box, Apply) and box.function == "inv" and row[0] != row[1]:
            chain = chain_of(box.args[0])
            for made in (_peel(network, count, k, chain, True), _peel(network, count, k, chain, False)):
                if made is not None:
                    return made
    return None


def chain_of(expr: Expr) -> list[Link]:
    """A matrix as a product of boxes, each with whether it stands as it is (else transposed)."""
    network = flatten(expr)
    if network.coefficient != 1 or len(network.output) != 2:
        return [(expr.base, True)]
    count = network.occurrences()
    start, end = network.output
    left = {k: row for k, row in enumerate(network.indices) if len(row) == 2}
    chain: list[Link] = []
    here = start
    while left and count[here] == 2:
        found = [(k, row) for k, row in left.items() if here in row and row[0] != row[1]]
        if len(found) != 1:
            break
        k, row = found[0]
        del left[k]
        chain.append((network.operands[k], row[0] == here))
        here = row[1] if row[0] == here else row[0]
        if here == end:
            break
    whole = len(chain) == len(network.operands) and here == end and count[end] == 2
    return chain if whole else [(expr.base, True)]


def _peel(network: Network, count: list[int], k: int, chain: list[Link], leading: bool) -> Network | None:
    """Cancel the shortest square run at one end of the chain with the neighbours on that side of the inverse."""
    row = network.indices[k]
    near, far = (row[1], row[0]) if leading else (row[0], row[1])
    here, used = near, {k}
    gone: list[int] = []
    for length, (box, straight) in enumerate(chain if leading else chain[::-1], 1):
        found = None
        if count[here] == 2:
            found = next(
                (step for step in _steps(network, here, box, straight is leading) if step[0] not in used), None
            )
        if found is None:
            return None
        other, there = found
        used.add(other)
        gone.append(here)
        here = there
        if network.dims[here] is network.dims[near]:
            rest = chain[length:] if leading else chain[:-length]
            return _joined(without(network, used), rest, far, here, gone, leading)
    return None


def _steps(network: Network, here: int, box: Expr, forward: bool) -> Iterator[tuple[int, int]]:
    """(operand, index on its other side) of equal boxes that stand at an index, first leg first if `forward`."""
    from .simplification import is_symmetric

    for k, (candidate, row) in enumerate(zip(network.operands, network.indices, strict=True)):
        if candidate is not box or len(row) != 2 or row[0] == row[1] or here not in row:
            continue
        if row[0 if forward else 1] == here or is_symmetric(box):
            yield k, row[1] if row[0] == here else row[0]


def _joined(network: Network, rest: list[Link], far: int, here: int, gone: list[int], leading: bool) -> Network:
    """The network with the inverse of what is left of the chain between the two ends."""
    ends = (far, here) if leading else (here, far)
    drop = {index for index in gone if index not in ends}
    if not rest:
        return join_indices(network, [ends], drop)
    from .simplification import simplify

    made = Network(
        network.coefficient,
        (*network.operands, simplify(apply("inv", product_of(rest))).base),
        (*network.indices, ends),
        network.output,
        network.dims,
    )
    return join_indices(made, [], drop)


def product_of(chain: list[Link]) -> Expr:
    """The matrix product of a chain."""
    return reduce(matmul, [box if straight else permuted(box, (1, 0)) for box, straight in chain])


def cancel_orthogonal(network: Network) -> Network | None:
    """Qᵀ·Q is the identity for an orthogonal Q, also Q·Qᵀ where Q is square."""
    count = network.occurrences()
    orthogonal = [
        (k, box, row)
        for k, (box, row) in enumerate(zip(network.operands, network.indices, strict=True))
        if isinstance(box, Tensor) and "orth" in box.facts
    ]
    for position, (k, box, row) in enumerate(orthogonal):
        for other, candidate, other_row in orthogonal[position + 1 :]:
            if candidate.name != box.name or candidate.conjugate != box.conjugate:
                continue
            for leg in (0, 1):
                shared = row[leg]
                if shared == other_row[leg] and count[shared] == 2 and row[0] != row[1]:
                    if box.dims[0] is not box.dims[1] and leg == 1:
                        continue  # a tall isometry: only QᵀQ is the identity
                    pairs = [(row[1 - leg], other_row[1 - leg])]
                    return join_indices(without(network, {k, other}), pairs, {shared})
    return None
