"""Writing a plan as NumPy source: BLAS calls where the layout allows, buffers reused, einsum where nothing fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ..core.numbers import as_number
from .array_views import broadcast
from .blocks import Block, find_runs
from .constants import constant_source
from .implementations import power, relu, step
from .long_programs import WORTH_DELETING
from .product_source import factors, product_call
from .values import Value
from .writers import Writer, letters, literal

__all__ = ["NumpyWriter"]

Indices = tuple[int, ...]
_Part: TypeAlias = tuple[tuple[Any, Indices, Indices, Any], str, Value]

_ALIASES = frozenset({"view", "turn", "conjugate"})  # of real arrays, a conjugate is the array itself
_SCALAR_ROW = 4096
_WORTH_REUSING = 2048
_SHORT_ROW = 32
_COMPARED = {relu: "maximum", step: "greater"}
_POWER_CALLS = {-1: np.reciprocal, 2: np.square, Fraction(1, 2): np.sqrt}
_PRODUCTS = ("dot(", "matmul(")
_OWN = frozenset({relu.__module__, "numpy.linalg"})


class NumpyWriter(Writer):
    """Source of NumPy calls.  `reuse` allows temporaries to be overwritten (all arrays of one real type)."""

    reuse = True

    def prepare(self) -> None:
        """Find out who owns which buffer and who needs it last."""
        self.base: dict[int, int] = {}
        self.last: dict[int, int] = {}
        for value in self.order:
            owner = value
            if value.kind in _ALIASES or (value.kind == "reduce" and _is_diagonal(value)):
                owner = value.operands[0]
            self.base[value.number] = self.base.get(owner.number, owner.number)
        for place, value in enumerate(self.order):
            for operand in value.operands:
                self.last[self.base[operand.number]] = place
        for root in self.roots:
            self.last[self.base[root.number]] = len(self.order)
        self.place = {value.number: place for place, value in enumerate(self.order)}
        self.owned: set[int] = set()
        self.compact: set[str] = set()
        self.pool: dict[Indices, list[str]] = {}
        self.wanted = {v.shape: place for place, v in enumerate(self.order) if v.kind in ("pair", "apply")}
        self.aliases: dict[int, list[str]] = {}
        self.runs = find_runs(self.order, self.functions["implementation"]) if self.reuse else {}
        self.returned: set[int] = set()

    def write_run(self, value: Value) -> bool:
        """A run of elementwise values on large arrays as a loop over blocks."""
        if value.number not in self.runs:
            return False
        run = self.runs[value.number]
        inside = {v.number for v in run}
        used = {o.number for v in self.order if v.number not in inside for o in v.operands}
        used |= {root.number for root in self.roots}
        for v in run:
            self.name[v.number] = f"v{len(self.name)}"
            self.use(v, "block")
            self.owned.add(v.number)
        needed = {v.number: self.name[v.number] for v in run if v.number in used}
        implementation = self.functions["implementation"]
        block = Block(
            run, self.name, lambda v: self.function(made := implementation(v.data[0]), "f", _source_of(made, v.data[0]))
        )
        self.lines += block.write(needed, self._spent(run))
        self.compact -= {self.name[o] for o in block.taken.values()}  # these buffers live on as results
        self.compact |= set(needed.values())
        for v in run:
            if v.number in needed:
                self.aliases[v.number] = [self.name[v.number]]
        for v in run:
            self.release(v)
        return True

    def _spent(self, run: Sequence[Value]) -> list[int]:
        """The operands of a run whose contiguous buffers nobody needs after it."""
        places = {self.place[v.number] for v in run}
        operands = dict.fromkeys(o for v in run for o in v.operands)
        return [
            o.number
            for o in operands
            if o.shape == run[0].shape
            and self.base[o.number] == o.number
            and o.number in self.owned
            and o not in run
            and self.last[o.number] in places
            and self.name[o.number] in self.compact
        ]

    def settle(self, value: Value, text: str) -> None:
        """Write the statement; the name of a buffer that was overwritten lives on."""
        number = value.number
        base = self.base[number]
        if text[0] == "=":
            name = text[1:]
            self.owned.add(base)
        else:
            name = f"v{len(self.name)}"
            self.lines.append(f"{name} = {text}")
            if base == number and value.shape:
                self.owned.add(base)
            if value.kind == "pair" and text.startswith(_PRODUCTS) and text[-1] == ")" and ".reshape" not in text:
                self.compact.add(name)
        self.name[number] = name
        if base in self.aliases:
            self.aliases[base].append(name)
        else:
            self.aliases[base] = [name]
        self.release(value)

    def release(self, value: Value) -> None:
        """Let go of the buffers that nobody needs after this value: for a later value of their shape, or for good."""
        here = self.place[value.number]
        ending = [o for o in value.operands if self.last[self.base[o.number]] == here]
        gone: list[str] = []
        for operand in dict.fromkeys(ending):
            base = self.base[operand.number]
            owner = self.order[self.place[base]]
            name = self.name[base]
            if base not in self.owned or name == self.name[value.number] or owner.entries < WORTH_DELETING:
                continue
            names = dict.fromkeys(self.aliases.pop(base, ()))
            pooled = name in self.compact and self.reuse and owner.entries >= _WORTH_REUSING
            if pooled and self.wanted.get(owner.shape, -1) > here:
                self.pool.setdefault(owner.shape, []).append(name)
                names.pop(name, None)
            gone += names
        if gone:
            self.lines.append(f"del {', '.join(gone)}")

    def take(self, value: Value) -> str | None:
        """A contiguous buffer of a value's shape that nobody needs any more."""
        if not self.reuse or value.entries < _WORTH_REUSING or not self.pool.get(value.shape):
            return None
        return self.pool[value.shape].pop()

    def free(self, operand: Value) -> bool:
        """Whether an operand's buffer may be overwritten by the value that is being written."""
        base = self.base[operand.number]
        here = self.place[self.current.number]
        return (
            self.reuse
            and base in self.owned
            and self.last[base] == here
            and base == operand.number
            and operand.shape == self.current.shape
            and operand.kind not in _ALIASES
            and sum(o is operand for o in self.current.operands) == 1
        )

    def result(self, root: Value, place: int) -> str:
        """A fresh array, or a NumPy scalar."""
        name, base = self.name[root.number], self.base[root.number]
        if not root.shape:
            return f"{name}[()]" if root.kind in ("input", "conjugate", "view", "turn", "apply", "part") else name
        if base not in self.owned or base in self.returned:
            return f"{name}.copy()"
        self.returned.add(base)
        return name

    # -- leaves and views --------------------------------------------------------------------------

    def conjugate(self, value: Value, x: str) -> str:
        return f"{x}.conj()"

    def view(self, value: Value, x: str) -> str:
        shape, select = value.data
        if shape is not None:
            x = f"{x}.reshape({', '.join(map(str, shape)) or '()'})"
        if select is not None:
            x = f"{x}[{', '.join(':' if s is None else str(s) for s in select)}]"
        return x

    def eye(self, value: Value) -> str:
        return f"eye({math.isqrt(value.entries)}, dtype=dtype).reshape({value.shape})"

    def constant(self, value: Value) -> str:
        self.use(value, "constant")
        return f"{self.constant_array(constant_source(value.data, value.shape))}.astype(dtype)"

    def gather(self, value: Value, x: str) -> str:
        self.use(value, "gather")
        source = value.operands[0].shape
        if not source[value.data.axis]:
            return f"zeros({value.shape}, dtype)"
        part = self.slice_of(value, x, backwards=True)
        if part is not None:
            text, order = part
            turned = "" if order == tuple(range(len(order))) else f".transpose({', '.join(map(str, order))})"
            return f"array({text}{turned})"
        index, inside = value.data.index(source, value.shape)
        text = f"{x}[{', '.join([self.constant_array(part) for part in index])}]"
        return text if inside is None else f"where({self.constant_array(inside)}, {text}, number(0))"

    def running(self, value: Value, x: str) -> str:
        self.use(value, "cumsum")
        axis, reverse = value.data
        if not reverse:
            return f"add.accumulate({x}, {axis})"
        back = f"[{':, ' * axis}::-1]"
        return f"array(add.accumulate({x}{back}, {axis}){back})"

    def full(self, value: Value) -> str:
        if not value.shape:  # written where it is used: a statement would be dead where a sum writes it as a literal
            return f"=number({literal(value.data)})"
        return f"zeros({value.shape}, dtype)" if value.data == 0 else f"full({value.shape}, {value.data}, dtype)"

    def turn(self, value: Value, x: str) -> str:
        return f"{x}.T" if value.data == (1, 0) else f"{x}.transpose({', '.join(map(str, value.data))})"

    def scale(self, value: Value, x: str) -> str:
        self.use(value, "multiply")
        if value.shape and self.free(value.operands[0]):
            self.lines.append(f"{x} *= {literal(value.data)}")
            return f"={x}"
        return f"-{x}" if value.data == -1 else f"{x} * {literal(value.data)}"

    def logistic(self, value: Value, x: str) -> str:
        """sigmoid(c·x) = 1/(1 + exp(−c·x)), in place where x is not needed any more."""
        self.use(value, "sigmoid")
        factor = literal(as_number(-value.data))
        if not value.shape or not self.reuse:
            return f"{self.implementation('sigmoid')}({x} * {literal(value.data)})"
        name = x if self.free(value.operands[0]) else f"v{len(self.name)}"
        if name == x and value.data != -1:
            self.lines.append(f"{x} *= {factor}")
        elif name != x:
            self.lines.append(f"{name} = {x} * {factor}")
        self.lines += [f"minimum({name}, largest, out={name})", f"exp({name}, {name})"]
        self.lines += [f"{name} += 1", f"reciprocal({name}, {name})"]
        return "=" + name

    def reduce(self, value: Value, x: str) -> str:
        row, out = value.data
        if len(set(row)) != len(row):
            self.use(value, "diagonal" if _is_diagonal(value) else "einsum")
            return f"einsum({letters(row, out)!r}, {x})"
        self.use(value, "sum")
        gone = [axis for axis, i in enumerate(row) if i not in out]
        if not out:
            return f"total({x}, None)"
        if gone == [1] and len(row) == 2 and 1 < (n := value.operands[0].shape[1]) <= _SHORT_ROW:
            return f"dot({x}, {self.constant_array(f'np.ones({n}, bool)')})"  # whatever the type, and faster
        text = f"total({x}, {gone[0] if len(gone) == 1 else tuple(gone)})"
        left = [i for i in row if i in out]
        return text if left == list(out) else f"{text}.transpose({', '.join([str(left.index(i)) for i in out])})"

    def apply(self, value: Value, *args: str) -> str:
        name, params = value.data
        self.use(value, name)
        made = self.functions["implementation"](name)
        if made is power and params[0] in _POWER_CALLS:
            made, params = _POWER_CALLS[params[0]], ()
        function = self.function(made, "f", _source_of(made, name))
        extra = [literal(p) for p in params] if name != "power" else [self.function(p, "p", repr(p)) for p in params]
        if isinstance(made, np.ufunc) and len(value.operands) == 1 and value.shape and self.free(value.operands[0]):
            self.lines.append(f"{function}({args[0]}, {args[0]})")
            return f"={args[0]}"
        if made in _COMPARED and self.reuse and value.shape:
            target = args[0] if self.free(value.operands[0]) else self.take(value)
            made_by = f"{_COMPARED[made]}({args[0]}, 0, out={target or f'empty({value.shape}, dtype)'})"
            if target is None:
                return made_by
            self.lines.append(made_by)
            return "=" + target
        text = f"{function}({', '.join([*args, *extra])})"
        fresh = isinstance(made, np.ufunc) or getattr(made, "__module__", "") in _OWN
        return text if fresh or not value.shape else f"array({text})"  # it may have returned its argument

    # -- slices ------------------------------------------------------------------------------------

    def sliced(self, value: Value, *names: str) -> str:
        """A function for one slice, and its sum over all of them."""
        slices = value.data
        self.use(value, f"{slices.count} slices")
        inner = NumpyWriter(slices.inputs, slices.results, slices.order, self.functions)
        inner.reuse = self.reuse
        name = f"slice_{len(self.lines)}"
        self.lines.append(f"def {name}({', '.join(f'a{k}' for k in range(len(slices.inputs)))}):")
        self.lines += ["    " + line for line in inner.write()]
        rows = f"({slices.rows!r}, {slices.outputs!r})"
        return (
            f"run_slices({name}, [{', '.join(names)}], {rows}, {slices.sizes!r}, {slices.shapes!r}, {slices.threads})"
        )

    def part(self, value: Value, x: str) -> str:
        return f"{x}[{value.data}]"

    # -- spreading and adding ----------------------------------------------------------------------

    def expand(self, value: Value, x: str) -> str:
        pattern, sizes = value.data
        self.use(value, "expand")
        name = f"v{len(self.name)}"
        repeated = len(set(pattern)) != len(pattern)
        self.lines.append(f"{name} = {'zeros' if repeated else 'empty'}({tuple(sizes)}, dtype)")
        self._write_into(name, x, tuple(range(len(value.operands[0].shape))), pattern, (), "=")
        self.name[value.number] = name
        return "=" + name

    def _write_into(
        self, name: str, x: str, row: Indices, pattern: Sequence[int], fixed: Sequence[tuple[int, int]], sign: str
    ) -> None:
        """Write x into an array, on the diagonal where an index repeats, at its place where one is fixed."""
        places = dict(fixed)
        target, left = name, list(pattern)
        if places:
            index = ", ".join(str(places[i]) if i in places else ":" for i in pattern)
            target, left = f"{name}[{index}]", [i for i in pattern if i not in places]
        free = list(dict.fromkeys(left))
        source = broadcast(x, row, free, leading=False)
        if left == free:
            if not target.endswith("]"):
                target += "[...]"
            self.lines.append(f"{target} {sign} {source}")
            return
        label = {i: k for k, i in enumerate(free)}
        spec = letters([label[i] for i in left], [label[i] for i in free])
        self.lines.append(f"t = einsum({spec!r}, {target})")
        self.lines.append(f"t[...] {sign} {source}" if sign == "=" else f"t {sign} {source}")
        self.lines.append("del t")

    def sum(self, value: Value, *names: str) -> str:
        self.use(value, "add")
        if not value.data and not value.shape:
            return "number(0)"
        dense: list[_Part] = []
        sparse: list[_Part] = []
        for data, name, operand in zip(value.data, names, value.operands, strict=True):
            plain = not data[3] and len(set(data[2])) == len(data[2])
            (dense if plain else sparse).append((data, name, operand))
        dense.sort(key=lambda part: (not self._is_reusable(part), part[0][0] != 1, -len(part[0][1])))
        covered = any(len(data[1]) == len(data[2]) for data, _, _ in dense)
        text, free = ("", "") if covered or not value.shape else (f"zeros({value.shape}, dtype)", "")
        if text:
            free = f"v{len(self.name)}"
            self.lines.append(f"{free} = {text}")
            text = free
        for data, name, operand in dense:
            text, free = self._add(text, free, (data, name, operand), value)
        if free and not sparse:
            return self._keep(value, free)
        if not sparse:
            return text if len(dense) > 1 or dense[0][0][0] != 1 else f"array({text})"
        if not free:
            free = f"v{len(self.name)}"
            self.lines.append(f"{free} = array({text}, dtype)")
        for (coefficient, row, pattern, fixed), name, _ in sparse:
            x = name if coefficient in (1, -1) else f"({name} * {literal(coefficient)})"
            self._write_into(free, x, row, pattern, fixed, "-=" if coefficient == -1 else "+=")
        return self._keep(value, free)

    def _keep(self, value: Value, name: str) -> str:
        self.name[value.number] = name
        return "=" + name

    def _is_reusable(self, part: _Part) -> bool:
        (_, row, pattern, _), _, operand = part
        return row == pattern and bool(operand.shape) and self.free(operand)

    def _add(self, text: str, free: str, part: _Part, value: Value) -> tuple[str, str]:
        """One more dense term: in place once a buffer is ours."""
        (coefficient, row, pattern, _), name, operand = part
        x = broadcast(name, row, pattern, leading=True)
        sign = "-" if coefficient == -1 else "+"
        if operand.kind == "full" and not operand.shape:
            x = literal(coefficient * operand.data if sign == "+" else operand.data)
        elif abs(coefficient) != 1 or isinstance(coefficient, complex):
            x = f"{x} * {literal(coefficient)}"
        if not text:
            if self._is_reusable(part):
                if coefficient != 1:
                    self.lines.append(f"{name} *= {literal(coefficient)}")
                return name, name
            return (f"-{x}" if sign == "-" else x), ""
        if free:
            previous = self.lines[-1] if self.lines else ""
            if sign == "+" and previous == f"{free} *= -1":
                self.lines[-1] = f"subtract({x}, {free}, {free})"
            else:
                self.lines.append(f"{free} {sign}= {x}")
            return free, free
        text = f"{text} {sign} {x}"
        if self.reuse and value.entries > _SCALAR_ROW and value.shape == tuple(operand.shape):
            fresh = f"v{len(self.name)}_{len(self.lines)}"
            self.lines.append(f"{fresh} = {text}")
            return fresh, fresh
        return text, ""

    # -- products ----------------------------------------------------------------------------------

    def pair(self, value: Value, a: str, b: str) -> str:
        (ra, rb), order = value.data
        x, y = value.operands
        call = product_call((ra, rb), order, (x.shape, y.shape), x is y)
        if call is None:
            return self._multiply(value, a, b, ra, rb, order)
        self.use(value, call.kernel)
        buffer = self.take(value) if call.fills else None
        if buffer is not None:
            self.lines.append(call.text(a, b, buffer))
            return "=" + buffer
        return call.text(a, b)

    def _multiply(self, value: Value, a: str, b: str, ra: Indices, rb: Indices, order: int) -> str:
        self.use(value, "multiply")
        out = tuple(range(order))
        for x, rx, y, ry, operand in ((a, ra, b, rb, value.operands[0]), (b, rb, a, ra, value.operands[1])):
            if rx == out and operand.shape and self.free(operand):
                self.lines.append(f"{x} *= {broadcast(y, ry, out, leading=True)}")
                return f"={x}"
        if len(ra) == len(rb) == 1 and order == 2:
            self.use(value, "outer")
        first, second = factors((ra, rb), order, a, b)
        buffer = self.take(value)
        if buffer is not None:
            self.lines.append(f"multiply({first}, {second}, {buffer})")
            return "=" + buffer
        return f"{first} * {second}"


def _source_of(made: Any, name: str) -> str:
    is_numpy = isinstance(made, np.ufunc) and getattr(np, made.__name__, None) is made
    return f"np.{made.__name__}" if is_numpy else f"implementation({name!r})"


def _is_diagonal(value: Value) -> bool:
    row, out = value.data
    return set(row) == set(out)
