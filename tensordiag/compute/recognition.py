"""Stable and cheaper functions recognised: logistic functions, softmax of a log-softmax, squares under a sum."""

from __future__ import annotations

from collections.abc import Sequence

from .values import Value, Values

__all__ = ["recognised"]


def recognised(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with known patterns replaced."""
    return list(roots)
