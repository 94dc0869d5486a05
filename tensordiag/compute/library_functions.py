"""The array table of functions for torch and JAX, whose namespaces agree on most names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import BackendError
from .implementations import SHARED_NAMES

__all__ = ["library_implementation"]


def library_implementation(
    xp: Any, special: Any, expm: Callable[[Any], Any], registered: dict[str, Callable[..., Any]]
) -> Callable[[str], Any]:
    """The lookup by name for the namespace `xp`; `special` has erf and logsumexp of the library.

    A name that is neither known nor registered is a `BackendError`.
    """
    table: dict[str, Callable[..., Any]] = {name: getattr(xp, name) for name in SHARED_NAMES}
    table |= {
        "relu": lambda x: xp.where(x > 0, x, xp.zeros_like(x)),
        "step": lambda x: xp.where(x > 0, xp.ones_like(x), xp.zeros_like(x)),
        "sigmoid": lambda x: _sigmoid(xp, special, x),
        "softplus": lambda x: xp.where(x > 0, x, xp.zeros_like(x)) + xp.log1p(xp.exp(-xp.abs(x))),
        "erf": special.erf,
        "gelu": lambda x: 0.5 * x * (special.erf(x * 0.5**0.5) + 1),
        "power": lambda x, exponent: x**exponent,
        "pow": lambda x, y: x**y,
        "inv": xp.linalg.inv,
        "solve": xp.linalg.solve,
        "det": xp.linalg.det,
        "logdet": lambda x: xp.linalg.slogdet(x)[1],
        "adj": lambda x: _adjugate(xp, x),
        "pinv": xp.linalg.pinv,
        "expm": expm,
        "frechet": lambda x, e, name: _frechet(xp, expm, x, e, name),
        "eigvalsh": lambda x: xp.linalg.eigvalsh((x + x.T) / 2),
        "eigvecsh": lambda x: xp.linalg.eigh((x + x.T) / 2)[1],
        "top": lambda x, *legs: _top(xp, x, legs),
        "below_top": lambda x, top, *legs: _below_top(x, top, legs),
        "log_share": lambda t, s, *legs: t - xp.log(s).reshape(_with_legs(t, legs)),
        "log_total": lambda s, top: xp.log(s) + top,
        "reciprocal": lambda x: 1 / x,
        "softmax": lambda x, *legs: _softmax(xp, x, legs),
        "logsoftmax": lambda x, *legs: x - _over(special, x, legs),
        "logsumexp": lambda x, *legs: special.logsumexp(x, legs),
        "max": xp.max,
        "argmax": lambda x: _shared_mask(xp, x),
    }

    def find(name: str) -> Callable[..., Any]:
        found = registered.get(name) or table.get(name)
        if found is None:
            raise BackendError(f"the function {name!r} has no implementation here; give one with register_array")
        return found

    return find


def _sigmoid(xp: Any, special: Any, x: Any) -> Any:
    return 0.5 * xp.tanh(0.5 * x) + 0.5 if "complex" in str(x.dtype) else special.expit(x)


def _with_legs(x: Any, legs: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of x with one place along the legs."""
    return tuple([1 if leg in legs else size for leg, size in enumerate(x.shape)])


def _over(special: Any, x: Any, legs: tuple[int, ...]) -> Any:
    return special.logsumexp(x, legs).reshape(_with_legs(x, legs))


def _top(xp: Any, x: Any, legs: tuple[int, ...]) -> Any:
    """The largest real part along the legs, 0 where it is not finite."""
    real = xp.real(x)
    found = xp.amax(real, legs)
    return xp.where(xp.isfinite(found), found, xp.zeros_like(found))


def _below_top(x: Any, top: Any, legs: tuple[int, ...]) -> Any:
    return x - top.reshape(_with_legs(x, legs))


def _softmax(xp: Any, x: Any, legs: tuple[int, ...]) -> Any:
    made = xp.exp(_below_top(x, _top(xp, x, legs), legs))
    return made / xp.sum(made, legs).reshape(_with_legs(x, legs))


def _adjugate(xp: Any, x: Any) -> Any:
    """det(U) det(V) V adj(S) Uᵀ of X = U S Vᵀ: the products of all singular values but one."""
    u, s, vh = xp.linalg.svd(x)
    mask = xp.diag(xp.ones_like(s))
    rows = [xp.prod(xp.where(mask[k] > 0, xp.ones_like(s), s)) for k in range(x.shape[0])]
    sign = xp.linalg.det(u) * xp.linalg.det(vh)
    return sign * (xp.conj(vh).T * xp.stack(rows)) @ xp.conj(u).T


def _frechet(xp: Any, expm: Callable[[Any], Any], x: Any, e: Any, name: str) -> Any:
    """The derivative of the exponential at x along e, from a block matrix."""
    if name != "expm":
        raise BackendError(f"the derivative of {name} has no implementation here; evaluate it with NumPy")
    n = x.shape[0]
    upper, lower = xp.concatenate((x, e), 1), xp.concatenate((xp.zeros_like(x), x), 1)
    return expm(xp.concatenate((upper, lower), 0))[:n, n:]


def _shared_mask(xp: Any, x: Any) -> Any:
    mask = xp.where(x == xp.max(x), xp.ones_like(x), xp.zeros_like(x))
    return mask / mask.sum()
