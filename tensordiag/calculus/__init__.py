"""Layer 3: derivatives of diagrams, and their relatives."""

from .derivatives import diff, grad, hessian, hvp, jacobian, jvp, vjp
from .recording import derivation

__all__ = ["derivation", "diff", "grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]
