"""tensordiag: tensor expressions as diagrams, and their derivatives by removing a node.

>>> import tensordiag as td
>>> x, y, z = td.tensors("x[n] y[n] z[n]")
>>> td.diff(x * y * z, x).matrix()
'Diag(y∘z)'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import testing
from .calculus import (
    derivation,
    diff,
    divergence,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    laplacian,
    taylor,
    vjp,
)
from .compute import compile, evaluate, register_array
from .core.algebra import (
    diag,
    entry,
    hadamard,
    inner,
    khatri_rao,
    kron,
    matmul,
    ones,
    outer,
    permute,
    reshape,
    square_norm,
    trace,
    transpose,
    vec,
)
from .core.algebra import sum_legs as sum
from .core.declarations import tensors
from .core.diagrams import Diagram, Environment, contract
from .core.einsums import einsum
from .core.elementary import (
    adj,
    arccos,
    arcsin,
    arctan,
    cos,
    cosh,
    cosm,
    det,
    eigvalsh,
    erf,
    exp,
    expm,
    expm1,
    gelu,
    inv,
    log,
    log1p,
    log_softmax,
    logdet,
    logm,
    logsoftmax,
    logsumexp,
    matrix_power,
    maximum,
    minimum,
    norm,
    pinv,
    relu,
    sigmoid,
    sign,
    sin,
    sinh,
    sinm,
    softmax,
    softplus,
    solve,
    sqrtm,
    step,
    tan,
    tanh,
)
from .core.expressions import Copy, Expr, Structural, Sum, Tensor, add, identity, zero
from .core.functions import apply, mean, reciprocal, sqrt
from .core.functions import pow_ as power
from .core.graphs import from_networkx, remove_node
from .core.networks import flat
from .core.selections import convolve, cumsum, hankel, toeplitz, triangle, tril, triu
from .core.structurals import merge, unit
from .core.traversal import substitute
from .dimension import Dimension
from .errors import TensordiagError
from .extension import function
from .gradients import value_and_grad
from .notation import parse
from .rewrite import Derivation, Step, expand, is_equivalent, simplify

if TYPE_CHECKING:
    from .drawing import Drawing, Style, Theme, draw, draw_derivation, draw_equation, draw_equations

__version__ = "0.1.0"

__all__ = [
    "Copy",
    "Derivation",
    "Diagram",
    "Dimension",
    "Drawing",
    "Environment",
    "Expr",
    "Step",
    "Structural",
    "Style",
    "Sum",
    "Tensor",
    "TensordiagError",
    "Theme",
    "add",
    "adj",
    "apply",
    "arccos",
    "arcsin",
    "arctan",
    "compile",
    "contract",
    "convolve",
    "cos",
    "cosh",
    "cosm",
    "cumsum",
    "derivation",
    "det",
    "diag",
    "diff",
    "divergence",
    "draw",
    "draw_derivation",
    "draw_equation",
    "draw_equations",
    "eigvalsh",
    "einsum",
    "entry",
    "erf",
    "evaluate",
    "exp",
    "expand",
    "expm",
    "expm1",
    "flat",
    "from_networkx",
    "function",
    "gelu",
    "grad",
    "hadamard",
    "hankel",
    "hessian",
    "hvp",
    "identity",
    "inner",
    "inv",
    "is_equivalent",
    "jacobian",
    "jvp",
    "khatri_rao",
    "kron",
    "laplacian",
    "log",
    "log1p",
    "log_softmax",
    "logdet",
    "logm",
    "logsoftmax",
    "logsumexp",
    "matmul",
    "matrix_power",
    "maximum",
    "mean",
    "merge",
    "minimum",
    "norm",
    "ones",
    "outer",
    "parse",
    "permute",
    "pinv",
    "power",
    "reciprocal",
    "register_array",
    "relu",
    "remove_node",
    "reshape",
    "sigmoid",
    "sign",
    "simplify",
    "sin",
    "sinh",
    "sinm",
    "softmax",
    "softplus",
    "solve",
    "sqrt",
    "sqrtm",
    "square_norm",
    "step",
    "substitute",
    "sum",
    "tan",
    "tanh",
    "taylor",
    "tensors",
    "testing",
    "toeplitz",
    "trace",
    "transpose",
    "triangle",
    "tril",
    "triu",
    "unit",
    "value_and_grad",
    "vec",
    "vjp",
    "zero",
]

_DRAWING = frozenset({"Drawing", "Style", "Theme", "draw", "draw_derivation", "draw_equation", "draw_equations"})


def __getattr__(name: str) -> Any:
    """The names of `tensordiag.drawing`, loaded when the first of them is used."""
    if name in _DRAWING:
        return getattr(import_module(".drawing", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
