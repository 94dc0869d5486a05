"""The options of `draw`, checked: every name known, every value of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import process_time
from typing import Any

from ..core.expressions import Expr, Tensor
from ..errors import DrawingError, did_you_mean
from .bundles import bundled
from .folds import Folds
from .names import Names
from .precedence import as_written
from .skeletons import Term, terms_of
from .style import STYLE, Style, find_theme

__all__ = ["Settings"]

_CHOICES = {
    "labels": ("open", "all", "dims", "none"),
    "transpose": ("rotate", "label", "both"),
    "mark": ("bevel", "strong", "none"),
    "layout": ("auto", "stress"),
    "colors": ("kinds", "dims"),
    "sides": ("auto", "left", "right", "down", "up", "all-left", "all-right", "ud"),
}


def _is_count(value: Any, least: int) -> bool:
    return value is None or (isinstance(value, int) and value >= least)


def _are_names(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(name, str) for name in value)


def _are_tensors(value: Any) -> bool:
    return isinstance(value, (str, Tensor)) or (
        isinstance(value, Sequence) and all(isinstance(one, (str, Tensor)) for one in value)
    )


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "style": (lambda value: isinstance(value, Style), "a Style"),
    "legs": (lambda value: value is None or _are_names(value), "a sequence of names, or None"),
    "depth": (lambda value: _is_count(value, 0), "a number of frames, 0 or more, or None"),
    "terms": (lambda value: _is_count(value, 1), "a number of terms, 1 or more, or None"),
    "max_width": (
        lambda value: value is None or (isinstance(value, (int, float)) and value > 0),
        "a positive number of em, or None",
    ),
    "derivative": (_are_tensors, "a tensor or its name, or a sequence of them"),
    "slots": (lambda value: value is None or isinstance(value, Expr), "an expression, or None"),
    "width": (
        lambda value: value in (None, "dim") or isinstance(value, Mapping),
        "'dim', sizes by the names of dimensions, or None",
    ),
}
"""What the values of options have to be."""


@dataclass(frozen=True)
class Settings:
    """What the caller chose, and what the parts of one figure share: folds, names, marked tensors, hues, the start."""

    theme: Any = "light"
    labels: str = "open"
    legs: Sequence[str] | None = None
    simplify: bool = True
    factor: bool = True
    max_width: float | None = STYLE.max_width
    terms: int | None = 12
    style: Style = STYLE
    force: bool = False
    derivative: Any = ()
    slots: Expr | None = None
    compact: bool = False
    depth: int | None = None
    transpose: str = "rotate"
    mark: str = "bevel"
    width: Any = None
    colors: str = "kinds"
    layout: str = "auto"
    sides: str = "auto"
    marked: frozenset[Expr] = frozenset()
    folds: Folds = field(default_factory=Folds)
    names: Names = field(default_factory=Names)
    hues: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=process_time, compare=False)

    @classmethod
    def of(cls, options: dict[str, Any]) -> Settings:
        """The settings with these options; `DrawingError` with a did-you-mean for an unknown one."""
        known = set(cls.__dataclass_fields__) - {"folds", "marked", "names", "hues", "started"}
        for name in options:
            if name == "folds":
                raise DrawingError("draw() chooses the folds itself; say how deep frames may nest with depth=")
            if name not in known:
                raise DrawingError(f"draw() has no option {name!r}{did_you_mean(name, known)}")
        made = cls(**options, folds=Folds(options.get("depth")))
        find_theme(made.theme)
        for name, (is_right, wanted) in _KINDS.items():
            if not is_right(getattr(made, name)):
                raise DrawingError(f"{name} is {wanted}, not {getattr(made, name)!r}")
        for name, choices in _CHOICES.items():
            value = getattr(made, name)
            if value not in choices:
                words = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
                raise DrawingError(f"{name} is {words}, not {value!r}{did_you_mean(str(value), choices)}")
        if made.colors == "dims" and not find_theme(made.theme).hues:
            raise DrawingError(
                f"the theme {find_theme(made.theme).name!r} has no colours for dimensions; labels='dims' names them"
            )
        return made._with_marks()

    def _with_marks(self) -> Settings:
        """The settings with how a transpose is told in its final form: by turning the box, by its label, by both."""
        told = "both" if self.mark == "none" and self.transpose == "rotate" else self.transpose
        mark = "none" if told == "label" else self.mark
        return replace(self, transpose=told, style=replace(self.style, mark=mark))

    @property
    def sizes(self) -> Mapping[str, int] | None:
        """Sizes by the names of dimensions where wires are as wide as their dimensions; None where they are not."""
        return None if self.width is None else {} if self.width == "dim" else self.width

    def reading_form(self, expr: Expr) -> Expr:
        """The expression as it is drawn."""
        if not self.simplify:
            return expr
        from ..rewrite import expand, simplify

        return simplify(expr) if self.factor else expand(simplify(expr))

    def bundled(self, term: Term) -> Term:
        """The term with its bundles as single wires, unless every wire is to have a label."""
        return bundled(term) if self.labels in ("open", "none") else term

    def terms_of(self, expr: Expr, depth: int = 8, written: Expr | None = None) -> tuple[Term, ...]:
        """The terms of an expression, with names that look different where they are different.

        They are in the order of the expression that this one is a form of, if there is one.
        """
        self.names.gather(expr.tensors)
        terms = terms_of(expr, depth)
        if written is not None and written is not expr:
            terms = as_written(terms, written)
        return self.names.applied(terms)
