"""The matplotlib backend: PNG and PDF bytes, or patches in an `Axes` of the caller's; pyplot is never touched."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from ..errors import DrawingError
from .geometry import Box, Path
from .painting import Stroke
from .style import Style, Theme

_PIXELS = 12_000  # a longer side is drawn with fewer dots per inch
_AREA = 16_000_000  # pixels of a whole picture: beyond it the file takes seconds and nobody sees more

__all__ = ["axes_error", "paint", "pdf", "png"]


def _patch(stroke: Stroke, scale: float, order: int) -> Any:
    from matplotlib.patches import PathPatch

    patch = PathPatch(
        _mpl_path(stroke.path),
        facecolor=stroke.fill or "none",
        edgecolor=stroke.color or "none",
        linewidth=stroke.width * scale,
        linestyle=(0, (max(stroke.dash[0], 1e-3), stroke.dash[1])) if stroke.dash else "-",
        capstyle="butt" if stroke.dash and stroke.dash[0] else "round",
        joinstyle="round",
        antialiased=True,
        zorder=2 + order * 1e-4,
        clip_on=False,
        fill=bool(stroke.fill),
    )
    patch.set_sketch_params(None)
    patch.set_path_effects([])
    patch.set_snap(False)
    if stroke.item:
        patch.set_gid(stroke.item)
    return patch


def _mpl_path(path: Path) -> Any:
    from matplotlib.path import Path as MplPath

    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    for code, points in path:
        if code == "C":
            vertices += points
            codes += [4, 4, 4]
        elif code == "Z":
            vertices.append((0.0, 0.0))
            codes.append(79)
        else:
            vertices.append(points[0])
            codes.append(1 if code == "M" else 2)
    return MplPath(vertices, codes)


def _figure(strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style) -> Any:
    """A figure of the content's own size, one u being the theme's font size."""
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    inch = style.font_size * theme.scale / 72
    figure = Figure(figsize=(box.width * inch, box.height * inch), dpi=100, facecolor=theme.background)
    figure.set_layout_engine("none")  # whatever the caller's settings say
    place = Affine2D().translate(-box.left, -box.bottom).scale(inch) + figure.dpi_scale_trans
    for order, stroke in enumerate(strokes):
        patch = _patch(stroke, theme.scale, order)
        patch.set_transform(place)
        figure.add_artist(patch)  # no axes, which would give each patch a clip path that none needs
    return figure


def png(strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style, about: tuple[str, str, float]) -> bytes:
    """The picture as PNG; `about` is its title, its description and the dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure(strokes, box, theme, style)
    inch = style.font_size * theme.scale / 72
    longest, area = max(box.width, box.height) * inch, box.width * box.height * inch**2
    figure.set_dpi(min(about[2], _PIXELS / longest, math.sqrt(_AREA / area)))
    buffer = BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(buffer, metadata={"Software": None, "Title": about[0], "Description": about[1]})
    return buffer.getvalue()


def pdf(strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style, about: tuple[str, str]) -> bytes:
    """The picture as PDF, without dates."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = _figure(strokes, box, theme, style)
    buffer = BytesIO()
    canvas: Any = FigureCanvasPdf(figure)
    canvas.print_pdf(
        buffer,
        metadata={
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
            "Title": about[0],
            "Subject": about[1],
        },
    )
    return buffer.getvalue()


def axes_error(axes: Any) -> DrawingError | None:
    """Why one cannot draw into this object, or None."""
    from matplotlib.axes import Axes

    if not isinstance(axes, Axes):
        return DrawingError(f"draw() writes to a path or into a matplotlib Axes, not into {type(axes).__name__}")
    figure = axes.figure
    if figure is None or axes not in figure.axes:
        return DrawingError("the axes given to draw() belong to no figure: they or their figure were closed")
    while figure.figure is not None and figure.figure is not figure:  # a subfigure belongs to a figure
        figure = figure.figure
    number = getattr(figure, "number", None)
    if number is not None and not _is_open(number):
        return DrawingError(f"the axes given to draw() belong to figure {number}, which is closed; make a new one")
    return None


def _is_open(number: int) -> bool:
    pyplot = sys.modules.get("matplotlib.pyplot")  # only pyplot numbers figures, and it is never loaded here
    return pyplot is None or bool(pyplot.fignum_exists(number))


def paint(axes: Any, strokes: Sequence[Stroke], box: Box, theme: Theme, style: Style) -> None:
    """Draw into the caller's axes, as large as fits; the axes' limits change, their figure does not."""
    extent = axes.get_window_extent()
    width, height = (72 * side / axes.figure.dpi for side in (extent.width, extent.height))
    scale = min(theme.scale, width / box.width / style.font_size, height / box.height / style.font_size)
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="box")
    unit = style.font_size * scale
    room = width / unit, height / unit
    x, y = box.center
    axes.set_xlim(x - room[0] / 2, x + room[0] / 2)
    axes.set_ylim(y - room[1] / 2, y + room[1] / 2)
    for order, stroke in enumerate(strokes):
        axes.add_artist(_patch(stroke, scale, order))
