"""Expressions in lists, tuples and dicts, and values in the same places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..core.expressions import Expr
from ..errors import OrderError

__all__ = ["Nest", "Nested"]

Nested: TypeAlias = Expr | Mapping[Any, "Nested"] | Iterable["Nested"]
"""An expression, or a list, tuple or dict of these."""


@dataclass(frozen=True, slots=True)
class Nest:
    """Where the expressions of a nested value stand: `form` has their numbers in their places."""

    form: Any
    exprs: tuple[Expr, ...]

    @classmethod
    def of(cls, nested: Nested) -> Nest:
        """Take a nested value apart; `OrderError` where something else than expressions is in it."""
        found: list[Expr] = []
        form = _form(nested, found)
        return cls(form, tuple(found))

    @property
    def is_list(self) -> bool:
        """Whether it is one list of expressions, whose values are in place already."""
        return isinstance(self.form, list) and self.form == list(range(len(self.exprs)))

    def filled(self, values: Sequence[Any]) -> Any:
        """The values in the places of the expressions."""
        return _filled(self.form, values)


def _form(nested: object, found: list[Expr]) -> Any:
    if isinstance(nested, Expr):
        found.append(nested)
        return len(found) - 1
    if isinstance(nested, Mapping):
        return {key: _form(below, found) for key, below in nested.items()}
    if isinstance(nested, str) or not isinstance(nested, Iterable):
        raise OrderError(
            f"compile takes an expression, or lists, tuples and dicts of them, not {type(nested).__name__} {nested!r}"
        )
    below = [_form(part, found) for part in nested]
    return tuple(below) if isinstance(nested, tuple) else below


def _filled(form: Any, values: Sequence[Any]) -> Any:
    if isinstance(form, int):
        return values[form]
    if isinstance(form, dict):
        return {key: _filled(below, values) for key, below in form.items()}
    return type(form)(_filled(below, values) for below in form)
