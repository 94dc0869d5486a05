"""Dimensions: the sizes of wires, as integer polynomials in named sizes (`3`, `n`, `m*n`, `2*n-1`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from threading import RLock
from typing import ClassVar, TypeAlias
from weakref import WeakValueDictionary

from .errors import DimensionError

__all__ = ["INTERNING", "DimLike", "Dimension", "as_dimension", "infer_sizes"]

Monomial: TypeAlias = tuple[str, ...]

INTERNING = RLock()
"""Held while an equal object is looked for and made: threads that build the same thing get one object.

A thread may take it again: the cycle collector runs what it likes meanwhile, which may build things, too.
"""

_TOKEN = re.compile(r"\s*(?:(\d+)|([^\W\d]\w*)|([-+*]))")


class Dimension:
    """The size of a wire: an integer polynomial in named sizes.

    Equal dimensions are one object, so they compare by identity.  Make one with `as_dimension`.

    >>> as_dimension("m*n") is as_dimension("n*m")
    True
    >>> as_dimension("2*n-1").value({"n": 3})
    5
    """

    __slots__ = ("__weakref__", "_symbols", "terms")
    _interned: ClassVar[WeakValueDictionary[tuple[tuple[Monomial, int], ...], Dimension]] = WeakValueDictionary()

    terms: tuple[tuple[Monomial, int], ...]
    _symbols: frozenset[str]

    def __new__(cls, terms: tuple[tuple[Monomial, int], ...]) -> Dimension:
        found = cls._interned.get(terms)
        if found is not None:
            return found
        made = object.__new__(cls)
        made.terms = terms
        made._symbols = frozenset(name for monomial, _ in terms for name in monomial)
        with INTERNING:
            return cls._interned.setdefault(terms, made)

    @classmethod
    def _collect(cls, terms: Iterable[tuple[Monomial, int]]) -> Dimension:
        total: dict[Monomial, int] = {}
        for monomial, factor in terms:
            key = tuple(sorted(monomial))
            total[key] = total.get(key, 0) + factor
        kept = ((m, c) for m, c in total.items() if c)
        return cls(tuple(sorted(kept, key=lambda term: (-len(term[0]), term[0]))))

    @property
    def symbols(self) -> frozenset[str]:
        """The named sizes that occur."""
        return self._symbols

    @property
    def number(self) -> int | None:
        """The size where no named size occurs, else None."""
        if not self.terms:
            return 0
        return self.terms[0][1] if not self._symbols else None

    def value(self, sizes: Mapping[str, int]) -> int:
        """The size with every named size given; `DimensionError` names one that is missing."""
        total = 0
        for monomial, factor in self.terms:
            for name in monomial:
                if name not in sizes:
                    raise DimensionError(f"the size {name} is not known: no array has it; pass sizes={{{name!r}: …}}")
                factor *= sizes[name]
            total += factor
        return total

    def substitute(self, sizes: Mapping[str, DimLike]) -> Dimension:
        """This dimension with named sizes replaced by other dimensions."""
        if not self._symbols & sizes.keys():
            return self
        total: list[tuple[Monomial, int]] = []
        for monomial, factor in self.terms:
            product = Dimension((((), factor),))
            for name in monomial:
                product = product * as_dimension(sizes.get(name, name))
            total.extend(product.terms)
        return Dimension._collect(total)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension._collect((a + b, x * y) for a, x in self.terms for b, y in other.terms)

    def __add__(self, other: Dimension) -> Dimension:
        return Dimension._collect((*self.terms, *other.terms))

    def __sub__(self, other: Dimension) -> Dimension:
        return Dimension._collect((*self.terms, *((m, -c) for m, c in other.terms)))

    def __str__(self) -> str:
        text = ""
        for monomial, factor in self.terms:
            parts = [] if abs(factor) == 1 and monomial else [str(abs(factor))]
            text += ("-" if factor < 0 else "+" if text else "") + "*".join([*parts, *monomial])
        return text or "0"

    def __repr__(self) -> str:
        return f"Dimension({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (as_dimension, (str(self),))


DimLike: TypeAlias = "Dimension | int | str"


def as_dimension(value: DimLike) -> Dimension:
    """A dimension from an int, a name, or a text such as `m*n`; `DimensionError` for anything else."""
    if isinstance(value, Dimension):
        return value
    if isinstance(value, bool) or not (isinstance(value, (int, str)) or hasattr(value, "__index__")):
        raise DimensionError(f"a dimension is an int, a name or a product of them, not {value!r}")
    if not isinstance(value, str):
        number = value.__index__()
        if number < 0:
            raise DimensionError(f"a dimension cannot be negative: {number}")
        return Dimension((((), number),) if number else ())
    return _parse(value)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Dimension:
    position, sign = 0, 1
    terms: list[tuple[Monomial, int]] = []
    names: list[str] = []
    factor, expecting = 1, True
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise DimensionError(f"cannot read the dimension {text!r} at {text[position:]!r}")
        position = match.end()
        number, name, operator = match.groups()
        if operator is None:
            if not expecting:
                raise DimensionError(f"cannot read the dimension {text!r}: an operator is missing")
            if number is not None:
                factor *= int(number)
            else:
                names.append(name)
            expecting = False
        elif operator == "*":
            if expecting:
                raise DimensionError(f"cannot read the dimension {text!r}: a factor is missing")
            expecting = True
        else:
            if not expecting:
                terms.append((tuple(names), sign * factor))
            elif terms or names:
                raise DimensionError(f"cannot read the dimension {text!r}: a factor is missing")
            names, factor, expecting = [], 1, True
            sign = 1 if operator == "+" else -1
    if expecting:
        raise DimensionError(f"cannot read the dimension {text!r}: it ends too early")
    terms.append((tuple(names), sign * factor))
    return Dimension._collect(terms)


def infer_sizes(known: Mapping[str, int], pairs: Iterable[tuple[Dimension, int, str]]) -> dict[str, int]:
    """Solve `dimension = size` for the named sizes, one unknown at a time.

    `pairs` are (dimension, size, where it was seen); `where` goes into the message of a clash.
    Cost: linear in the pairs, times the depth of their dependency.
    """
    sizes = dict(known)
    origin = dict.fromkeys(known, "sizes=")
    pending = list(pairs)
    while pending:
        waiting = []
        for dimension, size, where in pending:
            unknown = dimension.symbols - sizes.keys()
            if not unknown:
                if dimension.value(sizes) != size:
                    detail = ", ".join(f"{s} = {sizes[s]} from {origin[s]}" for s in sorted(dimension.symbols))
                    raise DimensionError(
                        f"{where} has size {size}, but its dimension {dimension} is "
                        f"{dimension.value(sizes)}" + (f" ({detail})" if detail else "")
                    )
                continue
            solved = _solve(dimension, size, sizes, unknown)
            if solved is None:
                waiting.append((dimension, size, where))
            elif solved[1] < 0:
                raise DimensionError(f"{where} has size {size}, which no {dimension} can have")
            else:
                sizes[solved[0]] = solved[1]
                origin[solved[0]] = where
        if len(waiting) == len(pending):
            break
        pending = waiting
    return sizes


def _solve(
    dimension: Dimension, size: int, sizes: Mapping[str, int], unknown: frozenset[str]
) -> tuple[str, int] | None:
    """The one unknown name and its value (-1 where no integer fits); None where it cannot be told."""
    if len(unknown) != 1:
        return None
    (name,) = unknown
    constant, slope = -size, 0
    for monomial, factor in dimension.terms:
        power = monomial.count(name)
        if power > 1:
            return None
        for other in monomial:
            factor *= sizes[other] if other != name else 1
        if power:
            slope += factor
        else:
            constant += factor
    if slope == 0:
        return None
    value, rest = divmod(-constant, slope)
    return name, value if rest == 0 and value >= 0 else -1
