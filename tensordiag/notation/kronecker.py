"""Kronecker products in matrix notation: of merged legs, and of results of order 3 and 4 read as matrices."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.expressions import Expr, Structural, Sum
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..errors import ExportError, OrderError
from ..rewrite import simplify
from ..rewrite.canonical import components
from .reduction import network_term
from .terms import Term, scalar_product, scaled, total, transposed

__all__ = ["kronecker_term", "merged_term"]

_NO_PRODUCT = "merged legs that are no Kronecker product have no matrix notation; use .index()"


def merged_term(network: Network) -> Term:
    """A ⊗ B, where open legs merge one leg of each of two separate parts; `ExportError` for other merged legs."""
    kept = [k for k, box in enumerate(network.operands) if not isinstance(box, Structural)]
    merges = {
        row[-1]: row[:-1]
        for box, row in zip(network.operands, network.indices, strict=True)
        if isinstance(box, Structural) and box.name == "merge"
    }
    if len(merges) + len(kept) != len(network.operands) or not set(merges) <= set(network.output):
        raise ExportError(_NO_PRODUCT)
    places = [merges.get(index, (index,)) for index in network.output]
    if len(set(network.output)) < len(network.output) or any(len(place) > 2 for place in places):
        raise ExportError(_NO_PRODUCT)
    places += [()] * (2 - len(places))
    plain = Network(
        network.coefficient,
        tuple(network.operands[k] for k in kept),
        tuple(network.indices[k] for k in kept),
        tuple(index for place in places for index in place),
        network.dims,
    )
    made = _split(plain, places[0], places[1], merged=frozenset(merges))
    if made is None:
        raise ExportError(_NO_PRODUCT)
    return made


def kronecker_term(expr: Expr, rows: int | None = None) -> Term:
    """An expression of order 3 or 4, read as a matrix, as a sum of Kronecker products.

    The first `rows` legs, in row-major order, count the rows, the others the columns (by default two and two).
    Raises `ExportError` where a term is no Kronecker product, `OrderError` for other orders.
    """
    if expr.order not in (3, 4):
        raise OrderError(f"the Kronecker form is for results of order 3 and 4, not {expr.order}; use .matrix()")
    if rows is None and expr.order == 3:
        raise OrderError("say whether 1 or 2 legs of a result of order 3 count its rows: rows=1 or rows=2")
    rows = 2 if rows is None else rows
    if not 0 < rows <= 2 or expr.order - rows > 2:
        raise OrderError(f"{rows} of {expr.order} legs cannot count the rows: at most 2 count rows or columns")
    base = simplify(expr).base
    terms: Sequence[tuple[Number, Expr]] = base.terms if isinstance(base, Sum) else ((1, base),)
    if not terms:
        return Term("zero", data=expr.dims)
    parts: list[tuple[Number, Term]] = []
    for coefficient, term in terms:
        network = flatten(term)
        if any(isinstance(box, Structural) for box in network.operands):
            raise ExportError(_NO_PRODUCT)
        made = _split(network, network.output[:rows], network.output[rows:])
        if made is None:
            raise ExportError("this is no sum of Kronecker products; use .index()")
        parts.append((coefficient, made))
    return total(parts)


def _split(
    network: Network, row: Sequence[int], column: Sequence[int], merged: frozenset[int] = frozenset()
) -> Term | None:
    """first ⊗ second of a network whose row and column legs are pairs; None where its parts are not separate."""
    for first, second in _pairings(tuple(row), tuple(column)):
        sides: list[list[int]] = [[], []]
        scalars: list[Term] = []
        for operands, indices in components(network):
            found = {side for side, legs in enumerate((first, second)) if set(indices) & {i for i in legs if i >= 0}}
            if len(found) == 2:
                break
            if found:
                sides[found.pop()].extend(operands)
            elif set(indices) - merged or operands:
                scalars.append(network_term(_part(network, operands, (), indices)))
        else:
            left, right = (_side(network, sorted(sides[k]), legs) for k, legs in enumerate((first, second)))
            return scaled(network.coefficient, scalar_product(scalars, Term("kron", (left, right))))
    return None


def _pairings(row: tuple[int, ...], column: tuple[int, ...]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Ways to give the row and column legs to two factors, −1 for a leg that a factor lacks."""
    if len(row) == len(column) == 2:
        return [((row[0], column[0]), (row[1], column[1]))]
    if len(row) == 2:
        single = column[0] if column else -1
        return [((row[0], single), (row[1], -1)), ((row[0], -1), (row[1], single))]
    if len(column) == 2:
        single = row[0] if row else -1
        return [((single, column[0]), (-1, column[1])), ((-1, column[0]), (single, column[1]))]
    return []


def _side(network: Network, operands: list[int], legs: tuple[int, int]) -> Term:
    """One factor: a matrix, a column, or a row."""
    present = tuple(i for i in legs if i >= 0)
    term = network_term(_part(network, operands, present, ()))
    return transposed(term) if legs[0] < 0 else term


def _part(network: Network, operands: Sequence[int], open_: tuple[int, ...], more: Sequence[int]) -> Network:
    """Some operands of a network, with these open legs and at least these indices."""
    used = sorted({i for k in operands for i in network.indices[k]} | set(open_) | set(more))
    number = {index: place for place, index in enumerate(used)}
    return Network(
        1,
        tuple(network.operands[k] for k in operands),
        tuple(tuple(number[i] for i in network.indices[k]) for k in operands),
        tuple(number[i] for i in open_),
        tuple(network.dims[i] for i in used),
    )
