"""The value of an expression as an array: planned and checked first, then computed piece by piece."""

from __future__ import annotations

import cmath
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.expressions import Expr, Structural, Tensor
from ..errors import BackendError, MemoryLimitError, OrderError
from .arrays import Array, Binding, bind, known_tensors
from .implementations import implementation
from .kernels import contract_pair, expand, reduce_to
from .networks import Operand, SizedNetwork, entries, sized
from .paths import Path, find_path
from .structure import Combination, Contraction, Piece, pieces

__all__ = ["check_memory", "default_memory_limit", "evaluate"]


def evaluate(
    expr: Expr,
    arrays: Mapping[str, Any] | None = None,
    /,
    *,
    sizes: Mapping[str, int] | None = None,
    log: bool = False,
    memory_limit: int | None = None,
    backend: str | None = None,
    **named: Any,
) -> Any:
    """The value of an expression: its open legs are the axes of the array.

    Parameters
    ----------
    expr
        Any expression.
    arrays, named
        Arrays by tensor name, in a mapping or as keywords (a tensor that is called like an option goes through
        the mapping).  Every tensor that occurs needs one; one that was only declared may have one.
    sizes
        Sizes of named dimensions that no array has.
    log
        For a scalar: return (sign, log of the absolute value), with magnitudes kept apart on the way, so that
        nothing overflows or underflows.
    memory_limit
        Bytes that the intermediates may take together; three quarters of the machine's memory by default.
    backend
        ``"numpy"`` (the default), or ``"torch"`` or ``"jax"``, which gives an array of that library.

    Returns
    -------
    A fresh array, or a NumPy scalar for an expression without legs.  float32, float64 and complex types are kept;
    ints and bools become float64, float16 becomes float32; mixed types promote as in NumPy.

    Raises
    ------
    UnknownTensorError
        for a name that the expression does not know, or a missing array.
    ShapeError
        for an array that does not fit its tensor; it names the leg, the dimension and both sizes.
    MemoryLimitError
        before anything is allocated; it names the intermediate.
    SingularError
        for a singular matrix under ``inv``.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> float(evaluate(x @ A @ x, x=[1.0, 2.0], A=[[1, 0], [0, 3]]))
    13.0
    """
    if backend not in (None, "numpy"):
        raise BackendError(f"unknown backend {backend!r}; known here: numpy")
    if log and expr.order:
        raise OrderError(f"log=True needs a scalar, but {expr!r} has {expr.order} legs")
    base = expr.base
    steps = pieces([base])
    occurring = _occurring(base, steps)
    binding = bind(known_tensors([expr]), {t.name for t in occurring}, arrays, sizes, named)
    plan = _plan(steps, binding)
    check_memory(plan, steps, base, binding, memory_limit)
    return _run(base, steps, plan, binding, log)


def _occurring(root: Expr, steps: Mapping[Expr, Piece]) -> set[Tensor]:
    found = {box for piece in steps.values() for box in piece.operands if isinstance(box, Tensor)}
    return found | {root} if isinstance(root, Tensor) else found


# -- planning ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Planned:
    """A network at its sizes and the order of its pairs."""

    network: SizedNetwork
    path: Path


def _plan(steps: Mapping[Expr, Piece], binding: Binding) -> dict[Expr, _Planned]:
    made: dict[Expr, _Planned] = {}
    for node, piece in steps.items():
        if isinstance(piece, Contraction):
            network = sized(piece, [dim.value(binding.sizes) for dim in piece.dims])
            sets = [frozenset(operand.indices) for operand in network.operands]
            path = find_path(sets, network.kept, network.size) if len(sets) > 1 else []
            made[node] = _Planned(network, path)
    return made


def default_memory_limit() -> int:
    """Three quarters of the machine's memory, in bytes (2⁶² where the system does not say)."""
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4)
    except (AttributeError, ValueError, OSError):
        return 2**62


def check_memory(
    plan: Mapping[Expr, _Planned], steps: Mapping[Expr, Piece], root: Expr, binding: Binding, limit: int | None
) -> int:
    """The peak of all intermediates in bytes; `MemoryLimitError` names the first that goes over the limit."""
    bound = default_memory_limit() if limit is None else limit
    width = binding.dtype.itemsize
    last = {box: node for node, piece in steps.items() for box in piece.operands}
    live: dict[Expr, int] = {}
    total = peak = 0
    for node, piece in steps.items():
        shape = [dim.value(binding.sizes) for dim in node.dims]
        rows = _intermediates(plan[node]) if node in plan else []
        inside: dict[int, int] = {}
        for number, what, row, gone in [*rows, (-1, _describe(node), tuple(shape), ())]:
            need = math.prod(row) * width
            total += need
            peak = max(peak, total)
            if total > bound:
                raise MemoryLimitError(
                    f"computing this needs {_bytes(total)} at once, over the limit of {_bytes(bound)}: "
                    f"the intermediate {what} has shape {tuple(row)} ({_bytes(need)}); "
                    "pass a larger memory_limit= if the machine has it"
                )
            inside[number] = need
            total -= sum(inside.pop(k, 0) for k in gone)
        live[node] = inside.pop(-1)
        total -= sum(inside.values())
        for box in set(piece.operands):
            if last[box] == node and box != root:
                total -= live.pop(box, 0)
    return peak


def _intermediates(planned: _Planned) -> list[tuple[int, str, tuple[int, ...], tuple[int, int]]]:
    """(number, description, shape, what dies) for all pairs but the last one, which is the result."""
    network = planned.network
    rows: list[frozenset[int]] = [frozenset(operand.indices) for operand in network.operands]
    names = [[_describe(operand.expr)] for operand in network.operands]
    alive = set(range(len(rows)))
    made: list[tuple[int, str, tuple[int, ...], tuple[int, int]]] = []
    for a, b in planned.path:
        alive -= {a, b}
        rest = network.kept.union(*(rows[k] for k in alive))
        rows.append((rows[a] | rows[b]) & rest)
        names.append((names[a] + names[b])[:7])
        alive.add(len(rows) - 1)
        shape = tuple(network.size[i] for i in sorted(rows[-1]))
        text = "·".join(names[-1][:6]) + ("…" if len(names[-1]) > 6 else "")
        made.append((len(rows) - 1, text, shape, (a, b)))
    return made[:-1]


def _describe(expr: Expr | None) -> str:
    return expr.name if isinstance(expr, Tensor) else "δ" if expr is None else repr(expr)


def _bytes(count: int) -> str:
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


# -- running -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Value:
    """An array times exp(exponent); the exponent stays 0 unless logarithms were asked for."""

    array: Array
    exponent: float = 0.0


def _run(root: Expr, steps: Mapping[Expr, Piece], plan: Mapping[Expr, _Planned], binding: Binding, log: bool) -> Any:
    values: dict[Expr, _Value] = {}

    def value(box: Expr) -> _Value:
        if isinstance(box, Tensor):
            array = binding.arrays[box.name]
            return _Value(array.conj() if box.conjugate else array)
        return values[box]

    last = {box: node for node, piece in steps.items() for box in piece.operands}
    for node, piece in steps.items():
        operands = [value(box) for box in piece.operands if not isinstance(box, Structural)]
        if isinstance(piece, Contraction):
            values[node] = _contract(plan[node], operands, binding, log)
        elif isinstance(piece, Combination):
            values[node] = _combine(piece, operands, binding, log)
        else:
            arrays = [v.array * math.exp(v.exponent) if v.exponent else v.array for v in operands]
            values[node] = _Value(np.asarray(implementation(piece.function)(*arrays, *piece.params)))
        for box in piece.operands:
            if last[box] == node and box != root:
                values.pop(box, None)
    found = value(root)
    return _sign_and_log(found) if log else _fresh(found.array, binding)


def _fresh(array: Array, binding: Binding) -> Any:
    """A result of its own: no view of an input."""
    if array.ndim == 0:
        return array[()]
    if any(np.may_share_memory(array, given) for given in binding.arrays.values()) or not array.flags.writeable:
        return array.copy()
    return np.ascontiguousarray(array)


def _sign_and_log(value: _Value) -> tuple[Any, float]:
    number = complex(value.array) if np.iscomplexobj(value.array) else float(value.array)
    if number == 0:
        return 0.0, -math.inf
    sign = number / abs(number) if isinstance(number, complex) else math.copysign(1.0, number)
    return sign, cmath.log(abs(number)).real + value.exponent


def _normalised(array: Array, exponent: float, log: bool) -> _Value:
    if not log:
        return _Value(array, exponent)
    top = float(np.abs(array).max(initial=0.0))
    if top == 0 or not math.isfinite(top):
        return _Value(array, exponent)
    return _Value(array / top, exponent + math.log(top))


def _contract(planned: _Planned, values: Sequence[_Value], binding: Binding, log: bool) -> _Value:
    network = planned.network
    given = {id(operand): v for operand, v in zip(_plain(network), values, strict=False)}
    start = [given.get(id(operand), _Value(np.empty(0))) for operand in network.operands]
    arrays = [_viewed(operand, v.array, binding) for operand, v in zip(network.operands, start, strict=True)]
    made = [_normalised(a, v.exponent, log) for a, v in zip(arrays, start, strict=True)]
    rows = [operand.indices for operand in network.operands]
    kept, alive = network.kept, set(range(len(rows)))
    counts = _counts(rows, kept)
    for a, b in planned.path:
        alive -= {a, b}
        for i in {*rows[a], *rows[b]}:
            counts[i] -= (i in rows[a]) + (i in rows[b])
        rest = {i for i in {*rows[a], *rows[b]} if counts[i]}
        array, row = contract_pair(made[a].array, rows[a], made[b].array, rows[b], rest)
        made.append(_normalised(array, made[a].exponent + made[b].exponent, log))
        rows.append(row)
        made[a] = made[b] = _Value(_NOTHING)
        for i in row:
            counts[i] += 1
    if not made:
        made, rows = [_Value(np.ones((), binding.dtype))], [()]
    array, row = reduce_to(made[-1].array, rows[-1], kept)
    if network.coefficient != 1:
        array = array * _plain_number(network.coefficient)
    if row != network.output or network.fixed:
        array = expand(array, row, network.output, network.size, network.fixed)
    return _normalised(np.asarray(array).reshape(network.shape), made[-1].exponent, log)


_NOTHING = np.empty(0)


def _plain(network: SizedNetwork) -> list[Operand]:
    return [operand for operand in network.operands if operand.expr is not None]


def _counts(rows: Sequence[tuple[int, ...]], kept: frozenset[int]) -> dict[int, int]:
    counts = dict.fromkeys(kept, 1)
    for row in rows:
        for i in set(row):
            counts[i] = counts.get(i, 0) + 1
    return counts


def _plain_number(number: Any) -> Any:
    return number if isinstance(number, (int, complex)) and abs(number) < 2**53 else float(number)


def _viewed(operand: Operand, array: Array, binding: Binding) -> Array:
    if operand.expr is None:
        assert operand.shape is not None
        side = math.isqrt(entries(range(len(operand.shape)), dict(enumerate(operand.shape))))
        return np.eye(side, dtype=binding.dtype).reshape(operand.shape)
    if operand.shape is not None:
        array = array.reshape(operand.shape)
    if operand.select is not None:
        array = np.asarray(array[tuple(slice(None) if s is None else s for s in operand.select)])
    return array


def _combine(piece: Combination, values: Sequence[_Value], binding: Binding, log: bool) -> _Value:
    shape = [dim.value(binding.sizes) for dim in piece.dims]
    if not values:
        return _Value(np.zeros(shape, binding.dtype))
    top = max(v.exponent for v in values)
    total: Any = None
    for (coefficient, _), v in zip(piece.terms, values, strict=True):
        factor = _plain_number(coefficient)
        if v.exponent != top:
            factor = factor * math.exp(v.exponent - top)
        part = v.array if factor == 1 else v.array * factor
        total = part if total is None else total + part
    return _normalised(np.asarray(total), top, log)


