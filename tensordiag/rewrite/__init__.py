"""Layer 2: rules that keep the value, the canonical form, `simplify`, and derivations as data."""

from .derivations import Derivation, Step
from .simplification import expand, is_equivalent, is_symmetric, oriented, simplify

__all__ = ["Derivation", "Step", "expand", "is_equivalent", "is_symmetric", "oriented", "simplify"]
