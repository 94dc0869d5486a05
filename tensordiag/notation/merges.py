"""Merged legs in the reduction to matrix notation: Kronecker and Khatri–Rao products of what stands on the two legs."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..core.networks import Network
from .terms import Term, product

__all__ = ["merge_legs"]


class Board(Protocol):
    """What is left of a network: weights on vertices, edges, merges (first leg, second leg, merged leg)."""

    network: Network
    weights: dict[int, list[Term]]
    edges: list[tuple[int, int, Term]]
    merges: list[tuple[int, int, int]]
    inner: set[int]

    def weight(self, vertex: int) -> Term:
        """The vector on a vertex."""

    def at(self, vertex: int) -> list[int]:
        """The edges at a vertex."""

    def facing(self, edge: int, vertex: int) -> tuple[int, Term]:
        """The other end of an edge and its matrix as seen from a vertex."""

    def add_edge(self, row: int, column: int, term: Term) -> None:
        """A new edge."""


class _Side(NamedTuple):
    """What stands on one leg of a merge: a vector (`far` is None), or a matrix to the vertex `far`."""

    term: Term
    far: int | None
    edge: int | None


def merge_legs(board: Board) -> bool:
    """Replace one merge by the product that it makes of its two sides; False where none can be."""
    for number, (first, second, merged) in enumerate(board.merges):
        if first == second or board.at(first) == board.at(second) != []:
            if _vectorised(board, number):
                return True
            continue
        sides = _side(board, number, first), _side(board, number, second)
        left, right = sides
        if left is not None and right is not None:
            if left.far is None and right.far is None:
                _consume(board, [number], sides, (first, second))
                board.weights[merged].append(Term("kron", (left.term, right.term)))
                return True
            if _with_vector(board, number, left, right) or _pair(board, number, left, right):
                return True
        if _with_identity(board, number, sides):
            return True
    return False


def _vectorised(board: Board, number: int) -> bool:
    """vec(A), column by column, where one matrix joins the two legs; vec(Diag(x)) where they are one leg."""
    first, second, merged = board.merges[number]
    touched = [k for k, merge in enumerate(board.merges) if k != number and {first, second} & set(merge)]
    edges = board.at(second)
    if touched or not {first, second} <= board.inner or len(edges) != (first != second):
        return False
    scales = [Term("Diag", (board.weight(leg),)) if board.weights[leg] else None for leg in (second, first)]
    if first == second:
        matrix = scales[0] or Term("eye", data=board.network.dims[first])
    else:
        parts = (scales[0], board.facing(edges[0], second)[1], scales[1])
        matrix = product(*[part for part in parts if part is not None])
    board.weights[merged].append(Term("call", (matrix,), text="vec"))
    side = _Side(matrix, None, edges[0] if edges else None)
    _consume(board, [number], (side, None), (first, second))
    return True


def _side(board: Board, number: int, vertex: int) -> _Side | None:
    """The side at a vertex that only this merge and at most one edge (or one other merge) touch."""
    others = [merge for k, merge in enumerate(board.merges) if k != number and vertex in merge]
    edges = board.at(vertex)
    if vertex not in board.inner or len(edges) + len(others) > 1:
        return None
    if not edges and not others:
        return _Side(board.weight(vertex), None, None)
    scale = [Term("Diag", (board.weight(vertex),))] if board.weights[vertex] else []
    if others:
        whole = scale[0] if scale else Term("eye", data=board.network.dims[vertex])
        return _Side(whole, vertex, None)
    far, term = board.facing(edges[0], vertex)
    return _Side(product(*scale, term), far, edges[0])


def _with_vector(board: Board, number: int, left: _Side, right: _Side) -> bool:
    """A ⊗ x and x ⊗ A: an edge from the merged leg to the other end of A."""
    far = left.far if right.far is None else right.far if left.far is None else None
    whole = left if right.far is None else right
    if far is None or whole.edge is None:
        return False
    first, second, merged = board.merges[number]
    _consume(board, [number], (left, right), (first, second))
    board.add_edge(merged, far, Term("kron", (left.term, right.term)))
    return True


def _pair(board: Board, number: int, left: _Side, right: _Side) -> bool:
    """A ⊗ B where the far ends are merged, too; the Khatri–Rao product where they are one."""
    first, second, merged = board.merges[number]
    if left.far == right.far and left.far is not None and left.edge is not None and right.edge is not None:
        far = left.far
        _consume(board, [number], (left, right), (first, second))
        board.add_edge(merged, far, Term("call", (left.term, right.term), text="kr"))
        return True
    for other, (a, b, opposite) in enumerate(board.merges):
        if other == number or (a, b) != (left.far, right.far):
            continue
        ends = [(side, far) for side, far in ((left, a), (right, b)) if side.edge is not None]
        if any(_side(board, other, far) is None for _, far in ends):
            return False
        terms = [
            product(side.term, Term("Diag", (board.weight(far),)))
            if side.edge is not None and board.weights[far]
            else side.term
            for side, far in ((left, a), (right, b))
        ]
        _consume(board, [number, other], (left, right), (first, second, a, b))
        board.add_edge(merged, opposite, Term("kron", tuple(terms)))
        return True
    return False


def _with_identity(board: Board, number: int, sides: tuple[_Side | None, _Side | None]) -> bool:
    """v ⊗ I and I ⊗ v: the leg that stays is the other end of the edge."""
    legs = board.merges[number][:2]
    merged = board.merges[number][2]
    for place in (0, 1):
        vector = sides[place]
        if vector is None or vector.far is not None:
            continue
        kept = legs[1 - place]
        identity = Term("eye", data=board.network.dims[kept])
        terms = (vector.term, identity) if place == 0 else (identity, vector.term)
        _consume(board, [number], (vector, None), (legs[place],))
        board.add_edge(merged, kept, Term("kron", terms))
        return True
    return False


def _consume(
    board: Board, merges: list[int], sides: tuple[_Side | None, _Side | None], vertices: tuple[int, ...]
) -> None:
    """Take out merges, the edges of their sides, and the vertices that are done with."""
    gone = {side.edge for side in sides if side is not None and side.edge is not None}
    board.edges[:] = [edge for k, edge in enumerate(board.edges) if k not in gone]
    board.merges[:] = [merge for k, merge in enumerate(board.merges) if k not in merges]
    board.inner.difference_update(vertices)
