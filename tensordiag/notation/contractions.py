"""The einsum that computes an expression, as runnable text for NumPy, opt_einsum, PyTorch and JAX.

A connected set of copy tensors is one letter.  einsum forbids a repeated output letter and an output letter that no
operand has: there, and only there, an explicit `eye` or `ones` stands.  Sums inside products and functions become
earlier lines of a short program; so does a network past 52 letters or 31 operands, contracted pair by pair.
`np.einsum` loops over all letters at once unless told to optimize: it is told so where no operand has them all.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import opt_einsum

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor, walk
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..dimension import Dimension
from ..errors import BackendError, ExportError, did_you_mean
from ..rewrite import simplify
from .constants import constant_code
from .functions import PREFIX, function_code
from .reshapes import split_merges

__all__ = ["Einsum", "to_einsum", "to_source"]

_LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_OPERANDS = 31
_IMPORTS = {
    "numpy": "import numpy as np",
    "opt_einsum": "import numpy as np\nimport opt_einsum",
    "torch": "import torch",
    "jax": "import jax\nimport jax.numpy as jnp",
}


@dataclass(frozen=True, slots=True)
class Einsum:
    """An expression's einsum: `terms` as data, `code(library)` as text; `str` is the NumPy text.

    `terms` are (coefficient, spec, operands as text) of the last line; what they need is in the lines before it.
    """

    expr: Expr

    @property
    def terms(self) -> tuple[tuple[Number, str, tuple[str, ...]], ...]:
        """(coefficient, einsum spec, operands) of every term."""
        writer = _Writer(self.expr, "numpy")
        writer.write()
        return tuple(writer.terms)

    def code(self, library: str = "numpy") -> str:
        """Text that runs as it stands once the library is imported and the tensors are named arrays.

        One expression where that suffices, else lines of assignments that end with the expression.
        """
        return "\n".join(_Writer(self.expr, library).write())

    def __str__(self) -> str:
        return self.code("numpy")


def to_einsum(expr: Expr) -> Einsum:
    """The einsum of the reading form.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> print(to_einsum(td.diff(x * y * z, x)))
    np.einsum('i,i,ij->ij', y, z, np.eye(y.shape[0]))
    """
    return Einsum(simplify(expr))


def to_source(expr: Expr, library: str = "numpy", name: str = "f") -> str:
    """One function of the tensors, as source code with its imports.

    Its arguments are the tensors by name, and named sizes that no tensor has.  `BackendError` for an unknown library.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ExportError(f"a function needs an identifier for its name, not {name!r}")
    writer = _Writer(simplify(expr), library)
    lines = writer.write()
    legend = [line for line in lines if line.startswith("#")]
    body = [line for line in lines if not line.startswith("#")]
    imports = _IMPORTS[library]
    for module in _MODULES:
        if any(re.search(rf"(?<![.\w]){re.escape(module)}", line) for line in body):
            imports += f"\nimport {module}"
    inner = "\n".join(f"    {line}" for line in (*legend, *body[:-1], f"return {body[-1]}"))
    return f"{imports}\n\n\ndef {name}({', '.join(writer.arguments)}):\n{inner}\n"


_MODULES = ("jax.scipy.linalg", "jax.scipy.special", "scipy.linalg", "scipy.special")


class _Writer:
    """Writes the lines of one expression for one library."""

    def __init__(self, expr: Expr, library: str) -> None:
        if library not in _IMPORTS:
            raise BackendError(f"unknown library {library!r}{did_you_mean(library, _IMPORTS)}")
        self.expr = expr
        self.library = library
        self.np = PREFIX[library]
        self.call = "opt_einsum.contract" if library == "opt_einsum" else f"{self.np}.einsum"
        self.names: dict[str, str] = {}
        self.lines: list[str] = []
        self.steps: dict[Expr, str] = {}
        self.terms: list[tuple[Number, str, tuple[str, ...]]] = []
        self.free_sizes: dict[str, str] = {}
        names = [tensor.name for tensor in expr.tensors]
        self.used = {name for name in names if _is_safe(name)}
        for name in names:
            self.names[name] = name if name in self.used else _safe(name, self.used)
            self.used.add(self.names[name])

    @property
    def arguments(self) -> list[str]:
        """The parameters of a function made of the lines."""
        return [*self.names.values(), *self.free_sizes.values()]

    def write(self) -> list[str]:
        """The lines; the last one is an expression."""
        for box in _boxes(self.expr):
            self.steps[box] = self._assign(self._box_text(box))
        self.terms.clear()
        last = self._text(self.expr)
        if self.lines and self.lines[-1].startswith(f"{last} = "):  # the whole is one function: no name for it
            name, last = last, self.lines.pop().removeprefix(f"{last} = ")
            self.terms = [(c, spec, tuple(last if op == name else op for op in ops)) for c, spec, ops in self.terms]
        legend = [f"# {safe} stands for {name}" for name, safe in self.names.items() if safe != name]
        legend += [f"# {safe} stands for the size {name}" for name, safe in self.free_sizes.items() if safe != name]
        return [*legend, *self.lines, last]

    def _assign(self, text: str) -> str:
        number = len(self.lines)
        name = f"t{number}"
        while name in self.used:
            number += 1
            name = f"t{number}"
        self.used.add(name)
        self.lines.append(f"{name} = {text}")
        return name

    def _box_text(self, box: Expr) -> str:
        if isinstance(box, Apply):
            args = [self.steps.get(arg.base) or self._array_text(arg.base) for arg in box.args]
            return function_code(box, args, self.library)
        return self._array_text(box)

    def _array_text(self, expr: Expr) -> str:
        """The text of an operand or argument; PyTorch's functions take no numbers."""
        text = self._text(expr)
        if self.library != "torch" or expr.order or any(isinstance(node, (Apply, Tensor)) for node in walk(expr)):
            return text
        return f"torch.tensor({text}{self._dtype()})"

    def _text(self, expr: Expr) -> str:
        """One expression for a reading form whose boxes have been assigned."""
        if isinstance(expr, Sum):
            if not expr.terms:
                return self._constant("zeros", expr.dims)
            terms = sorted(expr.terms, key=lambda part: not isinstance(part[0], complex) and part[0] < 0)
            parts = [self._term(c, flatten(term)) for c, term in terms]
            text = parts[0]
            for part in parts[1:]:
                text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
            return text
        return self._term(1, flatten(expr))

    def _constant(self, kind: str, dims: Iterable[Dimension]) -> str:
        sizes = [self._size(dim) for dim in dims]
        if kind == "zeros" and not sizes:
            return "0.0"
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        return f"{self.np}.{kind}({shape}{self._dtype()})"

    def _eye(self, dim: Dimension) -> str:
        return f"{self.np}.eye({self._size(dim)}{self._dtype()})"

    def _dtype(self) -> str:
        """PyTorch promotes nothing: its constants take the type of a tensor."""
        return f", dtype={self._type}" if self._type else ""

    @property
    def _type(self) -> str:
        if self.library != "torch" or not self.expr.tensors:
            return ""
        return f"{self.names[self._by_use()[0].name]}.dtype"

    def _size(self, dim: Dimension) -> str:
        if dim.number is not None:
            return str(dim.number)
        for tensor in self._by_use():
            for leg, its in enumerate(tensor.dims):
                if its is dim:
                    return f"{self.names[tensor.name]}.shape[{leg}]"
        text = ""
        for monomial, factor in dim.terms:
            parts = [] if abs(factor) == 1 and monomial else [str(abs(factor))]
            for name in monomial:
                parts.append(self._named_size(name))
            text += ("-" if factor < 0 else "+" if text else "") + "*".join(parts)
        return f"({text})" if len(dim.terms) > 1 else text

    def _named_size(self, name: str) -> str:
        for tensor in self._by_use():
            for leg, dim in enumerate(tensor.dims):
                if str(dim) == name:
                    return f"{self.names[tensor.name]}.shape[{leg}]"
        for tensor in self._by_use():
            for leg, dim in enumerate(tensor.dims):
                rest = self._cofactor(name, dim)
                if rest is not None:
                    return f"({self.names[tensor.name]}.shape[{leg}]//{rest})"
        if name not in self.free_sizes:
            self.free_sizes[name] = _safe(name, self.used)
            self.used.add(self.free_sizes[name])
        return self.free_sizes[name]

    def _cofactor(self, name: str, dim: Dimension) -> str | None:
        """What a merged leg's size is to be divided by to get this one, where the other sizes are a tensor's legs."""
        if len(dim.terms) != 1 or dim.terms[0][0].count(name) != 1:
            return None
        monomial, factor = dim.terms[0]
        others = [other for other in monomial if other != name]
        single = {str(its) for tensor in self._by_use() for its in tensor.dims}
        if not single.issuperset(others):
            return None
        parts = [str(factor)] * (factor != 1) + [self._named_size(other) for other in others]
        return parts[0] if len(parts) == 1 else f"({'*'.join(parts)})"

    def _by_use(self) -> list[Tensor]:
        """Tensors that occur, then those that were only declared, each from few legs to many."""
        if not hasattr(self, "_ordered"):
            occurring = set(_occurring(self.expr))
            self._ordered = sorted(self.expr.tensors, key=lambda t: (t.name not in occurring, t.order, t.name))
        return self._ordered

    def _operand(self, box: Expr) -> str:
        if isinstance(box, Tensor):
            name = self.names[box.name]
            return f"{self.np}.conj({name})" if box.conjugate else name
        if isinstance(box, Structural):
            return constant_code(box, self.np, self._size, self._type)
        return self.steps[box]

    def _term(self, coefficient: Number, network: Network) -> str:
        number = coefficient * network.coefficient
        split = split_merges(network)
        operands = [self._reshaped(box, row, network) for box, row in zip(split.operands, split.rows, strict=True)]
        rows = [tuple(i for group in row for i in group) for row in split.rows]
        wanted = [i for group in split.output for i in group]
        output, extra = list(wanted), len(network.dims)
        for place, index in enumerate(wanted):
            if index in wanted[:place]:
                operands.append(self._eye(network.dims[index]))
                rows.append((index, extra))
                output[place] = extra
                extra += 1
        present = {i for row in rows for i in row} | split.wholes
        factors = []
        for index, dim in enumerate(network.dims):
            if index not in present and index in output:
                operands.append(self._constant("ones", [dim]))
                rows.append((index,))
            elif index not in present:
                factors.append(self._size(dim))
        if len(operands) > _MOST_OPERANDS or extra > len(_LETTERS):
            operands, rows = self._pairwise(operands, rows, output)
        text = self._product(number, factors, operands, rows, output)
        if all(len(group) == 1 for group in split.output):
            return text
        sizes = ", ".join(self._size(network.dims[i]) for i in network.output)
        return f"{text if _is_call(text) else f'({text})'}.reshape({sizes})"

    def _reshaped(self, box: Expr, row: tuple[tuple[int, ...], ...], network: Network) -> str:
        """An operand, its merged axes split."""
        text = self._operand(box)
        if all(len(group) == 1 for group in row):
            return text
        return f"{text}.reshape({', '.join(self._size(network.dims[i]) for group in row for i in group)})"

    def _product(
        self, number: Number, factors: list[str], operands: list[str], rows: list[tuple[int, ...]], output: list[int]
    ) -> str:
        letters: dict[int, str] = {}
        for index in (i for row in (*rows, output) for i in row):
            letters.setdefault(index, _LETTERS[len(letters)])
        spec = ",".join("".join(letters[i] for i in row) for row in rows)
        spec += "->" + "".join(letters[i] for i in output)
        self.terms.append((number, spec, tuple(operands)))
        parts = [] if number == 1 else [_number(number)]
        parts += factors
        if not operands:
            return "*".join(parts) if parts else "1.0"
        if len(operands) == 1 and list(rows[0]) == output:
            parts.append(operands[0])
        elif all(not row for row in rows):
            parts.extend(operands)
        else:
            widest = max(len(set(row)) for row in (*rows, tuple(output)))
            pairwise = self.library == "numpy" and len(operands) > 2 and len(letters) > widest
            parts.append(f"{self.call}({spec!r}, {', '.join(operands)}{', optimize=True' * pairwise})")
        if parts[0] == "-1" and len(parts) > 1:
            return "-" + "*".join(parts[1:])
        return "*".join(parts)

    def _pairwise(
        self, operands: list[str], rows: list[tuple[int, ...]], output: list[int]
    ) -> tuple[list[str], list[tuple[int, ...]]]:
        """Contract pair by pair along a greedy path until one einsum can take the rest."""
        sets = [frozenset(row) for row in rows]
        sizes = {index: 4 for row in rows for index in row}
        path = opt_einsum.paths.greedy(sets, frozenset(output), sizes)
        count: dict[int, int] = {}
        for row in (*rows, output):
            for index in set(row):
                count[index] = count.get(index, 0) + 1
        names, live = list(operands), list(rows)
        for pair in path:
            if len(names) <= 2 or len(pair) < 2:
                break
            picked = sorted(pair, reverse=True)
            parts = [(names.pop(k), live.pop(k)) for k in picked][::-1]
            inside = list(dict.fromkeys(i for _, row in parts for i in row))
            for index in inside:
                count[index] -= sum(index in row for _, row in parts)
            kept = [i for i in inside if count[i] > 0]
            for index in kept:
                count[index] += 1
            place = {i: _LETTERS[k] for k, i in enumerate(inside)}
            spec = ",".join("".join(place[i] for i in row) for _, row in parts)
            spec += "->" + "".join(place[i] for i in kept)
            names.append(self._assign(f"{self.call}({spec!r}, {', '.join(name for name, _ in parts)})"))
            live.append(tuple(kept))
        return names, live


def _boxes(expr: Expr) -> list[Expr]:
    """Sums and functions inside products, and their arguments' boxes, innermost first; iterative."""
    order: list[Expr] = []
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(expr.base, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            if node not in seen:
                seen.add(node)
                order.append(node)
            continue
        below = _operand_boxes(node)
        if node is not expr.base or isinstance(node, Apply):
            if node in seen:
                continue
            stack.append((node, True))
        stack.extend((box, False) for box in reversed(below))
    return order


def _operand_boxes(node: Expr) -> list[Expr]:
    if isinstance(node, Apply):
        found: list[Expr] = []
        for arg in node.args:
            found += [arg.base] if isinstance(arg.base, Apply) else _operand_boxes(arg.base)
        return found
    terms = [term for _, term in node.terms] if isinstance(node, Sum) else [node]
    return [box for term in terms for box in flatten(term).operands if isinstance(box, (Sum, Apply))]


def _occurring(expr: Expr) -> list[str]:
    from ..core.expressions import walk

    return [node.name for node in walk(expr) if isinstance(node, Tensor)]


def _number(number: Number) -> str:
    if isinstance(number, Fraction):
        decimal = f"{float(number):.6g}"
        return decimal if Fraction(decimal) == number else f"({number.numerator}/{number.denominator})"
    return f"({number!r})" if isinstance(number, complex) else repr(number)


_RESERVED = frozenset({"np", "jnp", "jax", "torch", "opt_einsum", "scipy", "float", "f"})


def _is_call(text: str) -> bool:
    """Whether a text is one name or one call, which a method can follow."""
    depth, closed = 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == ")" and not depth:
            closed = place + 1
        if not depth and not (sign.isalnum() or sign in "_.()[]"):
            return False
    return closed in (0, len(text))


def _is_safe(name: str) -> bool:
    """Whether Python reads a name back unchanged, and exported code does not use it otherwise."""
    fine = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    return fine and not keyword.iskeyword(name) and name not in _RESERVED and not name.startswith("__")


def _safe(name: str, taken: set[str]) -> str:
    """The name where it is safe and free, else a mangled one."""
    if _is_safe(name) and name not in taken:
        return name
    stem = "T_" + re.sub(r"\W", "_", name, flags=re.ASCII)
    safe, number = stem, 1
    while safe in taken:
        number += 1
        safe = f"{stem}{number}"
    return safe
