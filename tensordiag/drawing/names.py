"""Names: different names look different in one picture, and long ones are spelled out in a legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..core.expressions import Tensor
from .skeletons import Node, Term
from .typesetting import LONGEST, markup, verbatim

__all__ = ["Names"]


@dataclass
class Names:
    """The names of a figure so far, and the labels of those that would look like another one."""

    labels: dict[str, str] = field(default_factory=dict)

    def gather(self, tensors: Iterable[Tensor]) -> None:
        """Give every new name a label: its own markup, or where that is taken, the name letter by letter."""
        fresh = sorted({t.name for t in tensors} - self.labels.keys(), key=lambda name: (name.count("_") != 1, name))
        taken = set(self.labels.values())
        for name in fresh:
            label = markup(name)
            if label in taken and len(name) <= LONGEST:
                label = verbatim(name)
            number = 1
            while label in taken:
                number += 1
                label = f"{markup(name[: LONGEST - 9])}…_{{{number}}}"
            self.labels[name] = label
            taken.add(label)

    def applied(self, terms: Sequence[Term]) -> tuple[Term, ...]:
        """The terms with these labels on their nodes."""
        if all(label == markup(name) for name, label in self.labels.items()):
            return tuple(terms)
        return tuple(
            replace(term, skeleton=replace(term.skeleton, nodes=tuple(map(self._node, term.skeleton.nodes))))
            for term in terms
        )

    def _node(self, node: Node) -> Node:
        if node.content:
            return replace(node, content=tuple(self.applied(terms) for terms in node.content))
        tensors = node.box.tensors if node.box is not None else ()
        if len(tensors) != 1 or node.kind == "function":
            return node
        name, conjugate = tensors[0].name, node.conjugate
        label = self.labels.get(name, markup(name))
        if label == markup(name):
            return node
        wanted = f"\\bar{{{label}}}" if conjugate else label
        return replace(node, label=node.label.replace(markup(name, conjugate), wanted))

    def legend(self) -> list[tuple[str, str]]:
        """The labels that are shortened, with the full names."""
        return [(label, name) for name, label in self.labels.items() if "…" in label and "…" not in name]
