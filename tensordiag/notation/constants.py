"""Structural constants in exported text: the array of one as code, and its rule in Iverson brackets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.expressions import Structural
from ..dimension import Dimension
from ..errors import ExportError

__all__ = ["bracket", "constant_code"]


def constant_code(box: Structural, np: str, size: Callable[[Dimension], str]) -> str:
    """The array of a structural constant, for the namespace `np`; `size` writes a dimension."""
    shape = [size(dim) for dim in box.dims]
    if box.name == "merge":
        return f"{np}.eye({shape[-1]}).reshape({', '.join(shape)})"
    if box.name == "unit":
        return f"{np}.eye({shape[0]})[{box.params[0]}]"
    if box.name == "triangle":
        (k,) = box.params
        if np == "torch":
            return f"torch.ones(({shape[0]}, {shape[1]})).tril({k})"
        return f"{np}.tri({shape[0]}, {shape[1]}, {k})"
    form = _form(box)
    if form is None:
        raise ExportError(f"{box!r} has no einsum form")
    coefficients, offset = form
    parts: list[str] = []
    for place, (coefficient, length) in enumerate(zip(coefficients, shape, strict=True)):
        after = len(shape) - 1 - place
        grid = f"{np}.arange({length})" + (f"[:{', None' * after}]" if after else "")
        parts.append(_signed(coefficient, grid, "*", first=not parts))
    right = size(offset) if isinstance(offset, Dimension) else str(offset)
    return f"1.0*({''.join(parts)} == {right})"


def bracket(box: Structural, letters: Sequence[str], latex: bool) -> str | None:
    """The rule of a structural constant on letters, such as ``[i = j + k]``; None where it has none."""
    if box.name == "triangle":
        (k,) = box.params
        shift = f" + {k}" if isinstance(k, int) and k > 0 else f" − {-k}" if isinstance(k, int) and k else ""
        relation = r"\le" if latex else "≤"
        return f"[{letters[1]} {relation} {letters[0]}{shift}]"
    if box.name == "unit":
        place = box.params[0]
        last = place if not isinstance(place, int) or place >= 0 else f"{box.dims[0]} − {-place}"
        return f"[{letters[0]} = {last}]"
    if box.name == "merge":
        return f"[{letters[-1]} = {_rank(box, letters)}]"
    form = _form(box)
    if form is None:
        return None
    coefficients, offset = form
    left = [(c, i) for c, i in zip(coefficients, letters, strict=True) if c > 0]
    right = [(-c, i) for c, i in zip(coefficients, letters, strict=True) if c < 0]
    return f"[{_side(left, '')} = {_side(right, '' if offset == 0 else str(offset))}]"


def _rank(box: Structural, letters: Sequence[str]) -> str:
    """The row-major rank of the merged letters, such as ``n i + j``."""
    text = letters[0]
    for letter, dim in zip(letters[1:-1], box.dims[1:], strict=False):
        size = str(dim) if str(dim).isidentifier() or dim.number is not None else f"({dim})"
        text = f"{size} {text if ' ' not in text else f'({text})'} + {letter}"
    return text


def _form(box: Structural) -> tuple[tuple[int, ...], int | Dimension] | None:
    """Coefficients and value of the linear form that says where a constant is 1."""
    if box.name == "slice":
        start, step = box.params
        assert isinstance(step, int)
        return (1, -step), start
    if box.name == "affine":
        return tuple(c for c in box.params[:-1] if isinstance(c, int)), box.params[-1]
    return None


def _signed(coefficient: int, text: str, times: str, *, first: bool) -> str:
    sign = ("-" if coefficient < 0 else "") if first else (" - " if coefficient < 0 else " + ")
    return sign + (text if abs(coefficient) == 1 else f"{abs(coefficient)}{times}{text}")


def _side(terms: Sequence[tuple[int, str]], rest: str) -> str:
    parts = [letter if c == 1 else f"{c}{letter}" for c, letter in terms]
    text = " + ".join([*parts, *([rest] if rest else [])]) or "0"
    return text.replace("+ -", "− ")
