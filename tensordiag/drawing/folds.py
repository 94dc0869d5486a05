"""Folding: what is nested too deeply gets a name in the picture and a line of its own below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..core.expressions import Expr
from .skeletons import Node, Term

__all__ = ["Folds"]


@dataclass
class Folds:
    """The boxes folded so far, in the order of their names; `depth` is how many frames may stand in one another.

    `kept` are the frames by their box and level: one that stands in many places is one node, drawn once.
    """

    depth: int = 3
    names: dict[Expr, str] = field(default_factory=dict)
    shown: int = 0
    letter: str = "F"
    kept: dict[tuple[Expr, int], Node] = field(default_factory=dict)

    def avoid(self, taken: Sequence[str]) -> None:
        """Choose a letter that no tensor has."""
        if not self.names:
            self.letter = next((c for c in "FGHKLM" if not any(name.startswith(c) for name in taken)), "Φ")

    def fold(self, terms: Sequence[Term], level: int = 0) -> tuple[Term, ...]:
        """The terms with frames below the depth replaced by named nodes."""
        made = []
        for term in terms:
            nodes = tuple(self._node(node, level) for node in term.skeleton.nodes)
            made.append(replace(term, skeleton=replace(term.skeleton, nodes=nodes)))
        return tuple(made)

    def _node(self, node: Node, level: int) -> Node:
        if node.kind != "frame" or node.box is None:
            return node
        if level < self.depth:
            key = node.box, level
            if key not in self.kept:
                content = tuple(self.fold(terms, level + 1) for terms in node.content)
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
