"""Alternative text: what a picture shows, in words and as an equation of indices."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.expressions import Expr, Tensor
from .precedence import as_written
from .skeletons import OPEN, Node, Skeleton, Term, coefficient_markup, terms_of
from .typesetting import plain

__all__ = ["describe"]

_NAMES = {
    "copy": "copy dot",
    "ones": "vector of ones",
    "plain": "symmetric tensor",
    "symmetric": "symmetric matrix",
    "diagonal": "diagonal matrix",
    "orthogonal": "orthogonal matrix",
    "unit": "unit vector",
    "merge": "merge of legs",
}
_LONGEST = 40
_LETTERS = "ijklmnopqrstuvwabcdefgh"


def describe(expr: Expr, written: Expr | None = None) -> str:
    """The picture of an expression in words, in the order of the expression that it comes from, if there is one."""
    terms = terms_of(expr, 3)
    if written is not None and written is not expr:
        terms = as_written(terms, written)
    if not terms:
        return f"Zero with {expr.order} open legs."
    return _sum(terms, expr.order)


def _sum(terms: Sequence[Term], order: int) -> str:
    parts = [f"Sum of {len(terms)} diagrams."] if len(terms) > 1 else []
    for number, term in enumerate(terms[:_LONGEST]):
        sign, coefficient = coefficient_markup(term.coefficient, True)
        head = f"Term {number + 1}: " if len(terms) > 1 else ""
        factor = f"{sign}{plain(coefficient) or '1'} times " if sign or coefficient else ""
        words = _network(term.skeleton)
        parts.append(f"{head}{factor}{words}.")
    if order:
        parts.append(f"Open legs {', '.join(_letter(k) for k in range(order))}.")
    equation = " ".join(_factors(term, number == 0) for number, term in enumerate(terms[:_LONGEST]))
    left = f"[{', '.join(_letter(k) for k in range(order))}]" if order else "scalar"
    parts.append(f"Equation: {left} = {equation}.")
    return " ".join(parts)


def _name(node: Node) -> str:
    """A tensor's name as it was given, of other nodes the label."""
    if isinstance(node.box, Tensor):
        return node.box.name + "*" * node.box.conjugate
    return plain(node.label)


def _letter(number: int) -> str:
    return _LETTERS[number] if number < len(_LETTERS) else f"i{number}"


def _network(skeleton: Skeleton) -> str:
    """Nodes, then what is joined to what."""
    names = []
    for node in skeleton.nodes[:_LONGEST]:
        if node.kind == "frame":
            inner = "; ".join(_sum(terms, 0).partition(" Equation:")[0] for terms in node.content)
            names.append(f"{plain(node.label) or 'bracket'} of ({inner})")
        else:
            names.append(f"{_NAMES.get(node.kind, node.kind)} {_name(node)}".strip())
    more = len(skeleton.nodes) - len(names)
    if more > 0:
        return ", ".join(names) + f" and {more} more nodes"
    joins = []
    for (a, leg_a), (b, leg_b) in skeleton.wires:
        if a == OPEN and b == OPEN:
            joins.append(f"open legs {_letter(leg_a)} and {_letter(leg_b)} are one wire")
        elif OPEN not in (a, b):
            joins.append(f"{_short(skeleton, a)} joined to {_short(skeleton, b)}")
    return "; ".join([", ".join(names) or "a number", *joins])


def _short(skeleton: Skeleton, number: int) -> str:
    node = skeleton.nodes[number]
    return _name(node) or {"frame": "the bracket"}.get(node.kind, _NAMES.get(node.kind, node.kind))


def _factors(term: Term, first: bool) -> str:
    """A term in index notation: copy dots become repeated indices."""
    skeleton = term.skeleton
    parent = list(range(len(skeleton.wires)))

    def find(wire: int) -> int:
        while parent[wire] != wire:
            wire = parent[wire]
        return wire

    links = skeleton.links()
    for node, row in zip(skeleton.nodes, links, strict=True):
        if node.kind == "copy":
            for wire, _ in row[1:]:
                parent[find(wire)] = find(row[0][0])
    letters: dict[int, str] = {}
    deltas = []
    for number, ends in enumerate(skeleton.wires):
        for here in ends:
            if here[0] == OPEN:
                if find(number) in letters:
                    deltas.append(f"δ[{letters[find(number)]},{_letter(here[1])}]")
                letters.setdefault(find(number), _letter(here[1]))
    used = skeleton.order
    words = []
    for node, row in zip(skeleton.nodes, links, strict=True):
        if node.kind in ("copy", "ones"):
            continue
        legs = []
        for wire, _ in row:
            if find(wire) not in letters:
                letters[find(wire)] = _letter(used)
                used += 1
            legs.append(letters[find(wire)])
        name = _name(node) or "(…)"
        words.append(name + (f"[{','.join(legs)}]" if legs else ""))
    sign, coefficient = coefficient_markup(term.coefficient, first)
    return " ".join(word for word in (sign, plain(coefficient), *words, *deltas) if word) or "1"
