"""Random expressions, grown operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..core import algebra
from ..core.diagrams import contract
from ..core.einsums import einsum
from ..core.expressions import Copy, Expr, Tensor, add, identity
from ..core.functions import apply, pow_, reciprocal, sqrt
from ..core.structurals import unit
from ..dimension import Dimension, as_dimension
from .samples import Seed

__all__ = ["random_diagram"]


def random_diagram(
    seed: Seed = 0,
    *,
    steps: int = 6,
    order: int | None = None,
    smooth: bool = False,
    conjugates: bool = False,
    dims: Sequence[str] = ("m", "n", "p"),
) -> Expr:
    """A random expression, for tests of what has to hold for all of them.

    It is nested and shares parts, with sums and coefficients, copy tensors, diagonals, traces, hyperedges,
    Kronecker products, reshapes, unit vectors, identities, ones and scalars.

    Parameters
    ----------
    seed
        A number or a `numpy.random.Generator`.
    steps
        How many operators are applied.
    order
        The number of legs of the result (0 to 3); any where it is None.
    smooth
        Also functions: elementwise ones, softmax and its like, inverses and determinants, inside their domains.
    conjugates
        Also complex conjugates of tensors.
    dims
        The names of the dimensions.

    >>> random_diagram(7).order == random_diagram(7).order
    True
    """
    grower = _Grower(np.random.default_rng(seed), tuple(map(as_dimension, dims)), conjugates)
    table = [*_MULTILINEAR, *(_SMOOTH if smooth else ())]
    made = grower.leaf(grower.shape())
    for _ in range(steps):
        made = table[int(grower.rng.integers(len(table)))](grower, made)
        if made.order > _MOST_LEGS or any(len(term[0]) > 2 for dim in made.dims for term in dim.terms):
            made = algebra.sum_legs(made, grower.choose(range(made.order)))
        grower.pool.append(made)
    return made if order is None else grower.with_order(made, order)


_MOST_LEGS = 3


class _Grower:
    """Draws operands for random expressions: new tensors, constants, and parts that were made before."""

    def __init__(self, rng: np.random.Generator, dims: tuple[Dimension, ...], conjugates: bool) -> None:
        self.rng = rng
        self.dims = dims
        self.conjugates = conjugates
        self.pool: list[Expr] = []
        self.tensors: list[Tensor] = []

    def choose(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def dim(self) -> Dimension:
        made: Dimension = self.choose(self.dims)
        return made

    def shape(self) -> tuple[Dimension, ...]:
        return tuple(self.dim() for _ in range(self.choose((0, 1, 1, 2, 2, 3))))

    def leaf(self, dims: Sequence[Dimension]) -> Expr:
        """A part with these legs: made before, a tensor old or new, its conjugate, or a constant."""
        shape = tuple(dims)
        known = [expr for expr in self.pool if expr.dims == shape]
        if known and self.rng.random() < 0.4:
            return self.choose(known)  # type: ignore[no-any-return]
        if self.rng.random() < 0.15 and shape:
            if len(set(shape)) == 1:
                return identity(shape[0]) if len(shape) == 2 else Copy(len(shape), shape[0])
            return algebra.ones(shape)
        same = [tensor for tensor in self.tensors if tensor.dims == shape]
        if not same or self.rng.random() < 0.5:
            self.tensors.append(Tensor(f"T{len(self.tensors)}", shape))
            same = self.tensors[-1:]
        made: Expr = self.choose(same)
        return made.conj() if self.conjugates and self.rng.random() < 0.3 else made

    def number(self) -> Any:
        return self.choose((-1, 2, -3, Fraction(1, 2), Fraction(-2, 3), 0.7))

    def with_order(self, expr: Expr, order: int) -> Expr:
        """The expression with legs summed away or an outer product put beside it."""
        if expr.order > order:
            return algebra.sum_legs(expr, list(range(order, expr.order)))
        missing = [self.dim() for _ in range(order - expr.order)]
        return algebra.outer(expr, self.leaf(missing)) if missing else expr

    def matrix(self, expr: Expr) -> Expr:
        """The expression brought to two legs."""
        return self.with_order(expr, 2)


def _add(g: _Grower, e: Expr) -> Expr:
    return add([(g.number(), e), (g.number(), g.leaf(e.dims)), (1, g.leaf(e.dims))])


def _shift(g: _Grower, e: Expr) -> Expr:
    return e + g.choose((g.number(), g.leaf(())))  # type: ignore[no-any-return]


def _matmul(g: _Grower, e: Expr) -> Expr:
    if e.order not in (1, 2):
        e = g.matrix(e)
    if g.rng.random() < 0.5:
        return e @ g.leaf((e.dims[-1], g.dim())[: g.choose((1, 2))])
    return g.leaf((g.dim(), e.dims[0])[g.choose((0, 1)) :]) @ e


def _trace(g: _Grower, e: Expr) -> Expr:
    matrix = g.matrix(e)
    return algebra.trace(matrix @ g.leaf(matrix.dims[::-1]))


def _diag(g: _Grower, e: Expr) -> Expr:
    vector = g.with_order(e, 1)
    matrix = algebra.diag(vector)
    return matrix if g.rng.random() < 0.5 else algebra.diag(matrix @ g.leaf(matrix.dims))


def _kron(g: _Grower, e: Expr) -> Expr:
    if e.order == 0:
        return algebra.outer(g.leaf(()), e)
    other = g.leaf([g.dim() for _ in e.dims])
    return algebra.kron(e, other) if g.rng.random() < 0.5 else algebra.kron(other, e)


def _khatri_rao(g: _Grower, e: Expr) -> Expr:
    matrix = g.matrix(e)
    return algebra.khatri_rao(matrix, g.leaf((g.dim(), matrix.dims[1])))


def _reshaped(g: _Grower, e: Expr) -> Expr:
    if e.order < 2:
        return e
    flat = algebra.vec(e) if g.rng.random() < 0.5 else algebra.reshape(e, [_product(e.dims)])
    return flat * g.leaf(flat.dims) if g.rng.random() < 0.5 else algebra.reshape(flat, e.dims)


def _product(dims: Sequence[Dimension]) -> Dimension:
    made = as_dimension(1)
    for dim in dims:
        made = made * dim
    return made


def _hyperedge(g: _Grower, e: Expr) -> Expr:
    """One letter on three operands, and on the output."""
    if not e.order:
        return algebra.outer(e, g.leaf((g.dim(),)))
    letters = "abcdefgh"[: e.order]
    shared = letters[0]
    other, vector = g.leaf((e.dims[0], g.dim())), g.leaf((e.dims[0],))
    output = g.choose((shared, shared + "z", "z" + letters, letters, "", shared + shared))
    return einsum(f"{letters},{shared}z,{shared}->{output}", e, other, vector)


def _entry(g: _Grower, e: Expr) -> Expr:
    if not e.order:
        return e
    leg = g.choose(range(e.order))
    if g.rng.random() < 0.5:
        return algebra.entry(e, *(g.choose((0, 1, -1)) if k == leg else None for k in range(e.order)))
    return algebra.hadamard(e, _along(e, leg, unit(e.dims[leg], g.choose((0, 1, -1)))))


def _along(e: Expr, leg: int, vector: Expr) -> Expr:
    """A vector on one leg, ones on the others."""
    boxes = [vector if k == leg else Copy(1, dim) for k, dim in enumerate(e.dims)]
    return contract(boxes, [[k] for k in range(e.order)], range(e.order))


_MULTILINEAR: tuple[Callable[[_Grower, Expr], Expr], ...] = (
    _add,
    _add,
    _shift,
    _matmul,
    _matmul,
    _trace,
    _diag,
    _kron,
    _khatri_rao,
    _reshaped,
    _hyperedge,
    _hyperedge,
    _entry,
    lambda g, e: algebra.hadamard(e, g.leaf(e.dims)),
    lambda g, e: algebra.hadamard(g.leaf(e.dims), algebra.hadamard(e, g.leaf(e.dims))),
    lambda g, e: algebra.hadamard(g.leaf(()), e),
    lambda g, e: algebra.outer(e, g.leaf((g.dim(),))),
    lambda g, e: algebra.outer(algebra.inner(e, g.leaf(e.dims)), g.leaf(g.shape())),
    lambda g, e: algebra.permute(e, g.rng.permutation(e.order).tolist()),
    lambda g, e: algebra.power(e, g.choose((2, 2, 3))),
    lambda g, e: algebra.sum_legs(e, g.choose(range(e.order))) if e.order else -e,
    lambda g, e: algebra.outer(Copy(0, g.dim()), e),
    lambda g, e: -e.T if e.order <= 2 else e,
)


def _bounded(e: Expr) -> Expr:
    """Something of the size of e with entries between −1 and 1."""
    return apply("tanh", e)


_ENTRYWISE = (
    *("exp", "expm1", "sin", "cos", "tan", "arctan", "sinh", "cosh"),
    *("tanh", "sigmoid", "softplus", "erf", "gelu"),
)


def _elementwise(g: _Grower, e: Expr) -> Expr:
    name = g.choose(_ENTRYWISE)
    return apply(name, Fraction(1, 2) * _bounded(e))


def _positive(g: _Grower, e: Expr) -> Expr:
    above_one = _bounded(e) + 2
    return g.choose((sqrt, reciprocal, lambda x: pow_(x, 1.3), lambda x: apply("log", x), _own_power))(above_one)  # type: ignore[no-any-return]


def _own_power(x: Expr) -> Expr:
    return pow_(x, x)


def _soft(g: _Grower, e: Expr) -> Expr:
    if not e.order:
        return apply("arcsin", Fraction(1, 2) * _bounded(e))
    name = g.choose(("softmax", "logsoftmax", "logsumexp"))
    return apply(name, e, params=(g.choose(range(e.order)),))


def _regular(g: _Grower, e: Expr) -> Expr:
    matrix = g.matrix(e)
    square = identity(matrix.dims[0]) + 0.1 * _bounded(matrix @ g.leaf(matrix.dims[::-1]))
    return apply(g.choose(("inv", "det", "logdet", "adj", "pinv")), square)


_SMOOTH: tuple[Callable[[_Grower, Expr], Expr], ...] = (
    _elementwise,
    _elementwise,
    _elementwise,
    _positive,
    _soft,
    _regular,
)
