"""Results that keep their structure: a small core, and which legs only repeat or pair up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OrderError, ShapeError, SingularError
from .arrays import Array
from .kernels import expand
from .writers import letters

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["Structured"]


@dataclass(slots=True, eq=False)
class Structured:
    """An array as a core with copy tensors: entry (i, j, …) is `core` at the axes that `pattern` names.

    `pattern[leg]` is the core's axis of a leg, or a negative label of an axis that the core does not have; legs with
    one label are the legs of a copy tensor.  So δ_ij C_ab has the core C and the pattern (−1, 0, −1, 1).

    Made by ``compile(…).structured(…)``.  As a linear map it takes the second half of its legs to the first half.
    """

    core: Array
    pattern: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def dtype(self) -> Any:
        """The type of the entries."""
        return self.core.dtype

    def to_dense(self) -> Array:
        """The whole array."""
        return expand(self.core, tuple(range(self.core.ndim)), self.pattern, self._size(), {})

    def _size(self) -> dict[int, int]:
        return dict(zip(self.pattern, self.shape, strict=True))

    def _halves(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if len(self.pattern) % 2:
            raise OrderError(f"a linear map needs an even number of legs, but this array has {len(self.pattern)}")
        half = len(self.pattern) // 2
        return self.pattern[:half], self.pattern[half:]

    def matvec(self, x: Array) -> Array:
        """The linear map applied to an array with the shape of the second half of the legs.

        Cost: that of one contraction with the core.
        """
        rows, columns = self._halves()
        shape = self.shape[len(rows) :]
        x = np.asarray(x)
        if math.prod(x.shape) != math.prod(shape):
            raise ShapeError(f"the map takes shape {shape}, but got {x.shape}")
        label = {i: k for k, i in enumerate(dict.fromkeys([*range(self.core.ndim), *rows, *columns]))}
        operands: list[Any] = [self.core, x.reshape(shape)]
        inputs = [[label[i] for i in range(self.core.ndim)], [label[i] for i in columns]]
        for i in dict.fromkeys(rows):
            if i < 0 and i not in columns:
                operands.append(np.ones(self._size()[i], self.core.dtype))
                inputs.append([label[i]])
        out = list(dict.fromkeys(rows))
        made = np.einsum(letters(*inputs, [label[i] for i in out]), *operands)
        return expand(made, tuple(out), rows, self._size(), {})

    def solve(self, b: Array) -> Array:
        """The x with matvec(x) = b, one small system for every value of the paired legs.

        Raises `ShapeError` where the blocks are not square, `SingularError` where one is singular.
        """
        rows, columns = self._halves()
        size = self._size()
        paired = [i for i in dict.fromkeys(rows) if i in columns]
        left, right = (
            [i for i in dict.fromkeys(rows) if i not in paired],
            [i for i in dict.fromkeys(columns) if i not in paired],
        )
        height, width = math.prod(size[i] for i in left), math.prod(size[i] for i in right)
        if (
            height != width
            or len(set(rows)) != len(rows)
            or len(set(columns)) != len(columns)
            or (any(i < 0 for i in (*left, *right)))
        ):
            raise ShapeError(
                f"the map from {self.shape[len(rows) :]} to {self.shape[: len(rows)]} is not invertible: "
                f"its blocks are {height}×{width}"
            )
        own = [i for i in paired if i >= 0]
        free = [i for i in paired if i < 0]
        blocks = self.core.transpose([*own, *left, *right]).reshape([*(size[i] for i in own), height, width])
        given = np.asarray(b)
        if given.size != math.prod(self.shape[: len(rows)]):
            raise ShapeError(f"the map gives shape {self.shape[: len(rows)]}, but the right side has {given.shape}")
        given = given.reshape([size[i] for i in rows])
        given = given.transpose([rows.index(i) for i in (*own, *left, *free)])
        given = given.reshape([*(size[i] for i in own), height, math.prod(size[i] for i in free)])
        try:
            found = np.linalg.solve(blocks, given)
        except np.linalg.LinAlgError:
            raise SingularError(f"a block of the map is singular (its shape is {height}×{width})") from None
        order = [*own, *right, *free]
        found = found.reshape([size[i] for i in order])
        return np.ascontiguousarray(found.transpose([order.index(i) for i in columns]))

    def linear_operator(self) -> LinearOperator:
        """The map on flattened arrays as a `scipy.sparse.linalg.LinearOperator`."""
        from scipy.sparse.linalg import LinearOperator

        rows, columns = self._halves()
        turned = Structured(self.core.conj(), columns + rows, self._turned_shape())
        shape = (math.prod(self.shape[: len(rows)]), math.prod(self.shape[len(rows) :]))
        return LinearOperator(
            shape,
            matvec=lambda x: self.matvec(x).ravel(),
            dtype=self.core.dtype,
            rmatvec=lambda x: turned.matvec(x).ravel(),
        )

    def _turned_shape(self) -> tuple[int, ...]:
        half = len(self.shape) // 2
        return self.shape[half:] + self.shape[:half]
