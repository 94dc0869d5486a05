"""The NumPy call for the product of two arrays: dot, a stack of products, a sum over a stack, or einsum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .array_views import as_matrix, as_stack, broadcast
from .layouts import stacked_lead, summed_order
from .writers import letters

__all__ = ["Call", "factors", "product_call"]

Indices = tuple[int, ...]
Rows = tuple[Indices, Indices]
Group = Sequence[int]

_LARGE_PRODUCT = 4096
_MATMUL_COPIES = np.lib.NumpyVersion(np.__version__) >= "2.3.0"  # operands with strides; earlier ones loop over them


@dataclass(frozen=True, slots=True)
class Call:
    """A kernel by name and its source: a template of the operands' names and, where it `fills` one, of a buffer."""

    kernel: str
    template: str
    fills: bool = False

    def text(self, a: str, b: str, buffer: str | None = None) -> str:
        """The source for operands of these names."""
        return self.template.format(a, b, "" if buffer is None else f", {buffer}")


@lru_cache(maxsize=4096)
def product_call(rows: Rows, order: int, shapes: Rows, same: bool) -> Call | None:
    """The call for a product with the axes 0, 1, … of operands with these axes; None where nothing is summed.

    `same` says that the operands are one array.
    """
    ra, rb = rows
    size = dict(zip(ra + rb, shapes[0] + shapes[1], strict=True))
    summed = [i for i in ra if i in rb and i >= order]
    if not summed:
        return None
    batch = [i for i in ra if i in rb and i < order]
    left, right = sorted(i for i in ra if i not in rb), sorted(i for i in rb if i not in ra)
    if not batch:
        return _dot(rows, (left, right), order, size, same)
    if not left or not right:
        return Call("einsum", f"einsum({letters(ra, rb, range(order))!r}, {{0}}, {{1}})")
    first, second = as_stack("{0}", ra, batch, left, summed, size), as_stack("{1}", rb, batch, summed, right, size)
    plain = len(batch) == len(left) == len(right) == 1
    return Call("matmul", f"matmul({first}, {second})" + ("" if plain else _reshaped(order, size)))


def factors(rows: Rows, order: int, a: str, b: str) -> tuple[str, str]:
    """The source of operands whose elementwise product has the axes 0, 1, …: nothing is summed."""
    out = range(order)
    return broadcast(a, rows[0], out, leading=True), broadcast(b, rows[1], out, leading=True)


def _dot(rows: Rows, outer: tuple[Group, Group], order: int, size: dict[int, int], same: bool) -> Call:
    """No batch: one call of dot, a syrk where a matrix meets its own transpose."""
    (ra, rb), (left, right) = rows, outer
    cost, summed = summed_order(ra, rb, order, size)
    lead = stacked_lead(ra, rb, order, size) if len(summed) == 2 else None
    one, two = ("{0}", ra, left), ("{1}", rb, right)
    if left and right and right[0] < left[0]:  # the result is wanted the other way round
        one, two = two, one
    if lead is not None and cost:
        rest = [i for i in summed if i != lead]
        first, second = as_stack(*one[:2], [lead], one[2], rest, size), as_stack(*two[:2], [lead], rest, two[2], size)
        return Call("matmul", f"total(matmul({first}, {second}), 0)")
    operands = f"{as_matrix(*one, summed, size)}, {as_matrix(*two[:2], summed, two[2], size)}"
    kernel = "matmul" if left and right else "matvec" if left or right else "dot"
    if same and left and right and len(ra) == 2:
        kernel = "syrk"
    large = math.prod([size[i] for i in range(order)]) >= _LARGE_PRODUCT
    function = "matmul" if large and _suits_matmul((left, right, summed), size) else "dot"
    if len(left) == len(right) == 1:
        return Call(kernel, f"{function}({operands}{{2}})", fills=True)
    return Call(kernel, f"{function}({operands})" + ("" if order < 2 else _reshaped(order, size)))


def _reshaped(order: int, size: dict[int, int]) -> str:
    return f".reshape{tuple([size[i] for i in range(order)])}"


def _suits_matmul(groups: Sequence[Group], size: dict[int, int]) -> bool:
    """Whether matmul makes a large product faster than dot, which fills the result with zeros before."""
    return _MATMUL_COPIES and all(math.prod([size[i] for i in group]) > 3 for group in groups)
