"""Structural constants: tensors of zeros and ones that are known by their rule and never stored."""

from __future__ import annotations

from collections.abc import Sequence

from ..dimension import DimLike, as_dimension
from ..errors import DimensionError
from .expressions import Expr, Structural, identity

__all__ = ["merge", "unit"]


def merge(dims: Sequence[DimLike]) -> Expr:
    """The tensor with legs `dims`, then their product, that joins legs into one, the first one slowest.

    Its value is 1 where the last index is the row-major rank of the others.  It is the reshape of an
    identity, and contracting it is a reshape: no array is ever made of it.
    """
    sizes = [as_dimension(d) for d in dims]
    if not sizes:
        raise DimensionError("merging needs at least one leg")
    if len(sizes) == 1:
        return identity(sizes[0])
    product = sizes[0]
    for size in sizes[1:]:
        product = product * size
    return Structural("merge", (), (*sizes, product))


def unit(dim: DimLike, index: int) -> Expr:
    """The unit vector e_index: 1 at one place, else 0.  A negative index counts from the end."""
    size = as_dimension(dim)
    number = size.number
    if number is not None and not -number <= index < number:
        raise DimensionError(f"the index {index} is out of range for a leg of dimension {number}")
    if number is not None and index < 0:
        index += number
    return Structural("unit", (index,), (size,))
