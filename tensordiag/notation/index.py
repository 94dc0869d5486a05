"""Index notation, which every expression has: `δ_ij y_i z_i`, with sums over the bound indices written out."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import count

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..errors import ExportError
from ..rewrite import simplify
from .constants import bracket
from .latex import LatexWriter, latex_name
from .matrix import Writer
from .reading import reading_form
from .reduction import matrix_term

__all__ = ["to_index"]


_ALPHABET = "ijklmnopqrstuvwxyzabcdefgh"


def _letters() -> Iterator[str]:
    """i, j, … z, a … h, then i1, j1, …: never a letter twice."""
    yield from _ALPHABET
    for number in count(1):
        for letter in _ALPHABET:
            yield f"{letter}{number}"


class _Writer:
    """Writes networks with one supply of letters, so that no bound index is captured."""

    def __init__(self, latex: bool, names: Iterable[str]) -> None:
        self.latex = latex
        self.matrix = LatexWriter(names) if latex else Writer(names)
        self.supply = _letters()

    def expr(self, expr: Expr, open_: list[str]) -> str:
        """The entry of an expression at these indices."""
        base = expr.base
        if isinstance(base, Sum):
            return self._sum(base, open_)
        return self._network(flatten(base), open_)

    def _sum(self, total: Sum, open_: list[str]) -> str:
        if not total.terms:
            return "0"
        text = ""
        for number, term in sorted(total.terms, key=lambda part: _is_negative(part[0])):
            negative = _is_negative(number)
            body = self.expr(term, open_)
            if isinstance(term, Sum):
                body = self._bracket(body)
            body = self._times(-number if negative else number, body)
            if text:
                text += (" - " if negative else " + ") + body
            else:
                text = ("-" if negative else "") + body
        return text

    def _network(self, network: Network, open_: list[str]) -> str:
        name: dict[int, str] = {}
        deltas: list[str] = []
        for index, letter in zip(network.output, open_, strict=True):
            if index in name:
                deltas.append(self._delta(name[index], letter))
            else:
                name[index] = letter
        bound = [i for i in range(len(network.dims)) if i not in name]
        used = {i for row in network.indices for i in row}
        sums = []
        sizes: list[str] = []
        for i in bound:
            if i in used:
                name[i] = next(self.supply)
                sums.append(name[i])
            else:
                sizes.append(f"({network.dims[i]})" if len(network.dims[i].terms) > 1 else str(network.dims[i]))
        written: list[tuple[tuple[str, ...], str]] = []
        for box, row in zip(network.operands, network.indices, strict=True):
            row_letters = tuple(name[i] for i in row)
            if isinstance(box, Structural):
                deltas.append(self._structural(box, list(row_letters)))
            else:
                written.append((row_letters, self._box(box, list(row_letters))))
        scalars = [text for letters, text in written if not letters]
        boxes = [text for _, text in self._in_line([part for part in written if part[0]])]
        factors = [*sizes, *self._powers(scalars), *deltas, *self._powers(boxes)]
        sign = ""
        if sums:
            joined = _joined(sums)
            sign = rf"\sum_{{{joined}}} " if self.latex else f"Σ_{_braced(joined)} "
        return self._times(network.coefficient, sign + " ".join(factors) if factors else "1")

    @staticmethod
    def rank(letter: str) -> int:
        """The place of a letter in the supply."""
        return _ALPHABET.index(letter[0]) + len(_ALPHABET) * int(letter[1:] or 0)

    def _in_line(self, factors: list[tuple[tuple[str, ...], str]]) -> list[tuple[tuple[str, ...], str]]:
        """Factors by first letter, each followed by one that shares a letter with it: A_ik B_kl, not A_ik C_lj B_kl."""
        rest = sorted(factors, key=lambda factor: min(map(self.rank, factor[0])))
        waiting: dict[str, deque[int]] = {}
        for place, (letters, _) in enumerate(rest):
            for letter in set(letters):
                waiting.setdefault(letter, deque()).append(place)
        made: list[int] = []
        done: set[int] = set()
        for start in range(len(rest)):
            following: int | None = None if start in done else start
            while following is not None:
                made.append(following)
                done.add(following)
                queues = [waiting[letter] for letter in set(rest[following][0])]
                for queue in queues:
                    while queue and queue[0] in done:
                        queue.popleft()
                following = min((queue[0] for queue in queues if queue), default=None)
        return [rest[place] for place in made]

    def _powers(self, factors: list[str]) -> list[str]:
        """Equal factors as powers."""
        times: dict[str, int] = {}
        for factor in factors:
            times[factor] = times.get(factor, 0) + 1
        return [factor if k == 1 else self._raised(factor, str(k)) for factor, k in times.items()]

    def _raised(self, base: str, exponent: str) -> str:
        shown = f"{{{exponent}}}" if self.latex else _braced(exponent)
        return f"{base if base.isalnum() else self._bracket(base)}^{shown}"

    def _bracket(self, text: str) -> str:
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def _delta(self, first: str, second: str) -> str:
        return self._indexed(r"\delta" if self.latex else "δ", [first, second])

    def _box(self, box: Expr, letters: list[str]) -> str:
        if isinstance(box, Tensor):
            name = latex_name(box.name) if self.latex else box.name
            if box.conjugate:
                name = rf"\overline{{{name}}}" if self.latex else f"conj({name})"
            elif letters and self.latex and "_" in name:
                name = f"{{{name}}}"
            return self._indexed(name, letters)
        if isinstance(box, Sum):
            return self._bracket(self._sum(box, letters))
        if isinstance(box, Apply):
            return self._apply(box, letters)
        raise ExportError(f"{box!r} has no index notation")

    def _structural(self, box: Structural, letters: list[str]) -> str:
        """A merge as δ between its last index and the tuple of the others, a unit vector as δ with its place.

        Slices, shifts and triangles are Iverson brackets: 1 where the condition holds, else 0.
        """
        rule = bracket(box, letters, self.latex)
        if rule is not None:
            return rule
        delta = r"\delta" if self.latex else "δ"
        if box.name == "merge":
            joined = ("" if all(len(letter) == 1 for letter in letters) else " ").join(letters[:-1])
            return f"{delta}_{{{letters[-1]},({joined})}}"
        params = ",".join(map(str, box.params))
        return f"{delta}_{{{_joined(letters)},{params}}}"

    def _apply(self, box: Apply, letters: list[str]) -> str:
        if box.spec.elementwise:
            args = [self.expr(simplify(arg), letters) for arg in box.args]
            if box.function in ("power", "pow"):
                return self._raised(args[0], str(box.params[0]) if box.function == "power" else args[1])
            return self.matrix.call(box.function, ", ".join(args))
        args = [self._argument(arg) for arg in box.args]
        if box.function == "divided_difference":
            name, places = box.params
            return self._indexed(f"{name}[{', '.join(args * (places + 1))}]", letters)
        along = f"; legs {', '.join(map(str, box.params))}" if box.params and box.args[0].order > 1 else ""
        return self._indexed(self.matrix.call(box.function, ", ".join(args) + along), letters)

    def _argument(self, arg: Expr) -> str:
        """The argument of a function of whole matrices: in matrix notation where there is one."""
        simple = simplify(arg)
        try:
            return self.matrix.write(matrix_term(simple))
        except ExportError:
            own = [next(self.supply) for _ in arg.dims]
            inner = self.expr(simple, own)
            return f"[{inner}]_{{{_joined(own)}}}" if own else inner

    def _indexed(self, name: str, letters: list[str]) -> str:
        if not letters:
            return name
        joined = _joined(letters)
        return f"{name}_{{{joined}}}" if self.latex else f"{name}_{_braced(joined)}"

    def _times(self, number: Number, body: str) -> str:
        if number == 1:
            return body
        head = f"{number.numerator}/{number.denominator}" if isinstance(number, Fraction) else str(number)
        if self.latex or isinstance(number, float):
            head = self.matrix.number(number)
        if body == "1":
            return head
        dot = r" \cdot " if self.latex else "·"
        return f"{head}{dot if re.match(r'[0-9]', body) else ' '}{body}"


def _is_negative(number: Number) -> bool:
    return not isinstance(number, complex) and number < 0


def _joined(letters: list[str]) -> str:
    return ("" if all(len(letter) == 1 for letter in letters) else ",").join(letters)


def _braced(text: str) -> str:
    return text if text.isalnum() else f"{{{text}}}"


def to_index(expr: Expr, latex: bool = False) -> str:
    """The entry of the reading form at the free indices i, j, k … in the order of the open legs.

    Works for every order; letters are never captured and go on past 26 as i1, j1, ….  An index that counts pairs
    (a merged leg) is written δ_{i,(jk)}: 1 where i is the row-major number of the pair (j, k).

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> to_index(td.diff(x * y, x))
    'δ_ij y_i'
    """
    writer = _Writer(latex, tuple(tensor.name for tensor in expr.tensors))
    open_ = [next(writer.supply) for _ in expr.dims]
    return writer.expr(reading_form(expr), open_)
