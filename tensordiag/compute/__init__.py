"""Layer 2: numbers — `evaluate`, and `register_array` for functions of one's own."""

from .evaluation import evaluate
from .implementations import register_array

__all__ = ["evaluate", "register_array"]
