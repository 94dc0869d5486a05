"""What all expressions have in common: legs, interning, digests, pickles, operators, and walking over them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from ..dimension import INTERNING, Dimension
from ..errors import DimensionError, UnknownTensorError, did_you_mean
from ..views import Views

if TYPE_CHECKING:
    import networkx as nx

    from .expressions import Tensor

__all__ = ["Expr", "walk"]


_NONE: frozenset[Any] = frozenset()


class Expr(Views):
    """A tensor-valued expression with ordered open legs (`dims`); the axes of its value.

    Expressions are immutable.  Equal ones (`==`) have the same structure; whether two mean the same is
    `tensordiag.is_equivalent`.  `declared` holds tensors that the expression was declared or derived with
    and may have lost; it is outside equality and hash.
    """

    __slots__ = ("__weakref__", "_base", "_digest", "_memo", "declared", "dims")
    _interned: ClassVar[WeakValueDictionary[tuple[Any, ...], Expr]] = WeakValueDictionary()

    dims: tuple[Dimension, ...]
    declared: frozenset[Tensor]
    _base: Expr | None
    _digest: bytes | None
    _memo: dict[str, Any] | None

    @classmethod
    def _intern(cls, key: tuple[Any, ...], dims: tuple[Dimension, ...], **fields: Any) -> Any:
        """The one value with this key, in all threads; its own fields are set before others can see it.

        A key holds the ids of what the value is made of, not the values: these live as long as it does, and what is
        known of them (`memo`) may lead back to it, which would keep it for ever.
        """
        whole = (cls, *key)
        with INTERNING:
            found = Expr._interned.get(whole)
            if found is None:
                found = object.__new__(cls)
                found.dims = dims
                found.declared = _NONE
                found._base = found._digest = found._memo = None
                for name, value in fields.items():
                    setattr(found, name, value)
                Expr._interned[whole] = found
        return found

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
        return id(self if self._base is None else self._base) >> 4

    def declaring(self, tensors: Iterable[Tensor]) -> Expr:
        """The same value, also accepting arrays (and sizes) for these tensors when evaluated."""
        extra = tensors if isinstance(tensors, frozenset) else frozenset(tensors)
        if extra <= self.declared:
            return self
        made: Expr = object.__new__(type(self))
        for slot in type(self)._slots():
            setattr(made, slot, getattr(self, slot))
        made._base = self.base
        made.declared = extra | self.declared if self.declared else extra
        return made

    @classmethod
    @cache
    def _slots(cls) -> tuple[str, ...]:
        slots = [slot for parent in cls.__mro__ for slot in getattr(parent, "__slots__", ())]
        return tuple([slot for slot in slots if slot != "__weakref__"])

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that occur or were declared, by name; `DimensionError` where one name has two shapes."""
        from .expressions import Tensor

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
            if known is not plain and known != plain:
                first, second = sorted((str(known.signature), str(plain.signature)))
                raise DimensionError(f"the name {plain.name} is used for two tensors: {first} and {second}; rename one")
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
        return _operator("plus", self, other)

    def __radd__(self, other: Any) -> Expr:
        return _operator("plus", other, self)

    def __sub__(self, other: Any) -> Expr:
        return _operator("plus", self, other, sign=-1)

    def __rsub__(self, other: Any) -> Expr:
        return _operator("plus", -self, other)

    def __neg__(self) -> Expr:
        return _operator("add", [(-1, self)], self.dims)

    def __pos__(self) -> Expr:
        return self

    def __mul__(self, other: Any) -> Expr:
        return _operator("hadamard", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return _operator("hadamard", other, self)

    def __matmul__(self, other: Any) -> Expr:
        return _operator("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Expr:
        return _operator("matmul", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return _function("quotient", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return _function("quotient", other, self)

    def __pow__(self, exponent: Any) -> Expr:
        return _function("pow_", self, exponent)

    def __rpow__(self, base: Any) -> Expr:
        return _function("pow_", base, self)

    def __abs__(self) -> Expr:
        return _function("apply", "abs", self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy leaves its operators with an expression to us, and its functions: say what to write instead."""
        from .foreign import operated_by_numpy

        return operated_by_numpy(ufunc.__name__, method, inputs, options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions take arrays: say what to write instead."""
        from .foreign import called_by_numpy

        raise called_by_numpy(func.__name__)

    if not TYPE_CHECKING:  # or it would allow every attribute

        def __getattr__(self, name: str) -> Any:
            """No attribute: say what an array's attribute is called here."""
            from .foreign import advice_on_attribute

            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message + advice_on_attribute(name), name=name, obj=self)

    def __getitem__(self, index: Any) -> Expr:
        """Entries and slices: an int fixes a leg, `start:stop:step` selects from it, `...` stands for whole legs."""
        from .selections import select

        return select(self, index)

    __iter__ = None  # an index makes no sequence: a leg's size may be a symbol

    @property
    def T(self) -> Expr:
        """The transpose: two legs exchanged; of order 0 and 1 the expression itself."""
        return _operator("transpose", self)

    @property
    def H(self) -> Expr:
        """The conjugate transpose."""
        return _operator("conj", self.T)

    def conj(self) -> Expr:
        """The complex conjugate; A and its conjugate are independent under `diff` (Wirtinger)."""
        return _operator("conj", self)

    def sum(self, axis: int | Sequence[int] | None = None) -> Expr:
        """The sum over all legs, or over the legs at these places."""
        return _operator("sum_legs", self, axis)

    def mean(self, axis: int | Sequence[int] | None = None) -> Expr:
        """The mean over all legs, or over the legs at these places: the sum over the product of their sizes."""
        return _function("mean", self, axis)

    def trace(self) -> Expr:
        """The trace of a square matrix."""
        return _operator("trace", self)

    def permute(self, axes: Sequence[int]) -> Expr:
        """The legs in another order: leg i of the result is leg `axes[i]` of this one."""
        return _operator("permute", self, axes)


def _operator(name: str, *args: Any, **options: Any) -> Expr:
    """An operator of `core.algebra`: it needs the values, and the values offer it as a method."""
    from . import algebra

    made: Expr = getattr(algebra, name)(*args, **options)
    return made


def _function(name: str, *args: Any) -> Expr:
    """An operator of `core.functions`."""
    from . import functions

    made: Expr = getattr(functions, name)(*args)
    return made


def _load(rows: list[tuple[type[Expr], tuple[Any, ...], tuple[int, ...]]], declared: tuple[Any, ...]) -> Expr:
    from .expressions import Tensor

    built: list[Expr] = []
    for cls, payload, places in rows:
        built.append(cls.rebuild(payload, [built[place] for place in places]))
    return built[-1].declaring(frozenset(Tensor(*payload) for _, payload in declared))


def walk(*roots: Expr, children: Callable[[Expr], Iterable[Expr]] | None = None) -> Iterator[Expr]:
    """Every distinct node below (and with) the roots, children first, each once; iterative.

    `children` gives the nodes below a node (by default its `children`).  Cost: linear in the nodes and links.
    """
    below = children or (lambda node: node.children)
    seen: dict[int, Expr] = {}  # by id, which is quicker than the values' own hash; it keeps them alive
    for root in roots:
        stack: list[tuple[Expr, Iterator[Expr]]] = []
        node: Expr | None = root.base
        while node is not None or stack:
            if node is not None:
                if id(node) not in seen:
                    seen[id(node)] = node
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
