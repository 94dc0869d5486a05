"""Derivations: the derivative with every step recorded, on the NetworkX graph."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.diagrams import glue
from ..core.expressions import Expr, Sum, add, walk
from ..core.graphs import from_networkx, remove_node
from ..core.networks import flat
from ..rewrite import Derivation, Step, simplify
from .derivatives import Variable, diff, resolve

__all__ = ["derivation"]


def derivation(expr: Expr, wrt: Variable) -> Derivation:
    """The steps from an expression to its derivative by one tensor, as they are carried out.

    Every occurrence of the variable in the flat network is removed from the NetworkX graph and its wires left open;
    the occurrences are added up and simplified.  Where the variable is inside a box (a sum, a function), the box is
    removed, and the chain rule glues its derivative to the open wires; where it is inside several different boxes, or
    the box is a scalar, that is one step.  Raises as `tensordiag.diff`.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> [step.rule for step in td.derivation(x * y * z, x)]
    ['remove x', 'simplify']
    >>> [step.rule for step in td.derivation(td.exp(x * y) * z, x)]
    ['remove the box', 'chain rule', 'simplify']
    """
    variable = resolve(expr, wrt)
    result = diff(expr, variable)
    network = flat(simplify(expr)) if isinstance(expr.base, Sum) else flat(expr)
    places = [] if isinstance(network.base, Sum) else _holders(network, variable)
    every = _boxes(network)
    boxes = [every[place] for place in places]
    scalar = bool(boxes) and boxes[0] is not variable and not boxes[0].order  # no wires to leave open
    if isinstance(network.base, Sum) or len(set(boxes)) > 1 or scalar:
        steps = [Step("chain rule", network, flat(result), f"through the boxes that hold {variable.name}")]
    elif not places:
        steps = [Step("no occurrence", network, result, f"{variable.name} does not occur")]
    else:
        steps = _removals(network, places, boxes[0], variable)
    found: list[str] = []
    reading = simplify(result, found.append)
    steps.append(Step("simplify", steps[-1].after, reading, ", ".join(dict.fromkeys(found))))
    return Derivation(tuple(steps), (variable,))


def _removals(network: Expr, places: Sequence[int], box: Expr, variable: Expr) -> list[Step]:
    """One box removed wherever it stands, and the chain rule where it is not the variable itself."""
    graph = network.graph
    rule = f"remove {variable!s}" if box is variable else "remove the box"
    opened = [from_networkx(remove_node(graph, place)) for place in places]
    steps = [
        Step(rule, network, part, "its wires stay open", place) for part, place in zip(opened, places, strict=True)
    ]
    total = add([(1, part) for part in opened], spread=True)
    if len(opened) > 1:
        steps.append(Step("product rule", opened[-1], total, "one term for each occurrence"))
    if box is not variable:
        chained = add([(1, flat(glue(part, diff(box, variable), box.order))) for part in opened], spread=True)
        steps.append(Step("chain rule", total, chained, "the derivative of what is in the box, glued on"))
    return steps


def _holders(network: Expr, variable: Expr) -> list[int]:
    """The boxes that are the variable or hold it."""
    return [k for k, box in sorted(_boxes(network).items()) if variable in set(walk(box))]


def _boxes(network: Expr) -> dict[int, Expr]:
    """The boxes of the graph by number."""
    return {node: data["box"] for node, data in network.graph.nodes(data=True) if "box" in data}
