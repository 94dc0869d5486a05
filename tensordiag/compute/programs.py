"""Straight-line programs: a plan's source, and the function that it defines.

The source that is executed holds generated names and numbers only; tensor names stay outside, in the tuple that the
arrays are fetched with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np

from .backends import NUMPY, Backend
from .domains import checked, is_limited, with_checks
from .implementations import implementation
from .long_programs import Run, as_calls, as_products, warmed
from .numpy_source import NumpyWriter
from .planning import Plan
from .values import Value
from .writers import FunctionalWriter, Writer

__all__ = ["MISS", "Program", "make_program"]

_WITH_NUMBERS = frozenset({"scale", "full", "apply", "logistic"})

_Written: TypeAlias = tuple[list[str], dict[str, Any], Writer]

MISS = object()
"""What a program answers to arrays that it was not made for."""


@dataclass(frozen=True, slots=True)
class Program:
    """A plan as code: `run(arrays by name)` gives the list of results, or `MISS` for other shapes or types.

    `write_source` gives its text, and the plan its kernels.  `unguarded` is the same without the test of the arrays'
    type, for what stands for an array while a library traces a program; None where no library does.
    """

    plan: Plan
    write_source: Callable[[], str]
    run: Callable[[Mapping[str, Any]], Any]
    unguarded: Callable[[Mapping[str, Any]], Any] | None = None


def _has_complex(value: Value) -> bool:
    """Whether a value has a complex coefficient."""
    if value.kind == "sum":
        return any(isinstance(term[0], complex) for term in value.data)
    return value.kind in _WITH_NUMBERS and _holds_complex(value.data)


def _holds_complex(data: Any) -> bool:
    return isinstance(data, complex) or (isinstance(data, tuple) and any(map(_holds_complex, data)))


def make_program(
    plan: Plan, dtypes: Mapping[str, Any], backend: Backend, single: bool, shapes: Mapping[str, tuple[int, ...]]
) -> Program:
    """Write and define the program of a plan for arrays of these types and shapes (also of some it does not read)."""
    if backend.name != "numpy":
        return _library_program(plan, dtypes, backend, single, shapes)
    written = cache(partial(_numpy_program, plan, dtypes, single, shapes, False))
    run = _numpy_run(written, plan, dtypes, single, shapes)
    if any(is_limited(value) for value in plan.values):
        again = cache(partial(_numpy_program, plan, dtypes, single, shapes, True))
        run = with_checks(run, lambda: _numpy_run(again, plan, dtypes, single, shapes))
    given = {name: shapes[name] for name in _input_names(plan)}

    def write_source() -> str:
        body, scope, writer = written()
        return _readable(given, body, writer, backend, scope["dtype"])

    return Program(plan, write_source, run)


def _library_program(
    plan: Plan, dtypes: Mapping[str, Any], backend: Backend, single: bool, shapes: Mapping[str, tuple[int, ...]]
) -> Program:
    """The program for another library's arrays: a function of those that it reads, or of one that tells the device."""
    kinds = _kinds(plan, dtypes)
    every = _all_names(plan, dtypes)
    names = every[: len(plan.inputs) or 1]
    writer = FunctionalWriter(plan.inputs, plan.results, plan.values, {"implementation": backend.implementation})
    writer.like = "a0" if names else ""
    mixed = len(kinds) > 1 or any(_has_complex(value) for value in plan.values)
    writer.promotes, writer.copies = mixed and backend.promotes, backend.copies
    body = writer.write()
    plan.kernels.update(writer.kernels)
    _single(body, single)
    dtype = backend.common_dtype(kinds)
    scope = {**backend.scope(dtype), **writer.functions, **_guards(every, shapes, dtypes), "arrays": backend.array_type}
    traced = _alike(names, shapes, dtypes) if backend.compiles else []
    scope["OtherArrays"] = _OtherArrays
    tests = [f"if not ({' and '.join(_tests(traced))}): raise OtherArrays"] if traced else []
    inner = _define([f"def inner({_arguments(names)}):", *_indented([*tests, *body])], scope, "inner")
    finished = scope["inner"] = backend.finished(inner)

    def unguarded(given: Mapping[str, Any]) -> Any:
        return finished(*(given[name] for name in names))

    call = ["try:", f"    return inner({_arguments(names)})", "except OtherArrays:", "    return MISS"]
    run = _define(_guarded(len(every), call, set(traced)), scope, "program")
    given = {name: shapes[name] for name in names}
    return Program(plan, partial(_readable, given, body, writer, backend, dtype), run, unguarded)


def _numpy_program(
    plan: Plan, dtypes: Mapping[str, Any], single: bool, shapes: Mapping[str, tuple[int, ...]], careful: bool
) -> _Written:
    """The statements, their scope, and what wrote them."""
    dtype = _numpy_dtype(plan, dtypes)
    writer = NumpyWriter(plan.inputs, plan.results, plan.values, {"implementation": implementation})
    if careful:
        writer.functions["implementation"] = lambda name: checked(name, getattr(writer, "current", None))
    writer.reuse = dtype.kind == "f" and len(_kinds(plan, dtypes)) <= 1
    body = writer.write()
    if not careful:
        plan.kernels.update(writer.kernels)
    _single(body, single)
    scope = NUMPY.scope(dtype) | writer.functions | _guards(_all_names(plan, dtypes), shapes, dtypes)
    return body, scope | {"arrays": np.ndarray}, writer


def _numpy_run(
    written: Callable[[], _Written],
    plan: Plan,
    dtypes: Mapping[str, Any],
    single: bool,
    shapes: Mapping[str, tuple[int, ...]],
) -> Run:
    """The program as a function: of a long one, for some calls, a list of calls, at best without writing it."""
    every = _all_names(plan, dtypes)
    guards = [(name, np.ndarray, dtypes[name], shapes[name]) for name in every]

    def code() -> Run:
        body, scope, _ = written()
        return _define(_guarded(len(every), body), scope, "program")

    calls = as_products(plan.values, plan.results, single, NUMPY.scope(_numpy_dtype(plan, dtypes)), guards, MISS)
    if calls is None:
        body, scope, _ = written()
        calls = as_calls(body, scope, guards, MISS)
    return code() if calls is None else warmed(calls, code)


def _numpy_dtype(plan: Plan, dtypes: Mapping[str, Any]) -> Any:
    """The type that the program computes in."""
    dtype = NUMPY.common_dtype(_kinds(plan, dtypes))
    is_complex = any(_has_complex(value) for value in plan.values)
    return np.result_type(dtype, np.complex64) if is_complex else dtype


def _kinds(plan: Plan, dtypes: Mapping[str, Any]) -> set[Any]:
    """The types of the arrays that are read, or of all where none is."""
    return {dtypes[value.data] for value in plan.inputs} or set(dtypes.values())


def _input_names(plan: Plan) -> tuple[str, ...]:
    return tuple([value.data for value in plan.inputs])


def _all_names(plan: Plan, dtypes: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the arrays, those that the program reads first."""
    names = _input_names(plan)
    return names + tuple(sorted(dtypes.keys() - set(names)))


def _single(body: list[str], single: bool) -> None:
    if single:
        body[-1] = "return " + body[-1][len("return [") : -1]


def _arguments(names: Sequence[str]) -> str:
    return ", ".join(f"a{k}" for k in range(len(names)))


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]


def _define(lines: Sequence[str], scope: dict[str, Any], name: str) -> Callable[..., Any]:
    exec("\n".join(lines), scope)  # generated names and numbers only
    made: Callable[..., Any] = scope[name]
    return made


def _guarded(count: int, body: Sequence[str], traced: Set[int] = frozenset()) -> list[str]:
    """The program behind a test that the arrays are those it was made for; the `traced` ones are tested in the body."""
    lines = ["def program(given):", "    try:"]
    lines += [f"        a{k} = given[n{k}]" for k in range(count)] or ["        pass"]
    lines += ["    except KeyError:", "        return MISS"]
    tests = [f"type(a{k}) is arrays" for k in range(count)] + _tests([k for k in range(count) if k not in traced])
    lines.append(f"    if not ({' and '.join([*tests, f'len(given) == {count}'])}):")
    lines.append("        return MISS")
    return lines + _indented(body)


def _tests(places: Iterable[int]) -> list[str]:
    return [f"a{k}.dtype is d{k} and a{k}.shape == s{k}" for k in places]


def _alike(names: Sequence[str], shapes: Mapping[str, tuple[int, ...]], dtypes: Mapping[str, Any]) -> list[int]:
    """The places of arrays of the shape and type of one before: with others, that one is another one, too.

    Mostly; so these are tested where the library traces the program, which it does once for every shape and type.
    """
    seen: set[Any] = set()
    found = []
    for k, name in enumerate(names):
        kind = shapes[name], dtypes[name]
        if kind in seen:
            found.append(k)
        seen.add(kind)
    return found


class _OtherArrays(Exception):
    """A program is traced with arrays that it was not made for."""


def _guards(names: Sequence[str], shapes: Mapping[str, tuple[int, ...]], dtypes: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"MISS": MISS}
    for k, name in enumerate(names):
        made[f"n{k}"], made[f"d{k}"], made[f"s{k}"] = name, dtypes[name], shapes[name]
    return made


def _readable(
    arrays: Mapping[str, tuple[int, ...]], body: Sequence[str], writer: Writer, backend: Backend, dtype: Any
) -> str:
    """The source of a function of arrays of these shapes, with all that it needs, so that it runs as it stands."""
    definitions = [f"{name} = {text}" for name, text in writer.definitions.items()]
    lines = backend.header(dtype)
    if any("run_slices(" in line for line in body):
        lines.append("from tensordiag.compute.slicing import run_slices")
    for marker, needed in (("Fraction(", ["from fractions import Fraction"]), ("np.", ["import numpy as np"])):
        if any(marker in line for line in definitions) and needed[0] not in lines:
            lines += needed
    if any("implementation(" in line for line in definitions):
        lines.append("from tensordiag.compute.backends import find_backend")
        lines.append(f"implementation = find_backend({backend.name!r}).implementation")
    lines += definitions
    lines += [f"# a{k}: {name} {shape}" for k, (name, shape) in enumerate(arrays.items())]
    return "\n".join([*lines, f"def program({_arguments(list(arrays))}):", *_indented(body)]) + "\n"
