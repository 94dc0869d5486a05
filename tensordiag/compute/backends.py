"""Array libraries that a program can run on: NumPy, torch, JAX."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np

from ..errors import BackendError, did_you_mean
from .implementations import largest_exponent, registered_arrays
from .library_functions import library_implementation
from .slicing import run_slices

__all__ = ["BACKENDS", "Backend", "find_backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """An array library: what the names in a program's source mean there.

    `implementation` gives a function's array implementation by name (None: NumPy's table); `finished` is what
    becomes of the program (`jit`); `array_type` the type of the arrays, to which `as_array` brings others.
    """

    name: str
    header: tuple[str, ...]
    scope: Callable[[Any], dict[str, Any]]
    implementation: Callable[[str], Any] | None
    finished: Callable[[Callable[..., Any]], Callable[..., Any]]
    array_type: type
    as_array: Callable[[str, Any], Any] | None = None
    default_dtype: Any = np.float64

    def common_dtype(self, dtypes: Collection[Any]) -> Any:
        """The type that these promote to; the library's usual one without any."""
        if not dtypes:
            return self.default_dtype if self.name == "torch" else np.dtype(self.default_dtype)
        if self.name == "torch":
            import torch

            return reduce(torch.promote_types, dtypes)
        return np.result_type(*dtypes)


def _numpy_scope(dtype: Any) -> dict[str, Any]:
    multiarray = (getattr(np, "_core", None) or np.core).multiarray
    return {
        "dtype": dtype,
        "dot": np.dot,
        "matmul": np.matmul,
        "einsum": getattr(multiarray, "c_einsum", np.einsum),
        "total": np.add.reduce,
        "zeros": np.zeros,
        "empty": np.empty,
        "full": np.full,
        "eye": np.eye,
        "array": np.array,
        "subtract": np.subtract,
        "add": np.add,
        "multiply": np.multiply,
        "exp": np.exp,
        "reciprocal": np.reciprocal,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "greater": np.greater,
        "number": dtype.type,
        "largest": largest_exponent(dtype),
        "run_slices": run_slices,
    }


_NUMPY_HEADER = (
    "import numpy as np",
    "from numpy import add, array, dot, einsum, empty, exp, eye, full, greater, matmul, maximum, minimum, multiply",
    "from numpy import reciprocal, subtract, zeros",
)


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


NUMPY = Backend("numpy", _NUMPY_HEADER, _numpy_scope, None, _as_it_is, np.ndarray)


def _as_jax(name: str, value: Any) -> Any:
    import jax.numpy as jnp

    array = jnp.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(float)


@cache
def _jax() -> Backend:
    import jax
    import jax.numpy as jnp
    from jax.scipy import linalg, special

    def scope(dtype: Any) -> dict[str, Any]:
        return {
            "xp": jnp,
            "constant": jnp.asarray,
            "eye": lambda n: jnp.eye(n, dtype=dtype),
            "turn": jnp.transpose,
            "full": lambda shape, value: jnp.full(shape, value, dtype),
        }

    header = ("import jax.numpy as xp", "from jax.numpy import asarray as constant, eye, full, transpose as turn")
    find = library_implementation(jnp, special, linalg.expm, registered_arrays("jax"))
    with jax.ensure_compile_time_eval():  # the first use may be inside a traced function
        one = jnp.asarray(1.0)
    return Backend("jax", header, scope, find, jax.jit, type(one), _as_jax, default_dtype=one.dtype)


def _as_torch(name: str, value: Any) -> Any:
    import torch

    array = torch.as_tensor(value)
    return array if array.is_floating_point() or array.is_complex() else array.to(torch.float64)


@cache
def _torch() -> Backend:
    import torch

    def scope(dtype: Any) -> dict[str, Any]:
        return {
            "xp": torch,
            "constant": torch.as_tensor,
            "eye": lambda n: torch.eye(n, dtype=dtype),
            "turn": torch.permute,
            "full": lambda shape, value: torch.full(shape, value, dtype=dtype),
        }

    header = ("import torch as xp", "from torch import as_tensor as constant, eye, full, permute as turn")
    find = library_implementation(torch, torch.special, torch.linalg.matrix_exp, registered_arrays("torch"))
    return Backend("torch", header, scope, find, _as_it_is, torch.Tensor, _as_torch, default_dtype=torch.float64)


BACKENDS: dict[str, Callable[[], Backend]] = {"jax": _jax, "numpy": lambda: NUMPY, "torch": _torch}


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
