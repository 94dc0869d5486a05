"""Matrix notation as a small tree, made from a flat network by series and parallel reduction.

Every index is a vertex, a vector a weight on it, a matrix an edge.  An inner vertex with one edge is a product with a
vector, with two edges a matrix product, parallel edges are Hadamard products, a loop a trace or a diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..errors import ExportError, counted
from ..rewrite import is_symmetric, simplify

__all__ = ["Term", "matrix_term"]


_MOST_BOXES = 300


@dataclass(frozen=True, slots=True)
class Term:
    """A node of matrix notation: an operation, its arguments, and for leaves a text and marks."""

    op: str
    args: tuple[Term, ...] = ()
    text: str = ""
    data: Any = None
    symmetric: bool = False


def transposed(term: Term) -> Term:
    """The transpose, moved inwards as people write it."""
    if term.op == "T":
        return term.args[0]
    if term.symmetric or term.op in ("Diag", "eye", "number"):
        return term
    if term.op == "mul":
        return Term("mul", tuple(transposed(part) for part in reversed(term.args)))
    if term.op == "had":
        return Term("had", tuple(transposed(part) for part in term.args))
    return Term("T", (term,))


def product(*factors: Term) -> Term:
    """A matrix product, nested ones opened."""
    parts: list[Term] = []
    for factor in factors:
        parts.extend(factor.args if factor.op == "mul" else [factor])
    return parts[0] if len(parts) == 1 else Term("mul", tuple(parts))


def hadamard(factors: Sequence[Term]) -> Term:
    """An elementwise product."""
    return factors[0] if len(factors) == 1 else Term("had", tuple(factors))


class _Reduction:
    """A network being reduced to scalars, weights on vertices and edges."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.scalars: list[Term] = []
        self.weights: dict[int, list[Term]] = {i: [] for i in range(len(network.dims))}
        self.edges: list[tuple[int, int, Term]] = []
        for box, row in zip(network.operands, network.indices, strict=True):
            term = box_term(box)
            if not row:
                self.scalars.append(term)
            elif len(row) == 1:
                self.weights[row[0]].append(term)
            elif len(row) == 2:
                self.add_edge(*row, term)
            else:
                raise ExportError(f"{box!r} has {counted(len(row), 'leg')}: there is no matrix notation; use .index()")

    def add_edge(self, row: int, column: int, term: Term) -> None:
        """An edge, or on one vertex the diagonal as a weight."""
        if row != column:
            self.edges.append((row, column, term))
        else:
            self.weights[row].append(Term("diag", (term,)))

    def weight(self, vertex: int) -> Term:
        """The vector on a vertex."""
        weights = self.weights[vertex]
        return hadamard(weights) if weights else Term("ones", data=self.network.dims[vertex])

    def run(self) -> None:
        """Remove the inner vertices."""
        inner = set(self.weights) - set(self.network.output)
        while inner:
            if not (self._close(inner) or self._leaf(inner) or self._series(inner) or self._parallel()):
                raise ExportError("this network is no chain of matrix products: use .index() or .draw()")
        while self._parallel():
            pass

    def _at(self, vertex: int) -> list[int]:
        return [k for k, (row, column, _) in enumerate(self.edges) if vertex in (row, column)]

    def _close(self, inner: set[int]) -> bool:
        for vertex in sorted(inner):
            if not self._at(vertex):
                inner.discard(vertex)
                self.scalars.append(self._closed(vertex))
                return True
        return False

    def _closed(self, vertex: int) -> Term:
        weights = self.weights[vertex]
        if not weights:
            return Term("tr", (Term("eye", data=self.network.dims[vertex]),))
        if len(weights) == 1:
            only = weights[0]
            return Term("tr", only.args) if only.op == "diag" else Term("sum", (only,))
        if len(weights) == 2:
            first, second = sorted(weights, key=lambda term: term.op == "mul")
            return product(transposed(first), second)
        return Term("sum", (hadamard(weights),))

    def _leaf(self, inner: set[int]) -> bool:
        leaves = [(self.edges[k][1] != v, v, k) for v in sorted(inner) for k in self._at(v) if len(self._at(v)) == 1]
        if not leaves:
            return False
        _, vertex, k = min(leaves)
        row, column, term = self.edges.pop(k)
        other = row if vertex == column else column
        facing = term if vertex == column else transposed(term)
        self.weights[other].append(product(facing, self.weight(vertex)))
        inner.discard(vertex)
        return True

    def _series(self, inner: set[int]) -> bool:
        for vertex in sorted(inner):
            at = self._at(vertex)
            if len(at) != 2:
                continue
            (r1, c1, first), (r2, c2, second) = self.edges[at[0]], self.edges[at[1]]
            if r1 == vertex and c2 == vertex:
                (r1, c1, first), (r2, c2, second) = (r2, c2, second), (r1, c1, first)
            a, left = (r1, first) if c1 == vertex else (c1, transposed(first))
            b, right = (c2, second) if r2 == vertex else (r2, transposed(second))
            middle = [Term("Diag", (self.weight(vertex),))] if self.weights[vertex] else []
            self.edges = [edge for k, edge in enumerate(self.edges) if k not in at]
            inner.discard(vertex)
            self.add_edge(a, b, product(left, *middle, right))
            return True
        return False

    def _parallel(self) -> bool:
        for k, (row, column, term) in enumerate(self.edges):
            for other in range(k + 1, len(self.edges)):
                r, c, second = self.edges[other]
                if {r, c} == {row, column}:
                    del self.edges[other]
                    facing = second if r == row else transposed(second)
                    self.edges[k] = (row, column, hadamard([*_parts(term), *_parts(facing)]))
                    return True
        return False


def _parts(term: Term) -> tuple[Term, ...]:
    return term.args if term.op == "had" else (term,)


def matrix_term(expr: Expr) -> Term:
    """The tree of an expression in reading form; `ExportError` where there is no matrix notation."""
    base = expr.base
    if isinstance(base, Sum):
        if not base.terms:
            return Term("zero", data=base.dims)
        parts = sorted(base.terms, key=lambda part: _negative(part[0]))
        if len(parts) == 1:
            return scaled(parts[0][0], matrix_term(parts[0][1]))
        return Term("add", tuple(matrix_term(term) for _, term in parts), data=tuple(c for c, _ in parts))
    if isinstance(base, (Tensor, Apply)):
        return box_term(base)
    return _network_term(flatten(base))


def _negative(number: Number) -> bool:
    return not isinstance(number, complex) and number < 0


def scaled(number: Number, term: Term) -> Term:
    """A number times a term."""
    return term if number == 1 else Term("add", (term,), data=(number,))


def box_term(box: Expr) -> Term:
    """The tree of one box."""
    if isinstance(box, Tensor):
        name = Term("name", text=box.name, symmetric=box.symmetric and box.order == 2)
        return Term("call", (name,), text="conj") if box.conjugate else name
    if isinstance(box, Apply):
        args = tuple(matrix_term(simplify(arg)) for arg in box.args)
        return _function_term(box, args)
    if isinstance(box, Sum):
        term = matrix_term(box)
        return Term(term.op, term.args, term.text, term.data, is_symmetric(box)) if box.order == 2 else term
    raise ExportError(f"{box!r} has no matrix notation; use .index()")


def _function_term(box: Apply, args: tuple[Term, ...]) -> Term:
    name = box.function
    if name == "power":
        exponent = Fraction(box.params[0]) if not isinstance(box.params[0], complex) else box.params[0]
        return Term("power", args, data=(exponent, box.order == 0))
    if name == "pow":
        return Term("pow", args, data=box.order == 0)
    if name in ("softmax", "logsoftmax", "logsumexp") and box.args[0].order == 2 and len(box.params) == 1:
        name += "rows" if box.params == (1,) else "cols"
    elif box.params and box.args[0].order > 1:
        raise ExportError(f"{box!r} along legs {box.params} has no matrix notation; use .index()")
    return Term("call", args, text=name, symmetric=box.order == 2 and is_symmetric(box))


def _network_term(network: Network) -> Term:
    if len(network.output) > 2:
        raise ExportError(f"a result of order {len(network.output)} has no matrix notation; use .index()")
    if len(network.operands) > _MOST_BOXES:
        raise ExportError(
            f"matrix notation of {len(network.operands)} boxes would not be read: at most {_MOST_BOXES}; "
            "use .einsum() or .index()"
        )
    kron = _kronecker(network)
    if kron is not None:
        return scaled(network.coefficient, kron)
    if any(isinstance(box, Structural) for box in network.operands):
        raise ExportError("merged legs that are no Kronecker product have no matrix notation; use .index()")
    reduction = _Reduction(network)
    reduction.run()
    core = _output_term(reduction, network.output)
    scalars = reduction.scalars
    if core is None:
        made = product(*scalars) if scalars else Term("number", data=1)
        made = made if len(scalars) < 2 else Term("scalars", tuple(scalars))
    else:
        made = Term("scalars", (*scalars, core)) if scalars else core
    return scaled(network.coefficient, made)


def _output_term(reduction: _Reduction, output: tuple[int, ...]) -> Term | None:
    if not output:
        return None
    if len(output) == 1:
        return reduction.weight(output[0])
    i, j = output
    if i == j:
        weights = reduction.weights[i]
        return Term("Diag", (hadamard(weights),)) if weights else Term("eye", data=reduction.network.dims[i])
    if not reduction.edges:
        return product(reduction.weight(i), transposed(reduction.weight(j)))
    row, _, term = reduction.edges[0]
    middle = term if row == i else transposed(term)
    left = [Term("Diag", (reduction.weight(i),))] if reduction.weights[i] else []
    right = [Term("Diag", (reduction.weight(j),))] if reduction.weights[j] else []
    return product(*left, middle, *right)


def _kronecker(network: Network) -> Term | None:
    """A ⊗ B, where every open leg merges one leg of each of two separate parts."""
    merges = {
        row[-1]: row[:-1]
        for box, row in zip(network.operands, network.indices, strict=True)
        if isinstance(box, Structural) and box.name == "merge"
    }
    if len(network.output) != 2 or any(len(merges.get(i, ())) != 2 for i in network.output):
        return None
    sides = []
    for side in (0, 1):
        open_ = tuple(merges[i][side] for i in network.output)
        reached = set(open_)
        while True:
            grown = reached.union(
                *(
                    row
                    for box, row in zip(network.operands, network.indices, strict=True)
                    if not isinstance(box, Structural) and reached & set(row)
                )
            )
            if grown == reached:
                break
            reached = grown
        sides.append((open_, reached))
    if sides[0][1] & sides[1][1]:
        return None
    terms = []
    for open_, reached in sides:
        picked = [
            k
            for k, row in enumerate(network.indices)
            if row and set(row) <= reached and not isinstance(network.operands[k], Structural)
        ]
        part = Network(
            1,
            tuple(network.operands[k] for k in picked),
            tuple(network.indices[k] for k in picked),
            open_,
            network.dims,
        )
        count = part.occurrences()
        used = {i: n for n, i in enumerate(i for i, times in enumerate(count) if times)}
        terms.append(
            _network_term(
                Network(
                    1,
                    part.operands,
                    tuple(tuple(used[i] for i in r) for r in part.indices),
                    tuple(used[i] for i in open_),
                    tuple(network.dims[i] for i in used),
                )
            )
        )
    scalars = [box_term(b) for b, row in zip(network.operands, network.indices, strict=True) if not row]
    made = Term("kron", tuple(terms))
    return Term("scalars", (*scalars, made)) if scalars else made
