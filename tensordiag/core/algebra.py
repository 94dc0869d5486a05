"""The operators on expressions: what people write, as networks of boxes, wires and copy tensors.

Every function takes expressions or numbers, builds one small diagram around its arguments (nesting is kept as
written) and costs as much as that diagram has legs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from ..dimension import Dimension, DimLike, as_dimension
from ..errors import DimensionError, OrderError
from .diagrams import contract, glue, permuted
from .expressions import Copy, Expr, Sum, Tensor, add, one
from .numbers import Number, as_number, is_number
from .structurals import merge, unit

__all__ = [
    "as_expr",
    "conj",
    "diag",
    "divide",
    "entry",
    "hadamard",
    "inner",
    "khatri_rao",
    "kron",
    "matmul",
    "ones",
    "outer",
    "permute",
    "plus",
    "power",
    "reshape",
    "square_norm",
    "sum_legs",
    "trace",
    "transpose",
    "vec",
]


def as_expr(value: object) -> Expr:
    """An expression as it is, a number as an order-0 expression."""
    if isinstance(value, Expr):
        return value
    if is_number(value):
        return add([(as_number(value), one())])
    if isinstance(value, str):
        raise OrderError(f"cannot use the text {value!r} as an expression: read it with td.parse")
    raise OrderError(
        f"cannot use {type(value).__name__} in an expression: tensors are symbols here; "
        "declare a tensor and pass the array to evaluate()"
    )


def _describe(expr: Expr) -> str:
    return f"{expr!r} with {expr.order} leg{'s' * (expr.order != 1)}"


def _same_legs(operation: str, a: Expr, b: Expr) -> None:
    """`OrderError` or `DimensionError` unless two operands have equal legs."""
    if a.order != b.order:
        raise OrderError(f"cannot {operation} {_describe(a)} and {_describe(b)}{_repeating(a, b)}")
    for leg, (mine, theirs) in enumerate(zip(a.dims, b.dims, strict=True)):
        if mine is not theirs:
            raise DimensionError(
                f"cannot {operation} {a!r} and {b!r}: leg {leg} is {mine} in the first and {theirs} in the second"
            )


def _repeating(a: Expr, b: Expr) -> str:
    """The tail of a message: how to repeat the operand of lower order along the legs that it lacks, as NumPy would."""
    small, large = sorted((a, b), key=lambda expr: expr.order)
    missing = large.order - small.order
    if large.dims[missing:] != small.dims:
        return ""
    name = small.name if isinstance(small, Tensor) else "expr"
    dims = [repr(str(dim) if dim.number is None else dim.number) for dim in large.dims[:missing]]
    text = dims[0] if missing == 1 else f"({', '.join(dims)})"
    return f"; nothing is repeated unasked: write td.outer(td.ones({text}), {name})"


def ones(dims: DimLike | Sequence[DimLike]) -> Expr:
    """The tensor of ones: a copy tensor of order 1 on every leg.

    >>> ones(("m", "n")).dims
    (Dimension('m'), Dimension('n'))
    """
    sizes = [as_dimension(d) for d in ([dims] if isinstance(dims, (str, int, Dimension)) else dims)]
    if not sizes:
        return one()
    return contract([Copy(1, size) for size in sizes], [[k] for k in range(len(sizes))], range(len(sizes)))


def plus(a: object, b: object, *, sign: int = 1) -> Expr:
    """a + sign·b; a scalar is added to every entry."""
    left, right = as_expr(a), as_expr(b)
    if left.order == 0 and right.order:
        left = hadamard(left, ones(right.dims))
    elif right.order == 0 and left.order:
        right = hadamard(right, ones(left.dims))
    _same_legs("add", left, right)
    made = add([(1, left), (sign, right)])
    is_zero = isinstance(made, Sum) and not made.terms
    return made.declaring({*left.tensors, *right.tensors}) if is_zero else made


def hadamard(a: object, b: object) -> Expr:
    """The elementwise product: a copy tensor of order 3 on every leg; a scalar scales.

    Legs: those of the operands, which must be equal (`DimensionError`, `OrderError`).
    """
    if is_number(a) and isinstance(b, Expr):
        return add([(as_number(a), b)])
    if is_number(b) and isinstance(a, Expr):
        return add([(as_number(b), a)])
    left, right = as_expr(a), as_expr(b)
    if left.order == 0 or right.order == 0:
        return outer(left, right)
    _same_legs("multiply elementwise", left, right)
    k = left.order
    copies = [Copy(3, dim) for dim in left.dims]
    labels = [range(k), range(k, 2 * k), *((leg, k + leg, 2 * k + leg) for leg in range(k))]
    return contract([left, right, *copies], labels, range(2 * k, 3 * k))


def matmul(a: object, b: object) -> Expr:
    """The product of orders 1 and 2: the last leg of the first joined to the first leg of the second."""
    left, right = as_expr(a), as_expr(b)
    for expr in (left, right):
        if expr.order not in (1, 2):
            hint = "scale with *" if expr.order == 0 else "write the contraction with td.einsum"
            raise OrderError(f"@ joins orders 1 and 2, but got {_describe(expr)}; {hint}")
    if left.dims[-1] is not right.dims[0]:
        raise DimensionError(
            f"cannot multiply {left!r} @ {right!r}: the last leg of the first is {left.dims[-1]}, "
            f"the first leg of the second is {right.dims[0]}"
        )
    return glue(left, right, 1)


def outer(*factors: object) -> Expr:
    """The outer product: the operands side by side, all legs open in order."""
    boxes = [as_expr(factor) for factor in factors]
    labels: list[list[int]] = []
    count = 0
    for box in boxes:
        labels.append(list(range(count, count + box.order)))
        count += box.order
    return contract(boxes, labels, range(count))


def inner(a: object, b: object) -> Expr:
    """⟨a, b⟩ = Σ a∘b over all legs, without a conjugate: the legs joined pairwise."""
    left, right = as_expr(a), as_expr(b)
    _same_legs("take the inner product of", left, right)
    return contract([left, right], [range(left.order)] * 2, [])


def square_norm(a: object) -> Expr:
    """⟨a, a⟩, the squared Euclidean or Frobenius norm of a real tensor."""
    expr = as_expr(a)
    return inner(expr, expr)


def power(base: object, exponent: int) -> Expr:
    """The elementwise power with a natural exponent: that many copies of the base on copy tensors."""
    expr = as_expr(base)
    if exponent == 0:
        return ones(expr.dims)
    if exponent == 1:
        return expr
    k = expr.order
    labels = [[(copy, leg) for leg in range(k)] for copy in range(exponent)]
    hubs = [[*((copy, leg) for copy in range(exponent)), leg] for leg in range(k)]
    copies = [Copy(exponent + 1, dim) for dim in expr.dims]
    return contract([*[expr] * exponent, *copies], [*labels, *hubs], range(k))


def divide(a: object, number: Number) -> Expr:
    """a divided by a number; `ZeroDivisionError` for 0."""
    number = as_number(number)
    if number == 0:
        raise ZeroDivisionError(f"{as_expr(a)!r} divided by zero")
    reciprocal = Fraction(1) / number if isinstance(number, (int, Fraction)) else 1 / number
    return hadamard(a, reciprocal)


def permute(expr: Expr, axes: Sequence[int]) -> Expr:
    """The legs in another order, as `numpy.transpose`: leg i of the result is leg `axes[i]`."""
    if sorted(axes) != list(range(expr.order)):
        raise OrderError(f"axes must be an order of 0 to {expr.order - 1}, not {list(axes)}: {_describe(expr)}")
    return permuted(expr, axes)


def transpose(expr: Expr) -> Expr:
    """The matrix transpose; of order 0 and 1 the expression itself, as in NumPy."""
    if expr.order > 2:
        raise OrderError(f".T needs at most 2 legs, but got {_describe(expr)}; say which with permute(axes)")
    return permuted(expr, (1, 0)) if expr.order == 2 else expr


def sum_legs(expr: object, axis: int | Sequence[int] | None = None) -> Expr:
    """The sum over some legs (all of them for None): a vector of ones on each.  Legs: the others.

    Raises `OrderError` for a leg that there is not.

    >>> import tensordiag as td
    >>> X = td.Tensor("X", ("m", "n"))
    >>> td.sum(X, axis=1) == X.sum(axis=1) == X @ td.ones("n")
    True
    """
    expr = as_expr(expr)
    n = expr.order
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    for place in axes:
        if not -n <= place < n:
            raise OrderError(f"cannot sum over leg {place}: {_describe(expr)}")
    gone = sorted({place % n for place in axes})
    kept = [leg for leg in range(n) if leg not in gone]
    return contract([expr, *(Copy(1, expr.dims[leg]) for leg in gone)], [range(n), *([g] for g in gone)], kept)


def trace(expr: Expr) -> Expr:
    """The trace of a square matrix: its two legs joined.  A scalar is its own trace."""
    if expr.order == 0:
        return expr
    _check_square("the trace", expr)
    return contract([expr], [(0, 0)], [])


def _check_square(operation: str, expr: Expr) -> None:
    if expr.order != 2:
        raise OrderError(f"{operation} needs a matrix, but got {_describe(expr)}")
    if expr.dims[0] is not expr.dims[1]:
        raise DimensionError(f"{operation} needs a square matrix, but {expr!r} is {expr.dims[0]}×{expr.dims[1]}")


def diag(expr: Expr) -> Expr:
    """A vector as a diagonal matrix, a square matrix's diagonal as a vector: a copy tensor of order 3."""
    if expr.order == 1:
        return contract([expr, Copy(3, expr.dims[0])], [(0,), (0, 1, 2)], (1, 2))
    _check_square("diag", expr)
    return contract([expr, Copy(3, expr.dims[0])], [(0, 1), (0, 1, 2)], (2,))


def kron(a: object, b: object) -> Expr:
    """The Kronecker product of operands of one order: legs merged pairwise, the first factor slowest."""
    left, right = as_expr(a), as_expr(b)
    if left.order == 0 or right.order == 0:
        return outer(left, right)
    if left.order != right.order:
        raise OrderError(f"kron needs operands with equally many legs, not {_describe(left)} and {_describe(right)}")
    k = left.order
    merges = [merge((m, n)) for m, n in zip(left.dims, right.dims, strict=True)]
    labels = [range(k), range(k, 2 * k), *((leg, k + leg, 2 * k + leg) for leg in range(k))]
    return contract([left, right, *merges], labels, range(2 * k, 3 * k))


def khatri_rao(a: object, b: object) -> Expr:
    """The columnwise Kronecker product of matrices (m, k) and (n, k): legs (m·n, k)."""
    left, right = as_expr(a), as_expr(b)
    if left.order != 2 or right.order != 2:
        raise OrderError(f"the Khatri–Rao product needs two matrices, not {_describe(left)} and {_describe(right)}")
    if left.dims[1] is not right.dims[1]:
        raise DimensionError(
            f"the Khatri–Rao product needs equally many columns: leg 1 of {left!r} is {left.dims[1]}, "
            f"leg 1 of {right!r} is {right.dims[1]}"
        )
    hub = Copy(3, left.dims[1])
    return contract(
        [left, right, merge((left.dims[0], right.dims[0])), hub],
        [("i", "a"), ("j", "b"), ("i", "j", "ij"), ("a", "b", "c")],
        ("ij", "c"),
    )


def vec(expr: Expr) -> Expr:
    """The columns of a matrix, one below the other (the mathematicians' vec): one leg of dimension n·m.

    So vec(A X B) = (Bᵀ ⊗ A) vec(X).  For rows one after the other, as NumPy's ravel, use `reshape`.
    """
    if expr.order < 2:
        return expr
    axes = range(expr.order - 1, -1, -1)
    return _merge_legs(permuted(expr, axes), [expr.order])


def reshape(expr: Expr, dims: Sequence[DimLike]) -> Expr:
    """The legs merged or split, in row-major order, as `numpy.reshape`.

    Legs: `dims`.  Neighbouring legs merge into their product and a leg splits into neighbours; the products
    must agree run by run, else `DimensionError`.
    """
    sizes = [as_dimension(d) for d in dims]
    old_widths, new_widths = _match_runs(expr, sizes)
    joined = _merge_legs(expr, old_widths)
    boxes: list[Expr] = [joined]
    labels: list[list[object]] = [[("run", run) for run in range(joined.order)]]
    outer_: list[object] = []
    for run, width in enumerate(new_widths):
        if width == 1:
            outer_.append(("run", run))
            continue
        row: list[object] = [(run, place) for place in range(width)]
        boxes.append(merge(sizes[len(outer_) : len(outer_) + width]))
        labels.append([*row, ("run", run)])
        outer_.extend(row)
    return contract(boxes, labels, outer_)


def _match_runs(expr: Expr, sizes: list[Dimension]) -> tuple[list[int], list[int]]:
    """Widths of the shortest runs of old and new legs whose products agree."""
    old, new = list(expr.dims), list(sizes)
    widths: tuple[list[int], list[int]] = ([], [])
    i = j = 0
    while i < len(old) and j < len(new):
        i0, j0 = i, j
        left, right = old[i], new[j]
        i, j = i + 1, j + 1
        while left is not right:
            if i < len(old) and _divides(left, right):
                left, i = left * old[i], i + 1
            elif j < len(new):
                right, j = right * new[j], j + 1
            else:
                break
        if left is not right:
            break
        widths[0].append(i - i0)
        widths[1].append(j - j0)
    if sum(widths[0]) != len(old) or sum(widths[1]) != len(new):
        shape = ", ".join(map(str, old))
        raise DimensionError(f"cannot reshape {expr!r}: ({shape}) does not match ({', '.join(map(str, sizes))})")
    return widths


def _divides(small: Dimension, large: Dimension) -> bool:
    """Whether a product of sizes can still grow into another by more factors."""
    if len(small.terms) != 1 or len(large.terms) != 1:
        return False
    (have, a), (need, b) = small.terms[0], large.terms[0]
    return b % a == 0 and not Counter(have) - Counter(need)


def _merge_legs(expr: Expr, widths: Sequence[int]) -> Expr:
    """Runs of neighbouring legs merged into one leg each."""
    boxes: list[Expr] = [expr]
    labels: list[list[object]] = [list(range(expr.order))]
    outer_: list[object] = []
    start = 0
    for run, width in enumerate(widths):
        legs = list(range(start, start + width))
        if width == 1:
            outer_.append(start)
        else:
            boxes.append(merge([expr.dims[leg] for leg in legs]))
            labels.append([*legs, ("run", run)])
            outer_.append(("run", run))
        start += width
    return contract(boxes, labels, outer_)


def entry(expr: Expr, *index: int | None) -> Expr:
    """One entry, or a slice: an index fixes its leg by a unit vector, None leaves the leg open."""
    if len(index) != expr.order:
        raise OrderError(f"{_describe(expr)} needs {expr.order} indices, not {len(index)}")
    fixed = [(leg, place) for leg, place in enumerate(index) if place is not None]
    boxes = [expr, *(unit(expr.dims[leg], place) for leg, place in fixed)]
    kept = [leg for leg, place in enumerate(index) if place is None]
    return contract(boxes, [range(expr.order), *([leg] for leg, _ in fixed)], kept)


def conj(expr: Expr) -> Expr:
    """The complex conjugate of every tensor and coefficient.  Iterative; cost: linear in the expression."""
    from .traversal import rebuild

    def swap(node: Expr) -> Expr | None:
        if isinstance(node, Tensor):
            return Tensor(node.name, node.dims, node.facts, not node.conjugate)
        if isinstance(node, Sum):
            return add(
                [(as_number(complex(c).conjugate()) if isinstance(c, complex) else c, t) for c, t in node.terms],
                node.dims,
                spread=node.spread,
            )
        return None

    return rebuild(expr, swap)
