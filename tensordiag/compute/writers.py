"""Writing a plan as straight-line source: one statement a value, temporaries reused where nobody needs them."""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.numbers import Number
from .constants import constant_source, evaluated
from .implementations import SHARED_NAMES
from .values import Value

__all__ = ["FunctionalWriter", "Writer", "letters", "literal"]

Indices = tuple[int, ...]

_LETTERS = string.ascii_letters
_FRESH = frozenset({"pair", "scale", "logistic", "apply", "full", "expand"})
"""What is an array of its own; the others may be views of their operands."""


def letters(*rows: Sequence[int]) -> str:
    """Indices as einsum letters; the last row is the output."""
    texts = ["".join(_LETTERS[i] for i in row) for row in rows]
    return ",".join(texts[:-1]) + "->" + texts[-1]


def literal(number: Number | str) -> str:
    """A number, or the name of a function in the table, as source text."""
    if isinstance(number, str):
        return repr(number)
    if isinstance(number, int) and abs(number) < 2**53:
        return repr(number)
    return repr(number) if isinstance(number, complex) else repr(float(number))


class Writer:
    """The source of a plan, for any array library: einsum for products, nothing changed in place."""

    def __init__(
        self, inputs: Sequence[Value], roots: Sequence[Value], order: Sequence[Value], constants: Mapping[str, Any]
    ) -> None:
        self.roots = list(roots)
        self.order = order
        self.name: dict[int, str] = {}
        self.lines: list[str] = []
        self.functions: dict[str, Any] = dict(constants)
        self.definitions: dict[str, str] = {}
        self.kernels: dict[int, str] = {}
        for position, value in enumerate(inputs):
            self.name[value.number] = f"a{position}"

    def write(self) -> list[str]:
        """The statements; the last one returns the results."""
        self.prepare()
        for value in self.order:
            self.current = value
            if value.number in self.name:
                continue
            if self.write_run(value):
                continue
            text = getattr(self, value.kind)(value, *[self.name[o.number] for o in value.operands])
            self.settle(value, text)
        results = [self.result(root, place) for place, root in enumerate(self.roots)]
        self.lines.append("return " + ("[" + ", ".join(results) + "]"))
        return self.lines

    def write_run(self, value: Value) -> bool:
        """Write this value and those after it as one, where that is better."""
        return False

    def prepare(self) -> None:
        """Look at the whole plan before writing."""

    def settle(self, value: Value, text: str) -> None:
        """Give the value a name."""
        self.name[value.number] = f"v{len(self.name)}"
        self.lines.append(f"{self.name[value.number]} = {text}")

    def result(self, root: Value, place: int) -> str:
        """A result as the program returns it."""
        return self.name[root.number]

    def function(self, value: Any, stem: str, source: str) -> str:
        """A name in the program for an object, which `source` says to a reader."""
        for name, known in self.functions.items():
            if known is value:
                return name
        name = f"{stem}{len(self.functions)}"
        self.functions[name] = value
        self.definitions[name] = source
        return name

    def implementation(self, name: str) -> str:
        """A name in the program for a function of the table."""
        return self.function(self.functions["implementation"](name), "f", f"implementation({name!r})")

    def constant_array(self, source: str) -> str:
        """A name in the program for an array that NumPy makes beforehand."""
        for name, known in self.definitions.items():
            if known == source:
                return name
        return self.function(evaluated(source), "c", source)

    def slice_of(self, value: Value, x: str, backwards: bool) -> tuple[str, tuple[int, ...]] | None:
        """A gathered operand as a slice with the axes in the order that follows; None where it is none."""
        source = value.operands[0].shape
        found = value.data.as_slice(source, value.shape)
        if found is None or (found.step < 0 and not backwards):
            return None
        axis = value.data.axis
        text = f"{found.start}:{'' if found.stop is None else found.stop}" + f":{found.step}" * (found.step != 1)
        return f"{x}[{':, ' * axis}{text}]", (*(k for k in range(len(source)) if k != axis), axis)

    def use(self, value: Value, kernel: str) -> None:
        """Say which kernel a value is computed by."""
        self.kernels[value.number] = kernel


class FunctionalWriter(Writer):
    """Source for torch and JAX arrays, whose namespace is bound to `xp`.

    A reordered product is written as the product in that order: transposes are copies there.  With `promotes` the
    arrays of one product may have several types, which `promoted` makes one.
    """

    promotes = False
    copies = False
    """Whether a result may not share memory with an array that is given or with another result."""
    like = ""
    """The array on whose device new ones are made."""

    def implementation(self, name: str) -> str:
        if name not in SHARED_NAMES:
            return super().implementation(name)
        return self.function(self.functions["implementation"](name), "f", f"xp.{name}")

    def result(self, root: Value, place: int) -> str:
        name = self.name[root.number]
        is_fresh = root.kind in _FRESH or (root.kind == "sum" and len(root.operands) > 1)
        if not self.copies or (is_fresh and root not in self.roots[:place]):
            return name
        return f"copy({name})"

    def made(self, function: str, arguments: str) -> str:
        """A new array."""
        return f"{function}({arguments}, {self.like})" if self.like else f"{function}({arguments})"

    def arguments(self, *names: str) -> str:
        """The arrays of one product."""
        listed = ", ".join(names)
        return f"*promoted({listed})" if self.promotes and len(names) > 1 else listed

    def prepare(self) -> None:
        """Find the products whose only user reorders them."""
        count = Counter([o.number for value in self.order for o in value.operands] + [r.number for r in self.roots])
        turns = [v for v in self.order if v.kind == "turn" and v.operands[0].kind == "pair"]
        self.turned = {v.operands[0].number for v in turns if count[v.operands[0].number] == 1}

    def write_run(self, value: Value) -> bool:
        """Leave a product to its only user."""
        if value.number not in self.turned:
            return False
        self.name[value.number] = ""
        return True

    def input(self, value: Value) -> str:
        raise AssertionError("inputs are named before writing")

    def conjugate(self, value: Value, x: str) -> str:
        return f"xp.conj({x})"

    def view(self, value: Value, x: str) -> str:
        shape, select = value.data
        if shape is not None:
            x = f"xp.reshape({x}, {tuple(shape)})"
        return f"{x}[{_selection(select)}]" if select is not None else x

    def eye(self, value: Value) -> str:
        side = math.isqrt(value.entries)
        return f"xp.reshape({self.made('eye', str(side))}, {value.shape})"

    def constant(self, value: Value) -> str:
        inside = self.constant_array(constant_source(value.data, value.shape))
        return f"xp.where({self.made('constant', inside)}, {self.made('full', '(), 1')}, {self.made('full', '(), 0')})"

    def gather(self, value: Value, x: str) -> str:
        self.use(value, "gather")
        source = value.operands[0].shape
        if not source[value.data.axis]:
            return self.made("full", f"{value.shape}, 0")
        part = self.slice_of(value, x, backwards=False)
        if part is not None:
            text, order = part
            return text if order == tuple(range(len(order))) else f"turn({text}, {order})"
        index, inside = value.data.index(source, value.shape)
        places = [self.made("constant", self.constant_array(part)) for part in index]
        text = f"{x}[{', '.join(places)}]"
        if inside is None:
            return text
        return f"xp.where({self.made('constant', self.constant_array(inside))}, {text}, {self.made('full', '(), 0')})"

    def running(self, value: Value, x: str) -> str:
        self.use(value, "cumsum")
        axis, reverse = value.data
        if not reverse:
            return f"xp.cumsum({x}, {axis})"
        return f"xp.flip(xp.cumsum(xp.flip({x}, ({axis},)), {axis}), ({axis},))"

    def full(self, value: Value) -> str:
        return self.made("full", f"{value.shape}, {literal(value.data)}")

    def scale(self, value: Value, x: str) -> str:
        self.use(value, "multiply")
        return f"{x} * {literal(value.data)}"

    def logistic(self, value: Value, x: str) -> str:
        self.use(value, "sigmoid")
        return f"{self.implementation('sigmoid')}({literal(value.data)} * {x})"

    def turn(self, value: Value, x: str) -> str:
        product = value.operands[0]
        if product.number not in self.turned:
            return f"turn({x}, {value.data})"
        (ra, rb), order = product.data
        place = {axis: k for k, axis in enumerate(value.data)}
        rows = [tuple([place.get(i, i) for i in row]) for row in (ra, rb)]
        return self._product(product, (rows[0], rows[1]), order)

    def reduce(self, value: Value, x: str) -> str:
        self.use(value, "einsum")
        return f"xp.einsum({letters(*value.data)!r}, {x})"

    def expand(self, value: Value, x: str) -> str:
        pattern, sizes = value.data
        self.use(value, "einsum")
        return self._patterned(x, tuple(range(len(value.operands[0].shape))), pattern, (), sizes)

    def apply(self, value: Value, *args: str) -> str:
        name, params = value.data
        self.use(value, name)
        return f"{self.implementation(name)}({', '.join([self.arguments(*args), *map(literal, params)])})"

    def sum(self, value: Value, *names: str) -> str:
        self.use(value, "add")
        text = ""
        for (coefficient, row, pattern, fixed), name in zip(value.data, names, strict=True):
            part = self._patterned(name, row, pattern, fixed, value.shape)
            sign = "-" if coefficient == -1 else "+"
            if abs(coefficient) != 1 or isinstance(coefficient, complex):
                part = f"{literal(coefficient)} * {part}"
            text = f"{text} {sign} {part}" if text or sign == "-" else part
        return text if text else self.made("full", f"{value.shape}, 0")

    def _patterned(
        self, x: str, row: Sequence[int], pattern: Sequence[int], fixed: Sequence[tuple[int, int]], sizes: Sequence[int]
    ) -> str:
        """x spread over the output: ones where an axis is missing, identities where one repeats."""
        if tuple(row) == tuple(pattern) and not fixed:
            return x
        fresh = max([*row, *pattern, 0], default=0) + 1
        names = {i: k for k, i in enumerate(dict.fromkeys([*row, *pattern]))}
        operands, rows, output = [x], [[names[i] for i in row]], []
        places = dict(fixed)
        seen: set[int] = set()
        for i, n in zip(pattern, sizes, strict=True):
            at = names[i]
            if i in places:
                at = names.setdefault(fresh, len(names))
                fresh += 1
                operands.append(f"{self.made('eye', str(n))}[{places[i]}]")
                rows.append([at])
            elif i in seen:
                at = names.setdefault(fresh, len(names))
                fresh += 1
                operands.append(self.made("eye", str(n)))
                rows.append([names[i], at])
            elif i not in row:
                operands.append(self.made("full", f"({n},), 1"))
                rows.append([at])
            seen.add(i)
            output.append(at)
        return f"xp.einsum({letters(*rows, output)!r}, {self.arguments(*operands)})"

    def pair(self, value: Value, a: str, b: str) -> str:
        rows, order = value.data
        return self._product(value, rows, order)

    def _product(self, value: Value, rows: tuple[Indices, Indices], order: int) -> str:
        """The product with the axes 0, 1, …; the operand of the first axis comes first, as in a product of matrices."""
        ra, rb = rows
        a, b = [self.name[o.number] for o in value.operands]
        if not set(ra) & set(rb) & set(range(order)) and order and 0 in rb:
            a, b, ra, rb = b, a, rb, ra
        self.use(value, "einsum")
        if tuple(ra) == tuple(rb) == tuple(range(order)):
            self.use(value, "multiply")
            return f"{a} * {b}"
        if len(ra) == len(rb) == order == 2 and (ra, rb) == ((0, 2), (2, 1)):
            self.use(value, "matmul")
            return f"xp.matmul({self.arguments(a, b)})"
        return f"xp.einsum({letters(ra, rb, range(order))!r}, {self.arguments(a, b)})"


def _selection(select: Sequence[int | None]) -> str:
    return ", ".join(":" if s is None else str(s) for s in select)
