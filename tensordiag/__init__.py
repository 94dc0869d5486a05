"""tensordiag: tensor expressions as diagrams, and their derivatives by removing a node.

>>> import tensordiag as td
>>> x, y, z = td.tensors("x[n] y[n] z[n]")
>>> td.diff(x * y * z, x).matrix()
'Diag(y∘z)'
"""

from .calculus import derivation, diff, grad, hessian, hvp, jacobian, jvp, vjp
from .compute import compile, evaluate, register_array, value_and_grad
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
    power,
    reshape,
    square_norm,
    trace,
    transpose,
    vec,
)
from .core.declarations import tensors
from .core.diagrams import Diagram, Environment, contract
from .core.einsums import einsum
from .core.expressions import Copy, Expr, Structural, Sum, Tensor, add, identity, zero
from .core.functions import apply
from .core.graphs import from_networkx, remove_node
from .core.networks import flat
from .core.structurals import merge, unit
from .core.traversal import substitute
from .dimension import Dimension
from .errors import TensordiagError
from .notation import parse
from .rewrite import Derivation, Step, expand, is_equivalent, simplify

__version__ = "0.1.0"

__all__ = [
    "Copy",
    "Derivation",
    "Diagram",
    "Dimension",
    "Environment",
    "Expr",
    "Step",
    "Structural",
    "Sum",
    "Tensor",
    "TensordiagError",
    "add",
    "apply",
    "compile",
    "contract",
    "derivation",
    "diag",
    "diff",
    "einsum",
    "entry",
    "evaluate",
    "expand",
    "flat",
    "from_networkx",
    "grad",
    "hadamard",
    "hessian",
    "hvp",
    "identity",
    "inner",
    "is_equivalent",
    "jacobian",
    "jvp",
    "khatri_rao",
    "kron",
    "matmul",
    "merge",
    "ones",
    "outer",
    "parse",
    "permute",
    "power",
    "register_array",
    "remove_node",
    "reshape",
    "simplify",
    "square_norm",
    "substitute",
    "tensors",
    "trace",
    "transpose",
    "unit",
    "value_and_grad",
    "vec",
    "vjp",
    "zero",
]
