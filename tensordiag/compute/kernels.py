"""Contracting two arrays: by matrix product, elementwise product or sum, as their indices ask for.

An array comes with a tuple of indices, one an axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .arrays import Array

__all__ = ["contract_pair", "expand", "reduce_to"]

Indices = tuple[int, ...]


def reduce_to(array: Array, indices: Indices, kept: frozenset[int] | set[int]) -> tuple[Array, Indices]:
    """Take diagonals of repeated indices (as a view) and sum over the indices that are not kept."""
    if len(set(indices)) != len(indices):
        unique = tuple(dict.fromkeys(indices))
        shape = [array.shape[indices.index(i)] for i in unique]
        strides = [sum(s for j, s in zip(indices, array.strides, strict=True) if j == i) for i in unique]
        array, indices = np.lib.stride_tricks.as_strided(array, shape, strides, writeable=False), unique
    gone = tuple(axis for axis, i in enumerate(indices) if i not in kept)
    if gone:
        array, indices = array.sum(axis=gone), tuple(i for i in indices if i in kept)
    return array, indices


def contract_pair(a: Array, ia: Indices, b: Array, ib: Indices, kept: set[int]) -> tuple[Array, Indices]:
    """The product of two arrays summed over the indices that are not kept."""
    a, ia = reduce_to(a, ia, kept | set(ib))
    b, ib = reduce_to(b, ib, kept | set(ia))
    shared = [i for i in ia if i in ib]
    batch = [i for i in shared if i in kept]
    summed = [i for i in shared if i not in kept]
    left = [i for i in ia if i not in shared]
    right = [i for i in ib if i not in shared]
    size = dict(zip(ia + ib, a.shape + b.shape, strict=True))
    out = (*batch, *left, *right)
    if not summed:
        x = _arranged(a, ia, (*batch, *left)).reshape([size[i] for i in (*batch, *left)] + [1] * len(right))
        y = _arranged(b, ib, (*batch, *right)).reshape(
            [size[i] for i in batch] + [1] * len(left) + [size[i] for i in right]
        )
        return x * y, out
    x = _arranged(a, ia, (*batch, *left, *summed))
    y = _arranged(b, ib, (*batch, *summed, *right))
    groups = [math.prod(size[i] for i in part) for part in (batch, left, summed, right)]
    lead = groups[:1] if batch else []
    made = np.matmul(x.reshape([*lead, groups[1], groups[2]]), y.reshape([*lead, groups[2], groups[3]]))
    return made.reshape([size[i] for i in out]), out


def _arranged(array: Array, indices: Sequence[int], wanted: Sequence[int]) -> Array:
    if tuple(indices) == tuple(wanted):
        return array
    place = {i: axis for axis, i in enumerate(indices)}
    return array.transpose([place[i] for i in wanted])


def expand(
    core: Array, indices: Indices, output: Sequence[int], size: Mapping[int, int], fixed: Mapping[int, int]
) -> Array:
    """A fresh array with the axes `output` from one with distinct axes `indices`.

    An output index that `core` does not have is repeated, one that stands twice is written on a diagonal of zeros,
    one with a fixed value is written at that place of zeros.
    """
    free = tuple(dict.fromkeys(i for i in output if i not in fixed))
    place = {i: axis for axis, i in enumerate(indices)}
    core = core.transpose([place[i] for i in free if i in place])
    core = core.reshape([size[i] if i in place else 1 for i in free])
    shape = [size[i] for i in output]
    if len(free) == len(output):
        return np.array(np.broadcast_to(core, shape), order="C", subok=False)
    made = np.zeros(shape, core.dtype)
    if made.size == 0:
        return made
    steps = [sum(s for j, s in zip(output, made.strides, strict=True) if j == i) for i in free]
    start = sum(fixed[i] * s for i, s in zip(output, made.strides, strict=True) if i in fixed)
    flat = made.reshape(-1)[start // made.itemsize :]
    view = np.lib.stride_tricks.as_strided(flat, [size[i] for i in free], steps)
    view[...] = core
    return made
