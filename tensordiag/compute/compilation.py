"""`compile`: expressions as a callable that plans once for every set of sizes and then runs straight-line code."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Never

import numpy as np

from ..core.expressions import Tensor
from ..errors import BackendError, MemoryLimitError
from .arrays import as_float, bind_sizes, check_names, known_tensors
from .backends import Backend, find_backend
from .inverses import with_known_inverses
from .memory import default_memory_limit
from .nests import Nest, Nested
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


@dataclass(frozen=True, slots=True)
class Cores:
    """The program of the cores of structured results, and each result's pattern and shape."""

    program: Program
    patterns: tuple[Any, ...]
    shapes: tuple[Any, ...]
    has_scalars: bool

    def run(self, arrays: Mapping[str, Any]) -> Any:
        """The structured results, or `MISS`."""
        found = self.program.run(arrays)
        if found is MISS:
            return MISS
        if self.has_scalars:
            found = [np.asarray(core) for core in found]
        return list(map(Structured, found, self.patterns, self.shapes))


class Compiled:
    """A callable made by `compile`: arrays in by name, arrays out.

    `plan` and `source` are those of the latest sizes; before the first call they need `compile(…, sizes=…)`.
    """

    def __init__(
        self,
        nest: Nest,
        backend: Backend,
        sizes: Mapping[str, int] | None,
        options: Options,
    ) -> None:
        self._nest = nest
        self._single = isinstance(nest.form, int)
        self._is_nested = not self._single and not nest.is_list
        self._backend = backend
        self._sizes = sizes
        self._options = options
        roots = tuple(expr.base for expr in nest.exprs)
        self._known = known_tensors(nest.exprs)
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
        self._core_programs: dict[Any, Cores] = {}
        self._cores: Cores | None = None

    def __call__(self, arrays: Mapping[str, Any] | None = None, /, *positional: Never, **named: Any) -> Any:
        """The values for these arrays, by name: one, or as many as were compiled, in the same lists and dicts."""
        if arrays is None:
            found = self._run(named)
        else:
            found = self._run(arrays) if type(arrays) is dict and not named and not positional else MISS
        if found is MISS:
            found = self._slowly((arrays, *positional) if positional else arrays, named)
        return self._nest.filled(found) if self._is_nested else found

    def __reduce__(self) -> tuple[Any, ...]:
        return _compiled_again, (self._nest, self._backend.name, self._sizes, self._options)

    def _slowly(self, arrays: Any, named: Mapping[str, Any]) -> Any:
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
        key = _kind(arrays)
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

    def structured(self, arrays: Mapping[str, Any] | None = None, /, *positional: Never, **named: Any) -> Any:
        """The values with their copy tensors kept apart: a `Structured` core and pattern each, never the dense array.

        Computed by NumPy, from arrays that a call takes, too; what is not structured comes back as a core with all
        its legs.  Raises what a call raises, and `BackendError` where the values are compiled for another library.
        """
        if self._backend.name != "numpy":
            raise BackendError(
                f"structured values are computed by numpy, not by {self._backend.name}: "
                "write compile(…).structured(…), without backend="
            )
        latest = self._cores
        found: Any = MISS
        if latest is not None and (arrays is None or (type(arrays) is dict and not named)) and not positional:
            found = latest.run(named if arrays is None else arrays)
        if found is MISS:
            every: Any = (arrays, *positional) if positional else arrays
            given = check_names(self._known, self._needed, every, named)
            checked = {name: as_float(name, value) for name, value in sorted(given.items())}
            found = self._core_program(checked).run(checked)
        return found[0] if self._single else self._nest.filled(found)

    def _core_program(self, arrays: Mapping[str, Any]) -> Cores:
        key = _kind(arrays)
        cores = self._core_programs.get(key)
        if cores is None:
            shapes = {name: tuple(a.shape) for name, a in arrays.items()}
            types = {name: a.dtype for name, a in arrays.items()}
            sizes = bind_sizes(self._known, shapes, self._sizes)
            plan, patterns = core_plan(make_plan(self._steps, self._roots, sizes, structured=True))
            plan.check_memory(self._options.limit)
            program = make_program(plan, types, self._backend, False, shapes)
            told, shaped = tuple([pattern for pattern, _ in patterns]), tuple([shape for _, shape in patterns])
            cores = Cores(program, told, shaped, not all(value.shape for value in plan.results))
            self._core_programs[key] = cores
        self._cores = cores
        return cores

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


def _kind(arrays: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a program is made for: names, shapes and types."""
    return tuple((name, tuple(a.shape), a.dtype) for name, a in arrays.items())


def _compiled_again(nest: Nest, backend: str, sizes: Mapping[str, int] | None, options: Options) -> Compiled:
    """What `pickle` makes a callable from: it plans again for the first arrays."""
    return Compiled(nest, find_backend(backend), sizes, options)


def compile(
    exprs: Nested,
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
        An expression, or a list of them for a list of values; lists, tuples and dicts may be nested.
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
    OrderError
        for what is no expression.
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
    >>> compile({"value": f, "gradients": (td.grad(f, x),)})(x=[1.0, 2.0], A=[[1, 0], [0, 3]])["gradients"]
    (array([ 2., 12.]),)
    """
    nest = Nest.of(exprs)
    if slicing and backend != "numpy":
        raise BackendError(f"slices are computed by numpy, not by {backend}")
    if memory_limit is not None and not isinstance(memory_limit, (int, float)):
        raise MemoryLimitError(f"memory_limit is a number of bytes, not {memory_limit!r}")
    threads = (os.cpu_count() or 1) if slicing is True else int(slicing)
    limit = default_memory_limit() if memory_limit is None else memory_limit
    library = find_backend(backend)
    search = Search(_MANY_RUNS, search_seconds, True) if library.compiles else Search(seconds=search_seconds)
    return Compiled(nest, library, sizes, Options(limit, threads, search))
