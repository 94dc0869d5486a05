"""Declarations as text: `A[n,n] sym, x[n], a` — names, dimensions, facts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import ParseError
from .expressions import FACTS, Tensor

__all__ = ["parse_declarations", "tensors"]

_NAME = re.compile(r"[\s,;]*([^\W\d]\w*)\s*(\[([^\]]*)\])?")


def parse_declarations(text: str) -> list[Tensor]:
    """The tensors that a text declares, in its order; `ParseError` with a caret for anything else.

    >>> parse_declarations("A[n,n] sym, x[n], a")
    [A[n, n] sym, x[n], a[]]
    """
    found: list[tuple[str, list[str], list[str]]] = []
    for match in _tokens(text):
        name, bracket, inside = match.groups()
        if bracket is None and name in FACTS and found:
            found[-1][2].append(name)
        elif name in FACTS and found and not found[-1][1] and not re.match(r"\s*[,;]", match[0]):
            raise ParseError(
                f"the fact {name} follows the dimensions: {found[-1][0]}{bracket} {name}", text, match.start(1)
            )
        else:
            dims = [d for d in re.split(r"[,\s]+", (inside or "").strip()) if d]
            found.append((name, dims, []))
    seen: set[str] = set()
    for name, _, _ in found:
        if name in seen:
            raise ParseError(f"the tensor {name} is declared twice", text, text.rfind(name))
        seen.add(name)
    return [Tensor(name, dims, facts) for name, dims, facts in found]


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position, end = 0, len(text.rstrip(" \t\r\n,;"))
    while position < end:
        match = _NAME.match(text, position)
        if match is None:
            raise ParseError("a declaration is a name with dimensions, such as A[m,n] or x[n] pos", text, position)
        yield match
        position = match.end()


def tensors(text: str) -> tuple[Tensor, ...]:
    """Tensors declared by a text, in its order.

    >>> x, A, t = tensors("x[n] A[m,n] t")
    >>> A.dims
    (Dimension('m'), Dimension('n'))
    """
    return tuple(parse_declarations(text))
