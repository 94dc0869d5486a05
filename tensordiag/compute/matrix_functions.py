"""Arrays of matrix functions: the exponential and its like, their divided differences, symmetric eigenvalues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import SingularError
from .arrays import Array
from .implementations import IMPLEMENTATIONS

__all__ = ["divided_difference", "matrix_function"]


def _scipy(name: str) -> Callable[[Array], Any]:
    from scipy import linalg

    found: Callable[[Array], Any] = getattr(linalg, name)
    return found


def matrix_function(name: str, x: Array) -> Array:
    """f(X) by scipy; of a real matrix it is real, and `SingularError` says where it would not be.

    For ``logm`` and ``sqrtm`` a real matrix may have no eigenvalue on the negative real axis.
    """
    if x.size == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        made = np.asarray(_scipy(name)(x))
    if not np.isfinite(made).all():
        raise SingularError(f"{name} of a matrix of shape {x.shape} is not finite: the matrix may be singular")
    if np.iscomplexobj(made) and not np.iscomplexobj(x):
        if np.abs(made.imag).max() > 1e-8 * max(1.0, np.abs(made.real).max()):
            raise SingularError(
                f"{name} of a real matrix of shape {x.shape} is not real: "
                "an eigenvalue is on the negative real axis; pass a complex array"
            )
        made = made.real
    return made.astype(x.dtype, copy=False)


def divided_difference(x: Array, name: str, places: int) -> Array:
    """The tensor f[X, …, X] with legs (row, column, then row and column of each place).

    Its entries are the upper right block of f at the block matrix with X on the diagonal and one entry 1 in each
    block above it.  Cost: n^(2·places) functions of matrices of size n·(places + 1).
    """
    n = len(x)
    made = np.zeros((n,) * (2 + 2 * places), x.dtype)
    if n == 0:
        return made
    big = np.zeros(((places + 1) * n,) * 2, x.dtype)
    for block in range(places + 1):
        big[block * n : block * n + n, block * n : block * n + n] = x
    for entries in np.ndindex((n,) * (2 * places)):
        ones = [(b * n + entries[2 * b], (b + 1) * n + entries[2 * b + 1]) for b in range(places)]
        for row, column in ones:
            big[row, column] = 1
        made[(..., *entries)] = matrix_function(name, big)[:n, -n:]
        for row, column in ones:
            big[row, column] = 0
    return made


def frechet(x: Array, e: Array, name: str) -> Array:
    """L(X, E), the derivative of f at X along E: the upper right block of f([[X, E], [0, X]])."""
    n = len(x)
    kind = np.result_type(x, e)
    big = np.zeros((2 * n, 2 * n), kind)
    big[:n, :n] = big[n:, n:] = x
    big[:n, n:] = e
    return matrix_function(name, big)[:n, n:]


def eigvalsh(x: Array) -> Any:
    """The eigenvalues of the symmetric part, ascending."""
    return np.linalg.eigvalsh((x + x.T.conj()) / 2)


def eigvecsh(x: Array) -> Any:
    """The eigenvectors of the symmetric part as columns, in the order of the eigenvalues."""
    return np.linalg.eigh((x + x.T.conj()) / 2)[1]


def gaps(x: Array) -> Any:
    """1/(x_k − x_l), and 0 where k = l; `SingularError` for equal entries."""
    difference = x[:, None] - x
    np.fill_diagonal(difference, 1)
    if not difference.all():
        raise SingularError("two eigenvalues are equal: eigenvectors have no derivative there")
    made = 1 / difference
    np.fill_diagonal(made, 0)
    return made


def _named(name: str) -> Callable[[Array], Array]:
    return lambda x: matrix_function(name, x)


_TABLE: Mapping[str, Callable[..., Any]] = {
    **{name: _named(name) for name in ("expm", "logm", "sqrtm", "sinm", "cosm")},
    "divided_difference": divided_difference,
    "frechet": frechet,
    "eigvalsh": eigvalsh,
    "eigvecsh": eigvecsh,
    "gaps": gaps,
}
IMPLEMENTATIONS.update(_TABLE)
