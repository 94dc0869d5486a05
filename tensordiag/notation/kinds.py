"""Kinds of the text language: whether a subexpression has a row leg and a column leg, and what they measure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..core.expressions import Expr, Sum, Tensor, one
from ..core.numbers import Number
from ..dimension import Dimension
from ..errors import ParseError
from .inference import Inference, Site
from .syntax import Node

__all__ = ["Build", "Reading", "Typed", "constant_value"]

Build: TypeAlias = Callable[[Sequence[Expr]], Expr]
_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """A node with its row and column dimension (None for a leg that it lacks), and how to build its expression.

    `build` gets the expressions of the node's operands, once all dimensions are known.
    """

    node: Node
    row: Dimension | None
    column: Dimension | None
    build: Build

    @property
    def kind(self) -> str:
        """Scalar, column, row or matrix."""
        if self.row is None:
            return "scalar" if self.column is None else "row"
        return "column" if self.column is None else "matrix"

    @property
    def is_scalar(self) -> bool:
        """Whether this has no leg."""
        return self.row is None and self.column is None

    @property
    def is_vector(self) -> bool:
        """Whether this has one leg."""
        return (self.row is None) != (self.column is None)

    @property
    def is_matrix(self) -> bool:
        """Whether this has both legs."""
        return self.row is not None and self.column is not None


class Reading:
    """What is known while one text is read: its tensors, its dimensions, its constants."""

    def __init__(self, text: str, declared: Mapping[str, Tensor], names: Sequence[str]) -> None:
        self.text = text
        self.declared = declared
        self.sizes = {symbol for tensor in declared.values() for dim in tensor.dims for symbol in dim.symbols}
        self.declared_sizes = frozenset(self.sizes)
        self.inference = Inference(text, self.sizes | set(names) | set(declared))
        self._inferred: dict[str, tuple[Dimension, ...]] = {}
        self._constants: list[tuple[Dimension, Node]] = []
        self._names: dict[str, Dimension] = {}

    # -- messages ----------------------------------------------------------------------------------

    def quote(self, node: Node) -> str:
        """The node as it stands in the text, on one line and not too long."""
        stop = min(node.end, node.start + 4 * _LONGEST_QUOTE)  # every operator quotes: the cost must not grow
        source = " ".join(self.text[node.start : stop].split())
        return source if len(source) <= _LONGEST_QUOTE else source[: _LONGEST_QUOTE - 1] + "…"

    def say(self, typed: Typed) -> str:
        """A node with its kind, such as ``the column x``."""
        return f"the {typed.kind} {self.quote(typed.node)}"

    def flipped(self, node: Node) -> str:
        """The transpose of a node as one would write it."""
        if node.kind == "transpose":
            return self.quote(node.operands[0])
        return f"{self.factor(node)}'"

    def factor(self, node: Node) -> str:
        """A node as one would write it in a product."""
        bare = node.kind not in ("binary", "negative") or self.text[node.start : node.start + 1] == "("
        return self.quote(node) if bare else f"({self.quote(node)})"

    def error(self, node: Node, message: str) -> ParseError:
        """An error with a caret under the node's operator or name."""
        return ParseError(message, self.text, node.position)

    # -- dimensions --------------------------------------------------------------------------------

    def equate_rows(self, node: Node, action: str, a: Typed, b: Typed) -> None:
        """Require that two operands have the same row and column dimensions."""
        for mine, theirs, leg in ((a.row, b.row, "row"), (a.column, b.column, "column")):
            if mine is not None and theirs is not None:
                self.inference.equate(mine, theirs, Site(node.position, action, self.leg(a, leg), self.leg(b, leg)))

    def leg(self, typed: Typed, leg: str) -> str:
        """The name of a leg for a message."""
        number = 1 if leg == "column" and typed.row is not None else 0
        return f"leg {number} of {self.quote(typed.node)}"

    def require_square(self, typed: Typed, node: Node, action: str) -> Dimension:
        """The dimension of a square matrix; an error where it is none."""
        if typed.row is None or typed.column is None:
            raise self.error(node, f"cannot {action}: it needs a square matrix, but got {self.say(typed)}")
        site = Site(
            node.position, f"{action}, which needs a square matrix", self.leg(typed, "row"), self.leg(typed, "column")
        )
        self.inference.equate(typed.row, typed.column, site)
        return typed.row

    def constant_dimension(self, node: Node) -> Dimension:
        """A fresh dimension of a constant, which the rest of the text has to fix."""
        dim = self.inference.fresh()
        self._constants.append((dim, node))
        return dim

    def dims_of(self, node: Node) -> tuple[Dimension, ...]:
        """The dimensions of a named tensor: declared, or fresh by the default of its first letter."""
        tensor = self.declared.get(node.text)
        if tensor is not None:
            return tensor.dims
        if node.text not in self._inferred:
            self._inferred[node.text] = tuple(self.inference.fresh() for _ in range(self._default_order(node)))
        return self._inferred[node.text]

    def _default_order(self, node: Node) -> int:
        letter = node.text[0]
        if letter.isupper():
            return 2
        if "a" <= letter <= "g" or unicodedata.name(letter, "").startswith("GREEK"):
            return 0
        if "h" <= letter <= "z":
            return 1
        remedy = f"declare it, e.g. dims={{{node.text!r}: ()}}"
        raise self.error(node, f"the tensor {node.text} has no default kind; {remedy}")

    def settle(self) -> None:
        """Fix every dimension; an error for a constant whose size nothing else tells."""
        self.inference.settle()
        own = [dim for dims in self._inferred.values() for dim in dims]
        self._names = self.inference.name(own)
        for dim, node in self._constants:
            symbols = self.inference.resolve(dim).symbols
            if any(s not in self._names and s not in self.sizes for s in symbols):
                raise self.error(
                    node,
                    f"the size of {self.quote(node)} is not fixed by anything else; declare it: multiply by a tensor "
                    "of known size, or write I_n or 𝟏_n with its size",
                )

    def final(self, dim: Dimension) -> Dimension:
        """The settled dimension, with readable names."""
        known = self.inference.resolve(dim)
        return known.substitute({s: self._names[s] for s in known.symbols if s in self._names} or {})

    def tensor(self, name: str) -> Tensor:
        """The tensor of a name, once everything is settled."""
        found = self.declared.get(name)
        return found if found is not None else Tensor(name, tuple(map(self.final, self._inferred[name])))

    def all_tensors(self) -> frozenset[Tensor]:
        """Every tensor that was declared or that the text mentions."""
        return frozenset((*self.declared.values(), *map(self.tensor, self._inferred)))


def constant_value(expr: Expr) -> Number | None:
    """The number that an expression is, where it is one without any tensor."""
    if expr.dims:
        return None
    base = expr.base
    if base == one():
        return 1
    if isinstance(base, Sum) and len(base.terms) <= 1:
        if not base.terms:
            return 0
        factor, term = base.terms[0]
        return factor if term == one() else None
    return None
