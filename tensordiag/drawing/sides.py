"""At which side a single open leg leaves: a product reads like its formula, rows at the left, columns at the right."""

from __future__ import annotations

from collections.abc import Sequence

from .components import Component, components
from .shapes import BAR_KINDS
from .skeletons import OPEN, Node, Term

__all__ = ["single_side"]


def single_side(terms: Sequence[Term]) -> str:
    """Where a single open leg leaves in all terms: left where more matrices then have their row at the left."""
    scores = [_natural(term) for term in terms]
    total, first = sum(scores), next((score for score in scores if score), 0)
    if total == first == 0:
        return "left" if any(_begins_with_matrix(term) for term in terms) else "right"
    return "left" if total > 0 or (total == 0 and first > 0) else "right"


def _natural(term: Term) -> int:
    """How many matrices would have their row at the left, less those that would not, if leg 0 left to the left."""
    parts, _ = components(term.skeleton)
    return sum(_score(part) for part in parts if len(part.outputs) == 1)


def _score(part: Component) -> int:
    """The score of one part with one open leg: along the matrices after it, past dots and merges, inside frames."""
    ends = [part.homes[part.outputs[0]]]
    total = 0
    seen: set[int] = set()
    for node, leg in ends:
        if node == OPEN or node in seen:
            continue
        seen.add(node)
        here = part.node(node)
        if here.kind == "frame" and here.legs == 1:
            total += sum(_natural(term) for terms in here.content for term in terms)
        elif here.kind in ("copy", "merge") or (here.legs == 2 and (part.is_bar(node) or here.kind == "frame")):
            ends += [there for other, (_, there) in enumerate(part.links[node]) if other != leg]
            way = 1 if leg == 0 else -1
            if here.kind == "frame" and not here.label:
                total += way * _lying(here)
            elif here.kind in ("matrix", "orthogonal", "function", "frame"):
                total += way
    return total


def _lying(frame: Node) -> int:
    """The matrices of a bracket with two legs whose row is at its leg 0, less those whose column is."""
    terms = [term for terms in frame.content for term in terms]
    total = 0
    for term in terms:
        for row in term.skeleton.links() if len(term.skeleton.nodes) == 1 else []:
            total += (row[0][1] == (OPEN, 0)) - (row[0][1] == (OPEN, 1))
    return (total > 0) - (total < 0)


def _begins_with_matrix(term: Term) -> bool:
    """Whether the only open leg of a part is on a matrix, a function or a bracket: columns stand at the right."""
    parts, _ = components(term.skeleton)
    kinds = BAR_KINDS | {"frame"}
    return any(len(p.outputs) == 1 and p.node(p.homes[p.outputs[0]][0]).kind in kinds for p in parts)
