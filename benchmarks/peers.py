"""What runs a workload: tensordiag, NumPy by hand, JAX, PyTorch, quimb.  A peer that is not installed is left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Workload
from tensordiag.compute import compile

Run = Callable[[], list[Any]]


def _jax() -> Any:
    """JAX in double precision, with one thread where NumPy has one."""
    if os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


class Numpy:
    """The closed form, written by hand."""

    name = "NumPy by hand"

    def build(self, workload: Workload, arrays: Arrays) -> Run:
        """A function that computes the results once."""
        return lambda: workload.by_hand(arrays)


class Tensordiag:
    """Derived as diagrams, compiled."""

    def __init__(self, backend: str = "numpy") -> None:
        self.name = "tensordiag" if backend == "numpy" else f"tensordiag on {backend}"
        self.backend = backend
        if backend == "jax":
            _jax()

    def build(self, workload: Workload, arrays: Arrays) -> Run:
        """Derive, compile, and bind the arrays."""
        program = compile(workload.diagrams(), backend=self.backend)
        if self.backend == "numpy":
            return lambda: program(arrays)
        jax = import_module("jax")
        given = {name: jax.numpy.asarray(array) for name, array in arrays.items()}
        return lambda: jax.block_until_ready(program(given))


class Jax:
    """jax.jit of automatic differentiation, all arrays as arguments."""

    name = "JAX"

    def __init__(self) -> None:
        self.jax = _jax()
        self.xp = import_module("jax.numpy")
        self.relu = lambda x: self.xp.maximum(x, 0)
        self.logsumexp = lambda z: import_module("jax.scipy.special").logsumexp(z, axis=1)

    def contract(self, spec: str, operands: list[Any], path: Any) -> Any:
        """A network along a path."""
        return import_module("opt_einsum").contract(spec, *operands, optimize=path)

    def build(self, workload: Workload, arrays: Arrays) -> Run | None:
        """Trace and compile."""
        jax = self.jax
        given = {name: self.xp.asarray(array) for name, array in arrays.items()}

        def function(wrt: dict[str, Any], rest: dict[str, Any]) -> Any:
            return workload.formula(self, {**rest, **wrt})

        def results(given: dict[str, Any]) -> list[Any]:
            wrt = {name: given[name] for name in workload.wrt}
            if workload.task == "jvp":
                along = dict(zip(workload.wrt, (given[name] for name in workload.directions), strict=True))
                return [jax.jvp(lambda w: function(w, given), (wrt,), (along,))[1]]
            if workload.task == "hvp":
                along = dict(zip(workload.wrt, (given[name] for name in workload.directions), strict=True))
                found = jax.jvp(jax.grad(lambda w: function(w, given)), (wrt,), (along,))[1]
                return [found[name] for name in workload.wrt]
            if workload.task in ("hessian", "jacobian"):
                (name,) = workload.wrt
                operator = jax.hessian if workload.task == "hessian" else jax.jacobian
                return [operator(lambda x: function({name: x}, given))(given[name])]
            value, found = jax.value_and_grad(function)(wrt, given)
            first = [value] if workload.task == "value_and_grad" else []
            return first + [found[name] for name in workload.wrt]

        compiled = jax.jit(results)
        return lambda: jax.block_until_ready(compiled(given))


class Quimb(Jax):
    """quimb's contraction of a network along the same path, differentiated and compiled by JAX; networks only."""

    name = "quimb"

    def __init__(self) -> None:
        super().__init__()
        self.networks = import_module("quimb.tensor")

    def contract(self, spec: str, operands: list[Any], path: Any) -> Any:
        """A network along a path."""
        rows = spec.split("->")[0].split(",")
        tensors = [self.networks.Tensor(array, tuple(row)) for array, row in zip(operands, rows, strict=True)]
        return self.networks.TensorNetwork(tensors).contract(all, output_inds=(), optimize=path)

    def build(self, workload: Workload, arrays: Arrays) -> Run | None:
        """Trace and compile; None for what is no network."""
        return super().build(workload, arrays) if workload.is_network else None


class Torch:
    """PyTorch's automatic differentiation."""

    name = "PyTorch"

    def __init__(self) -> None:
        self.xp = import_module("torch")
        self.xp.set_num_threads(1)
        self.relu = self.xp.relu
        self.logsumexp = lambda z: self.xp.logsumexp(z, dim=1)

    def contract(self, spec: str, operands: list[Any], path: Any) -> Any:
        """A network along a path."""
        return import_module("opt_einsum").contract(spec, *operands, optimize=path, backend="torch")

    def build(self, workload: Workload, arrays: Arrays) -> Run:
        """Bind the arrays."""
        torch = self.xp
        given = {name: torch.as_tensor(array) for name, array in arrays.items()}

        def function(wrt: dict[str, Any]) -> Any:
            return workload.formula(self, {**given, **wrt})

        def run() -> list[Any]:
            wrt = {name: given[name] for name in workload.wrt}
            if workload.task == "jvp":
                along = dict(zip(workload.wrt, (given[name] for name in workload.directions), strict=True))
                return [torch.func.jvp(function, (wrt,), (along,))[1]]
            if workload.task == "hvp":
                along = dict(zip(workload.wrt, (given[name] for name in workload.directions), strict=True))
                found = torch.func.jvp(torch.func.grad(function), (wrt,), (along,))[1]
                return [found[name] for name in workload.wrt]
            if workload.task in ("hessian", "jacobian"):
                (name,) = workload.wrt
                operator = torch.func.hessian if workload.task == "hessian" else torch.func.jacrev
                return [operator(lambda x: function({name: x}))(given[name])]
            leaves = {name: array.detach().requires_grad_() for name, array in wrt.items()}
            value = function(leaves)
            first = [value.detach()] if workload.task == "value_and_grad" else []
            return first + list(torch.autograd.grad(value, list(leaves.values())))

        return run


def available(names: list[str]) -> list[Any]:
    """The peers of these names that can be imported."""
    makers: dict[str, Callable[[], Any]] = {
        "numpy": Numpy,
        "tensordiag": Tensordiag,
        "tensordiag-jax": lambda: Tensordiag("jax"),
        "jax": Jax,
        "torch": Torch,
        "quimb": Quimb,
        "tensorgrad": lambda: import_module("benchmarks.tensorgrad_peer").Tensorgrad(),
    }
    made = []
    for name in names:
        try:
            made.append(makers[name]())
        except ImportError:
            print(f"{name} is not installed: left out")
    return made


def as_arrays(results: list[Any]) -> list[np.ndarray]:
    """Results of any library as NumPy arrays."""
    return [np.asarray(result) for result in results]
