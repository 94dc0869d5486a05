"""Derivations: the derivative with every step recorded, on the NetworkX graph."""

from __future__ import annotations

from ..core.expressions import Expr, Sum, add
from ..core.graphs import from_networkx, remove_node
from ..core.networks import flat
from ..rewrite import Derivation, Step, simplify
from .derivatives import Variable, diff, resolve

__all__ = ["derivation"]


def derivation(expr: Expr, wrt: Variable) -> Derivation:
    """The steps from an expression to its derivative by one tensor, as they are carried out.

    Every occurrence of the variable in the flat network is removed from the NetworkX graph and its wires left open;
    the occurrences are added up and simplified.  Where the variable is inside a function or a sum that is a box, the
    chain rule is one step.  Raises as `tensordiag.diff`.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> [step.rule for step in td.derivation(x * y * z, x)]
    ['remove x', 'simplify']
    """
    variable = resolve(expr, wrt)
    result = diff(expr, variable)
    network = flat(simplify(expr)) if isinstance(expr.base, Sum) else flat(expr)
    places = _occurrences(network, variable)
    steps: list[Step] = []
    if places is None:
        steps.append(Step("chain rule", network, flat(result), f"through the boxes that hold {variable.name}"))
    else:
        graph = network.graph
        removed = []
        for place in places:
            opened = from_networkx(remove_node(graph, place))
            removed.append(opened)
            steps.append(Step(f"remove {variable.name}", network, opened, "its wires stay open", place))
        if len(removed) > 1:
            total = add([(1, part) for part in removed])
            steps.append(Step("product rule", removed[-1], total, "one term for each occurrence"))
        elif not removed:
            steps.append(Step("no occurrence", network, result, f"{variable.name} does not occur"))
    found: list[str] = []
    reading = simplify(result, found.append)
    steps.append(Step("simplify", steps[-1].after, reading, ", ".join(dict.fromkeys(found))))
    return Derivation(tuple(steps), (variable,))


def _occurrences(network: Expr, variable: Expr) -> list[int] | None:
    """The boxes that are the variable; None where it also stands inside a box, or the network is a sum."""
    if isinstance(network.base, Sum):
        return None
    boxes = [data.get("box") for _, data in sorted(_boxes(network), key=lambda node: node[0])]
    inside = any(box is not variable and variable in _tensors(box) for box in boxes if box is not None)
    return None if inside else [k for k, box in enumerate(boxes) if box == variable]


def _boxes(network: Expr) -> list[tuple[int, dict[str, Expr]]]:
    return [(node, data) for node, data in network.graph.nodes(data=True) if isinstance(node, int)]


def _tensors(box: Expr) -> set[Expr]:
    from ..core.expressions import walk

    return set(walk(box))
