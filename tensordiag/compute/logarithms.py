"""Scalars in logarithms: computed piece by piece, magnitudes kept apart, so that nothing overflows."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.expressions import Expr, Structural, Tensor
from ..errors import MemoryLimitError, OrderError, counted
from .arrays import Array, Binding, bind, known_tensors
from .constants import constant_array, constant_rule
from .implementations import implementation
from .kernels import contract_pair, expand, reduce_to
from .memory import default_memory_limit, readable_bytes
from .networks import Operand, SizedNetwork, entries, is_absorbed, sized
from .paths import find_path
from .structure import Application, Combination, Contraction, Piece, pieces
from .trees import Path

__all__ = ["log_value"]


def log_value(
    expr: Expr,
    arrays: Mapping[str, Any] | None,
    named: Mapping[str, Any],
    sizes: Mapping[str, int] | None = None,
    memory_limit: int | None = None,
) -> tuple[Any, float]:
    """(sign, logarithm of the absolute value) of a scalar; neither overflows nor underflows on the way.

    Every intermediate is kept as an array with largest entry 1 and the logarithm of its magnitude.
    """
    if expr.order:
        raise OrderError(f"log=True needs a scalar, but {expr!r} has {counted(expr.order, 'leg')}")
    base = expr.base
    steps = pieces([base])
    needed = {t.name for t in _occurring(base, steps)}
    binding = bind(known_tensors([expr]), needed, arrays, sizes, named)
    plan = _plan(steps, binding)
    check_memory(plan, steps, base, binding, memory_limit)
    return _run(base, steps, plan, binding)


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
                    f"computing this needs {readable_bytes(total)} at once, over the limit of {readable_bytes(bound)}: "
                    f"the intermediate {what} has shape {tuple(row)} ({readable_bytes(need)}); "
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


# -- running -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Value:
    """An array times exp(exponent); the largest entry is 1 in magnitude or 0."""

    array: Array
    exponent: float = 0.0


def _run(root: Expr, steps: Mapping[Expr, Piece], plan: Mapping[Expr, _Planned], binding: Binding) -> tuple[Any, float]:
    values: dict[Expr, _Value] = {}

    def value(box: Expr) -> _Value:
        if isinstance(box, Structural):
            shape = [dim.value(binding.sizes) for dim in box.dims]
            rule = constant_rule(box, binding.sizes, shape)
            return _Value(constant_array(rule, shape).astype(binding.dtype))
        if isinstance(box, Tensor):
            array = binding.arrays[box.name]
            return _Value(array.conj() if box.conjugate else array)
        return values[box]

    last = {box: node for node, piece in steps.items() for box in piece.operands}
    for node, piece in steps.items():
        operands = [value(box) for box in piece.operands if not is_absorbed(box)]
        if isinstance(piece, Contraction):
            values[node] = _contract(plan[node], operands, binding)
        elif isinstance(piece, Combination):
            values[node] = _combine(piece, operands, binding)
        elif isinstance(piece, Application):
            arrays = [v.array * math.exp(v.exponent) if v.exponent else v.array for v in operands]
            values[node] = _Value(np.asarray(implementation(piece.function)(*arrays, *piece.params)))
        for box in piece.operands:
            if last[box] == node and box != root:
                values.pop(box, None)
    return _sign_and_log(value(root))


def _sign_and_log(value: _Value) -> tuple[Any, float]:
    number = complex(value.array) if np.iscomplexobj(value.array) else float(value.array)
    if number == 0:
        return 0.0, -math.inf
    sign = number / abs(number) if isinstance(number, complex) else math.copysign(1.0, number)
    return sign, cmath.log(abs(number)).real + value.exponent


def _normalised(array: Array, exponent: float) -> _Value:
    top = float(np.abs(array).max(initial=0.0))
    if top == 0 or not math.isfinite(top):
        return _Value(array, exponent)
    return _Value(array / top, exponent + math.log(top))


def _contract(planned: _Planned, values: Sequence[_Value], binding: Binding) -> _Value:
    network = planned.network
    given = {id(operand): v for operand, v in zip(_plain(network), values, strict=False)}
    start = [given.get(id(operand), _Value(np.empty(0))) for operand in network.operands]
    arrays = [_viewed(operand, v.array, binding) for operand, v in zip(network.operands, start, strict=True)]
    made = [_normalised(a, v.exponent) for a, v in zip(arrays, start, strict=True)]
    rows = [operand.indices for operand in network.operands]
    kept, alive = network.kept, set(range(len(rows)))
    counts = _counts(rows, kept)
    for a, b in planned.path:
        alive -= {a, b}
        for i in {*rows[a], *rows[b]}:
            counts[i] -= (i in rows[a]) + (i in rows[b])
        rest = {i for i in {*rows[a], *rows[b]} if counts[i]}
        array, row = contract_pair(made[a].array, rows[a], made[b].array, rows[b], rest)
        made.append(_normalised(array, made[a].exponent + made[b].exponent))
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
    return _normalised(np.asarray(array).reshape(network.shape), made[-1].exponent)


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


def _combine(piece: Combination, values: Sequence[_Value], binding: Binding) -> _Value:
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
    return _normalised(np.asarray(total), top)
