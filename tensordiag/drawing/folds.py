"""Folding: what is nested too deeply gets a name in the picture and a line of its own below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..core.expressions import Expr
from .skeletons import Node, Term

__all__ = ["Folds"]


DEEPEST = 3
"""How many frames may stand in one another where nothing else is said."""
_READABLE = 120
"""How many nodes a picture may have before deep frames are folded."""


@dataclass
class Folds:
    """The boxes folded so far, in the order of their names; `depth` is how many frames may stand in one another.

    Without one it is as deep as leaves few enough nodes to read; `least` is what that was, and what the lines below
    have.  `kept` are the frames by their box and what may stand in them: one in many places is one node, drawn once.
    """

    depth: int | None = None
    names: dict[Expr, str] = field(default_factory=dict)
    shown: int = 0
    letter: str = "F"
    least: int = DEEPEST
    kept: dict[tuple[Expr, int], Node] = field(default_factory=dict)

    def avoid(self, taken: Sequence[str]) -> None:
        """Choose a letter that no tensor has."""
        if not self.names:
            self.letter = next((c for c in "FGHKLM" if not any(name.startswith(c) for name in taken)), "Φ")

    def fold(self, terms: Sequence[Term], whole: Expr) -> tuple[Term, ...]:
        """The terms of `whole` with frames below the depth replaced by named nodes; one that is all of it is shown."""
        depth = self.depth
        if depth is None:
            depth = self.least if whole in self.names else _readable_depth(terms)
            self.least = min(self.least, depth)
        return self._terms(terms, depth, whole)

    def _terms(self, terms: Sequence[Term], depth: int, whole: Expr | None = None) -> tuple[Term, ...]:
        made = []
        for term in terms:
            nodes = tuple(self._node(node, max(depth, int(node.box == whole))) for node in term.skeleton.nodes)
            made.append(replace(term, skeleton=replace(term.skeleton, nodes=nodes)))
        return tuple(made)

    def _node(self, node: Node, depth: int) -> Node:
        if node.kind != "frame" or node.box is None:
            return node
        if depth > 0:
            key = node.box, depth
            if key not in self.kept:
                content = tuple(self._terms(terms, depth - 1) for terms in node.content)
                self.kept[key] = replace(node, content=content)
            return self.kept[key]
        name = self.names.setdefault(node.box, f"{self.letter}_{{{len(self.names) + 1}}}")
        kind = {0: "scalar", 1: "vector", 2: "matrix"}.get(node.legs, "tensor")
        return Node(kind, name, node.legs, node.box)

    def next_line(self) -> tuple[str, Expr] | None:
        """The next name that has no line yet, and what it stands for."""
        if self.shown >= len(self.names):
            return None
        expr, name = list(self.names.items())[self.shown]
        self.shown += 1
        return name, expr


def _readable_depth(terms: Sequence[Term]) -> int:
    """How deep frames may nest without too many nodes."""
    return next((depth for depth in range(DEEPEST, 0, -1) if _count(terms, depth) <= _READABLE), 0)


def _count(terms: Sequence[Term], depth: int) -> int:
    nodes = [node for term in terms for node in term.skeleton.nodes]
    inner = [_count(content, depth - 1) for node in nodes for content in node.content] if depth else []
    return len(nodes) + sum(inner)
