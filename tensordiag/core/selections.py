"""Constant tensors that select, shift and add up: slices, running sums, triangles, Toeplitz matrices, convolutions.

All of them are structural: known by a rule on their indices, with no array in any diagram.  `slice` says that the
first index is `start + step·second`, `affine` that a linear form of the indices has a value, `triangle` that the
second index is at most so far beyond the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as index_of

from ..dimension import Dimension, DimLike, as_dimension
from ..errors import DimensionError, OrderError, counted
from .algebra import as_expr, entry, hadamard
from .diagrams import contract
from .expressions import Expr, Structural

__all__ = ["affine", "convolve", "cumsum", "hankel", "select", "slice_map", "toeplitz", "triangle", "tril", "triu"]


def affine(dims: Sequence[DimLike], coefficients: Sequence[int], offset: int | Dimension = 0) -> Expr:
    """The tensor that is 1 where Σ coefficients[k]·index[k] = offset, else 0.

    >>> affine((3, 2, 2), (1, -1, -1)).evaluate().sum(axis=0)
    array([[1., 1.],
           [1., 1.]])
    """
    if len(dims) != len(coefficients) or not dims:
        need = counted(len(dims), "coefficient")
        raise OrderError(f"an affine constant with dimensions {dims!r} needs {need}, not {coefficients!r}")
    whole = offset if isinstance(offset, int) or offset.number is None else offset.number
    return Structural("affine", (*coefficients, whole), [as_dimension(dim) for dim in dims])


def triangle(rows: DimLike, columns: DimLike, k: int = 0) -> Expr:
    """The matrix of ones on and below the k-th diagonal, as `numpy.tri`."""
    return Structural("triangle", (k,), (as_dimension(rows), as_dimension(columns)))


def tril(expr: Expr, k: int = 0) -> Expr:
    """A matrix with the entries above the k-th diagonal set to zero, as `numpy.tril`."""
    _check_matrix("tril", expr)
    rows, columns = expr.dims
    return hadamard(triangle(rows, columns, k), expr)


def triu(expr: Expr, k: int = 0) -> Expr:
    """A matrix with the entries below the k-th diagonal set to zero, as `numpy.triu`."""
    _check_matrix("triu", expr)
    rows, columns = expr.dims
    upper = contract([triangle(columns, rows, -k)], [(0, 1)], (1, 0))
    return hadamard(upper, expr)


def _check_matrix(name: str, expr: Expr) -> None:
    if expr.order != 2:
        raise OrderError(f"{name} needs a matrix, but got {expr!r} with {counted(expr.order, 'leg')}")


def cumsum(expr: object, axis: int = 0) -> Expr:
    """The running sums along a leg: a triangle of ones joined to it, as `numpy.cumsum`.

    >>> import tensordiag as td
    >>> x = td.Tensor("x", "n")
    >>> td.grad(td.inner(td.Tensor("c", "n"), cumsum(x)), x).evaluate(c=[1.0, 10.0, 100.0])
    array([111., 110., 100.])
    """
    whole = as_expr(expr)
    if not -whole.order <= axis < whole.order:
        raise OrderError(f"cannot add up along leg {axis}: {whole!r} has {counted(whole.order, 'leg')}")
    leg = axis % whole.order
    dim = whole.dims[leg]
    labels = list(range(whole.order))
    return contract([triangle(dim, dim), whole], [("sum", leg), labels], [*labels[:leg], "sum", *labels[leg + 1 :]])


def toeplitz(diagonals: Expr, dims: Sequence[DimLike]) -> Expr:
    """The matrix with an entry of a vector on each diagonal, the lowest diagonal first.

    Legs: `dims`, (m, n); the vector has dimension m+n−1.  Raises `DimensionError` naming both sizes.
    """
    m, n = _diagonal_dims("toeplitz", diagonals, dims)
    rule = affine((m, n, diagonals.dims[0]), (1, -1, 1), m - as_dimension(1))
    return contract([rule, diagonals], ["ijk", "k"], "ij")


def hankel(entries: Expr, dims: Sequence[DimLike]) -> Expr:
    """The matrix whose entry (i, j) is entry i+j of a vector of dimension m+n−1.  Legs: `dims`, (m, n)."""
    m, n = _diagonal_dims("hankel", entries, dims)
    return contract([affine((m, n, entries.dims[0]), (1, 1, -1)), entries], ["ijk", "k"], "ij")


def _diagonal_dims(name: str, vector: Expr, dims: Sequence[DimLike]) -> tuple[Dimension, Dimension]:
    if vector.order != 1 or len(dims) != 2:
        raise OrderError(f"{name} needs a vector and the two dimensions of the matrix, not {vector!r} and {dims!r}")
    m, n = (as_dimension(dim) for dim in dims)
    expected = m + n - as_dimension(1)
    if vector.dims[0] is not expected:
        raise DimensionError(
            f"{name} of dimensions ({m}, {n}) needs a vector of dimension {expected}, "
            f"but {vector!r} has {vector.dims[0]}"
        )
    return m, n


def convolve(x: Expr, w: Expr, mode: str = "full") -> Expr:
    """The convolution of two vectors, as `numpy.convolve`: entry i adds up x_j w_k where i = j + k.

    Leg: of dimension m+n−1 for ``"full"``; of dimension m−n+1 for ``"valid"``, where w (dimension n) lies wholly
    inside x; of dimension m for ``"same"``, the middle of the full one, for which n has to be a number, at most m.
    Cost: m·n operations, no array of order 3.

    >>> import tensordiag as td
    >>> x, w = td.tensors("x[m] w[n]")
    >>> convolve(x, w).evaluate(x=[1.0, 2.0, 3.0], w=[1.0, 10.0])
    array([ 1., 12., 23., 30.])
    """
    for operand in (x, w):
        if operand.order != 1:
            raise OrderError(f"convolve needs two vectors, but got {operand!r} with {counted(operand.order, 'leg')}")
    (m,), (n,) = x.dims, w.dims
    unit = as_dimension(1)
    if mode == "full":
        rule = affine((m + n - unit, m, n), (1, -1, -1))
    elif mode == "valid":
        offset = unit - n
        rule = affine((m - n + unit, m, n), (1, -1, -1), offset)
    elif mode == "same":
        return _middle(x, w)
    else:
        raise OrderError(f"mode is 'full', 'same' or 'valid', not {mode!r}")
    return contract([rule, x, w], ["ijk", "j", "k"], "i")


def _middle(x: Expr, w: Expr) -> Expr:
    """The middle part of a convolution, as long as x."""
    (m,), (n,) = x.dims, w.dims
    if n.number is None or (m.number is not None and m.number < n.number):
        raise DimensionError(f"mode 'same' needs a number for the dimension of {w!r}, at most {m}")
    whole = convolve(x, w)
    middle = slice_map(whole.dims[0], (n.number - 1) // 2, 1, m)
    return contract([whole, middle], ["i", "ij"], "j")


def slice_map(dim: DimLike, start: int | Dimension, step: int, length: DimLike) -> Expr:
    """The matrix that is 1 where first index = start + step·second: legs (dim, length)."""
    at = start if isinstance(start, int) or start.number is None else start.number
    return Structural("slice", (at, step), (as_dimension(dim), as_dimension(length)))


def select(expr: Expr, index: object) -> Expr:
    """`expr[index]` as in NumPy: ints fix legs, slices select from them, `...` stands for whole legs.

    A bound of a slice may count from the end; steps other than 1 and −1 need a dimension that is a number.
    `DimensionError` for an index that the dimension shows to be outside, `OrderError` for too many.

    >>> import tensordiag as td
    >>> A = td.Tensor("A", ("m", "n"))
    >>> A[0].dims, A[:, 1:].dims
    ((Dimension('n'),), (Dimension('m'), Dimension('n-1')))
    """
    parts = _spread(expr, index if isinstance(index, tuple) else (index,))
    boxes: list[Expr] = [expr]
    labels: list[list[object]] = [list(range(expr.order))]
    open_: list[object] = []
    for leg, part in enumerate(parts):
        if isinstance(part, slice) and part != slice(None):
            boxes.append(_slice_of(expr, leg, part))
            labels.append([leg, ("slice", leg)])
            open_.append(("slice", leg))
        else:
            open_.append(leg)
    made = contract(boxes, labels, open_) if len(boxes) > 1 else expr
    fixed = [None if isinstance(part, slice) else part for part in parts]
    return made if all(part is None for part in fixed) else entry(made, *fixed)


def _spread(expr: Expr, index: tuple[object, ...]) -> list[int | slice]:
    """One int or slice a leg."""
    dots = [place for place, part in enumerate(index) if part is Ellipsis]
    given = len(index) - len(dots)
    if given > expr.order or len(dots) > 1:
        raise OrderError(f"{expr!r} has {counted(expr.order, 'leg')}, but the index has {counted(len(index), 'part')}")
    whole = [slice(None)] * (expr.order - given)
    place = dots[0] if dots else len(index)
    parts = [*index[:place], *whole, *index[place + 1 :]]
    made: list[int | slice] = []
    for part in parts:
        if isinstance(part, slice):
            made.append(part)
        else:
            try:
                made.append(index_of(part))  # type: ignore[arg-type]
            except TypeError:
                raise OrderError(f"an index is an int, a slice or '...', not {part!r}") from None
    return made


def _slice_of(expr: Expr, leg: int, part: slice) -> Expr:
    dim = expr.dims[leg]
    size, step = dim.number, 1 if part.step is None else int(part.step)
    if size is not None:
        places = range(*part.indices(size))
        return slice_map(dim, places.start, places.step, len(places))
    if step == -1 and part.start is None and part.stop is None:
        return slice_map(dim, dim - as_dimension(1), -1, dim)
    if step != 1:
        raise DimensionError(f"a slice with step {step} needs a number, but leg {leg} of {expr!r} is {dim}")
    start = _bound(dim, 0 if part.start is None else part.start)
    stop = dim if part.stop is None else _bound(dim, part.stop)
    length = stop - start
    if length.number is not None and length.number < 0:
        raise DimensionError(f"the slice {part.start}:{part.stop} of leg {leg} of {expr!r} is empty")
    return slice_map(dim, start, 1, length)


def _bound(dim: Dimension, place: int) -> Dimension:
    """A bound of a slice, counted from the end where it is negative."""
    return as_dimension(place) if place >= 0 else dim - as_dimension(-place)
