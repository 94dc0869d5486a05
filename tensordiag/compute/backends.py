"""Array libraries that a program can run on: NumPy, torch, JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import BackendError, did_you_mean

__all__ = ["BACKENDS", "Backend", "find_backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """An array library: what the names in a program's source mean there.

    `implementation` gives a function's array implementation by name (None: NumPy's table); `finished` turns the
    function of positional arrays into one of arrays by name.
    """

    name: str
    header: tuple[str, ...]
    scope: Callable[[Any], dict[str, Any]]
    implementation: Callable[[str], Any] | None
    finished: Callable[[Callable[..., Any], Sequence[str]], Callable[[Any], Any]]
    as_array: Callable[[str, Any], Any] | None = None
    itemsize: Callable[[Any], int] = lambda dtype: int(dtype.itemsize)
    default_dtype: Any = np.dtype(np.float64)


def _numpy_scope(dtype: Any) -> dict[str, Any]:
    multiarray = getattr(getattr(np, "_core", None) or np.core, "multiarray")
    return {
        "dtype": dtype, "dot": np.dot, "matmul": np.matmul, "einsum": getattr(multiarray, "c_einsum", np.einsum),
        "total": np.add.reduce, "zeros": np.zeros, "empty": np.empty, "full": np.full, "eye": np.eye,
        "array": np.array, "subtract": np.subtract, "number": dtype.type,
    }


_NUMPY_HEADER = (
    "import numpy as np",
    "from numpy import array, dot, einsum, empty, eye, full, matmul, subtract, zeros",
    "total, dtype, number = np.add.reduce, np.dtype('float64'), np.float64",
)


def _by_name(function: Callable[..., Any], names: Sequence[str]) -> Callable[[Any], Any]:
    return lambda given: function(*[given[name] for name in names])


NUMPY = Backend("numpy", _NUMPY_HEADER, _numpy_scope, None, _by_name)
BACKENDS: dict[str, Callable[[], Backend]] = {"numpy": lambda: NUMPY}


def find_backend(name: str | None) -> Backend:
    """A backend by name; `BackendError` for an unknown one or one that is not installed."""
    if name is None:
        return NUMPY
    if name not in BACKENDS:
        raise BackendError(f"unknown backend {name!r}{did_you_mean(name, BACKENDS)}")
    try:
        return BACKENDS[name]()
    except ImportError:
        raise BackendError(f"the backend {name} needs {name}: pip install {name}") from None


def _library(name: str) -> Any:
    return import_module(name)
