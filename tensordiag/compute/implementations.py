"""The array table of functions: for every function of the core, what computes it on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ..core.expressions import FUNCTIONS
from ..errors import ShapeError, SingularError, UnknownTensorError, did_you_mean
from .arrays import Array

__all__ = [
    "IMPLEMENTATIONS",
    "SHARED_NAMES",
    "implementation",
    "largest_exponent",
    "register_array",
    "registered_arrays",
]

Implementation: TypeAlias = Callable[..., Any]

SHARED_NAMES = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "abs",
    "sign",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "maximum",
    "minimum",
)
"""The functions that NumPy, torch and JAX call by the same name as the core."""

IMPLEMENTATIONS: dict[str, Implementation] = {}
"""By name: a function of (arrays of the arguments, then the params in order)."""


_OTHER_LIBRARIES: dict[str, dict[str, Implementation]] = {}


def register_array(name: str, implementation: Implementation, backend: str = "numpy") -> None:
    """Say how a function is computed: `implementation(*arrays, *params)` gives the array of its value.

    >>> register_array("exp", np.exp)
    """
    registered_arrays(backend)[name] = implementation


def registered_arrays(backend: str) -> dict[str, Implementation]:
    """The table that `register_array` fills for an array library."""
    return IMPLEMENTATIONS if backend == "numpy" else _OTHER_LIBRARIES.setdefault(backend, {})


def implementation(name: str) -> Implementation:
    """The array implementation of a function; `UnknownTensorError` where none is registered."""
    if name not in IMPLEMENTATIONS:
        raise UnknownTensorError(
            f"the function {name!r} has no array implementation{did_you_mean(name, IMPLEMENTATIONS)}"
            if name not in FUNCTIONS
            else f"the function {name!r} has no array implementation; give one with register_array({name!r}, …)"
        )
    return IMPLEMENTATIONS[name]


# -- elementwise ---------------------------------------------------------------------------------------


def _like(x: Array, condition: Any) -> Any:
    """A condition as numbers of the type of `x`."""
    return np.asarray(condition).astype(x.real.dtype)[()]


def relu(x: Array) -> Any:
    """The larger of x and 0."""
    return np.maximum(x, 0)


def step(x: Array) -> Any:
    """1 where x is positive, else 0: the derivative of relu that is 0 at 0."""
    return _like(np.asarray(x), x > 0)


def largest_exponent(dtype: Any) -> float:
    """A number whose exponential is finite in a type, and almost the largest."""
    return float(np.floor(np.log(np.finfo(dtype).max)))


def sigmoid(x: Array) -> Any:
    """1/(1 + exp(−x)) without overflow, exact to rounding in both tails."""
    x = np.asarray(x)
    if np.iscomplexobj(x):
        return _complex_sigmoid(x)
    made = np.exp(np.minimum(-x, x.dtype.type(largest_exponent(x.dtype))))
    return 1 / (1 + made)


def _complex_sigmoid(x: Array) -> Any:
    """exp(x)/(1 + exp(x)), or 1/(1 + exp(−x)): whichever exponential is small."""
    negative = np.real(x) < 0
    small = np.exp(np.where(negative, x, -x))
    return np.where(negative, small, 1)[()] / (1 + small)


def _principal(x: Any) -> Any:
    """A logarithm with its imaginary part between −π and π, as the logarithm itself has it; real ones as they are."""
    if not np.iscomplexobj(x):
        return x
    turns = np.round(np.imag(x) / (2 * np.pi))
    return x - np.asarray(2j * np.pi, dtype=np.asarray(x).dtype)[()] * turns


_FEW = 128


def softplus(x: Array) -> Any:
    """log(1 + exp(x)) without overflow."""
    if np.iscomplexobj(x):
        positive = np.real(x) > 0
        return _principal(np.where(positive, x, 0) + np.log1p(np.exp(np.where(positive, -x, x))))
    if np.size(x) < _FEW:  # one slow call instead of six fast ones
        return np.logaddexp(x, np.asarray(x).dtype.type(0))
    made = np.abs(x)
    np.negative(made, made)
    np.exp(made, made)
    np.log1p(made, made)
    made += np.maximum(x, 0)
    return made


def erf(x: Array) -> Any:
    """The error function (scipy, loaded on first use)."""
    from scipy import special

    return special.erf(x)


def gelu(x: Array) -> Any:
    """x times the normal distribution function of x."""
    root = np.asarray(np.sqrt(0.5), dtype=np.asarray(x).dtype)[()]
    return x * (0.5 * (erf(root * x) + 1))


_SMALL_POWERS: dict[Any, Callable[[Any], Any]] = {
    -1: lambda x: 1 / x,
    Fraction(1, 2): np.sqrt,
    Fraction(-1, 2): lambda x: 1 / np.sqrt(x),
    2: lambda x: x * x,
    -2: lambda x: 1 / (x * x),
    Fraction(3, 2): lambda x: x * np.sqrt(x),
    Fraction(-3, 2): lambda x: 1 / (x * np.sqrt(x)),
    3: lambda x: x * x * x,
    -3: lambda x: 1 / (x * x * x),
    4: lambda x: np.square(x * x),
    -4: lambda x: 1 / np.square(x * x),
}


def power(x: Array, exponent: Any) -> Any:
    """The power with a number as exponent; a negative one is 1 over the positive power."""
    simple = _SMALL_POWERS.get(exponent)
    if simple is not None:
        return simple(x)
    value = complex(exponent) if isinstance(exponent, complex) else float(exponent)
    return np.power(
        x,
        np.asarray(value, dtype=np.result_type(np.asarray(x).dtype, type(value)))[()]
        if isinstance(value, complex)
        else np.asarray(value, dtype=np.asarray(x).dtype)[()],
    )


# -- matrices ------------------------------------------------------------------------------------------


def inv(x: Array) -> Any:
    """The inverse; `SingularError` names the shape of a singular matrix."""
    if x.size == 0:
        return x.copy()
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        raise SingularError(f"the matrix under inv is singular (shape {x.shape}); try pinv") from None


def solve(x: Array, b: Array) -> Any:
    """inv(x) @ b from one factorisation."""
    if x.size == 0:
        return np.zeros(b.shape, np.result_type(x, b))
    try:
        return np.linalg.solve(x, b[:, None])[:, 0] if b.ndim == 1 else np.linalg.solve(x, b)
    except np.linalg.LinAlgError:
        raise SingularError(f"the matrix under inv is singular (shape {x.shape}); try pinv") from None


def logdet(x: Array) -> Any:
    """The logarithm of the absolute value of the determinant."""
    return np.linalg.slogdet(x)[1]


def adj(x: Array) -> Any:
    """The adjugate, also of a singular matrix: from X = U S Vᵀ it is det(U) det(V) V adj(S) Uᵀ."""
    n = len(x)
    if n == 0:
        return x.copy()
    u, s, vh = np.linalg.svd(x)
    without = np.array([np.prod(np.delete(s, k)) for k in range(n)], dtype=s.dtype)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (sign * (vh.conj().T * without) @ u.conj().T).astype(x.dtype)


def pinv(x: Array) -> Any:
    """The pseudoinverse; singular values below the rounding of the type count as 0."""
    return np.linalg.pinv(x, max(x.shape, default=0) * np.finfo(x.dtype).eps)


# -- along legs ----------------------------------------------------------------------------------------


def _along(total: Any, legs: tuple[int, ...], x: Array) -> Any:
    """Numbers for the other legs of x, as an array with one place along the legs."""
    if legs == (x.ndim - 1,):
        return total[..., None]
    return np.reshape(total, [1 if leg in legs else size for leg, size in enumerate(x.shape)])


def top(x: Array, *legs: int) -> Any:
    """The largest entry along the legs, 0 where it is not finite or there is none."""
    if x.size == 0:
        return np.zeros([size for leg, size in enumerate(x.shape) if leg not in legs], x.dtype)
    found = np.maximum.reduce(x, legs)
    if not np.logical_and.reduce(np.isfinite(found), None):
        found = np.where(np.isfinite(found), found, 0).astype(x.dtype, copy=False)
    return found


def below_top(x: Array, largest: Array, *legs: int) -> Any:
    """x less its largest entries along the legs."""
    return x - _along(largest, legs, x)


def log_share(t: Array, s: Array, *legs: int) -> Any:
    """t − log s along the legs."""
    return _principal(t - _along(np.log(s), legs, t))


def log_total(s: Array, largest: Array) -> Any:
    """log s and the largest entry that was taken off before; the empty sum is 0, its logarithm −∞."""
    with np.errstate(divide="ignore"):
        return _principal(np.log(s) + largest)


def softmax(x: Array, *legs: int) -> Any:
    """exp(x) over its sum along the legs, without overflow."""
    made = below_top(x, top(x, *legs), *legs)
    np.exp(made, made)
    made /= np.add.reduce(made, legs, keepdims=True)
    return made


def logsoftmax(x: Array, *legs: int) -> Any:
    """The logarithm of the softmax along the legs, without overflow."""
    made = below_top(x, top(x, *legs), *legs)
    return log_share(made, np.add.reduce(np.exp(made), legs), *legs)


def logsumexp(x: Array, *legs: int) -> Any:
    """log Σ exp(x) along the legs, without overflow."""
    largest = top(x, *legs)
    made = below_top(x, largest, *legs)
    return log_total(np.add.reduce(np.exp(made, made), legs), largest)


def largest(x: Array) -> Any:
    """The largest entry; `ShapeError` for an empty array."""
    if x.size == 0:
        raise ShapeError(f"the largest entry of an empty array (shape {x.shape}) does not exist")
    return x.max()


def argmax(x: Array) -> Any:
    """A mask of the largest entries that adds up to 1: ties share equally."""
    if x.size == 0:
        return np.zeros_like(x)
    mask = _like(x, x == x.max())
    return mask / mask.sum()


IMPLEMENTATIONS.update(
    {name: getattr(np, name) for name in SHARED_NAMES},
    relu=relu,
    step=step,
    sigmoid=sigmoid,
    softplus=softplus,
    erf=erf,
    gelu=gelu,
    power=power,
    pow=np.power,
    inv=inv,
    solve=solve,
    det=np.linalg.det,
    logdet=logdet,
    adj=adj,
    pinv=pinv,
    top=top,
    below_top=below_top,
    log_share=log_share,
    log_total=log_total,
    reciprocal=np.reciprocal,
    softmax=softmax,
    logsoftmax=logsoftmax,
    logsumexp=logsumexp,
    max=largest,
    argmax=argmax,
)
