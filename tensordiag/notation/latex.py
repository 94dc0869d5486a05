"""Matrix notation as LaTeX (amsmath): the writer of `notation.matrix` with the signs of LaTeX."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from ..core.numbers import Number
from .functions import function_name
from .matrix import Writer
from .terms import Term, inverted, is_reciprocal

__all__ = ["LatexWriter", "latex_name"]

_GREEK = {
    letter: unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ").lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
} | {
    letter: unicodedata.name(letter).removeprefix("GREEK CAPITAL LETTER ").capitalize().replace("Lamda", "Lambda")
    for letter in "ΓΔΘΛΞΠΣΥΦΨΩ"
}
_SUPERSCRIPTS = {"inv": "-", "pinv": "+"}
_COMMANDS = frozenset(["exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "det"])


class LatexWriter(Writer):
    """Writes a tree as LaTeX."""

    minus = "-"

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)"

    def join(self, parts: list[str]) -> str:
        return r" \, ".join(parts) if any(r"\operatorname" in part for part in parts) else " ".join(parts)

    def entrywise(self, number: Number, factors: tuple[Term, ...]) -> str:
        above = [self.inside(part, 4) for part in factors if not is_reciprocal(part)]
        below = [inverted(part) for part in factors if is_reciprocal(part)]
        text = r" \circ ".join(above)
        if number != 1 or not above:
            text = self.number(number) + (f" {self.bracket(text)}" if above else "")
        if not below:
            return text
        under = self.inside(below[0], 4) if len(below) == 1 else self.bracket(self.entrywise(1, tuple(below)))
        return rf"{text} \oslash {under}"

    def _kron(self, term: Term) -> str:
        return r" \otimes ".join(self.inside(part, 4) for part in term.args)

    def quotient(self, top: Number, above: list[Term], bottom: int, below: list[Term]) -> str:
        if not below:
            return self.product(Fraction(top, bottom) if isinstance(top, int) else top, above)
        return rf"\frac{{{self.product(top, above)}}}{{{self.product(bottom, below)}}}"

    def product(self, number: Number, factors: list[Term]) -> str:
        text = super().product(1, factors) if factors else ""
        if number == 1 and factors:
            return text
        if factors and factors[-1].op == "add" and len(factors) == 1:
            text = self.bracket(self.write(factors[0]))
        head = self.number(number)
        return rf"{head} \cdot {text}" if re.match(r"[0-9]", text) else f"{head} {text}".rstrip()

    def plain(self, number: Number) -> str:
        if isinstance(number, Fraction) and number.denominator > 1:
            return rf"\frac{{{number.numerator}}}{{{number.denominator}}}"
        text = str(number).replace("j", r"\mathrm{i}")
        return re.sub(r"e([+-]?)0*(\d+)", lambda m: rf" \cdot 10^{{{m[1].strip('+')}{m[2]}}}", text)

    def _name(self, term: Term) -> str:
        return latex_name(term.text)

    def _T(self, term: Term) -> str:
        inner = term.args[0]
        if inner.op == "call" and inner.text in _SUPERSCRIPTS:  # two superscripts would be an error
            return rf"{self.inside(inner.args[0], 6)}^{{{_SUPERSCRIPTS[inner.text]}\top}}"
        return rf"{self.inside(inner, 6)}^{{\top}}"

    def _call(self, term: Term) -> str:
        if term.text == "inv":
            return f"{self.inside(term.args[0], 6)}^{{-1}}"
        if term.text == "pinv":
            return f"{self.inside(term.args[0], 6)}^{{+}}"
        if term.text == "conj":
            return rf"\overline{{{self.write(term.args[0])}}}"
        args = ", ".join(self.write(part) for part in term.args)
        if term.text == "abs":
            return rf"\left|{args}\right|"
        if term.text.startswith("logsoftmax"):
            return self.call("log", self.call(term.text.removeprefix("log"), args))
        return self.call(term.text, args)

    def call(self, name: str, args: str) -> str:
        command = rf"\{name}" if name in _COMMANDS else function_name(name)
        return rf"{command}\left({args}\right)"

    def _eye(self, term: Term) -> str:
        return f"I_{{{_latex_size(term.data)}}}"

    def _ones(self, term: Term) -> str:
        return rf"\mathbf{{1}}_{{{_latex_size(term.data)}}}"

    def norm(self, term: Term) -> str:
        return rf"\left\Vert {self.write(term)} \right\Vert"

    def root(self, text: str) -> str:
        return rf"\sqrt{{{text}}}"

    def raised(self, base: str, exponent: str, scalar: bool) -> str:
        shown = exponent if scalar else rf"\circ {exponent}"
        if re.search(r"\^\{[^{}]*(\\[a-z]+)?[^{}]*\}$", base):
            base = self.bracket(base)
        return f"{base}^{{{shown}}}"

    def _mpower(self, term: Term) -> str:
        base = term.args[0]
        if base.op == "call" and base.text == "inv":
            return f"{self.inside(base.args[0], 6)}^{{-{term.data}}}"
        return super()._mpower(term)

    def _pow(self, term: Term) -> str:
        base, exponent = term.args
        return self.raised(self.inside(base, 6), self.write(exponent), bool(term.data))


def _latex_size(dim: object) -> str:
    return str(dim).replace("*", r" \cdot ")


def latex_name(name: str) -> str:
    """A tensor's name: Greek letters as commands, digits and what follows `_` as a subscript, words upright."""
    head, _, tail = name.partition("_")
    match = re.fullmatch(r"(\D+?)(\d+)", head)
    if match and not tail:
        head, tail = match.groups()
    primes = len(head) - len(head.rstrip("'′"))
    head = head.rstrip("'′")
    word = "\\" + _GREEK[head] if head in _GREEK else head if len(head) == 1 else rf"\mathrm{{{_escaped(head)}}}"
    word += "'" * primes
    return f"{word}_{{{_escaped(tail)}}}" if tail else word


def _escaped(text: str) -> str:
    """Letters that LaTeX takes for commands made harmless."""
    text = "".join(rf"\{_GREEK[letter]} " if letter in _GREEK else letter for letter in text)
    return re.sub(r"([_#$%&{}])", r"\\\1", text.replace("^", "")) if "\\" not in text else text.strip()
