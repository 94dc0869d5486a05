"""Functions outside their domain: a warning that names the function and the entries, an error that names the matrix.

A program runs without these checks.  Where NumPy meets an invalid number or a singular matrix, the program runs once
more with them, to find out what it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import SingularError
from .arrays import Array
from .implementations import implementation
from .values import Value, below

__all__ = ["checked", "is_limited", "with_checks"]


def _is_whole(exponent: Any) -> bool:
    return not isinstance(exponent, complex) and exponent == int(exponent)


def _power_outside(x: Array, exponent: Any) -> Any:
    outside = x == 0 if not isinstance(exponent, complex) and exponent < 0 else np.zeros(np.shape(x), bool)
    return outside | (x < 0) if not _is_whole(exponent) and not np.iscomplexobj(x) else outside


def _below(bound: float) -> Callable[[Array], Any]:
    return lambda x: x == bound if np.iscomplexobj(x) else x <= bound


def _beyond_one(x: Array) -> Any:
    return np.zeros(np.shape(x), bool) if np.iscomplexobj(x) else np.abs(x) > 1


_OUTSIDE: dict[str, tuple[Callable[..., Any], str]] = {
    "log": (_below(0), "positive numbers"),
    "log1p": (_below(-1), "numbers over -1"),
    "arcsin": (_beyond_one, "numbers from -1 to 1"),
    "arccos": (_beyond_one, "numbers from -1 to 1"),
    "power": (_power_outside, "numbers that have this power"),
}
_SOLVING = frozenset({"inv", "solve"})


def is_limited(value: Value) -> bool:
    """Whether a value is a function that is not defined everywhere."""
    return value.kind == "apply" and (value.data[0] in _OUTSIDE or value.data[0] in _SOLVING)


def checked(name: str, value: Value | None) -> Callable[..., Any]:
    """The implementation of a function that says what is outside its domain; `value` is what it computes."""
    made = implementation(name)
    if name in _SOLVING and value is not None:
        return lambda *arrays: _regular(made, _names(value.operands[0]), arrays)
    if name not in _OUTSIDE:
        return made

    def function(x: Array, *params: Any) -> Any:
        _warn(name, np.asarray(x), params)
        with np.errstate(divide="ignore", invalid="ignore"):
            return made(x, *params)

    return function


def _warn(name: str, x: Array, params: tuple[Any, ...]) -> None:
    test, domain = _OUTSIDE[name]
    outside = x[test(x, *params)]
    if outside.size == 0:
        return
    called = f"power {', '.join(map(str, params))}" if params else name
    span = f"from {outside.min():.6g} to {outside.max():.6g}" if outside.size > 1 else f"{outside[0]:.6g}"
    warnings.warn(
        f"{called} takes {domain}, but {outside.size} of {x.size} entries are outside ({span}); "
        "their values are infinite or nan, as in NumPy",
        RuntimeWarning,
        stacklevel=2,
    )


def _names(value: Value) -> str:
    names = sorted({v.data for v in below([value]) if v.kind == "input"})
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")


def _regular(made: Callable[..., Any], names: str, arrays: tuple[Array, ...]) -> Any:
    try:
        return made(*arrays)
    except SingularError:
        shape = arrays[0].shape
        of = f", made of {names}" if names else ""
        raise SingularError(f"the matrix under inv is singular (shape {shape}{of}); try pinv") from None


def with_checks(
    run: Callable[[Mapping[str, Any]], Any], make: Callable[[], Callable[[Mapping[str, Any]], Any]]
) -> Callable[[Mapping[str, Any]], Any]:
    """A program that tells what was wrong: `make` gives the same program with checked functions."""

    def program(given: Mapping[str, Any]) -> Any:
        try:
            with np.errstate(divide="raise", invalid="raise"):
                return run(given)
        except FloatingPointError:
            state = np.geterr()
            again = make() if "warn" in (state["divide"], state["invalid"]) else run
        except SingularError:
            again = make()
        return again(given)

    return program
