"""Random sizes and arrays for the tensors of an expression, as their facts demand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..compute.arrays import known_tensors
from ..core.diagrams import Diagram
from ..core.expressions import Copy, Expr, Structural, Tensor, walk
from ..dimension import Dimension, as_dimension
from ..errors import DimensionError

__all__ = ["Array", "Seed", "draw", "joint_sizes", "random_arrays", "random_sizes"]

Array: TypeAlias = npt.NDArray[Any]
Seed: TypeAlias = "int | np.random.Generator"


def random_sizes(expr: Expr, seed: Seed = 0, sizes: Mapping[str, int] | None = None) -> dict[str, int]:
    """Small sizes for all named dimensions of an expression: distinct ones from 2 on, as far as there are few.

    Parameters
    ----------
    expr
        Any expression.
    seed
        A number or a `numpy.random.Generator`.
    sizes
        Sizes that are fixed beforehand.

    Raises
    ------
    DimensionError
        where no small sizes fit: a tensor declared tall that is wide, an entry out of range, a dimension below 1.

    >>> import tensordiag as td
    >>> sorted(random_sizes(td.tensors("A[m,n]")[0]).values())
    [2, 3]
    """
    return joint_sizes([expr], seed, sizes)


def joint_sizes(exprs: Sequence[Expr], seed: Seed, sizes: Mapping[str, int] | None = None) -> dict[str, int]:
    """`random_sizes` of several expressions together."""
    rng = np.random.default_rng(seed)
    given = dict(sizes or {})
    dims, least = _demands(exprs)
    names = sorted({name for dim in dims for name in dim.symbols} - given.keys())
    for attempt in range(200):
        choices = list(range(2, 2 + max(2, min(len(names), 6)) + attempt // 40))
        values = list(itertools.islice(itertools.cycle(rng.permutation(choices).tolist()), len(names)))
        made = given | dict(zip(names, values, strict=True))
        # a size of 0 only where it was asked for
        if all(dim.value(made) >= bool(dim.symbols - given.keys()) for dim in dims) and all(
            a.value(made) >= b.value(made) for a, b in least
        ):
            return made
    fixed = ", ".join(f"{name} = {size}" for name, size in sorted(given.items()))
    raise DimensionError(
        f"found no small sizes that fit all dimensions of {exprs[0]!r}" + f" with {fixed}" * bool(fixed)
    )


def _demands(exprs: Sequence[Expr]) -> tuple[list[Dimension], list[tuple[Dimension, Dimension]]]:
    """All dimensions inside expressions, and pairs of which the first may not be the smaller."""
    dims: dict[Dimension, None] = {}
    least: list[tuple[Dimension, Dimension]] = []
    for node in (*walk(*exprs), *known_tensors(exprs).values()):
        dims.update(dict.fromkeys(node.dims))
        if isinstance(node, Diagram):
            dims.update(dict.fromkeys(node.wire_dims))
        elif isinstance(node, Copy):
            dims[node.dim] = None
        elif isinstance(node, Tensor) and "tall" in node.facts:
            least.append((node.dims[0], node.dims[1]))
        elif isinstance(node, Structural) and node.name == "unit":
            place = node.params[0]
            assert isinstance(place, int)
            least.append((node.dims[0], as_dimension(place + 1 if place >= 0 else -place)))
    return list(dims), least


def random_arrays(expr: Expr, seed: Seed = 0, sizes: Mapping[str, int] | None = None) -> dict[str, Array]:
    """Fresh random arrays for all tensors of an expression, as their facts demand.

    Parameters
    ----------
    expr
        Any expression; its tensors are those that occur and those that it was declared with.
    seed
        A number or a `numpy.random.Generator`.
    sizes
        Sizes of named dimensions; the others are chosen by `random_sizes`.

    Returns
    -------
    Arrays by tensor name: standard normal numbers; symmetric under every exchange of axes for ``sym``; with
    eigenvalues from 1 on for ``spd``; diagonal for ``diag``; with orthonormal columns for ``orth``; entries from 0.5
    to 2 for ``pos``, 0 or 1 for ``mask``, rows that add up to 1 for ``prob``; condition at most 4 and a positive
    determinant for ``wc``.  A tensor whose conjugate occurs and that is not ``real`` gets complex numbers.

    >>> import tensordiag as td
    >>> A, x = td.tensors("A[n,n] sym, x[n]")
    >>> made = random_arrays(A @ x, seed=1)
    >>> bool((made["A"] == made["A"].T).all())
    True
    """
    rng = np.random.default_rng(seed)
    return draw([expr], rng, random_sizes(expr, rng, sizes), "normal")


def draw(exprs: Sequence[Expr], rng: np.random.Generator, sizes: Mapping[str, int], style: str) -> dict[str, Array]:
    """Arrays of one style for all tensors of the expressions.

    The entries are normal, positive, small (and positive) or inside (from −0.4 to 0.4).
    """
    conjugated = {node.name for node in walk(*exprs) if isinstance(node, Tensor) and node.conjugate}
    made: dict[str, Array] = {}
    for name, tensor in sorted(known_tensors(exprs).items()):
        shape = tuple(dim.value(sizes) for dim in tensor.dims)
        array = _numbers(tensor.facts, shape, rng, style)
        if name in conjugated:
            array = array + 1j * _numbers(tensor.facts, shape, rng, style)
        made[name] = array
    return made


def _numbers(facts: frozenset[str], shape: tuple[int, ...], rng: np.random.Generator, style: str) -> Array:
    """One array; `style` says what entries are where the facts leave it open: normal, positive, small, inside."""
    if "mask" in facts:
        made: Array = rng.integers(0, 2, shape).astype(np.float64)
    elif facts & {"pos", "prob"} or style == "positive":
        made = rng.uniform(0.5, 2.0, shape)
    elif style == "normal":
        made = rng.standard_normal(shape)
    else:
        made = rng.uniform(0.05, 0.45, shape) if style == "small" else rng.uniform(-0.4, 0.4, shape)
    return _structured(facts, np.asarray(made), rng)


def _structured(facts: frozenset[str], made: Array, rng: np.random.Generator) -> Array:
    if "prob" in facts:
        made = made / made.sum(axis=-1, keepdims=True)
    if facts & {"orth", "wc"}:
        made = _orthogonal(made.shape[0], made.shape[1], rng)
        if "wc" in facts and "orth" not in facts:
            stretch = _orthogonal(made.shape[1], made.shape[1], rng)
            scaled = (stretch * rng.uniform(0.5, 2.0, made.shape[1])) @ stretch.T
            made = scaled if facts & {"sym", "spd"} else made @ scaled
    elif "spd" in facts:
        made = made @ made.T / made.shape[0] + np.eye(*made.shape)
    if "diag" in facts:
        made = made * np.eye(*made.shape)
    if "sym" in facts and made.ndim > 1:
        made = made[tuple(np.sort(np.indices(made.shape), axis=0))]
    return made


def _orthogonal(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """Orthonormal columns (rows of a wide matrix), determinant 1 where it is square."""
    made: Array = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))[0]
    if rows == columns and rows and np.linalg.det(made) < 0:
        made[:, 0] = -made[:, 0]
    return made if rows >= columns else made.T
