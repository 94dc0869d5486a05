"""Layer 3: derivatives of diagrams, and their relatives."""

from .derivatives import diff, grad, hessian, hvp, jacobian, jvp, vjp

__all__ = ["diff", "grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]
