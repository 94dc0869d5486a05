"""Layer 2: numbers — `evaluate`, `compile`, and `register_array` for functions of one's own."""

from .compilation import Compiled, compile
from .evaluation import evaluate
from .gradients import value_and_grad
from .implementations import register_array

__all__ = ["Compiled", "compile", "evaluate", "register_array", "value_and_grad"]
