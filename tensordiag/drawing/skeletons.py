"""What is drawn of an expression, before any coordinates: nodes of known kinds, and wires between their legs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ..core.diagrams import Diagram
from ..core.expressions import FUNCTIONS, Apply, Copy, Expr, Structural, Sum, Tensor
from ..core.networks import Network, flatten
from ..core.numbers import Number
from .typesetting import markup

__all__ = [
    "OPEN",
    "TRANSPOSED",
    "End",
    "Node",
    "Skeleton",
    "Term",
    "coefficient_markup",
    "is_entrywise",
    "positive_first",
    "skeleton",
    "terms_of",
    "turned_label",
    "turns_with_content",
    "zero_skeleton",
]

OPEN = -1
End: TypeAlias = tuple[int, int]
"""A node's number and a leg of it; `(OPEN, k)` is open leg k."""
TRANSPOSED = "^{⊤}"
"""At the end of a frame's label: its legs are exchanged, and those of its content are not."""

_NAMED = {
    "inv": "{0}^{{−1}}",
    "pinv": "{0}^{{+}}",
    "adj": "\\mathrm{{adj}} {0}",
    "det": "\\mathrm{{det}} {0}",
    "logdet": "\\mathrm{{logdet}} {0}",
}
_GREEK_FUNCTIONS = {"sigmoid": "σ"}


@dataclass(frozen=True)
class Node:
    """One node: its kind (see `shapes`), its label, how many legs, and what is inside a frame.

    `spans` are the first and the last leg of each bundle on it, where there are bundles.  `place` is its place in the
    product as it was written, from 1 on, where that is known.
    """

    kind: str
    label: str
    legs: int
    box: Expr | None = None
    conjugate: bool = False
    content: tuple[tuple[Term, ...], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    place: int = 0

    @property
    def role(self) -> str:
        """The role that chooses the fill."""
        if self.conjugate:
            return "conjugate"
        if self.kind in ("symmetric", "diagonal", "orthogonal"):
            return "matrix"
        return {"plain": "tensor", "unit": "constant", "merge": "constant"}.get(self.kind, self.kind)


@dataclass(frozen=True)
class Skeleton:
    """Nodes and wires of one network, with `order` open legs; every leg and every open leg is on one wire.

    `dims` are the wires' dimensions where they are known, `counts` how many wires each stands for where some are
    bundles.
    """

    nodes: tuple[Node, ...]
    wires: tuple[tuple[End, End], ...]
    order: int
    dims: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    def count(self, wire: int) -> int:
        """How many parallel wires a wire stands for."""
        return self.counts[wire] if self.counts else 1

    def links(self) -> list[list[tuple[int, End]]]:
        """For every node, for every leg: the wire's number and the end at its other side."""
        rows: list[list[Any]] = [[None] * node.legs for node in self.nodes]
        for number, (first, second) in enumerate(self.wires):
            for here, there in ((first, second), (second, first)):
                if here[0] != OPEN:
                    rows[here[0]][here[1]] = (number, there)
        return rows


@dataclass(frozen=True)
class Term:
    """A coefficient and the skeleton that it multiplies; of a term read off a picture the coefficient is a text."""

    coefficient: Any
    skeleton: Skeleton


def terms_of(expr: Expr, depth: int = 8) -> tuple[Term, ...]:
    """The terms of a sum, each flat; of anything else one term.  The empty sum has none.

    `depth` is how many frames in one another are looked into: a shared subexpression may stand in very many places.
    """
    base = expr.base
    terms = base.terms if isinstance(base, Sum) else ((1, base),)
    made = []
    for coefficient, term in terms:
        network = flatten(term)
        made.append(Term(coefficient * network.coefficient, skeleton(network, depth)))
    return positive_first([term for term in made if term.coefficient != 0])


def positive_first(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Terms in their order, negative ones last where the first is one: 1 − x reads better than −x + 1."""
    if terms and _is_negative(terms[0]):
        return tuple(sorted(terms, key=_is_negative))
    return tuple(terms)


def _is_negative(term: Term) -> bool:
    return not isinstance(term.coefficient, complex) and term.coefficient < 0


def skeleton(network: Network, depth: int = 8) -> Skeleton:
    """The skeleton of a flat network; functions of connected vectors stand in it as boxes on their wire."""
    nodes: list[Node] = []
    ends: dict[Any, list[End]] = {}
    dims: dict[Any, Any] = {}
    _lay(network, nodes, ends, dims, depth)
    for place, index in enumerate(network.output):
        ends[((), index)].append((OPEN, place))
    wires: list[tuple[End, End]] = []
    sizes: list[str] = []
    for key in ends:
        found = ends[key]
        sizes += [str(dims[key])] * (1 if len(found) == 2 else len(found))
        if len(found) == 2:
            wires.append((found[0], found[1]))
            continue
        hub = len(nodes)
        nodes.append(_hub(len(found), str(dims[key])))
        wires.extend(((hub, leg), end) for leg, end in enumerate(found))
    made = Skeleton(tuple(nodes), tuple(wires), len(network.output), tuple(sizes))
    while (wire := _merged_again(made)) is not None:
        made = _joined(made, *wire)
    return made


def _merged_again(skeleton: Skeleton) -> tuple[int, End] | None:
    """A merge whose product is merged with more by another one, and the end of its product there."""
    merges = {number: node.legs - 1 for number, node in enumerate(skeleton.nodes) if node.kind == "merge"}
    if len(merges) < 2:
        return None
    for ends in skeleton.wires:
        for (here, leg), there in (ends, ends[::-1]):
            if merges.get(here) == leg and there[0] in merges and there[1] != merges[there[0]] and there[0] != here:
                return here, there
    return None


def _joined(skeleton: Skeleton, gone: int, at: End) -> Skeleton:
    """The skeleton with one merge in place of two, which is the same: products are row-major."""
    kept, place = at
    more = skeleton.nodes[gone].legs - 2

    def moved(end: End) -> End:
        node, leg = end
        if node == gone:
            node, leg = kept, place + leg
        elif node == kept and leg > place:
            leg += more
        return (node - (node > gone), leg) if node != OPEN else end

    rest = [k for k, ends in enumerate(skeleton.wires) if at not in ends]
    joined = Node("merge", "", skeleton.nodes[kept].legs + more)
    nodes = [joined if number == kept else node for number, node in enumerate(skeleton.nodes) if number != gone]
    wires = tuple((moved(a), moved(b)) for a, b in (skeleton.wires[k] for k in rest))
    return Skeleton(tuple(nodes), wires, skeleton.order, tuple(skeleton.dims[k] for k in rest))


def _hub(order: int, dim: str) -> Node:
    if order == 0:
        return Node("scalar", markup(dim), 0)
    return Node("copy" if order > 1 else "ones", "", order)


def _lay(network: Network, nodes: list[Node], ends: dict[Any, list[End]], dims: dict[Any, Any], depth: int) -> None:
    """Add a network's operands; of a function on its wire, then those of its argument behind it.  Iterative."""
    pending: list[tuple[Network, tuple[int, ...], int]] = [(network, (), -1)]
    for here, path, behind in pending:
        for index, dim in enumerate(here.dims):
            ends[(path, index)] = []
            dims[(path, index)] = dim
        if behind >= 0:
            ends[(path, here.output[0])].append((behind, 1))
        for box, row in zip(here.operands, here.indices, strict=True):
            inner = _inline(box)
            number = len(nodes)
            if inner is None:
                node, legs = _node(box, depth)
                nodes.append(node)
                for leg, at in enumerate(legs):
                    ends[(path, row[at])].append((number, leg))
                continue
            assert isinstance(box, Apply)
            nodes.append(Node("function", _function_label(box), 2, box))
            ends[(path, row[0])].append((number, 0))
            pending.append((inner, (number,), number))


def _inline(box: Expr) -> Network | None:
    """The argument of an elementwise function of one connected vector, which can stand behind it on its wire."""
    if not (isinstance(box, Apply) and box.spec.elementwise and len(box.args) == 1 and box.order == 1):
        return None
    arg = box.args[0]
    if isinstance(arg, Sum):
        return None
    network = flatten(arg)
    return network if network.coefficient == 1 and network.operands and _connected(network) else None


def _connected(network: Network) -> bool:
    """Whether every operand and every index hangs together with the output."""
    known = set(network.output)
    pending = [set(row) for row in network.indices]
    growing = True
    while growing:
        growing = False
        for row in list(pending):
            if row & known:
                known |= row
                pending.remove(row)
                growing = True
    return not pending and len(known) == len(network.dims)


def _node(box: Expr, depth: int) -> tuple[Node, Sequence[int]]:
    """A node for an operand, and which leg of the operand each of its legs is."""
    legs = range(box.order)
    if isinstance(box, Tensor):
        return _tensor(markup(box.name, box.conjugate), box, box), legs
    if isinstance(box, Structural):
        return _structural(box), legs
    if isinstance(box, Copy):
        return _hub(box.order, str(box.dim)), legs
    if isinstance(box, Apply):
        return _function(box, depth)
    return Node("frame", "", box.order, box, content=_content((box,), depth)), legs


def _content(args: Sequence[Expr], depth: int) -> tuple[tuple[Term, ...], ...]:
    zeros = (Term(1, zero_skeleton(arg.order)) for arg in args)
    return (
        tuple(terms_of(arg, depth - 1) or (zero,) for arg, zero in zip(args, zeros, strict=True)) if depth > 0 else ()
    )


def _tensor(label: str, tensor: Tensor, box: Expr) -> Node:
    kinds = {0: "scalar", 1: "vector", 2: "matrix"}
    kind = kinds.get(box.order, "tensor")
    if box is tensor and box.order == 2 and "orth" in tensor.facts and not tensor.symmetric:
        kind = "orthogonal"
    if box is tensor and tensor.symmetric and box.order >= 2:
        kind = "plain" if box.order > 2 else "diagonal" if "diag" in tensor.facts else "symmetric"
    return Node(kind, label, box.order, box, tensor.conjugate)


def _structural(box: Structural) -> Node:
    if box.name == "merge":
        return Node("merge", "", box.order, box)
    if box.name == "unit":
        index = box.params[0]
        assert isinstance(index, int)
        return Node("unit", f"e_{{{index}}}".replace("-", "−"), 1, box)
    params = ",".join(str(p) for p in box.params)
    label = f"\\mathrm{{{box.name}}}" + (f"_{{{params}}}" if params else "")
    return Node({0: "scalar", 1: "vector", 2: "matrix"}.get(box.order, "tensor"), label, box.order, box)


def _plain(arg: Expr) -> tuple[Tensor, Sequence[int]] | None:
    """The tensor that an argument is, and the order of its legs."""
    if isinstance(arg, Tensor):
        return arg, range(arg.order)
    if isinstance(arg, Diagram) and len(arg.boxes) == 1 and isinstance(arg.boxes[0], Tensor):
        wires, outer = arg.wires[0], arg.open
        if len(set(wires)) == len(wires) == len(outer) and set(wires) == set(outer):
            return arg.boxes[0], [outer.index(wire) for wire in wires]
    return None


def _function(box: Apply, depth: int) -> tuple[Node, Sequence[int]]:
    found = [_plain(arg) for arg in box.args]
    legs = range(box.order)
    if len(found) == 1 and found[0] is not None:
        tensor, order = found[0]
        name = markup(tensor.name, tensor.conjugate)
        if box.function in _NAMED:
            label = _NAMED[box.function].format(name)
            kept = order if box.order == 2 and box.spec.transposes else legs
            if kept is legs and list(order) != list(range(tensor.order)):
                return _frame(box, depth), legs
            node = _tensor(label, tensor, box)
            return Node(
                "symmetric" if tensor.symmetric and box.order == 2 else node.kind,
                label,
                box.order,
                box,
                tensor.conjugate,
            ), kept
        if box.spec.elementwise and box.order != 1 and list(order) == list(legs):
            label = (
                f"{_function_label(box)}({name})"
                if box.function not in ("power",)
                else f"{name}^{{∘{_number(box.params[0])}}}"
            )
            return _tensor(label, tensor, box), legs
    return _frame(box, depth), legs


def _frame(box: Apply, depth: int) -> Node:
    return Node("frame", _function_label(box), box.order, box, content=_content(box.args, depth))


def _function_label(box: Apply) -> str:
    if box.function == "power":
        return f"(·)^{{{_number(box.params[0])}}}"
    if box.function == "inv":
        return "(·)^{−1}"
    if box.function == "divided_difference":
        name, places = box.params
        return f"\\mathrm{{{name}}}[{','.join('·' * (places + 1))}]"
    label = _GREEK_FUNCTIONS.get(box.function, f"\\mathrm{{{box.function}}}")
    if box.params and (box.order > 1 or any(arg.order > 1 for arg in box.args)):
        label += f"_{{{','.join(_number(p) for p in box.params)}}}"  # the legs that it runs along
    return label


def turns_with_content(label: str) -> bool:
    """Whether a frame with this label is transposed by transposing its content: a sum is, a softmax of rows is not."""
    name = label.removeprefix("\\mathrm{").partition("}")[0]
    function = FUNCTIONS.get(name)
    return function is None or function.elementwise or function.transposes


_ALONG = frozenset({"softmax", "logsoftmax", "logsumexp"})
"""Functions whose parameters are the legs that they run along."""


def is_entrywise(box: Expr | None, leg: int) -> bool:
    """Whether a box is a function that works on every entry alike along this leg of its arguments."""
    if not isinstance(box, Apply):
        return False
    return box.spec.elementwise or (box.function in _ALONG and leg not in box.params)


def zero_skeleton(order: int) -> Skeleton:
    """Zero with its open legs."""
    kinds = {0: "scalar", 1: "vector"}
    node = Node(kinds.get(order, "plain"), "0", order)
    return Skeleton((node,), tuple(((0, leg), (OPEN, leg)) for leg in range(order)), order)


def turned_label(label: str) -> str:
    """The label of a frame whose two legs are exchanged: the same where its content turns with it."""
    return label if turns_with_content(label) else label + TRANSPOSED


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return str(value).replace("-", "−")


_DENOMINATOR = 24


def _in_pi(size: float) -> str:
    """A simple fraction of π as such; of other numbers nothing."""
    turns = Fraction(size / math.pi).limit_denominator(_DENOMINATOR)
    if not turns or abs(size - float(turns) * math.pi) > 1e-13 * size:
        return ""
    over = ("" if turns.numerator == 1 else str(turns.numerator)) + "π"
    return over if turns.denominator == 1 else f"\\frac{{{over}|{turns.denominator}}}"


def coefficient_markup(value: Number, first: bool) -> tuple[str, str]:
    """The sign before a term (empty for a first positive one) and its coefficient's text (empty for 1)."""
    if isinstance(value, complex) and value.imag:
        text = f"{value.real:.4g}{value.imag:+.4g}i".replace("-", "−")
        return ("" if first else "+"), f"({text})"
    real = value.real if isinstance(value, complex) else value
    sign = "−" if real < 0 else "" if first else "+"
    size = abs(real)
    if isinstance(size, float) and (turns := _in_pi(size)):
        return sign, turns
    if size == 1:
        return sign, ""
    if isinstance(size, Fraction) and size.denominator != 1:
        return sign, f"\\frac{{{size.numerator}|{size.denominator}}}"
    return sign, _number(size)
