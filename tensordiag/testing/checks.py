"""Checks of derivatives and of equal values by random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from ..calculus import diff
from ..calculus.derivatives import resolve
from ..compute import evaluate
from ..compute.arrays import known_tensors
from ..core.expressions import Apply, Expr, Tensor, add, walk
from ..core.traversal import substitute
from ..dimension import Dimension, infer_sizes
from ..errors import DifferentiationError, SingularError
from .samples import Array, draw, joint_sizes

__all__ = ["assert_same_value", "check_derivative"]

_ANALYTIC = frozenset(
    (
        *("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
        *("sigmoid", "erf", "gelu", "power", "pow", "inv", "det", "softmax", "logsoftmax", "logsumexp"),
        "expm",
    )
)
_STEP = 1e-20  # of the complex step, where nothing cancels
_TOLERANCE = {"complex step": 1e-7, "central differences": 1e-5}
_MOST_PLACES = 256
_ATTEMPTS = 8
_NEED_REGULAR = frozenset(("inv", "pinv", "logdet", "adj", "logm", "sqrtm"))
_LARGEST_CONDITION = 1e6  # beyond it rounding drowns the differences


# -- equal values --------------------------------------------------------------------------------------


def assert_same_value(a: Expr, b: Expr, *, seed: int = 0, trials: int = 3) -> None:
    """Check that two expressions have the same value on random arrays of random sizes.

    Two multilinear expressions that agree on random numbers are equal with probability 1 (Schwartz and Zippel).

    Parameters
    ----------
    a, b
        Expressions with equal legs; tensors of one name are one tensor.
    seed, trials
        Where the random numbers start, and how often new ones are drawn.

    Raises
    ------
    AssertionError
        that names the entry with the largest difference and both values there.
    OrderError, DimensionError
        for unequal legs, or a name that stands for two tensors.

    >>> import tensordiag as td
    >>> A, B = td.tensors("A[m,n] B[n,m]")
    >>> assert_same_value((A @ B).trace(), (B @ A).trace())
    """
    add([(1, a), (1, b)])  # complains where the legs differ
    for trial in range(trials):
        sizes, (_, left, right) = _sample((a, b), seed + trial)
        error = np.abs(left - right)
        bound = 1e-9 * max(np.abs(left).max(initial=0), np.abs(right).max(initial=0)) + 1e-12
        if error.max(initial=0) > bound:
            place = np.unravel_index(int(error.argmax()), error.shape)
            where = f" at [{', '.join(map(str, place))}]" if place else ""
            raise AssertionError(
                f"the values differ{where}: {left[place]} against {right[place]} "
                f"(seed {seed + trial}, sizes {dict(sorted(sizes.items()))})"
            )


def _sample(
    exprs: Sequence[Expr],
    seed: int,
    sizes: Mapping[str, int] | None = None,
    fixed: Mapping[str, Array] | None = None,
) -> tuple[dict[str, int], tuple[Any, ...]]:
    """Sizes, and (arrays, value of each expression), such that all values are finite and no inverse is near singular.

    Several sizes are tried: XᵀX is regular only where X is not wide.  `DifferentiationError` where none is found.
    """
    for attempt in range(_ATTEMPTS):
        final = joint_sizes(exprs, seed + 1000 * attempt, sizes)
        found = next(_finite(exprs, seed + 1000 * attempt, final, fixed), None)
        if found is not None:
            return final, found
    raise DifferentiationError(f"no finite value on random numbers: give arrays inside the domain of {exprs[0]!r}")


def _finite(
    exprs: Sequence[Expr], seed: int, sizes: Mapping[str, int], fixed: Mapping[str, Array] | None
) -> Iterator[tuple[Any, ...]]:
    """(arrays, value of each expression) for the kinds of random numbers on which all values are finite."""
    nodes = [node for node in walk(*exprs) if isinstance(node, Apply) and node.function in _NEED_REGULAR]
    inverted = list(dict.fromkeys(node.args[0].base for node in nodes))
    for style in ("normal", "positive", "small", "inside"):
        arrays = draw(exprs, np.random.default_rng(seed), sizes, style) | dict(fixed or {})
        try:
            values = [_value(expr, arrays, sizes) for expr in exprs]
            regular = all(_is_regular(_value(arg, arrays, sizes)) for arg in inverted)
        except (SingularError, np.linalg.LinAlgError):
            continue
        if regular and all(np.isfinite(value).all() for value in values):
            yield (arrays, *values)


def _is_regular(matrix: Array) -> bool:
    return matrix.size == 0 or bool(np.linalg.cond(matrix) < _LARGEST_CONDITION)


def _value(expr: Expr, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value, a NaN outside a domain without a warning."""
    known = {tensor.name for tensor in expr.tensors}
    given = {name: array for name, array in arrays.items() if name in known}
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(expr, given, sizes=sizes))


# -- derivatives ---------------------------------------------------------------------------------------


def check_derivative(
    expr: Expr,
    wrt: Tensor | str,
    *,
    order: int = 1,
    seed: int = 0,
    arrays: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> float:
    """Check `tensordiag.diff` against numerical differentiation.

    The first derivative is compared with differences of the expression, the second with differences of the first,
    and so on.  Where every function is analytic and the arrays are real this is a complex step, exact to rounding
    (Squire and Trapp 1998), else central differences whose step controls its own error (Ridders 1982).

    Parameters
    ----------
    expr, wrt
        As for `tensordiag.diff`; a conjugate counts as a tensor of its own.
    order
        The highest derivative to check.
    seed
        Where the random numbers start.
    arrays, sizes
        Arrays by name where random ones will not do, and sizes of named dimensions.

    Returns
    -------
    The largest relative error.

    Raises
    ------
    AssertionError
        where the derivative is wrong; it names the entry with the largest difference and both values.
    DifferentiationError
        where the expression is finite on no random arrays.

    Cost: as many evaluations as the variable has entries (at most 256 of them are taken), times the order.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> check_derivative(x @ A @ x, x, order=2) < 1e-12
    True
    """
    if order < 1:
        raise DifferentiationError(f"the order of a derivative to check is at least 1, not {order}")
    variable = resolve(expr, wrt)
    levels: list[Expr] = [expr]
    for _ in range(order):
        levels.append(diff(levels[-1], variable))
    below = levels[:-1]
    if variable.symmetric and not variable.conjugate:
        # the steps leave symmetry, so that what they are taken of must not make use of it
        loose = Tensor(variable.name, variable.dims)
        below = [substitute(expr.base, {variable: loose})]
        for _ in range(order - 1):
            below.append(diff(below[-1], loose))
    free = {t: Tensor(t.name + "*", t.dims, t.facts) for t in (variable, *walk(*levels)) if _is_conjugate(t)}
    if free:
        levels = [substitute(level, free) for level in levels]
        below = [substitute(level, free) for level in below]
    variable = free.get(variable, variable)
    levels = [level.declaring({variable}) for level in levels]
    point = _point(levels, frozenset(t.name for t in free.values()), seed, arrays, sizes)
    return max(
        _compare(low, made, _Probe(variable, number, seed), *point)
        for number, (low, made) in enumerate(zip(below, levels[1:], strict=True), 1)
    )


def _is_conjugate(node: Expr) -> TypeGuard[Tensor]:
    return isinstance(node, Tensor) and node.conjugate


@dataclass(frozen=True, slots=True)
class _Probe:
    """By what is differentiated, how often so far, and the seed of the places that are tried."""

    variable: Tensor
    order: int
    seed: int

    def places(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The entries to change, one at a time."""
        every = list(np.ndindex(*shape))
        if len(every) <= _MOST_PLACES:
            return every
        chosen = np.random.default_rng(self.seed).choice(len(every), _MOST_PLACES, replace=False)
        return [every[k] for k in sorted(chosen)]


def _point(
    levels: Sequence[Expr],
    conjugates: frozenset[str],
    seed: int,
    arrays: Mapping[str, Any] | None,
    sizes: Mapping[str, int] | None,
) -> tuple[dict[str, Array], dict[str, int]]:
    """Arrays and sizes at which every level is finite; a conjugate's array follows from its tensor's."""
    given = {name: np.asarray(array) for name, array in (arrays or {}).items()}
    fixed: dict[str, Array] = {}
    pairs: list[tuple[Dimension, int, str]] = []
    for tensor in known_tensors(levels).values():
        own = tensor.name in conjugates
        array = given.get(tensor.name.removesuffix("*") if own else tensor.name)
        if array is not None:
            fixed[tensor.name] = array.conj() if own else array
            where = f"the array for {tensor.signature}"
            pairs += [(dim, size, where) for dim, size in zip(tensor.dims, array.shape, strict=False)]
    final, (found, *_) = _sample(levels, seed, infer_sizes(sizes or {}, pairs), fixed)
    return _doubled(found), final


def _doubled(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Real arrays as float64, complex ones as complex128."""
    return {n: a.astype(np.complex128 if np.iscomplexobj(a) else np.float64) for n, a in arrays.items()}


def _compare(below: Expr, made: Expr, probe: _Probe, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> float:
    """The largest relative error of one derivative; `AssertionError` where it is beyond the tolerance."""
    at = arrays[probe.variable.name]
    functions = {node.function for node in walk(below) if isinstance(node, Apply)}
    real = not any(np.iscomplexobj(array) for array in arrays.values())
    method = "complex step" if real and functions <= _ANALYTIC else "central differences"
    estimate = _complex_step if method == "complex step" else _ridders

    def value(direction: Array) -> Array:
        return _value(below, {**arrays, probe.variable.name: at + direction}, sizes)

    derived = _value(made, arrays, sizes)
    size = max(np.abs(derived).max(initial=0), 1e-3 * np.abs(value(np.zeros_like(at))).max(initial=0), 1e-4)
    worst = 0.0
    for place in probe.places(at.shape):
        basis = np.zeros_like(at)
        basis[place] = 1
        expected, uncertain = estimate(value, basis, float(abs(at[place])))
        column: tuple[Any, ...] = (..., *place)
        got = derived[column]
        scale = max(size, np.abs(expected).max(initial=0))
        error = np.abs(got - expected)
        relative = float(error.max(initial=0) / scale)
        if not relative <= _TOLERANCE[method] + 10 * uncertain / scale:
            where = np.unravel_index(int(error.argmax()), error.shape)
            entry = ", ".join(map(str, (*where, *place)))
            raise AssertionError(
                f"derivative {probe.order} by {probe.variable.name} differs at [{entry}]: "
                f"diff gives {got[where]}, {method} {expected[where]} (relative error {relative:.1e})"
            )
        worst = max(worst, relative)
    return worst


def _complex_step(value: Callable[[Array], Array], basis: Array, size: float) -> tuple[Array, float]:
    return value(1j * _STEP * basis).imag / _STEP, 0.0


def _ridders(value: Callable[[Array], Array], basis: Array, size: float) -> tuple[Array, float]:
    """Central differences extrapolated to step 0: the best entry of the tableau, and its uncertainty."""
    step, shrink, best, uncertain = 0.05 * max(1.0, size), 1.6, None, np.inf
    above: list[Array] = []
    for _ in range(12):
        row = [(value(step * basis) - value(-step * basis)) / (2 * step)]
        for k, old in enumerate(above):
            factor = shrink ** (2 * k + 2)
            row.append((factor * row[-1] - old) / (factor - 1))
            change = float(max(np.abs(row[-1] - row[-2]).max(initial=0), np.abs(row[-1] - old).max(initial=0)))
            if change <= uncertain:
                best, uncertain = row[-1], change
        above = row if np.isfinite(row[-1]).all() else []
        step /= shrink
    if best is None:
        raise DifferentiationError("the expression is not finite around the point")
    return best, uncertain
