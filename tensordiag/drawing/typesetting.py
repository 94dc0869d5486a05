"""Labels as glyph outlines: a small part of TeX's mathematics, measured exactly and the same everywhere.

A label is a text such as `A_{1}`, `X^{-1}`, `\\bar{A}`, `\\mathrm{tanh}`.  Outlines come once a character
from the STIX fonts that matplotlib carries, so a label costs microseconds, and every backend draws the same curves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .geometry import Path, bounds, moved, scaled

__all__ = ["GREEK", "LONGEST", "Glyphs", "markup", "plain", "typeset", "verbatim"]

_FONTS = {"italic": "STIXGeneralItalic.ttf", "roman": "STIXGeneral.ttf", "sans": "DejaVuSans.ttf"}
_LOWER = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "varsigma",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_UPPER = {
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
GREEK = {name: chr(0x3B1 + place) for place, name in enumerate(_LOWER)} | _UPPER
"""Greek letters by their names."""


_SPECIAL = str.maketrans({"\\": "∖", "{": "(", "}": ")", "^": "ˆ", "|": "∣"})  # signs with a meaning in labels


LONGEST = 22
"""Longer names are shortened."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A typeset label at size 1: its outline from the baseline's left end, its advance, and the ink's extent."""

    path: Path
    width: float
    bottom: float
    top: float


def markup(name: str, conjugate: bool = False) -> str:
    """A tensor's name as a label: Greek names as letters, digits and what follows `_` as subscripts."""
    name = name.translate(_SPECIAL)
    if len(name) > LONGEST:  # the middle of a long name says least
        name = f"{name[: LONGEST - 9]}…{name[-8:]}"
    base, _, below = name.partition("_")
    if not base:
        base, below = name.replace("_", "-"), ""
    digits = len(base) - len(base.rstrip("0123456789"))
    if digits and digits < len(base) and base.isascii():
        base, below = base[:-digits], base[-digits:] + below
    base = GREEK.get(base, base)
    if conjugate:
        base = f"\\bar{{{base}}}"
    below = GREEK.get(below, below.replace("_", ""))
    return base + (f"_{{{below}}}" if below else "")


def verbatim(name: str) -> str:
    """A name as a label letter by letter, upright, with its underscores."""
    return f"\\mathrm{{{name.translate(_SPECIAL).replace('_', _LOW_LINE)}}}"


_LOW_LINE = "ˍ"  # `_` begins a subscript


def plain(label: str) -> str:
    """A label as plain text, for screen readers and terminals."""
    text = label.replace("\\mathrm", "").replace("\\bar", "").replace("\\frac", "").replace("|", "/")
    if "\\bar" in label:
        text += "*"
    for sign in "{}_":
        text = text.replace(sign, "")
    text = text.replace(_LOW_LINE, "_")
    return text.replace("^−1", "⁻¹").replace("^⊤", "ᵀ").replace("^", "")


def _font_and_load(style: str) -> tuple[Any, int]:
    from matplotlib import ft2font, get_data_path

    font = ft2font.FT2Font(os.path.join(get_data_path(), "fonts", "ttf", _FONTS[style]))
    font.set_size(100, 72)
    flags = getattr(ft2font, "LoadFlags", None)  # matplotlib 3.10 made an enumeration of the constants
    return font, flags.NO_HINTING if flags is not None else getattr(ft2font, "LOAD_NO_HINTING")  # noqa: B009


_font = lru_cache(maxsize=None)(_font_and_load)


@lru_cache(maxsize=4096)
def _glyph(character: str, style: str) -> tuple[Path, float]:
    """The outline and the advance of one character at size 1, in the first font that has it."""
    for name in dict.fromkeys((style, "roman", "sans")):
        font, flags = _font(name)
        if font.get_char_index(ord(character)):
            break
    else:
        return _glyph("□", style)  # no font has it
    loaded = font.load_char(ord(character), flags=flags)
    vertices, codes = font.get_path()
    return _commands(vertices.tolist(), codes.tolist()), loaded.linearHoriAdvance / 65536 / 100


def _commands(vertices: list[list[float]], codes: list[int]) -> Path:
    """matplotlib's path codes as commands, quadratic curves raised to cubic ones."""
    made: list[Any] = []
    here = (0.0, 0.0)
    place = 0
    while place < len(codes):
        code = codes[place]
        point = (vertices[place][0] / 100, vertices[place][1] / 100)
        if code in (1, 2):
            made.append(("M" if code == 1 else "L", (point,)))
        elif code == 3:
            end = (vertices[place + 1][0] / 100, vertices[place + 1][1] / 100)
            made.append(
                (
                    "C",
                    (
                        (here[0] + 2 / 3 * (point[0] - here[0]), here[1] + 2 / 3 * (point[1] - here[1])),
                        (end[0] + 2 / 3 * (point[0] - end[0]), end[1] + 2 / 3 * (point[1] - end[1])),
                        end,
                    ),
                )
            )
            point, place = end, place + 1
        elif code == 4:
            rest = [(x / 100, y / 100) for x, y in vertices[place : place + 3]]
            made.append(("C", tuple(rest)))
            point, place = rest[-1], place + 2
        else:
            made.append(("Z", ()))
        here = point
        place += 1
    return tuple(made)


def _parts(label: str) -> Iterator[tuple[str, str]]:
    """The label cut into (command, argument): `""`, `"_"`, `"^"`, `"bar"`, `"mathrm"` and their text."""
    place = 0
    while place < len(label):
        command = ""
        if label[place] in "_^":
            command, place = label[place], place + 1
        elif label.startswith("\\", place):
            end = place + 1
            while end < len(label) and label[end].isalpha():
                end += 1
            command, place = label[place + 1 : end], end
        if label.startswith("{", place):
            depth, end = 1, place + 1
            while end < len(label) and depth:
                depth += {"{": 1, "}": -1}.get(label[end], 0)
                end += 1
            yield command, label[place + 1 : end - 1]
            place = end
        else:
            yield command, label[place : place + 1]
            place += 1


@lru_cache(maxsize=4096)
def typeset(label: str, roman: bool = False) -> Glyphs:
    """The outline of a label at size 1."""
    pieces: list[Path] = []
    x = 0.0
    script = [0.0, 0.0]  # how far the subscript and the superscript reach since the last base
    start = 0.0
    for command, text in _parts(label):
        if command in ("_", "^"):
            below = command == "_"
            inner = typeset(text, roman=True) if text.isdigit() else typeset(text, roman)
            at = start + script[not below]
            pieces.append(moved(scaled(inner.path, 0.68), at + 0.03, -0.18 if below else 0.36))
            script[not below] += 0.68 * inner.width + 0.03
            x = start + max(script)
            continue
        if command == "frac":
            over, _, under = text.partition("|")
            path, width = _fraction(over, under)
            pieces.append(moved(path, x, 0))
            x += width
        elif command in ("bar", "mathrm"):
            inner = typeset(text, roman or command == "mathrm")
            pieces.append(moved(inner.path, x, 0))
            if command == "bar":
                pieces.append(_bar(x + 0.1 * inner.width, x + inner.width, inner.top + 0.1))
            x += inner.width
        else:
            for character in text:
                style = "italic" if character.isalpha() and not roman else "roman"
                path, advance = _glyph(character, style)
                pieces.append(moved(path, x, 0))
                x += advance
        start, script = x, [0.0, 0.0]
    path = tuple(command for piece in pieces for command in piece)
    points = [p for _, given in path for p in given]
    extent = bounds(points) if points else None
    return Glyphs(path, x, extent.bottom if extent else 0.0, extent.top if extent else 0.0)


def _fraction(over: str, under: str) -> tuple[Path, float]:
    """A stacked fraction centred on the height of a minus sign."""
    top, bottom = typeset(over, roman=True), typeset(under, roman=True)
    width = 0.8 * max(top.width, bottom.width) + 0.2
    return (
        *moved(scaled(top.path, 0.8), (width - 0.8 * top.width) / 2, 0.42),
        *moved(scaled(bottom.path, 0.8), (width - 0.8 * bottom.width) / 2, -0.42),
        *moved(_bar(0.0, width, 0.0), 0.0, 0.24),
    ), width


def _bar(left: float, right: float, height: float) -> Path:
    return (
        ("M", ((left, height),)),
        ("L", ((right, height),)),
        ("L", ((right, height + 0.06),)),
        ("L", ((left, height + 0.06),)),
        ("Z", ()),
    )
