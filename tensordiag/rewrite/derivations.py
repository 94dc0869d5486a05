"""Derivations as plain data: the rules that fired, in order, each with the expression before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..core.expressions import Expr

__all__ = ["Derivation", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that fired: its name, the expression before and after it, and a sentence about it.

    `removed` is the number of the box of `before` that the rule removed, where it removed one.
    """

    rule: str
    before: Expr
    after: Expr
    note: str = ""
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """The steps from an expression to its derivative by `variables`; iterates over the steps."""

    steps: tuple[Step, ...]
    variables: tuple[Expr, ...] = ()

    @property
    def result(self) -> Expr:
        """What the last step arrives at."""
        return self.steps[-1].after

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        lines = [f"   {self.steps[0].before}"]
        for step in self.steps:
            note = f"  ({step.note})" if step.note else ""
            lines.append(f"→  {step.after}    {step.rule}{note}")
        return "\n".join(lines)

    def draw(self, target: Any = None, **options: Any) -> Any:
        """The strip of pictures, written to a path or into a matplotlib `Axes` (`tensordiag.drawing`)."""
        return import_module("tensordiag.drawing").draw_derivation(self, target, **options)
