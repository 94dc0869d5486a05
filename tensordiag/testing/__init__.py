"""Layer 4: checks for one's own work — derivatives against numbers, equal values, random arrays and diagrams."""

from .checks import assert_same_value, check_derivative
from .growth import random_diagram
from .samples import random_arrays, random_sizes

__all__ = ["assert_same_value", "check_derivative", "random_arrays", "random_diagram", "random_sizes"]
