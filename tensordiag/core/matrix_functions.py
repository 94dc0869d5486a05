"""Functions of a matrix: exponential, logarithm, square root, sine, cosine, and eigenvalues of a symmetric matrix.

The derivative of f(X) = Σ c_k Xᵏ is its first divided difference f[X, X], a tensor of order 4; that of a divided
difference is the sum of the next ones over the places where another pair of legs fits.  Source: Najfeld and Havel,
Derivatives of the matrix exponential (1995), with Mathias, A chain rule for matrix functions (1996), for the values
through block matrices; Magnus, On differentiating eigenvalues and eigenvectors (1985).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..dimension import Dimension
from .algebra import as_expr
from .diagrams import contract, permuted
from .expressions import Apply, Copy, Expr, add
from .functions import apply, register, square_matrix

__all__ = ["SCALAR_DERIVATIVES", "eigvalsh", "matrix_functions"]

Legs = tuple[Dimension, ...]

matrix_functions = ("expm", "logm", "sqrtm", "sinm", "cosm")
"""The functions with divided differences."""

SCALAR_DERIVATIVES: Mapping[str, Callable[[Expr], Expr]] = {
    "expm": lambda x: apply("expm", x),
    "logm": lambda x: apply("inv", x),
    "sqrtm": lambda x: apply("inv", apply("sqrtm", x)) / 2,
    "sinm": lambda x: apply("cosm", x),
    "cosm": lambda x: -apply("sinm", x),
}
"""f′ as a function of the matrix: what a divided difference is when its outer legs are joined."""


def _difference_legs(dims: tuple[Legs, ...], params: tuple[Any, ...]) -> Legs:
    """Row and column of the value, then row and column of each place: params are (function, number of places)."""
    count: int = params[1]
    return dims[0] * (1 + count)


def _first_difference(node: Apply, place: int) -> Expr:
    return apply("divided_difference", node.args[0], params=(node.function, 1))


def _next_difference(node: Apply, place: int) -> Expr:
    """One more pair of legs, before, between and after the pairs that are there."""
    name, count = node.params
    longer = apply("divided_difference", node.args[0], params=(name, count + 1))
    terms = []
    for at in range(count + 1):
        pairs = [*range(1, count + 1)]
        pairs.insert(at, count + 1)  # the new legs come last in the result
        order = [0] * (count + 2)
        for slot, pair in enumerate(pairs):
            order[pair] = slot + 1
        terms.append((1, permuted(longer, [2 * pair + side for pair in order for side in (0, 1)])))
    return add(terms)


for _name in matrix_functions:
    register(_name, _first_difference, legs=square_matrix(_name), transposes=True, domain=f"matrices that have {_name}")
register("divided_difference", _next_difference, legs=_difference_legs, domain="matrices inside the function's domain")


# -- symmetric eigenvalues -----------------------------------------------------------------------------


def eigvalsh(expr: object) -> Expr:
    """The eigenvalues of the symmetric part (X + Xᵀ)/2 of a matrix, ascending; derivatives where they are distinct.

    Leg: one, of the matrix's dimension.

    >>> import tensordiag as td
    >>> A = td.Tensor("A", ("n", "n"))
    >>> td.grad(eigvalsh(A)[-1], A).evaluate(A=[[2.0, 0.0], [0.0, 5.0]])
    array([[0., 0.],
           [0., 1.]])
    """
    return apply("eigvalsh", as_expr(expr))


def _eigenvalue_derivative(node: Apply, place: int) -> Expr:
    """∂λ_k/∂X_ij = v_ik v_jk."""
    vectors = apply("eigvecsh", node.args[0])
    return contract([vectors, vectors, Copy(3, node.dims[0])], [("i", "a"), ("j", "b"), ("k", "a", "b")], "kij")


def _eigenvector_derivative(node: Apply, place: int) -> Expr:
    """∂V_ak/∂X_ij = Σ_l V_al G_kl ½ (V_il V_jk + V_jl V_ik), where G_kl = 1/(λ_k − λ_l)."""
    n = node.dims[0]
    gaps = apply("gaps", apply("eigvalsh", node.args[0]))
    boxes = [node, gaps, node, node, Copy(3, n), Copy(3, n)]

    def half(first: str, second: str) -> Expr:
        hubs = [("l1", "l2", "l3"), ("k", "k1", "k2")]
        return contract(boxes, [("a", "l1"), ("k1", "l2"), (first, "l3"), (second, "k2"), *hubs], "akij")

    return (half("i", "j") + half("j", "i")) / 2


def _gap_derivative(node: Apply, place: int) -> Expr:
    """∂(1/(λ_k − λ_l))/∂λ_m = −G_kl² (δ_km − δ_lm)."""
    n = node.dims[0]
    square = node * node
    at_first = contract([square, Copy(3, n)], [("a", "l"), ("a", "k", "m")], "klm")
    at_second = contract([square, Copy(3, n)], [("k", "b"), ("b", "l", "m")], "klm")
    return at_second - at_first


register(
    "eigvalsh",
    _eigenvalue_derivative,
    legs=lambda dims, params: square_matrix("eigvalsh")(dims, params)[:1],
    domain="symmetric matrices with distinct eigenvalues",
)
register("eigvecsh", _eigenvector_derivative, legs=square_matrix("eigvecsh"), domain="as eigvalsh")
register("gaps", _gap_derivative, legs=lambda dims, params: dims[0] * 2, domain="vectors with distinct entries")
