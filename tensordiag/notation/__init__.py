"""Layer 2: notation, out (einsum, indices, matrices, LaTeX, source code) and in (the text language)."""

from .language import parse

__all__ = ["parse"]
