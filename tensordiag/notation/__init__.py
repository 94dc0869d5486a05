"""Layer 2: notation, out (einsum, indices, matrices, LaTeX, source code) and in (the text language)."""

from .contractions import Einsum, to_einsum, to_source
from .index import to_index
from .language import parse
from .matrix import to_kronecker, to_matrix
from .texts import to_latex, to_text

__all__ = [
    "Einsum",
    "parse",
    "to_einsum",
    "to_index",
    "to_kronecker",
    "to_latex",
    "to_matrix",
    "to_source",
    "to_text",
]
