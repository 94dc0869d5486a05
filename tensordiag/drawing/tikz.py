"""Plain TikZ: paths as they are drawn, labels as mathematics for TeX to set."""

from __future__ import annotations

import re

from .geometry import Box, Path
from .painting import strokes
from .scene import Scene, Text
from .style import Style, Theme
from .typesetting import GREEK

__all__ = ["tikz"]


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _point(point: tuple[float, float]) -> str:
    return f"({_number(point[0])},{_number(point[1])})"


def _path(path: Path) -> str:
    parts = []
    for code, points in path:
        if code == "M":
            parts.append(_point(points[0]))
        elif code == "L":
            parts.append(f"-- {_point(points[0])}")
        elif code == "C":
            parts.append(f".. controls {_point(points[0])} and {_point(points[1])} .. {_point(points[2])}")
        else:
            parts.append("-- cycle")
    return " ".join(parts)


_SIGNS = {
    "−": "{-}",
    "–": "\\mbox{--}",
    "·": "\\cdot ",
    "∂": "\\partial ",
    "∘": "\\circ ",
    "→": "\\to ",
    "…": "\\dots ",
    "⊤": "\\top ",
    "ˍ": "\\_",
    "∖": "\\setminus ",
    "∣": "\\mid ",
    "ˆ": "\\hat{}",
    "⟨": "\\langle ",
    "⟩": "\\rangle ",
}
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
"""Letters of one name, which mathematics would set apart."""
_TWICE = re.compile(r"\^\{([^{}]*)\}\^\{([^{}]*)\}")


def _tex(label: str, roman: bool) -> str:
    """A label as TeX mathematics, which has one superscript at a time."""
    label = _TWICE.sub(r"^{\1 \2}", label.replace(" ", "\\ ").replace("+", "{+}"))
    if not roman and "\\mathrm" not in label:
        label = _WORD.sub(r"\\mathit{\g<0>}", label)
    for sign, command in _SIGNS.items():
        label = label.replace(sign, command)
    while "\\frac{" in label:
        head, _, rest = label.partition("\\frac{")
        inner, _, tail = rest.partition("}")
        over, _, under = inner.partition("|")
        label = f"{head}{{{over} \\over {under}}}{tail}"
    for plain, code in (("#", "\\#"), ("%", "\\%"), ("&", "\\&")):
        label = label.replace(plain, code)
    if any(ord(c) > 127 for c in label):
        label = "".join(_GREEK.get(c, c if c.isascii() else f"\\mbox{{{c}}}") for c in label)
    return f"$\\mathrm{{{label}}}$" if roman else f"${label}$"


_GREEK = {sign: f"\\{name} " for name, sign in GREEK.items()} | {"ο": "o"}


def tikz(scene: Scene, theme: Theme, style: Style, page: Box) -> str:
    """The scene as a `tikzpicture`, one unit being an em of the base font, whatever the document's own font is.

    A theme whose ground is not white paints the `page` first.
    """
    colors: dict[str, str] = {}

    def color(value: str) -> str:
        return colors.setdefault(value, f"td{len(colors)}")

    body = []
    if theme.background.lower() not in ("#ffffff", "#fff"):
        corners = f"{_point((page.left, page.bottom))} rectangle {_point((page.right, page.top))}"
        body.append(f"  \\fill[{color(theme.background)}] {corners};")
    shapes = Scene(tuple(item for item in scene.items if not isinstance(item, Text)), scene.terms)
    for stroke in strokes(shapes, theme, style):
        options = []
        if stroke.fill:
            options.append(f"fill={color(stroke.fill)}")
        if stroke.color:
            width = stroke.width * theme.scale
            options += [f"draw={color(stroke.color)}", f"line width={_number(width)}pt"]
            if stroke.dash:
                on, off = (_number(length * width) for length in stroke.dash)
                options += [f"dash pattern=on {on}pt off {off}pt", *["line cap=butt"] * (on != "0")]
        body.append(f"  \\path[{', '.join(options)}] {_path(stroke.path)};")
    for text in scene.texts:
        role = {"accent": theme.accent, "ghost": theme.ghost, "wire": theme.wire, "muted": theme.wire}.get(
            text.role, theme.ink
        )
        place = _point((text.center[0], text.origin[1]))
        size = _number(text.size)
        body.append(f"  \\node[text={color(role)}, scale={size}] at {place} {{{_tex(text.label, text.roman)}}};")
    names = [f"  \\definecolor{{{name}}}{{HTML}}{{{value[1:].upper()}}}" for value, name in colors.items()]
    unit = _number(style.font_size * theme.scale)
    font = f"\\fontsize{{{unit}pt}}{{{unit}pt}}\\selectfont"
    head = f"\\begin{{tikzpicture}}[x={unit}pt, y={unit}pt, line cap=round, line join=round,"
    head += f"\n  every node/.style={{font={font}, inner sep=0pt, anchor=base}}]"
    return "\n".join([head, *names, *body, "\\end{tikzpicture}"]) + "\n"
