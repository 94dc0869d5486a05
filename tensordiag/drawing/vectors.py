"""The SVG backend: text without matplotlib, with a title, a description and a group for every node."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from .geometry import Box, Path
from .painting import Stroke
from .style import THEMES, Style, Theme

__all__ = ["svg"]


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _data(path: Path, box: Box) -> str:
    parts = []
    for code, points in path:
        parts.append(code + " ".join(f"{_number(x - box.left)} {_number(box.top - y)}" for x, y in points))
    return "".join(parts)


def _style(stroke: Stroke, unit: float) -> str:
    text = f' fill="{stroke.fill or "none"}"'
    if stroke.color:
        text += f' stroke="{stroke.color}" stroke-width="{_number(stroke.width / unit)}"'
        if stroke.dashed:
            dash = stroke.width / unit
            text += f' stroke-dasharray="{_number(3 * dash)} {_number(2 * dash)}" stroke-linecap="butt"'
    return text


def svg(strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style, about: tuple[str, str], auto: bool) -> str:
    """The picture as SVG text; `auto` adds the dark theme for readers who prefer it."""
    unit = style.font_size
    size = unit * theme.scale
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(box.width * size)}pt" '
        f'height="{_number(box.height * size)}pt" viewBox="0 0 {_number(box.width)} {_number(box.height)}" role="img" '
        f'aria-labelledby="title desc" stroke-linecap="round" stroke-linejoin="round">',
        f'<title id="title">{escape(about[0])}</title>',
        f'<desc id="desc">{escape(about[1])}</desc>',
    ]
    if auto:
        lines.append(_dark_rules(theme))
    lines.append(f'<rect width="100%" height="100%" fill="{theme.background}"/>')
    for stroke in strokes:
        body = f'<path d="{_data(stroke.path, box)}"{_style(stroke, unit)}'
        if stroke.item:
            body += f" id={quoteattr(stroke.item.replace('/', '-'))}"
        lines.append(f"{body}><title>{escape(stroke.title)}</title></path>" if stroke.title else f"{body}/>")
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _dark_rules(theme: Theme) -> str:
    """Rules that swap each colour of a theme for its counterpart where the reader prefers dark."""
    dark = THEMES["dark"]
    names = ("background", "ink", "wire", "accent", "ghost", "panel")
    pairs = {getattr(theme, name): getattr(dark, name) for name in names}
    pairs |= {color: dark.fills[role] for role, color in theme.fills.items() if role in dark.fills}
    rules = []
    for light, other in sorted(pairs.items()):
        rules.append(f'[fill="{light}"]{{fill:{other}}}[stroke="{light}"]{{stroke:{other}}}')
    return "<style>@media (prefers-color-scheme: dark){" + "".join(rules) + "}</style>"
