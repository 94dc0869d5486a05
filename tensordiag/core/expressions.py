"""The values: immutable expressions with ordered open legs, interned so that equal values are one object."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from ..dimension import Dimension, DimLike, as_dimension
from ..errors import DimensionError, OrderError, UnknownTensorError, did_you_mean
from ..views import Views
from .numbers import Number, as_number

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["FACTS", "FUNCTIONS", "Apply", "Copy", "Expr", "Function", "Structural", "Sum", "Tensor", "add", "identity", "one", "walk", "zero"]

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


class Expr(Views):
    """A tensor-valued expression with ordered open legs (`dims`); the axes of its value.

    Expressions are immutable.  Equal ones (`==`) have the same structure; whether two mean the same is
    `tensordiag.is_equivalent`.  `declared` holds tensors that the expression was declared or derived with
    and may have lost; it is outside equality and hash.
    """

    __slots__ = ("__weakref__", "_base", "_digest", "_memo", "declared", "dims")
    _interned: ClassVar[WeakValueDictionary[tuple[Any, ...], Expr]] = WeakValueDictionary()
    __array_ufunc__ = None  # NumPy must leave `array * expression` to us: arrays enter at `evaluate`

    dims: tuple[Dimension, ...]
    declared: frozenset[Tensor]
    _base: Expr | None
    _digest: bytes | None
    _memo: dict[str, Any] | None

    @classmethod
    def _intern(cls, key: tuple[Any, ...], dims: tuple[Dimension, ...]) -> tuple[Any, bool]:
        """The value with this key, and whether it is new (its own fields are then still to be set)."""
        found = Expr._interned.get((cls, *key))
        if found is not None:
            return found, False
        made = object.__new__(cls)
        made.dims = dims
        made.declared = frozenset()
        made._base = made._digest = made._memo = None
        Expr._interned[(cls, *key)] = made
        return made, True

    # -- structure ---------------------------------------------------------------------------------

    @property
    def order(self) -> int:
        """The number of open legs."""
        return len(self.dims)

    @property
    def base(self) -> Expr:
        """The interned value itself, without extra declarations."""
        return self if self._base is None else self._base

    @property
    def children(self) -> tuple[Expr, ...]:
        """The expressions that this one is made of."""
        return ()

    @property
    def payload(self) -> tuple[Any, ...]:
        """What, with the children, determines this expression (plain data)."""
        raise NotImplementedError

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        """The inverse of (`payload`, `children`), also for changed children."""
        raise NotImplementedError

    def with_children(self, children: Sequence[Expr]) -> Expr:
        """This expression with its children replaced by others of the same legs."""
        return self.rebuild(self.payload, children)

    @property
    def memo(self) -> dict[str, Any]:
        """Results derived from this value, kept as long as it lives."""
        base = self.base
        if base._memo is None:
            base._memo = {}
        return base._memo

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self.base is other.base

    def __hash__(self) -> int:
        return id(self.base) >> 4

    def declaring(self, tensors: Iterable[Tensor]) -> Expr:
        """The same value, also accepting arrays (and sizes) for these tensors when evaluated."""
        extra = tensors if isinstance(tensors, frozenset) else frozenset(tensors)
        if extra <= self.declared:
            return self
        made: Expr = object.__new__(type(self))
        for slot in self._slots():
            setattr(made, slot, getattr(self, slot))
        made._base = self.base
        made.declared = extra | self.declared if self.declared else extra
        return made

    @classmethod
    def _slots(cls) -> Iterator[str]:
        for parent in cls.__mro__:
            for slot in getattr(parent, "__slots__", ()):
                if slot != "__weakref__":
                    yield slot

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that occur or were declared, by name; `DimensionError` where one name has two shapes."""
        memo = self.memo
        occurring: dict[Tensor, None] = memo.get("tensors") or dict.fromkeys(
            node for node in walk(self) if isinstance(node, Tensor)
        )
        memo["tensors"] = occurring
        by_name: dict[str, Tensor] = {}
        for tensor in (*occurring, *self.declared):
            plain = tensor.conj() if tensor.conjugate else tensor
            assert isinstance(plain, Tensor)
            known = by_name.setdefault(plain.name, plain)
            if known != plain:
                first, second = sorted((str(known.signature), str(plain.signature)))
                raise DimensionError(
                    f"the name {plain.name} is used for two tensors: {first} and {second}; rename one"
                )
        return tuple(by_name[name] for name in sorted(by_name))

    def tensor(self, name: str) -> Tensor:
        """The tensor of this name, occurring or declared; `UnknownTensorError` else."""
        known = {tensor.name: tensor for tensor in self.tensors}
        if name not in known:
            raise UnknownTensorError(f"there is no tensor {name!r} here{did_you_mean(name, known)}")
        return known[name]

    @property
    def digest(self) -> bytes:
        """A hash of the structure that is the same in every process; computed without recursion."""
        base = self.base
        if base._digest is None:
            for node in walk(base):
                if node._digest is None:
                    parts = [type(node).__name__.encode(), repr(node.payload).encode()]
                    parts += [child.digest for child in node.children]
                    node._digest = hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
        assert base._digest is not None
        return base._digest

    @property
    def graph(self) -> nx.MultiGraph:
        """The diagram as a frozen `networkx.MultiGraph`, top level as written (see `core.graphs`)."""
        from .graphs import to_networkx

        memo = self.memo
        if "graph" not in memo:
            memo["graph"] = to_networkx(self)
        graph: nx.MultiGraph = memo["graph"]
        return graph

    # -- copying, printing -------------------------------------------------------------------------

    def __copy__(self) -> Expr:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Expr:
        return self

    def __reduce__(self) -> tuple[Callable[..., Expr], tuple[Any, ...]]:
        nodes = list(walk(self))
        place = {node: position for position, node in enumerate(nodes)}
        rows = [(type(n), n.payload, tuple(place[c.base] for c in n.children)) for n in nodes]
        declared = tuple(sorted((t.name, t.payload) for t in self.declared))
        return _load, (rows, declared)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{', '.join(map(str, self.dims))}]>"

    # -- operators (their meaning is in core.algebra) ----------------------------------------------

    def __add__(self, other: Any) -> Expr:
        return _algebra().plus(self, other)

    def __radd__(self, other: Any) -> Expr:
        return _algebra().plus(other, self)

    def __sub__(self, other: Any) -> Expr:
        return _algebra().plus(self, other, sign=-1)

    def __rsub__(self, other: Any) -> Expr:
        return _algebra().plus(-self, other)

    def __neg__(self) -> Expr:
        return add([(-1, self)], self.dims)

    def __pos__(self) -> Expr:
        return self

    def __mul__(self, other: Any) -> Expr:
        return _algebra().hadamard(self, other)

    def __rmul__(self, other: Any) -> Expr:
        return _algebra().hadamard(other, self)

    def __matmul__(self, other: Any) -> Expr:
        return _algebra().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Expr:
        return _algebra().matmul(other, self)

    def __truediv__(self, other: Any) -> Expr:
        return _algebra().divide(self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return _algebra().divide(other, self)

    def __pow__(self, exponent: Any) -> Expr:
        return _algebra().power(self, exponent)

    @property
    def T(self) -> Expr:
        """The transpose: two legs exchanged; of order 0 and 1 the expression itself."""
        return _algebra().transpose(self)

    @property
    def H(self) -> Expr:
        """The conjugate transpose."""
        return _algebra().conj(_algebra().transpose(self))

    def conj(self) -> Expr:
        """The complex conjugate; A and its conjugate are independent under `diff` (Wirtinger)."""
        return _algebra().conj(self)

    def sum(self, axis: int | Sequence[int] | None = None) -> Expr:
        """The sum over all legs, or over the legs at these places."""
        return _algebra().sum_legs(self, axis)

    def trace(self) -> Expr:
        """The trace of a square matrix."""
        return _algebra().trace(self)

    def permute(self, axes: Sequence[int]) -> Expr:
        """The legs in another order: leg i of the result is leg `axes[i]` of this one."""
        return _algebra().permute(self, axes)


def _algebra() -> Any:
    from . import algebra  # the operators need the values and the values offer the operators

    return algebra


def _load(rows: list[tuple[type[Expr], tuple[Any, ...], tuple[int, ...]]], declared: tuple[Any, ...]) -> Expr:
    built: list[Expr] = []
    for cls, payload, places in rows:
        built.append(cls.rebuild(payload, [built[place] for place in places]))
    return built[-1].declaring(frozenset(Tensor(*payload) for _, payload in declared))


def walk(*roots: Expr, children: Callable[[Expr], Iterable[Expr]] | None = None) -> Iterator[Expr]:
    """Every distinct node below (and with) the roots, children first, each once; iterative.

    `children` gives the nodes below a node (by default its `children`).  Cost: linear in the nodes and links.
    """
    below = children or (lambda node: node.children)
    seen: set[Expr] = set()
    for root in roots:
        stack: list[tuple[Expr, Iterator[Expr]]] = []
        node: Expr | None = root.base
        while node is not None or stack:
            if node is not None:
                if node not in seen:
                    seen.add(node)
                    stack.append((node, iter(below(node))))
                node = None
            else:
                parent, rest = stack[-1]
                child = next(rest, None)
                if child is None:
                    stack.pop()
                    yield parent
                else:
                    node = child.base


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
        made, new = cls._intern((name, sizes, words, conjugate), sizes)
        if new:
            made.name, made.facts, made.conjugate = name, words, conjugate
        found: Tensor = made
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

    Order 0 is the number n, order 1 the vector of ones; of order 2 it *is* a wire, which `identity` gives.
    """

    __slots__ = ()

    def __new__(cls, order: int, dim: DimLike) -> Copy:
        if order < 0 or order == 2:
            raise OrderError(f"a copy tensor has order 0, 1 or at least 3, not {order}; use identity(dim) for 2")
        size = as_dimension(dim)
        made, new = cls._intern((order, size), (size,) * order)
        if new and not order:
            made.memo["dim"] = size
        found: Copy = made
        return found

    @property
    def dim(self) -> Dimension:
        """The dimension that the legs share."""
        if self.dims:
            return self.dims[0]
        size: Dimension = self.memo["dim"]
        return size

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
        made, new = cls._intern((name, tuple(params), tuple(dims)), tuple(dims))
        if new:
            made.name, made.params = name, tuple(params)
        found: Structural = made
        return found

    @property
    def payload(self) -> tuple[Any, ...]:
        params = tuple(p if isinstance(p, int) else str(p) for p in self.params)
        return self.name, params, tuple(map(str, self.dims))

    @classmethod
    def rebuild(cls, payload: tuple[Any, ...], children: Sequence[Expr]) -> Expr:
        name, params, dims = payload
        return Structural(name, [as_dimension(p) if isinstance(p, str) else p for p in params],
                          [as_dimension(d) for d in dims])

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
        made, new = cls._intern((terms, dims, spread), dims)
        if new:
            made.terms, made.spread = terms, spread
        found: Sum = made
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
        made, new = cls._intern((function, args, params), dims)
        if new:
            made.function, made.args, made.params = function, args, params
        found: Apply = made
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


def add(
    terms: Iterable[tuple[object, Expr]], dims: Sequence[DimLike] | None = None, *, spread: bool = False
) -> Expr:
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
        raise OrderError(f"cannot add expressions with {len(shape)} and {len(term.dims)} legs: {term!r}")
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
