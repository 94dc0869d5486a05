"""`compile`: expressions as a callable that plans once for every set of sizes and then runs straight-line code."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.expressions import Expr, Tensor
from ..errors import BackendError, MemoryLimitError, OrderError
from .arrays import as_float, bind_sizes, check_names, known_tensors
from .backends import Backend, find_backend
from .inverses import with_known_inverses
from .memory import default_memory_limit
from .paths import Search
from .planning import Plan, core_plan, make_plan
from .programs import MISS, Program, make_program
from .slicing import Slicing
from .structure import leaves, pieces
from .structured import Structured

__all__ = ["Compiled", "compile"]

_SHARES = (4, 3, 2, 1)
_MANY_RUNS = 128


@contextmanager
def without_collection() -> Iterator[None]:
    """Python's cycle collector paused: planning makes many small values that live on, and no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Options:
    """What a plan may use: bytes, threads for slices (0: no slices), and time for the search of its order."""

    limit: int
    threads: int
    search: Search


class Compiled:
    """A callable made by `compile`: arrays in by name, arrays out.

    `plan` and `source` are those of the latest sizes; before the first call they need `compile(…, sizes=…)`.
    """

    def __init__(
        self,
        exprs: Sequence[Expr],
        single: bool,
        backend: Backend,
        sizes: Mapping[str, int] | None,
        options: Options,
    ) -> None:
        self._exprs = list(exprs)
        self._single = single
        self._backend = backend
        self._sizes = sizes
        self._options = options
        roots = tuple(expr.base for expr in exprs)
        self._known = known_tensors(exprs)
        with without_collection():
            self._steps = pieces(roots, environments=True)
            self._roots = with_known_inverses(self._steps, roots)
            if self._roots != roots:
                self._steps = pieces(self._roots, environments=True)
        boxes = leaves(self._steps) | set(self._roots)
        self._needed = {box.name for box in boxes if isinstance(box, Tensor)}
        self._programs: dict[Any, Program] = {}
        self._latest: Program | None = None
        self._run: Any = lambda given: MISS
        self._cores: tuple[Program, list[tuple[Any, Any]]] | None = None
        self._has_scalar_cores = False

    def __call__(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """The values for these arrays: one, or a list of them as compiled."""
        if arrays is None:
            found = self._run(named)
            return found if found is not MISS else self._slowly(None, named)
        found = self._run(arrays) if not named and type(arrays) is dict else MISS
        return found if found is not MISS else self._slowly(arrays, named)

    def __reduce__(self) -> tuple[Any, ...]:
        exprs = self._exprs[0] if self._single else self._exprs
        return _compiled_again, (exprs, self._backend.name, self._sizes, self._options)

    def _slowly(self, arrays: Mapping[str, Any] | None, named: Mapping[str, Any]) -> Any:
        """Check the arrays, find or make their program, and run it."""
        given = check_names(self._known, self._needed, arrays, named)
        as_array = self._backend.as_array or as_float
        checked = {name: as_array(name, value) for name, value in sorted(given.items())}
        program = self._program(checked)
        found = program.run(checked)
        if found is MISS:
            assert program.unguarded is not None
            found = program.unguarded(checked)
        return found

    def _program(self, arrays: Mapping[str, Any]) -> Program:
        key = tuple((name, tuple(a.shape), a.dtype) for name, a in arrays.items())
        program = self._programs.get(key)
        if program is None:
            shapes = {name: tuple(a.shape) for name, a in arrays.items()}
            program = self._make(shapes, {name: a.dtype for name, a in arrays.items()})
            self._programs[key] = program
        self._latest, self._run = program, program.run
        return program

    def _make(self, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, Any]) -> Program:
        sizes = bind_sizes(self._known, shapes, self._sizes)
        width = self._backend.common_dtype(set(types.values())).itemsize
        with without_collection():
            plan = self._plan(sizes, width)
            return make_program(plan, types, self._backend, self._single, shapes)

    def _plan(self, sizes: Mapping[str, int], width: int) -> Plan:
        """A plan that fits in the memory: where slicing is allowed, with smaller slices until it does."""
        limit, threads, search = self._options.limit, self._options.threads, self._options.search
        shares = [limit * part // 4 for part in _SHARES] if threads else [limit]
        for share in shares:
            slicing = Slicing(share, threads, width) if threads else None
            plan = make_plan(self._steps, self._roots, sizes, width, search, slicing)
            try:
                plan.check_memory(limit)
            except MemoryLimitError:
                if share is shares[-1]:
                    raise
            else:
                break
        return plan

    def structured(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> Structured | list[Structured]:
        """The values with their copy tensors kept apart: a core and a pattern each, never the dense array.

        For NumPy arrays of real type; what is not structured comes back as a core with all its legs.
        """
        found: Any = MISS
        if self._cores is not None:
            if arrays is None:
                found = self._cores[0].run(named)
            elif not named:
                found = self._cores[0].run(arrays)
        if found is MISS:
            checked = {
                name: as_float(name, value)
                for name, value in sorted(check_names(self._known, self._needed, arrays, named).items())
            }
            self._cores = self._core_program(checked)
            self._has_scalar_cores = not all(value.shape for value in self._cores[0].plan.results)
            found = self._cores[0].run(checked)
        assert self._cores is not None
        patterns = self._cores[1]
        if self._has_scalar_cores:
            found = [np.asarray(core) for core in found]
        if self._single:
            return Structured(found[0], *patterns[0])
        return [Structured(core, *pattern) for core, pattern in zip(found, patterns, strict=True)]

    def _core_program(self, arrays: Mapping[str, Any]) -> tuple[Program, list[tuple[Any, Any]]]:
        """The program of the cores, and each result's pattern and shape."""
        shapes = {name: tuple(a.shape) for name, a in arrays.items()}
        types = {name: a.dtype for name, a in arrays.items()}
        sizes = bind_sizes(self._known, shapes, self._sizes)
        plan, patterns = core_plan(make_plan(self._steps, self._roots, sizes, structured=True))
        plan.check_memory(self._options.limit)
        return make_program(plan, types, find_backend("numpy"), False, shapes), patterns

    @property
    def plan(self) -> Plan:
        """The plan of the latest sizes: print it for a table of the costs."""
        program = self._current()
        program.write_source()  # which kernels there are is known then
        return program.plan

    @property
    def source(self) -> str:
        """The program of the latest sizes as Python source."""
        return self._current().write_source()

    def _current(self) -> Program:
        if self._latest is None:
            sizes = bind_sizes(self._known, {}, self._sizes)
            shapes = {n: tuple(d.value(sizes) for d in t.dims) for n, t in self._known.items() if n in self._needed}
            self._latest = self._make(shapes, dict.fromkeys(shapes, self._backend.default_dtype))
        return self._latest


def _compiled_again(
    exprs: Expr | Sequence[Expr], backend: str, sizes: Mapping[str, int] | None, options: Options
) -> Compiled:
    """What `pickle` makes a callable from: it plans again for the first arrays."""
    listed = [exprs] if isinstance(exprs, Expr) else exprs
    return Compiled(listed, isinstance(exprs, Expr), find_backend(backend), sizes, options)


def compile(
    exprs: Expr | Sequence[Expr],
    backend: str = "numpy",
    *,
    sizes: Mapping[str, int] | None = None,
    memory_limit: int | None = None,
    slicing: bool | int = False,
    search_seconds: float = 30.0,
) -> Compiled:
    """A callable that computes one expression or several together.

    The first call with arrays of new sizes plans for them: shared parts once, all environments of a network from one
    contraction tree; later calls run straight-line code.

    Parameters
    ----------
    exprs
        An expression, or a list of them for a list of values.
    backend
        ``"numpy"``, ``"torch"`` or ``"jax"`` (under ``jit``).
    sizes
        Sizes of named dimensions that no array has; with all of them, `plan` and `source` can be seen without a call.
    memory_limit
        Bytes that computed arrays may take together; three quarters of the machine's memory by default.
    slicing
        Whether a network that would need more memory may be computed slice by slice, fixing some of its indices at one
        place after the other; in as many threads as the machine has cores, or in this number of them.  NumPy only.
    search_seconds
        The most time to search for the contraction order of a network that takes seconds to compute; progress is
        shown on a terminal.

    Raises
    ------
    BackendError
        for an unknown backend, one that is not installed, or one that cannot slice.  A call raises what `evaluate`
        raises.
    MemoryLimitError
        for a limit that is no number; a call raises it where the plan needs more.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> f = x @ A @ x
    >>> value, gradient = compile([f, td.grad(f, x)])(x=[1.0, 2.0], A=[[1, 0], [0, 3]])
    >>> float(value), gradient
    (13.0, array([ 2., 12.]))
    """
    single = isinstance(exprs, Expr)
    listed = [exprs] if isinstance(exprs, Expr) else list(exprs)
    for expr in listed:
        if not isinstance(expr, Expr):
            raise OrderError(f"compile takes an expression or a list of them, not {type(expr).__name__} {expr!r}")
    if slicing and backend != "numpy":
        raise BackendError(f"slices are computed by numpy, not by {backend}")
    if memory_limit is not None and not isinstance(memory_limit, (int, float)):
        raise MemoryLimitError(f"memory_limit is a number of bytes, not {memory_limit!r}")
    threads = (os.cpu_count() or 1) if slicing is True else int(slicing)
    limit = default_memory_limit() if memory_limit is None else memory_limit
    library = find_backend(backend)
    search = Search(_MANY_RUNS, search_seconds, True) if library.compiles else Search(seconds=search_seconds)
    return Compiled(listed, single, library, sizes, Options(limit, threads, search))
