"""The SVG backend: text without matplotlib, with a title, a description and a group for every node."""

from __future__ import annotations

import hashlib
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
        if stroke.dash:
            on, off = (_number(length * stroke.width / unit) for length in stroke.dash)
            text += f' stroke-dasharray="{on} {off}"' + ' stroke-linecap="butt"' * (on != "0")
    return text


def svg(strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style, about: tuple[str, str], auto: bool) -> str:
    """The picture as SVG text; `auto` adds the dark theme for readers who prefer it.

    Every id begins with a digest of the content, so that several pictures can stand in one page.
    """
    unit = style.font_size
    size = unit * theme.scale
    body = [f'<rect width="100%" height="100%" fill="{theme.background}"/>']
    content = "".join(_data(stroke.path, box) + stroke.fill + stroke.color for stroke in strokes) + about[1]
    name = "td" + hashlib.blake2b(content.encode(), digest_size=6).hexdigest()
    used = {stroke.color for stroke in strokes}
    for stroke in strokes:
        text = f'<path d="{_data(stroke.path, box)}"{_style(stroke, unit)}'
        if stroke.item:
            text += f" id={quoteattr(name + '-' + stroke.item.replace('/', '-'))}"
        body.append(f"{text}><title>{escape(stroke.title)}</title></path>" if stroke.title else f"{text}/>")
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" width="{_number(box.width * size)}pt" '
        f'height="{_number(box.height * size)}pt" viewBox="0 0 {_number(box.width)} {_number(box.height)}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" stroke-linecap="round" stroke-linejoin="round">',
        f'<title id="{name}-title">{escape(about[0])}</title>',
        f'<desc id="{name}-desc">{escape(about[1])}</desc>',
        *([_dark_rules(theme, name, not used.isdisjoint(theme.hues))] if auto else []),
    ]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


def _dark_rules(theme: Theme, name: str, hued: bool) -> str:
    """Rules that swap each colour of a theme for its counterpart where the reader prefers dark."""
    dark = THEMES["dark"]
    names = ("background", "ink", "wire", "accent", "ghost", "panel")
    pairs = {getattr(theme, role): getattr(dark, role) for role in names}
    pairs |= {color: dark.fills[role] for role, color in theme.fills.items() if role in dark.fills}
    pairs |= dict(zip(theme.hues, dark.hues, strict=True)) if hued else {}
    rules = []
    for light, other in sorted(pairs.items()):
        rules.append(f'#{name} [fill="{light}"]{{fill:{other}}}#{name} [stroke="{light}"]{{stroke:{other}}}')
    return "<style>@media (prefers-color-scheme: dark){" + "".join(rules) + "}</style>"
