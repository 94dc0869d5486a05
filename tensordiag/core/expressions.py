"""The values: immutable expressions with ordered open legs, interned so that equal values are one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..dimension import Dimension, DimLike, as_dimension
from ..errors import DimensionError, OrderError, UnknownTensorError, counted, did_you_mean
from .base import Expr, walk
from .numbers import Number, as_number

__all__ = [
    "FACTS",
    "FUNCTIONS",
    "Apply",
    "Copy",
    "Expr",
    "Function",
    "Structural",
    "Sum",
    "Tensor",
    "add",
    "identity",
    "one",
    "walk",
    "zero",
]

FACTS: Mapping[str, str] = {
    "sym": "symmetric under every exchange of legs",
    "spd": "symmetric positive definite",
    "diag": "diagonal",
    "orth": "orthogonal: its transpose is its inverse",
    "real": "equal to its complex conjugate",
    "pos": "entries positive",
    "mask": "entries 0 or 1",
    "prob": "entries positive, each row adds up to 1",
    "wc": "well conditioned, determinant positive",
    "tall": "of full column rank",
}
_SYMMETRIC = frozenset({"sym", "spd", "diag"})


class Tensor(Expr):
    """A named variable or constant with ordered legs.

    Parameters: `name`; `dims`, one dimension a leg (ints, names, products such as `"m*n"`); `facts`, words of
    `FACTS` such as `"sym"`; `conjugate`, whether this is the complex conjugate of the tensor of that name.

    >>> Tensor("A", ("m", "n"))
    A[m, n]
    """

    __slots__ = ("conjugate", "facts", "name")
    name: str
    facts: frozenset[str]
    conjugate: bool

    def __new__(
        cls,
        name: str,
        dims: DimLike | Iterable[DimLike] = (),
        facts: str | Iterable[str] = (),
        conjugate: bool = False,
    ) -> Tensor:
        if not isinstance(name, str) or not name.strip() or any(c.isspace() for c in name):
            raise UnknownTensorError(f"a tensor needs a name without spaces, not {name!r}")
        if isinstance(dims, (str, int, Dimension)):
            dims = tuple(d for d in dims.replace(",", " ").split()) if isinstance(dims, str) else (dims,)
        sizes = tuple(as_dimension(d) for d in dims)
        words = frozenset(facts.replace(",", " ").split() if isinstance(facts, str) else facts)
        for word in sorted(words - FACTS.keys()):
            raise UnknownTensorError(f"tensor {name}: unknown fact {word!r}{did_you_mean(word, FACTS)}")
        if words & _SYMMETRIC and len(set(sizes)) > 1:
            shape = ", ".join(map(str, sizes))
            fact = sorted(words & _SYMMETRIC)[0]
            raise DimensionError(f"tensor {name}[{shape}] is declared {fact}, but its legs differ in dimension")
        if words & {"spd", "diag", "orth", "wc", "tall"} and len(sizes) != 2:
            fact = sorted(words & {"spd", "diag", "orth", "wc", "tall"})[0]
            raise OrderError(f"tensor {name} is declared {fact}, which needs 2 legs, but has {len(sizes)}")
        conjugate = bool(conjugate) and "real" not in words
        found: Tensor = cls._intern((name, sizes, words, conjugate), sizes, name=name, facts=words, conjugate=conjugate)
        return found

    @property
    def payload(self) -> tuple[Any, ...]:
        return self.name, tuple(map(str, self.dims)), tuple(sorted(self.facts)), self.conjugate

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        return Tensor(*payload)

    @property
    def symmetric(self) -> bool:
        """Whether all legs may be exchanged."""
        return bool(self.facts & _SYMMETRIC)

    @property
    def signature(self) -> str:
        """Name, dimensions and facts, as a declaration is written."""
        facts = "".join(" " + fact for fact in sorted(self.facts))
        return f"{self.name}[{', '.join(map(str, self.dims))}]{facts}"

    def __repr__(self) -> str:
        return self.signature + ("*" if self.conjugate else "")


class Copy(Expr):
    """The copy tensor δ of an order on one dimension: 1 where all indices agree, else 0.

    Order 0 is the number n, order 1 the vector of ones; of order 2 it *is* a wire, which `identity` gives.  `dim` is
    the dimension that the legs share.
    """

    __slots__ = ("dim",)
    dim: Dimension

    def __new__(cls, order: int, dim: DimLike) -> Copy:
        if order < 0 or order == 2:
            raise OrderError(f"a copy tensor has order 0, 1 or at least 3, not {order}; use identity(dim) for 2")
        size = as_dimension(dim)
        found: Copy = cls._intern((order, size), (size,) * order, dim=size)
        return found

    @property
    def payload(self) -> tuple[Any, ...]:
        return self.order, str(self.dim)

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        return Copy(*payload)

    def __repr__(self) -> str:
        return f"Copy({self.order}, {self.dim})"


class Structural(Expr):
    """A constant tensor that is known by its rule, never stored: `merge`, `unit`, `slice`, …

    `name` chooses the rule, `params` are its dimensions and ints; see `core.structurals` for the table.
    """

    __slots__ = ("name", "params")
    name: str
    params: tuple[Dimension | int, ...]

    def __new__(cls, name: str, params: Sequence[Dimension | int], dims: Sequence[Dimension]) -> Structural:
        key = name, tuple(params), tuple(dims)
        found: Structural = cls._intern(key, key[2], name=name, params=key[1])
        return found

    @property
    def payload(self) -> tuple[Any, ...]:
        params = tuple(p if isinstance(p, int) else str(p) for p in self.params)
        return self.name, params, tuple(map(str, self.dims))

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        name, params, dims = payload
        return Structural(
            name, [as_dimension(p) if isinstance(p, str) else p for p in params], [as_dimension(d) for d in dims]
        )

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.params))})"


class Sum(Expr):
    """A linear combination of expressions with the same legs; made by `add`.

    `spread` marks a sum that the product rule made: `simplify` distributes over it, while a sum that the
    user wrote stays a box.
    """

    __slots__ = ("spread", "terms")
    terms: tuple[tuple[Number, Expr], ...]
    spread: bool

    def __new__(cls, terms: tuple[tuple[Number, Expr], ...], dims: tuple[Dimension, ...], spread: bool) -> Sum:
        key = (tuple([(coefficient, id(term)) for coefficient, term in terms]), dims, spread)
        found: Sum = cls._intern(key, dims, terms=terms, spread=spread)
        return found

    @property
    def children(self) -> tuple[Expr, ...]:
        return tuple(term for _, term in self.terms)

    @property
    def payload(self) -> tuple[Any, ...]:
        return tuple(c for c, _ in self.terms), tuple(map(str, self.dims)), self.spread

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        coefficients, dims, spread = payload
        terms = list(zip(coefficients, children, strict=True))
        return add(terms, [as_dimension(d) for d in dims], spread=spread)

    def with_children(self, children: Sequence[Expr]) -> Expr:
        terms = zip((c for c, _ in self.terms), children, strict=True)
        return add(terms, self.dims, spread=self.spread)

    @property
    def is_zero(self) -> bool:
        """Whether this is the empty sum."""
        return not self.terms

    def __repr__(self) -> str:
        return f"<Sum of {len(self.terms)} [{', '.join(map(str, self.dims))}]>"


@dataclass(frozen=True, slots=True)
class Function:
    """What the core knows of a function: its legs and its Jacobian (see `core.functions` for the table).

    `legs(dims of the arguments, params)` gives the legs of the result.  `derivative(apply, k)` is the derivative
    by argument k: of an elementwise function a diagram with the legs of the result (the diagonal), of any other
    one with legs (result legs, argument legs).  `transposes` says that f(Xᵀ) is f(X)ᵀ.  `domain` is said in messages.
    """

    name: str
    arity: int
    elementwise: bool
    derivative: Callable[[Apply, int], Expr]
    legs: Callable[[tuple[tuple[Dimension, ...], ...], tuple[Any, ...]], tuple[Dimension, ...]]
    transposes: bool = False
    domain: str = "all numbers"


FUNCTIONS: dict[str, Function] = {}
"""The functions by name; `core.functions` fills it and `tensordiag.function` adds to it."""


class Apply(Expr):
    """A function of expressions: elementwise (exp, tanh …) or structured (inv, det, softmax …).

    Made by `core.functions.apply`, which checks the arguments.  `params` are plain data such as the exponent
    of a power or the legs of a softmax.
    """

    __slots__ = ("args", "function", "params")
    function: str
    args: tuple[Expr, ...]
    params: tuple[Any, ...]

    def __new__(cls, function: str, args: tuple[Expr, ...], params: tuple[Any, ...] = ()) -> Apply:
        dims = FUNCTIONS[function].legs(tuple(arg.dims for arg in args), params)
        key = (function, tuple(map(id, args)), params)
        found: Apply = cls._intern(key, dims, function=function, args=args, params=params)
        return found

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.args

    @property
    def payload(self) -> tuple[Any, ...]:
        return self.function, self.params

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        from .functions import apply

        return apply(payload[0], *children, params=payload[1])

    @property
    def spec(self) -> Function:
        """The function's entry in the table."""
        return FUNCTIONS[self.function]

    def __repr__(self) -> str:
        return f"<{self.function} [{', '.join(map(str, self.dims))}]>"


def add(terms: Iterable[tuple[object, Expr]], dims: Sequence[DimLike] | None = None, *, spread: bool = False) -> Expr:
    """The linear combination Σ cₖ·Eₖ of expressions with equal legs.

    The empty sum is zero with the legs `dims`.  Equal terms are collected, numbers multiplied through; a
    single term with coefficient 1 is that term.  `DimensionError` names the two terms whose legs differ.
    """
    shape = None if dims is None else tuple(as_dimension(d) for d in dims)
    total: dict[Expr, Number] = {}
    declared: frozenset[Tensor] = frozenset()
    for coefficient, term in terms:
        number = as_number(coefficient)
        if shape is None:
            shape = term.dims
        _check_same(shape, term)
        if term.declared and term.declared is not declared:
            declared = declared | term.declared
        if isinstance(term, Sum) and len(term.terms) <= 1:
            for inner, below in term.terms:
                total[below] = as_number(total.get(below, 0) + number * inner)
        else:
            total[term.base] = as_number(total.get(term.base, 0) + number)
    if shape is None:
        raise DimensionError("an empty sum needs dims")
    kept = tuple((c, e) for e, c in total.items() if c != 0)
    if len(kept) == 1 and kept[0][0] == 1:
        made = kept[0][1]
    else:
        made = Sum(kept, shape, spread and len(kept) > 1)
    return made.declaring(declared) if declared else made


def _check_same(shape: tuple[Dimension, ...], term: Expr) -> None:
    if term.dims == shape:
        return
    if len(term.dims) != len(shape):
        raise OrderError(f"cannot add expressions with {len(shape)} and {counted(len(term.dims), 'leg')}: {term!r}")
    leg = next(i for i, (a, b) in enumerate(zip(shape, term.dims, strict=True)) if a is not b)
    raise DimensionError(f"cannot add {term!r}: its leg {leg} has dimension {term.dims[leg]}, expected {shape[leg]}")


def zero(dims: Sequence[DimLike] = ()) -> Expr:
    """Zero with these legs."""
    return add((), dims)


def identity(dim: DimLike) -> Expr:
    """The identity matrix: a bare wire with two open ends."""
    from .diagrams import wiring

    return wiring((0, 0), (as_dimension(dim),))


def one() -> Expr:
    """The number 1: the empty network."""
    from .diagrams import wiring

    return wiring((), ())
