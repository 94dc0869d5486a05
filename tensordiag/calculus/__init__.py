"""Layer 3: derivatives of diagrams, and their relatives."""

from .derivatives import diff, grad, hessian, jacobian
from .directions import hvp, jvp, vjp
from .fields import divergence, laplacian, taylor
from .recording import derivation

__all__ = [
    "derivation",
    "diff",
    "divergence",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "laplacian",
    "taylor",
    "vjp",
]
