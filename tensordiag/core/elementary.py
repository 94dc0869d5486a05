"""The functions of the table by their own names: `td.exp(x)`, `td.inv(A)`, `td.softmax(X, axis=1)` …"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ..errors import OrderError
from .algebra import as_expr, matmul, square_norm, sum_legs
from .expressions import FUNCTIONS, Expr, identity
from .functions import apply, pow_
from .matrix_functions import eigvalsh

__all__ = [
    "adj",
    "arccos",
    "arcsin",
    "arctan",
    "cos",
    "cosh",
    "cosm",
    "det",
    "eigvalsh",
    "erf",
    "exp",
    "expm",
    "expm1",
    "gelu",
    "inv",
    "log",
    "log1p",
    "log_softmax",
    "logdet",
    "logm",
    "logsoftmax",
    "logsumexp",
    "matrix_power",
    "maximum",
    "minimum",
    "norm",
    "pinv",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sinm",
    "softmax",
    "softplus",
    "solve",
    "sqrtm",
    "step",
    "tan",
    "tanh",
]


def _function(name: str, says: str) -> Callable[[object], Expr]:
    def call(expr: object) -> Expr:
        return apply(name, expr)

    domain = FUNCTIONS[name].domain
    kind = "elementwise; legs: those of the argument" if FUNCTIONS[name].elementwise else "of a matrix"
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{says}, {kind}.  Defined on {domain}."
    return call


exp = _function("exp", "The exponential")
expm1 = _function("expm1", "exp(x) − 1, exact near 0")
log = _function("log", "The natural logarithm")
log1p = _function("log1p", "log(1 + x), exact near 0")
sign = _function("sign", "The sign: −1, 0 or 1; its derivative is 0")
relu = _function("relu", "The larger of x and 0; the derivative at 0 is 0")
step = _function("step", "1 where x is positive, else 0")
sin = _function("sin", "The sine")
cos = _function("cos", "The cosine")
tan = _function("tan", "The tangent")
arcsin = _function("arcsin", "The inverse sine")
arccos = _function("arccos", "The inverse cosine")
arctan = _function("arctan", "The inverse tangent")
sinh = _function("sinh", "The hyperbolic sine")
cosh = _function("cosh", "The hyperbolic cosine")
tanh = _function("tanh", "The hyperbolic tangent")
sigmoid = _function("sigmoid", "The logistic function 1/(1 + exp(−x))")
softplus = _function("softplus", "log(1 + exp(x)) without overflow")
erf = _function("erf", "The error function")
gelu = _function("gelu", "x times the normal distribution function of x")

inv = _function("inv", "The inverse")
pinv = _function("pinv", "The pseudoinverse (legs exchanged), at full rank")
det = _function("det", "The determinant")
logdet = _function("logdet", "The logarithm of the absolute value of the determinant")
adj = _function("adj", "The adjugate; its derivative needs a regular matrix")
expm = _function("expm", "The matrix exponential")
logm = _function("logm", "The matrix logarithm")
sqrtm = _function("sqrtm", "The matrix square root")
sinm = _function("sinm", "The matrix sine")
cosm = _function("cosm", "The matrix cosine")


def maximum(a: object, b: object) -> Expr:
    """The larger of two, elementwise; where they are equal the derivative is that of the second."""
    return apply("maximum", a, b)


def minimum(a: object, b: object) -> Expr:
    """The smaller of two, elementwise; where they are equal the derivative is that of the second."""
    return apply("minimum", a, b)


def _places(name: str, expr: Expr, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    axes = range(expr.order) if axis is None else [axis] if isinstance(axis, int) else axis
    for place in axes:
        if not -expr.order <= place < expr.order:
            raise OrderError(f"{name} along leg {place}: {expr!r} has {expr.order} leg{'s' * (expr.order != 1)}")
    return tuple(sorted({place % expr.order for place in axes}))


def softmax(expr: object, axis: int | Sequence[int] | None = None) -> Expr:
    """exp(x) over its sum along some legs (all of them for None).  Legs: those of the argument.

    >>> import tensordiag as td
    >>> softmax(td.Tensor("X", ("m", "n")), axis=1).evaluate(X=[[0.0, 0.0]])
    array([[0.5, 0.5]])
    """
    arg = as_expr(expr)
    return apply("softmax", arg, params=_places("softmax", arg, axis))


def logsoftmax(expr: object, axis: int | Sequence[int] | None = None) -> Expr:
    """The logarithm of the softmax along some legs, without overflow.  Legs: those of the argument."""
    arg = as_expr(expr)
    return apply("logsoftmax", arg, params=_places("logsoftmax", arg, axis))


log_softmax = logsoftmax


def logsumexp(expr: object, axis: int | Sequence[int] | None = None) -> Expr:
    """log Σ exp(x) along some legs, without overflow.  Legs: the others."""
    arg = as_expr(expr)
    return apply("logsumexp", arg, params=_places("logsumexp", arg, axis))


def norm(expr: object, kind: int | str = 2) -> Expr:
    """A norm of all entries: 2 (Euclidean, Frobenius; not squared), 1 (absolute sum) or ``"max"``.

    Its square `norm(x)**2` is ⟨x, x⟩, which is differentiable at 0.  `OrderError` for another kind.
    """
    arg = as_expr(expr)
    if kind == 2:
        return pow_(square_norm(arg), Fraction(1, 2))
    if kind == 1:
        return sum_legs(apply("abs", arg))
    if kind == "max":
        return apply("max", apply("abs", arg))
    raise OrderError(f"the kind of a norm is 2, 1 or 'max', not {kind!r}")


def solve(a: object, b: object) -> Expr:
    """The solution x of a x = b: inv(a) @ b, computed from a factorisation.  Legs: those of b."""
    return matmul(apply("inv", a), b)


def matrix_power(expr: object, exponent: int) -> Expr:
    """The product of a square matrix with itself, of its inverse for a negative exponent; the identity for 0."""
    arg = as_expr(expr)
    if arg.order != 2 or not isinstance(exponent, int) or isinstance(exponent, bool):
        raise OrderError(f"matrix_power needs a square matrix and an integer, not {arg!r} and {exponent!r}")
    if exponent == 0:
        return identity(matmul(arg, arg).dims[0])
    factor = apply("inv", arg) if exponent < 0 else arg
    product = factor
    for _ in range(abs(exponent) - 1):
        product = matmul(product, factor)
    return product
