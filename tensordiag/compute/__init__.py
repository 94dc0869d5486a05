"""Layer 2: numbers — `evaluate`, `compile`, and `register_array` for functions of one's own."""

from .compilation import Compiled, compile
from .evaluation import evaluate
from .implementations import register_array
from .matrix_functions import matrix_function

__all__ = ["Compiled", "compile", "evaluate", "matrix_function", "register_array"]
