"""Array libraries that a program can run on: NumPy, torch, JAX."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np

from ..errors import BackendError, did_you_mean
from .implementations import implementation, largest_exponent, registered_arrays
from .library_functions import library_implementation
from .slicing import run_slices

__all__ = ["BACKENDS", "Backend", "find_backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """An array library: what the names in a program's source mean there.

    `header` is the source of those names for programs that compute in a type, `scope` the names themselves;
    `implementation` gives a function's array implementation by name; `finished` is what
    becomes of the program (`jit`); `array_type` the type of the arrays, to which `as_array` brings others.
    `promotes` says that arrays of one product must have one type (`promoted`), `copies` that arrays can be changed in
    place, so that results must not share memory (`copy`), `compiles` that programs are compiled for seconds, beside
    which a longer search for the best program does not matter.
    """

    name: str
    header: Callable[[Any], list[str]]
    scope: Callable[[Any], dict[str, Any]]
    implementation: Callable[[str], Any]
    finished: Callable[[Callable[..., Any]], Callable[..., Any]]
    array_type: type
    as_array: Callable[[str, Any], Any] | None = None
    default_dtype: Any = np.float64
    promotes: bool = False
    copies: bool = False
    compiles: bool = False

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
        "where": np.where,
        "number": dtype.type,
        "largest": largest_exponent(dtype),
        "run_slices": run_slices,
    }


def _numpy_header(dtype: Any) -> list[str]:
    return [
        "import numpy as np",
        "from numpy import add, array, dot, einsum, empty, exp, eye, full, greater, matmul, maximum, minimum, multiply",
        "from numpy import reciprocal, subtract, where, zeros",
        f"total, dtype, number = np.add.reduce, np.dtype({dtype.name!r}), np.{dtype.name}",
        f"largest = {largest_exponent(dtype)}  # whose exponential is finite",
    ]


def _defined(header: Callable[[Any], list[str]]) -> Callable[[Any], dict[str, Any]]:
    """The names that a header defines."""

    def scope(dtype: Any) -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec("\n".join(header(dtype)), names)  # our own lines and the name of a type only
        return names

    return scope


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


NUMPY = Backend("numpy", _numpy_header, _numpy_scope, implementation, _as_it_is, np.ndarray)


def _jax_header(dtype: Any) -> list[str]:
    name = np.dtype(dtype).name
    return [
        "import jax.numpy as xp",
        "from jax.numpy import transpose as turn",
        "def constant(values, like=None): return xp.asarray(values)",
        f"def eye(size, like=None): return xp.eye(size, dtype={name!r})",
        f"def full(shape, value, like=None): return xp.full(shape, value, {name!r})",
    ]


def _as_jax(name: str, value: Any) -> Any:
    import jax.numpy as jnp

    array = jnp.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(float)


@cache
def _jax() -> Backend:
    import jax
    import jax.numpy as jnp
    from jax.scipy import linalg, special

    find = library_implementation(jnp, special, linalg.expm, registered_arrays("jax"))
    with jax.ensure_compile_time_eval():  # the first use may be inside a traced function
        one = jnp.asarray(1.0)
    return Backend(
        "jax",
        _jax_header,
        _defined(_jax_header),
        find,
        jax.jit,
        type(one),
        _as_jax,
        default_dtype=one.dtype,
        compiles=True,
    )


def _torch_header(dtype: Any) -> list[str]:
    return [
        "from functools import reduce",
        "import torch as xp",
        "from torch import permute as turn",
        "def device(like): return None if like is None else like.device",
        "def constant(values, like=None): return xp.as_tensor(values, device=device(like))",
        f"def eye(size, like=None): return xp.eye(size, dtype={_in_xp(dtype)}, device=device(like))",
        f"def full(shape, value, like=None): return xp.full(shape, value, dtype={_in_xp(dtype)}, device=device(like))",
        "def copy(array): return xp.clone(xp.resolve_conj(array))",
        "def promoted(*arrays):",
        "    dtype = reduce(xp.promote_types, [array.dtype for array in arrays])",
        "    return [array.to(dtype) for array in arrays]",
    ]


def _in_xp(dtype: Any) -> str:
    """torch's name of a type."""
    return str(dtype).replace("torch.", "xp.")


def _as_torch(name: str, value: Any) -> Any:
    import torch

    array = torch.as_tensor(value)
    return array if array.is_floating_point() or array.is_complex() else array.to(torch.float64)


@cache
def _torch() -> Backend:
    import torch

    find = library_implementation(torch, torch.special, torch.linalg.matrix_exp, registered_arrays("torch"))
    return Backend(
        "torch",
        _torch_header,
        _defined(_torch_header),
        find,
        _as_it_is,
        torch.Tensor,
        _as_torch,
        default_dtype=torch.float64,
        promotes=True,
        copies=True,
    )


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
