"""The error tree: every error is a `TensordiagError` and also the builtin that a caller would catch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BackendError",
    "DifferentiationError",
    "DimensionError",
    "DrawingError",
    "ExportError",
    "GraphError",
    "MemoryLimitError",
    "OrderError",
    "ParseError",
    "ShapeError",
    "SingularError",
    "TensordiagError",
    "UnknownTensorError",
    "counted",
    "did_you_mean",
    "with_caret",
]


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 leg``, ``2 legs``."""
    return f"{number} {noun}{'s' * (number != 1)}"


class TensordiagError(Exception):
    """The root of every error that tensordiag raises on purpose."""


class DimensionError(TensordiagError, ValueError):
    """Two joined legs have different dimensions, or a dimension cannot be read or inferred."""


class OrderError(TensordiagError, TypeError):
    """An operation got an expression with the wrong number of legs."""


class ShapeError(TensordiagError, ValueError):
    """An array does not have the shape that its tensor declares."""


class UnknownTensorError(TensordiagError, LookupError):
    """A name that the expression does not know, or a tensor without an array."""


class GraphError(TensordiagError, ValueError):
    """A wiring or a NetworkX graph breaks the rule that a wire has exactly two ends."""


class DifferentiationError(TensordiagError, ValueError):
    """A derivative that does not exist or is not supported."""


class ParseError(TensordiagError, ValueError):
    """A text that is not in the language; the message shows the line and a caret."""

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.reason = message
        self.text = text
        self.position = position
        super().__init__(message if position is None else with_caret(message, text, position))


class ExportError(TensordiagError, ValueError):
    """An expression has no form in the notation that was asked for."""


class DrawingError(TensordiagError, ValueError):
    """A picture that cannot be made or written."""


class BackendError(TensordiagError, ValueError):
    """An unknown array library, or one that is not installed."""


class MemoryLimitError(TensordiagError, MemoryError):
    """A computation would need more memory than its limit; raised before allocating."""


class SingularError(TensordiagError, ArithmeticError):
    """A matrix that has to be inverted is singular."""


def with_caret(message: str, text: str, position: int) -> str:
    """The message, then the line of the text that it is about and a caret under the place."""
    return f"{message}\n{_caret(text, position)}"


def _caret(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)].expandtabs(1)  # one column a character
    column = position - start
    if len(line) > 100:  # keep a window around the place readable in a terminal
        left = max(0, column - 50)
        line, column = line[left : left + 100], column - left
    return f"  {line}\n  {' ' * column}^"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail of a message about an unknown name: the nearest known names, or all of them."""
    known = sorted(set(known))
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not close:
        close = [k for k in known if k.lower() == name.lower()]
    if close:
        return "; did you mean " + " or ".join(close) + "?"
    if not known:
        return "; there are no tensors here"
    shown = ", ".join(known[:12]) + (f", … ({len(known)} in all)" if len(known) > 12 else "")
    return f"; known here: {shown}"
