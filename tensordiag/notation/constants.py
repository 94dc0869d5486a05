"""Structural constants in exported text: the array of one as code, and its rule in Iverson brackets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.expressions import Structural
from ..dimension import Dimension
from ..errors import ExportError

__all__ = ["bracket", "constant_code"]


def constant_code(box: Structural, np: str, size: Callable[[Dimension], str], dtype: str) -> str:
    """The array of a structural constant, for the namespace `np`; `size` writes a dimension.

    `dtype` is empty, or the type of the array as source text: PyTorch promotes nothing.
    """
    typed = f", dtype={dtype}" if dtype else ""
    shape = [size(dim) for dim in box.dims]
    if box.name == "merge":
        return f"{np}.eye({shape[-1]}{typed}).reshape({', '.join(shape)})"
    if box.name == "unit":
        return f"{np}.eye({shape[0]}{typed})[{box.params[0]}]"
    if box.name == "triangle":
        (k,) = box.params
        if np == "torch":
            return f"torch.ones(({shape[0]}, {shape[1]}){typed}).tril({k})"
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
    condition = f"({''.join(parts)} == {right})"
    return f"{condition}.to({dtype})" if dtype else f"1.0*{condition}"


def bracket(box: Structural, letters: Sequence[str], latex: bool) -> str | None:
    """The rule of a slice, an affine constant or a triangle on letters, such as ``[i = j + k]``; None for others."""
    if box.name == "triangle":
        (k,) = box.params
        shift = f" + {k}" if isinstance(k, int) and k > 0 else f" − {-k}" if isinstance(k, int) and k else ""
        relation = r"\leq" if latex else "≤"
        text = f"[{letters[1]} {relation} {letters[0]}{shift}]"
        return text.replace("−", "-") if latex else text
    form = _form(box)
    if form is None:
        return None
    coefficients, offset = form
    left = [(c, i) for c, i in zip(coefficients, letters, strict=True) if c > 0]
    right = [(-c, i) for c, i in zip(coefficients, letters, strict=True) if c < 0]
    text = f"[{_side(left, '')} = {_side(right, '' if offset == 0 else str(offset))}]"
    return text.replace("−", "-") if latex else text


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
