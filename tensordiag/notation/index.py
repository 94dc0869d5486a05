"""Index notation, which every expression has: `δ_ij y_i z_i`, with sums over the bound indices written out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import count

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import Network, flatten
from ..core.numbers import Number
from ..rewrite import simplify
from .constants import bracket

__all__ = ["to_index"]


def _letters() -> Iterator[str]:
    """i, j, … z, a … h, then i1, j1, …: never a letter twice."""
    alphabet = "ijklmnopqrstuvwxyzabcdefgh"
    yield from alphabet
    for number in count(1):
        for letter in alphabet:
            yield f"{letter}{number}"


class _Writer:
    """Writes networks with one supply of letters, so that no bound index is captured."""

    def __init__(self, latex: bool) -> None:
        self.latex = latex
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
        for number, term in total.terms:
            negative = not isinstance(number, complex) and number < 0
            body = _times(-number if negative else number, self.expr(term, open_), isinstance(term, Sum))
            if text:
                text += (" - " if negative else " + ") + body
            else:
                text = ("-" if negative else "") + body
        return text

    def _network(self, network: Network, open_: list[str]) -> str:
        name: dict[int, str] = {}
        factors: list[str] = []
        for index, letter in zip(network.output, open_, strict=True):
            if index in name:
                factors.append(self._indexed(r"\delta" if self.latex else "δ", [name[index], letter]))
            else:
                name[index] = letter
        bound = [i for i in range(len(network.dims)) if i not in name]
        used = {i for row in network.indices for i in row}
        sums = []
        for i in bound:
            if i in used:
                name[i] = next(self.supply)
                sums.append(name[i])
            else:
                factors.insert(0, str(network.dims[i]))
        for box, row in zip(network.operands, network.indices, strict=True):
            factors.append(self._box(box, [name[i] for i in row]))
        sign = ""
        if sums:
            joined = "" if all(len(s) == 1 for s in sums) else ","
            letters = joined.join(sums)
            sign = rf"\sum_{{{letters}}} " if self.latex else f"Σ_{_braced(letters)} "
        body = sign + " ".join(factors) if factors else "1"
        return body if network.coefficient == 1 else _times(network.coefficient, body, False)

    def _box(self, box: Expr, letters: list[str]) -> str:
        if isinstance(box, Tensor):
            name = box.name
            if box.conjugate:
                name = rf"\overline{{{name}}}" if self.latex else f"conj({name})"
            return self._indexed(name, letters)
        if isinstance(box, Sum):
            return f"({self._sum(box, letters)})"
        if isinstance(box, Apply):
            return self._apply(box, letters)
        assert isinstance(box, Structural)
        rule = bracket(box, letters, self.latex)
        if rule is not None:
            return rule
        params = "".join(f"[{p}]" for p in box.params)
        return self._indexed(box.name + params, letters)

    def _apply(self, box: Apply, letters: list[str]) -> str:
        if box.spec.elementwise:
            args = [self.expr(simplify(arg), letters) for arg in box.args]
            if box.function == "power":
                return f"({args[0]})^{_braced(str(box.params[0]))}"
            if box.function == "pow":
                return f"({args[0]})^{{{args[1]}}}"
            return f"{box.function}({', '.join(args)})"
        args = []
        for arg in box.args:
            if isinstance(arg, Tensor):
                args.append(self._box(arg, []))
                continue
            own = [next(self.supply) for _ in arg.dims]
            inner = self.expr(simplify(arg), own)
            args.append(f"[{inner}]_{_braced(_joined(own))}" if own else inner)
        if box.function == "divided_difference":
            name, places = box.params
            return self._indexed(f"{name}[{', '.join(args * (places + 1))}]", letters)
        along = f"; legs {', '.join(map(str, box.params))}" if box.params else ""
        return self._indexed(f"{box.function}({', '.join(args)}{along})", letters)

    def _indexed(self, name: str, letters: list[str]) -> str:
        if not letters:
            return name
        joined = _joined(letters)
        return f"{name}_{{{joined}}}" if self.latex else f"{name}_{_braced(joined)}"


def _joined(letters: list[str]) -> str:
    return ("" if all(len(letter) == 1 for letter in letters) else ",").join(letters)


def _braced(text: str) -> str:
    return f"{{{text}}}" if "," in text or "/" in text or "-" in text else text


def _times(number: Number, body: str, bracket: bool) -> str:
    body = f"({body})" if bracket else body
    if number == 1:
        return body
    head = f"{number.numerator}/{number.denominator}" if isinstance(number, Fraction) else str(number)
    return head if body == "1" else f"{head} {body}"


def to_index(expr: Expr, latex: bool = False) -> str:
    """The entry of the reading form at the free indices i, j, k … in the order of the open legs.

    Works for every order; letters are never captured and go on past 26 as i1, j1, ….

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> to_index(td.diff(x * y, x))
    'δ_ij y_i'
    """
    writer = _Writer(latex)
    open_ = [next(writer.supply) for _ in expr.dims]
    return writer.expr(simplify(expr), open_)
