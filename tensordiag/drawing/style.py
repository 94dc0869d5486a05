"""Lengths and colours: a frozen `Style` in units of one em, and the themes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import DrawingError, did_you_mean

__all__ = ["STYLE", "THEMES", "Style", "Theme", "find_theme", "mixed"]


@dataclass(frozen=True, slots=True)
class Style:
    """Lengths of a picture in u (one em of the base font); line widths in points; `mark` as in `draw`.

    `halo` is the gap in a wire that another one crosses; 0 draws crossings plain.

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> td.draw(x @ y, style=Style(gap=3.0)).box.width > td.draw(x @ y).box.width
    True

    Nothing is read from rcParams: the same expression gives the same picture in every session.
    """

    font_size: float = 10.0
    body: float = 2.4
    matrix_width: float = 2.6
    bevel: float = 0.7
    disc: float = 1.3
    dot: float = 0.35
    gap: float = 1.3
    fan_gap: float = 2.6
    row_gap: float = 1.0
    component_gap: float = 1.5
    leg: float = 1.6
    operator_slot: float = 2.4
    line_gap: float = 2.0
    margin: float = 0.6
    parallel: float = 0.9
    max_label: float = 6.0
    max_width: float = 45.0
    small: float = 0.7
    wire: float = 1.6
    outline: float = 1.1
    accent_line: float = 2.2
    halo: float = 0.5
    mark: str = "bevel"

    @classmethod
    def from_rc(cls) -> Style:
        """The style with the font size and line width of matplotlib's settings, for pictures beside plots."""
        import matplotlib as mpl

        return cls(font_size=float(mpl.rcParams["font.size"]), wire=float(mpl.rcParams["lines.linewidth"]))


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by role, and what a theme changes besides: hatching (angle and distance), the scale, open dots.

    `hues` are those of wires by their dimension, where these are asked for; a theme without any has no such pictures.
    Colour only repeats what shape already says; `print` and `book` do without it.

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> "#fffff0" in td.draw(x @ y, theme=Theme("mine", background="#fffff0")).to_svg()
    True
    """

    name: str
    background: str = "#ffffff"
    ink: str = "#1b1f24"
    wire: str = "#3a4350"
    accent: str = "#b3261e"
    ghost: str = "#6b7480"
    panel: str = "#f6f8fa"
    fills: dict[str, str] = field(default_factory=dict, hash=False)
    hatches: dict[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    hatch: str = "#c4c4c4"
    scale: float = 1.0
    open_dots: bool = False
    hues: tuple[str, ...] = ()

    def fill(self, role: str) -> str:
        """The fill of a node of this role."""
        return self.fills.get(role, self.background)


_LIGHT = {
    "vector": "#cfe3f5",
    "matrix": "#fde2c4",
    "tensor": "#d8ecd2",
    "conjugate": "#e7dcf3",
    "function": "#fbf3c4",
    "constant": "#eceff2",
    "frame": "#f6f8fa",
    "accent": "#fbdcd9",
}
_DARK = {
    "vector": "#173450",
    "matrix": "#4a3013",
    "tensor": "#1d3d20",
    "conjugate": "#36264d",
    "function": "#3f3a12",
    "constant": "#252c35",
    "frame": "#151b23",
    "accent": "#5a1d1a",
}
# after Okabe and Ito, darker and lighter, so that thin lines stand out from their ground
_LIGHT_HUES = ("#0072b2", "#8a5a00", "#9c3f7c", "#00735a", "#5b3fa0", "#5f6b00")
_DARK_HUES = ("#56b4e9", "#e69f00", "#e59ac4", "#2fc79b", "#b3a4f5", "#d6d64a")
THEMES: dict[str, Theme] = {
    "light": Theme("light", fills=_LIGHT, hues=_LIGHT_HUES),
    "dark": Theme("dark", "#0d1117", "#e6edf3", "#b6c2cf", "#ff8a80", "#8b96a3", "#151b23", _DARK, hues=_DARK_HUES),
    "print": Theme(
        "print",
        wire="#000000",
        ink="#000000",
        accent="#000000",
        ghost="#666666",
        panel="#ffffff",
        hatches={"conjugate": (45.0, 0.42), "function": (0.0, 0.42), "accent": (135.0, 0.28)},
    ),
    "book": Theme("book", wire="#1b1f24", panel="#ffffff", open_dots=True),
    "presentation": Theme("presentation", fills=_LIGHT, scale=1.4, hues=_LIGHT_HUES),
}
"""The themes by name."""

STYLE = Style()


def find_theme(theme: Any) -> Theme:
    """A theme by its name, or a `Theme` as it is; `DrawingError` for an unknown name."""
    if isinstance(theme, Theme):
        return theme
    if theme == "auto":
        theme = "light"
    if not isinstance(theme, str) or theme not in THEMES:
        raise DrawingError(f"unknown theme {theme!r}{did_you_mean(str(theme), THEMES)}")
    return THEMES[theme]


def mixed(first: str, second: str, share: float) -> str:
    """A colour between two others."""
    parts = [(int(first[k : k + 2], 16), int(second[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in parts)
