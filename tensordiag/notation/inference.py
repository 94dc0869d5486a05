"""Inference of dimensions: unification of the sizes that a text leaves open, products included.

A *flexible* dimension stands for a size that is still to be found; every other symbol is rigid.  Flexible ones
are ordinary dimensions with a symbol that no text can spell, so that products of them need no second algebra.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import gcd
from typing import Literal, NamedTuple, TypeAlias

from ..dimension import Dimension, as_dimension
from ..errors import DimensionError, with_caret

__all__ = ["Inference", "Site"]

_MARK = "?"
_NAMES = ("m", "n", "p", "q", "r", "s", "k", "l")

Outcome: TypeAlias = Literal["equal", "clash", "later"]


class Site(NamedTuple):
    """Where two dimensions have to agree: the caret's place, what is done, and whose legs they are."""

    position: int
    action: str
    left: str
    right: str


class Inference:
    """The dimensions of one text: fresh ones, equations between them, and their solution.

    Equations that have several solutions yet (``a·b = c·d``) wait until others have settled more.
    """

    def __init__(self, text: str, taken: Iterable[str] = ()) -> None:
        self._text = text
        self._taken = set(taken)
        self._bound: dict[str, Dimension] = {}
        self._fresh: list[Dimension] = []
        self._waiting: list[tuple[Dimension, Dimension, Site]] = []

    def fresh(self) -> Dimension:
        """A new flexible dimension."""
        made = _symbol(f"{_MARK}{len(self._fresh)}")
        self._fresh.append(made)
        return made

    def reserve(self, names: Iterable[str]) -> None:
        """Keep these names out of those that `name` chooses."""
        self._taken.update(names)

    def resolve(self, dim: Dimension) -> Dimension:
        """The dimension as far as it is known now."""
        while any(symbol in self._bound for symbol in dim.symbols):
            if _age(dim) >= 0:
                dim = self._bound[dim.terms[0][0][0]]
                continue
            dim = dim.substitute({s: self._bound.get(s) or _symbol(s) for s in dim.symbols})
        return dim

    def equate(self, a: Dimension, b: Dimension, site: Site) -> None:
        """Require two dimensions to be equal; `DimensionError` names both legs and both sizes where they cannot."""
        left, right = self.resolve(a), self.resolve(b)
        outcome = self._solve(left, right)
        if outcome == "clash":
            raise self._clash(left, right, site)
        if outcome == "later":
            self._waiting.append((a, b, site))

    def settle(self) -> None:
        """Solve the equations that waited; `DimensionError` for one that still cannot be solved.

        Where products of open sizes have several solutions (the square `kron(A, B)`), their factors are paired in
        the order in which they appear: A and B are then square, too.
        """
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for a, b, site in waiting:
                self.equate(a, b, site)
            if len(self._waiting) == len(waiting):
                self._pair_factors(*self._waiting.pop(0))

    def _pair_factors(self, a: Dimension, b: Dimension, site: Site) -> None:
        left, right = self.resolve(a), self.resolve(b)
        if len(left.terms) == len(right.terms) == 1:
            ((names_a, factor_a),), ((names_b, factor_b),) = left.terms, right.terms
            mine = sorted((Counter(names_a) - Counter(names_b)).elements(), key=_number)
            theirs = sorted((Counter(names_b) - Counter(names_a)).elements(), key=_number)
            if factor_a == factor_b and len(mine) == len(theirs) and all(map(is_flexible, (*mine, *theirs))):
                for first, second in zip(mine, theirs, strict=True):
                    self.equate(_symbol(first), _symbol(second), site)
                return
        message = f"cannot {site.action}: whether {site.left}, {self.show(a)}, is {site.right}, {self.show(b)}, "
        message += "has several answers; declare the dimensions"
        raise DimensionError(with_caret(message, self._text, site.position))

    def name(self, dims: Iterable[Dimension]) -> dict[str, Dimension]:
        """Readable names for what stays flexible in these dimensions, in the order of their appearance."""
        symbols = list(dict.fromkeys(s for dim in dims for s in _flexible_in_order(self.resolve(dim))))
        candidates = ["n"] if len(symbols) == 1 else []
        rounds = (f"{name}{number or ''}" for number in range(len(symbols) + len(self._taken) + 1) for name in _NAMES)
        names: dict[str, Dimension] = {}
        free = (name for pool in (candidates, rounds) for name in pool if name not in self._taken)
        for symbol in symbols:
            names[symbol] = _symbol(next(free))
        return names

    def show(self, dim: Dimension) -> str:
        """The dimension for a message."""
        dim = self.resolve(dim)
        names = self.name([*self._fresh, dim])
        return str(dim.substitute({s: names.get(s) or _symbol(s) for s in dim.symbols}))

    def _clash(self, left: Dimension, right: Dimension, site: Site) -> DimensionError:
        message = (
            f"cannot {site.action}: {site.left} has dimension {self.show(left)}, "
            f"but {site.right} has dimension {self.show(right)}"
        )
        return DimensionError(with_caret(message, self._text, site.position))

    def _solve(self, a: Dimension, b: Dimension) -> Outcome:
        if a is b:
            return "equal"
        for younger, other in sorted(((a, b), (b, a)), key=lambda pair: -_age(pair[0])):
            if _age(younger) >= 0 and not younger.symbols & other.symbols:
                self._bound[next(iter(younger.symbols))] = other
                return "equal"
        if len(a.terms) == len(b.terms) == 1:
            return self._solve_products(a, b)
        return "later" if any(map(is_flexible, a.symbols | b.symbols)) else "clash"

    def _solve_products(self, a: Dimension, b: Dimension) -> Outcome:
        """Cancel what both products have; what is left decides."""
        ((names_a, factor_a),), ((names_b, factor_b),) = a.terms, b.terms
        common = gcd(factor_a, factor_b)
        left, right = Counter(names_a) - Counter(names_b), Counter(names_b) - Counter(names_a)
        sides = [(left, factor_a // common), (right, factor_b // common)]
        sides.sort(key=lambda side: sum(map(is_flexible, side[0])))
        (less, small), (more, large) = sides
        if not any(map(is_flexible, less)):
            return self._divide(less, small, more, large)
        root = gcd(*less.values(), *more.values())
        if small == large == 1 and root > 1:
            return self._solve(_product(less, 1, root), _product(more, 1, root))
        return "later"

    def _divide(self, known: Counter[str], factor: int, unknown: Counter[str], divisor: int) -> Outcome:
        """Solve `known · factor = unknown · divisor`, where only the right side has flexible symbols."""
        if divisor != 1 or not all(map(is_flexible, unknown)) or not unknown:
            return "clash"
        if not known and factor == 1:
            self._bound.update(dict.fromkeys(unknown, as_dimension(1)))
            return "equal"
        if len(unknown) > 1:
            return "later"
        ((symbol, times),) = unknown.items()
        base = _integer_root(factor, times)
        if base**times != factor or any(count % times for count in known.values()):
            return "clash"
        self._bound[symbol] = _product(known, base, times)
        return "equal"


def is_flexible(symbol: str) -> bool:
    """Whether a symbol of a dimension stands for a size that is still to be found."""
    return symbol.startswith(_MARK)


def _symbol(name: str) -> Dimension:
    return Dimension((((name,), 1),))


def _age(dim: Dimension) -> int:
    """The number of a lone flexible dimension (younger is larger), -1 for anything else."""
    if len(dim.terms) == 1 and len(dim.terms[0][0]) == 1 and dim.terms[0][1] == 1:
        name = dim.terms[0][0][0]
        return _number(name)
    return -1


def _number(symbol: str) -> int:
    """The age of a flexible symbol (younger is larger), -1 for a rigid one."""
    return int(symbol[len(_MARK) :]) if is_flexible(symbol) else -1


def _product(powers: Counter[str], factor: int, root: int) -> Dimension:
    made = as_dimension(factor)
    for name, times in powers.items():
        for _ in range(times // root):
            made = made * _symbol(name)
    return made


def _integer_root(number: int, times: int) -> int:
    """The largest integer whose power is at most the number; exact for integers of any length."""
    low, high = 0, 1 << (number.bit_length() // times + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**times <= number else (low, middle)
    return low


def _flexible_in_order(dim: Dimension) -> list[str]:
    return sorted((s for s in dim.symbols if is_flexible(s)), key=_number)
