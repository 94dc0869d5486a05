"""From networks to matrix notation, by series and parallel reduction.

Every index is a vertex, a vector a weight on it, a matrix an edge.  An inner vertex with one edge is a product with a
vector, with two edges a matrix product, parallel edges are Hadamard products, a loop a trace or a diagonal.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..core.algebra import ones
from ..core.expressions import FUNCTIONS, Apply, Expr, Structural, Sum, Tensor, add
from ..core.functions import apply
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..dimension import Dimension
from ..errors import ExportError, counted
from ..rewrite import is_symmetric, oriented, simplify
from .merges import merge_legs
from .terms import Term, hadamard, powers, product, scalar_product, scaled, total, transposed

__all__ = ["matrix_term", "network_term"]

_MOST_BOXES = 300


class _Reduction:
    """A network being reduced to scalars, weights on vertices and edges."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.scalars: list[Term] = []
        self.weights: dict[int, list[Term]] = {i: [] for i in range(len(network.dims))}
        self.edges: list[tuple[int, int, Term]] = []
        self.merges: list[tuple[int, int, int]] = []
        self.inner = set(self.weights) - set(network.output)
        standing = set(zip(network.operands, network.indices, strict=True))
        for box, row in zip(network.operands, network.indices, strict=True):
            if isinstance(box, Structural) and box.name == "merge" and len(row) == 3:
                self.merges.append((row[0], row[1], row[2]))
                continue
            term = _mirrored_term(box, row, standing) or box_term(box)
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
        weights = sorted(powers(self.weights[vertex], scalar=False), key=lambda weight: weight.op == "add")
        return hadamard(weights) if weights else Term("ones", data=self.network.dims[vertex])

    def run(self) -> None:
        """Remove the inner vertices and the merges."""
        while self.inner or self.merges:
            free = sorted(self.inner - {i for merge in self.merges for i in merge})
            if self._close(free) or self._leaf(free) or self._series(free) or self._parallel() or merge_legs(self):
                continue
            if self.merges:
                raise ExportError("merged legs that are no Kronecker product have no matrix notation; use .index()")
            raise ExportError("this network is no chain of matrix products: use .index() or .draw()")
        while self._parallel():
            pass

    def at(self, vertex: int) -> list[int]:
        """The edges at a vertex."""
        return self.incident()[vertex]

    def incident(self) -> dict[int, list[int]]:
        """The edges at every vertex, as they are now."""
        found: dict[int, list[int]] = {vertex: [] for vertex in self.weights}
        for k, (row, column, _) in enumerate(self.edges):
            found[row].append(k)
            found[column].append(k)
        return found

    def facing(self, edge: int, vertex: int) -> tuple[int, Term]:
        """(the other end of an edge, its matrix as seen from this vertex, which counts its rows)."""
        row, column, term = self.edges[edge]
        return (column, term) if row == vertex else (row, transposed(term))

    def _close(self, free: list[int]) -> bool:
        incident = self.incident()
        for vertex in free:
            if not incident[vertex]:
                self.inner.discard(vertex)
                self.scalars.append(self._closed(vertex))
                return True
        return False

    def _closed(self, vertex: int) -> Term:
        weights = self.weights[vertex]
        if not weights:
            return Term("tr", (Term("eye", data=self.network.dims[vertex]),))
        if len(weights) == 1:
            only = weights[0]
            return Term("tr", only.args) if only.op == "diag" else Term("sum", (_without_ones(only),))
        if len(weights) == 2:
            first, second = sorted(weights, key=lambda term: term.op == "mul")
            return replace(product(transposed(first), second), data="scalar")
        return Term("sum", (hadamard(powers(weights, scalar=False)),))

    def _leaf(self, free: list[int]) -> bool:
        incident = self.incident()
        leaves = [(self.edges[k][1] != v, v, k) for v in free for k in incident[v] if len(incident[v]) == 1]
        if not leaves:
            return False
        _, vertex, k = min(leaves)
        row, column, term = self.edges.pop(k)
        other = row if vertex == column else column
        facing = term if vertex == column else transposed(term)
        self.weights[other].append(_applied(facing, self.weight(vertex)))
        self.inner.discard(vertex)
        return True

    def _series(self, free: list[int]) -> bool:
        incident = self.incident()
        for vertex in free:
            at = incident[vertex]
            if len(at) != 2:
                continue
            (r1, c1, first), (r2, c2, second) = self.edges[at[0]], self.edges[at[1]]
            if {r1, c1} == {r2, c2} and self.weights[vertex]:
                continue  # (A∘B)x is easier to read than diag(A Diag(x)Bᵀ)
            if r1 == vertex and c2 == vertex:
                (r1, c1, first), (r2, c2, second) = (r2, c2, second), (r1, c1, first)
            a, left = (r1, first) if c1 == vertex else (c1, transposed(first))
            b, right = (c2, second) if r2 == vertex else (r2, transposed(second))
            middle = [Term("Diag", (self.weight(vertex),))] if self.weights[vertex] else []
            self.edges = [edge for k, edge in enumerate(self.edges) if k not in at]
            self.inner.discard(vertex)
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
                    self.edges[k] = (row, column, _entrywise(term, facing))
                    return True
        return False


def _lower(dims: tuple[Dimension, ...]) -> Term:
    """The triangle of ones on and below the diagonal."""
    return Term("call", (product(*(Term("ones", data=dims[0]), transposed(Term("ones", data=dims[1])))),), text="tril")


def _is_lower(term: Term) -> bool:
    return term.op == "call" and term.text == "tril" and _is_ones(term.args[0])


def _applied(matrix: Term, vector: Term) -> Term:
    """A matrix times a vector; a square triangle of ones adds up."""
    if _is_lower(matrix):
        left, right = matrix.args[0].args
        if left.data is transposed(right).data:
            return Term("call", (vector,), text="cumsum")
    return product(matrix, vector)


def _entrywise(first: Term, second: Term) -> Term:
    """The elementwise product of two matrices; a triangle of ones cuts the other one off."""
    for mask, other in ((first, second), (second, first)):
        if _is_lower(mask):
            return Term("call", (other,), text="tril")
        if _is_lower(transposed(mask)):
            return Term("call", (other,), text="triu")
    return hadamard([first, second])


def _mirrored_term(box: Expr, row: tuple[int, ...], standing: set[tuple[Expr, tuple[int, ...]]]) -> Term | None:
    """sigmoid(−w) beside sigmoid(w) as 1 − sigmoid(w)."""
    if not isinstance(box, Apply) or box.function != "sigmoid" or not isinstance(box.args[0].base, Sum):
        return None
    if any(isinstance(c, complex) or c > 0 for c, _ in box.args[0].base.terms):
        return None
    other = apply("sigmoid", simplify(-box.args[0])).base
    return total([(1, Term("number", data=1)), (-1, box_term(other))]) if (other, row) in standing else None


def _without_ones(term: Term) -> Term:
    """The matrix whose row sums a term is; any other term as it is."""
    return product(*term.args[:-1]) if term.op == "mul" and term.args[-1].op == "ones" else term


def matrix_term(expr: Expr) -> Term:
    """The tree of an expression in reading form; `ExportError` where there is no matrix notation."""
    base = expr.base
    if base.order > 2:
        raise ExportError(f"a result of order {base.order} has no matrix notation; use .index()")
    if isinstance(base, Sum):
        if not base.terms:
            return Term("zero", data=base.dims)
        parts = _broadcast([(c, matrix_term(term)) for c, term in base.terms])
        return total(parts, base.order == 2 and is_symmetric(base))
    if isinstance(base, (Tensor, Apply)):
        return box_term(base)
    return network_term(flatten(base))


def _broadcast(parts: list[tuple[Number, Term]]) -> list[tuple[Number, Term]]:
    """Ones that are added to every entry written as the number, as in 1 − tanh(x)."""
    rest = [term for _, term in parts if not _is_ones(term)]
    vector = any(term.op == "ones" for _, term in parts)
    if not rest or not (vector or all(_is_entrywise(term) for term in rest)):
        return parts
    return [(c, Term("number", data=1) if _is_ones(term) else term) for c, term in parts]


def _is_ones(term: Term) -> bool:
    """Whether a term is 𝟏, or the matrix of ones 𝟏 𝟏ᵀ."""
    if term.op == "mul" and len(term.args) == 2 and term.args[1].op == "T":
        return term.args[0].op == "ones" and term.args[1].args[0].op == "ones"
    return term.op == "ones"


def _is_entrywise(term: Term) -> bool:
    """Whether a term is what an elementwise operation makes: beside it, 1 is read as a matrix of ones."""
    if term.op == "call":
        return term.text in FUNCTIONS and FUNCTIONS[term.text].elementwise
    if term.op == "scalars":
        return _is_entrywise(term.args[-1])
    return term.op in ("had", "pow") or (term.op == "power" and not term.data[1])


def box_term(box: Expr) -> Term:
    """The tree of one box."""
    if isinstance(box, Tensor):
        name = Term("name", text=box.name, symmetric=box.symmetric and box.order == 2)
        return Term("call", (name,), text="conj") if box.conjugate else name
    if isinstance(box, Apply):
        upright = oriented(box) if box.order == 2 and box.spec.transposes else box
        if upright is not box and isinstance(upright, Apply):
            return transposed(_function_term(upright))
        return _function_term(box)
    if isinstance(box, Sum):
        return matrix_term(box)
    if isinstance(box, Structural) and box.name == "triangle" and box.params == (0,):
        return _lower(box.dims)
    raise ExportError(f"{box!r} has no matrix notation; use .index()")


def _function_term(box: Apply) -> Term:
    name = box.function
    args = tuple(_argument_term(arg, box.spec.elementwise) for arg in _arguments(box))
    if name == "power":
        exponent = Fraction(box.params[0]) if isinstance(box.params[0], int) else box.params[0]
        return Term("power", args, data=(exponent, box.order == 0))
    if name == "pow":
        return Term("pow", args, data=box.order == 0)
    if name in ("softmax", "logsoftmax", "logsumexp") and box.args[0].order == 2 and len(box.params) == 1:
        name += "rows" if box.params == (1,) else "cols"
    elif box.params and box.args[0].order > 1:
        raise ExportError(f"{box!r} along legs {box.params} has no matrix notation; use .index()")
    made = Term("call", args, text=name, symmetric=box.order == 2 and is_symmetric(box))
    return transposed(made) if name == "logsumexpcols" else made  # which is a row


def _argument_term(arg: Expr, elementwise: bool) -> Term:
    """An argument; a zero keeps its legs where a scalar would not be read as one."""
    if isinstance(arg, Sum) and arg.is_zero and arg.dims and not elementwise:
        return Term("add", (matrix_term(simplify(ones(arg.dims))),), data=(0,))
    return matrix_term(arg)


def _arguments(box: Apply) -> list[Expr]:
    """The arguments in reading form; of several, those that are one scalar everywhere as that scalar."""
    args = [simplify(arg).base for arg in box.args]
    scalars = [_scalar_of(arg) if arg.order else None for arg in args]
    if len(args) < 2 or all(scalar is not None for scalar in scalars):
        return args
    return [arg if scalar is None else scalar for arg, scalar in zip(args, scalars, strict=True)]


def _scalar_of(expr: Expr) -> Expr | None:
    """The scalar that all entries of an expression are; None where they differ."""
    if isinstance(expr, Sum):
        inner = [(c, _scalar_of(term)) for c, term in expr.terms]
        found = [(c, scalar) for c, scalar in inner if scalar is not None]
        return add(found, ()).base if len(found) == len(inner) else None
    network = flatten(expr)
    used = {i for row in network.indices for i in row}
    if used & set(network.output) or len(set(network.output)) < len(network.output):
        return None
    number = {
        index: place for place, index in enumerate(i for i in range(len(network.dims)) if i not in network.output)
    }
    rows = tuple(tuple(number[i] for i in row) for row in network.indices)
    dims = tuple(network.dims[i] for i in number)
    return Network(network.coefficient, network.operands, rows, (), dims).to_expr().base


def network_term(network: Network) -> Term:
    """The tree of a flat network of order at most 2."""
    if len(network.operands) > _MOST_BOXES:
        raise ExportError(
            f"matrix notation of {len(network.operands)} boxes would not be read: at most {_MOST_BOXES}; "
            "use .einsum() or .index()"
        )
    reduction = _Reduction(network)
    reduction.run()
    return scaled(network.coefficient, scalar_product(reduction.scalars, _output_term(reduction, network.output)))


def _output_term(reduction: _Reduction, output: tuple[int, ...]) -> Term | None:
    if not output:
        return None
    if len(output) == 1:
        return reduction.weight(output[0])
    i, j = output
    if i == j:
        empty = not reduction.weights[i]
        return Term("eye", data=reduction.network.dims[i]) if empty else Term("Diag", (reduction.weight(i),))
    if not reduction.edges:
        return product(reduction.weight(i), transposed(reduction.weight(j)))
    row, _, term = reduction.edges[0]
    if term.op == "had":
        term = hadamard(powers(term.args, scalar=False))
    middle = term if row == i else transposed(term)
    left = [Term("Diag", (reduction.weight(i),))] if reduction.weights[i] else []
    right = [Term("Diag", (reduction.weight(j),))] if reduction.weights[j] else []
    return product(*left, middle, *right)
