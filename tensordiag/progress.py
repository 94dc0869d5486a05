"""A line on stderr about something that takes long."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

__all__ = ["Progress"]

_PATIENCE = 2.0
"""Seconds without a word."""


class Progress:
    """Says how far something is, on stderr where that is a terminal, from the third second on.

    Used in a `with` statement, which ends the line.

    >>> with Progress("counting sheep") as progress:
    ...     progress.show("1 of 2")
    """

    def __init__(self, what: str, seconds: float | None = None) -> None:
        """`seconds` is the most that it may take, where that is known."""
        self._what = what
        self._limit = "" if seconds is None else f" of at most {seconds:.0f}"
        self._start = time.monotonic()
        self._width = 0

    def show(self, state: str) -> None:
        """Say how far it is, over what was said before."""
        passed = time.monotonic() - self._start
        if passed > _PATIENCE and sys.stderr is not None and sys.stderr.isatty():
            text = f"{self._what}: {passed:.0f}{self._limit} s, {state}"
            sys.stderr.write(f"\r{text:<{self._width}}")
            sys.stderr.flush()
            self._width = len(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._width:
            sys.stderr.write("\n")
