"""tensorgrad as a peer: the formulas of W1 to W6 and W10 in its symbols; it needs a PyTorch before 2.13.

Its results are torch tensors with named axes, which are put in the order of the others'.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.workloads import Workload

__all__ = ["Tensorgrad"]

Arrays = dict[str, np.ndarray]


class Tensorgrad:
    """Symbolic derivatives compiled to torch; None for a workload that is not written in its symbols here."""

    name = "tensorgrad"

    def __init__(self) -> None:
        self.torch = import_module("torch")
        self.torch.set_num_threads(1)
        self.tensors = import_module("tensorgrad")
        self.functions = import_module("tensorgrad.functions")
        self.compiled = import_module("tensorgrad.compiler").compile_to_callable
        self.symbol = import_module("sympy").Symbol

    def build(self, workload: Workload, arrays: Arrays) -> Callable[[], list[Any]] | None:
        """Derive, compile, and bind the arrays."""
        make = _FORMULAS.get(workload.name.split(" ")[0])
        if make is None:
            return None
        formula, variables, dims = make(self, arrays)
        given = {variable: self.torch.as_tensor(arrays[name]) for name, variable in variables.items()}
        outputs, orders = self._outputs(workload, formula, variables)
        step = self.compiled(*outputs)

        def run() -> list[Any]:
            made = step(given, dims)
            results = made if isinstance(made, tuple) else (made,)
            return [
                (result.align_to(*order) if order else result).rename(None)
                for result, order in zip(results, orders, strict=True)
            ]

        return run

    def _outputs(
        self, workload: Workload, formula: Any, variables: dict[str, Any]
    ) -> tuple[list[Any], list[list[str]]]:
        """What is wanted of the formula, and the order of each one's axes."""
        wanted = [variables[name] for name in workload.wrt]
        first = [{edge: f"g_{edge}" for edge in variable.edges} for variable in wanted]
        if workload.task == "jvp":
            along = sum(
                formula.grad(variable, names) @ variables[name].rename(**names)
                for variable, names, name in zip(wanted, first, workload.directions, strict=True)
            )
            return [along], [sorted(formula.edges)]
        if workload.task == "hessian":
            (variable,), (names,) = wanted, first
            second = {edge: f"h_{edge}" for edge in variable.edges}
            return [formula.grad(variable, names).grad(variable, second)], [[*names.values(), *second.values()]]
        scalar = self.functions.sum(formula) if formula.edges else formula
        outputs = [scalar.grad(variable, names) for variable, names in zip(wanted, first, strict=True)]
        orders = [list(names.values()) for names in first]
        return ([scalar, *outputs], [[], *orders]) if workload.task == "value_and_grad" else (outputs, orders)

    def variables(self, **legs: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Variables with legs as {edge: size}, and the sizes' symbols."""
        symbols = {name: self.symbol(name) for sizes in legs.values() for name in sizes.values()}
        made = {
            name: self.tensors.Variable(name, **{edge: symbols[size] for edge, size in sizes.items()})
            for name, sizes in legs.items()
        }
        return made, symbols


def _hadamard(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(**{name: {"n": "n"} for name in arrays})
    return made["x"] * made["y"] * made["z"], made, {size["n"]: len(arrays["x"])}


def _quadratic(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(x={"n": "n"}, A={"i": "n", "j": "n"})
    x = made["x"]
    return (x.rename(n="i") @ made["A"]) @ x.rename(n="j"), made, {size["n"]: len(arrays["x"])}


def _least_squares(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(X={"m": "m", "n": "n"}, y={"m": "m"}, w={"n": "n"})
    residual = made["X"] @ made["w"] - made["y"]
    return residual @ residual, made, {size["m"]: len(arrays["y"]), size["n"]: len(arrays["w"])}


def _logistic(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(X={"m": "m", "n": "n"}, y={"m": "m"}, w={"n": "n"})
    F = peer.functions
    loss = F.sum(F.log(F.exp(-(made["y"] * (made["X"] @ made["w"]))) + 1))
    return loss, made, {size["m"]: len(arrays["y"]), size["n"]: len(arrays["w"])}


def _matrix_factors(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(T={"i": "n", "j": "n"}, U={"i": "n", "k": "k"}, V={"j": "n", "k": "k"})
    residual = made["T"] - made["U"] @ made["V"]
    n, k = arrays["U"].shape
    return residual @ residual, made, {size["n"]: n, size["k"]: k}


def _canonical_polyadic(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    legs = {name: {edge: "n", "R": "R"} for name, edge in zip("ABC", "ijk", strict=True)}
    made, size = peer.variables(T={"i": "n", "j": "n", "k": "n"}, **legs)
    residual = made["T"] - peer.functions.sum(made["A"] * made["B"] * made["C"], ["R"])
    n, R = arrays["A"].shape
    return residual @ residual, made, {size["n"]: n, size["R"]: R}


def _attention(peer: Tensorgrad, arrays: Arrays) -> tuple[Any, dict[str, Any], dict[Any, int]]:
    made, size = peer.variables(Q={"i": "s", "e": "e"}, K={"j": "s", "e": "e"}, V={"j": "s", "c": "e"})
    out = peer.functions.softmax(made["Q"] @ made["K"], dim="j") @ made["V"]
    rows, width = arrays["Q"].shape
    return out @ out, made, {size["s"]: rows, size["e"]: width}


_FORMULAS = {
    "W1": _hadamard,
    "W2": _quadratic,
    "W3": _least_squares,
    "W4": _logistic,
    "W5": _matrix_factors,
    "W6": _canonical_polyadic,
    "W10": _attention,
}
