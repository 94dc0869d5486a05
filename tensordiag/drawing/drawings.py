"""`Drawing`, and the functions that make one: of an expression, an equation, several equations."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import process_time
from typing import Any

from ..core.expressions import Expr
from ..core.numbers import is_number
from ..errors import DrawingError
from .alternatives import describe
from .arrangements import Options
from .folds import DEEPEST
from .geometry import Box
from .metrics import DrawMetrics, measure
from .painting import Stroke, strokes
from .pictures import Picture, letters, picture
from .rows import Block, blocks, hue_legend, text_block, wrap
from .scene import Scene
from .settings import Settings
from .sides import single_side
from .sizes import Sizes
from .skeletons import Term, terms_of, zero_skeleton
from .style import STYLE, Style, Theme, find_theme
from .typesetting import verbatim

__all__ = ["Drawing", "draw", "draw_equation", "draw_equations", "mimebundle"]

_MEDIUM, _LARGE = 40, 200
_ENDINGS = ("png", "svg", "pdf", "tex", "txt")


@dataclass(frozen=True)
class Drawing:
    """A picture: its scene, its description, and the ways to write it.

    `save(path)` writes PNG, SVG, PDF, TikZ or text by the path's ending.  In a notebook it shows itself.

    >>> import tensordiag as td
    >>> x, A, y = td.tensors("x[n] A[n,n] y[n]")
    >>> drawing = td.draw(x @ A @ y)
    >>> drawing.metrics().crossings, drawing.dropped_labels
    (0, ())
    >>> print(drawing.to_text(), end="")
    x▷ ───/A]───◁y
    """

    scene: Scene
    alt: str = ""
    title: str = "tensor diagram"
    theme: Theme = field(default_factory=lambda: find_theme("light"))
    style: Style = STYLE
    auto: bool = False
    layout_seconds: float = field(default=0.0, compare=False)

    @property
    def dropped_labels(self) -> tuple[str, ...]:
        """Labels that found no free place."""
        return self.scene.dropped

    @cached_property
    def box(self) -> Box:
        """The extent of the picture with its margin."""
        return self.scene.box.grown(self.style.margin)

    def metrics(self) -> DrawMetrics:
        """Crossings, overlaps and other measurements of the picture."""
        return measure(self.scene, self.box, len(self.dropped_labels), self.layout_seconds)

    @cached_property
    def strokes(self) -> list[Stroke]:
        """What a backend paints."""
        return strokes(self.scene, self.theme, self.style)

    def to_svg(self) -> str:
        """The picture as SVG text."""
        from .vectors import svg

        return svg(self.strokes, self.box, self.theme, self.style, (self.title, self.alt), self.auto)

    def to_tikz(self) -> str:
        """The picture as plain TikZ."""
        from .tikz import tikz

        return tikz(self.scene, self.theme, self.style, self.box)

    def to_text(self) -> str:
        """The picture in Unicode characters, for terminals."""
        from .sketches import sketch

        return sketch(self.scene)

    def to_bytes(self, ending: str, dpi: float | None = None) -> bytes:
        """The picture as a file's content; `DrawingError` for an ending that cannot be written."""
        from . import canvas

        if ending == "svg":
            return self.to_svg().encode()
        if ending == "png":
            return canvas.png(self.strokes, self.box, self.theme, self.style, (self.title, self.alt, dpi or 300.0))
        if ending == "tex":
            return self.to_tikz().encode()
        if ending == "txt":
            return self.to_text().encode()
        if ending == "pdf":
            return canvas.pdf(self.strokes, self.box, self.theme, self.style, (self.title, self.alt))
        shown = f".{ending}" if ending else "no ending"
        known = ", ".join("." + e for e in _ENDINGS)
        raise DrawingError(f"cannot write a picture with {shown}: the endings are {known}")

    def save(self, path: str | os.PathLike[str], dpi: float | None = None) -> Drawing:
        """Write the picture; the file appears whole or not at all.  Returns the drawing."""
        if not isinstance(path, (str, os.PathLike)):
            raise DrawingError(f"save() writes to a path, not to {type(path).__name__}")
        if dpi is not None and not (isinstance(dpi, (int, float)) and dpi > 0):
            raise DrawingError(f"dpi is a positive number of dots per inch, not {dpi!r}")
        name = os.fspath(path)
        ending = os.path.splitext(name)[1].lower().lstrip(".")
        write_whole(name, self.to_bytes(ending, dpi))
        return self

    def draw_into(self, axes: Any) -> Drawing:
        """Draw into a matplotlib `Axes` of the caller's.  Returns the drawing."""
        from . import canvas

        problem = canvas.axes_error(axes)
        if problem is not None:
            raise problem
        canvas.paint(axes, self.strokes, self.box, self.theme, self.style)
        return self

    def to(self, target: Any) -> Drawing:
        """Write to a path or draw into axes; nothing for None.  Returns the drawing."""
        if target is None:
            return self
        if isinstance(target, (str, os.PathLike)):
            return self.save(target)
        return self.draw_into(target)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """SVG of a small picture, PNG of a large one, and the description; only what is asked for is computed."""
        large = len(self.scene.nodes) > _MEDIUM
        kinds: dict[str, Any] = {
            "image/png" if large else "image/svg+xml": (lambda: self.to_bytes("png", 150)) if large else self.to_svg,
            "text/plain": lambda: self.alt,
        }
        data = {
            kind: make()
            for kind, make in kinds.items()
            if (not include or kind in include) and not (exclude and kind in exclude)
        }
        return data, {kind: {"alt": self.alt} for kind in data if kind.startswith("image/")}

    def _repr_svg_(self) -> str | None:
        """A small picture for what asks for one format; None of a large one."""
        found: str | None = self._repr_mimebundle_(include=["image/svg+xml"])[0].get("image/svg+xml")
        return found

    def _repr_png_(self) -> bytes | None:
        """A large picture for what asks for one format; None of a small one."""
        found: bytes | None = self._repr_mimebundle_(include=["image/png"])[0].get("image/png")
        return found


def write_whole(name: str, content: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody sees half of it."""
    folder = os.path.dirname(os.path.abspath(name))
    handle = -1
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=folder, prefix=".tensordiag-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)
        os.replace(beside, name)
    except OSError as problem:
        if beside and os.path.exists(beside):
            os.unlink(beside)
        reason = problem.strerror or str(problem)
        raise DrawingError(f"cannot write the picture to {name}: {reason}") from problem


def draw(expr: Expr, target: Any = None, **options: Any) -> Drawing:
    """The picture of an expression, written to a path or drawn into a matplotlib `Axes`.

    Parameters
    ----------
    expr
        Any expression.
    target
        A path (`.png`, `.svg`, `.pdf`, `.tex`, `.txt`), a matplotlib `Axes`, or None.
    options
        `theme`: light, dark, auto, print, book, presentation, or a `Theme`.  `labels`: ``"open"`` (open legs),
        ``"all"`` (inner wires too), ``"dims"`` (with dimensions), ``"none"``.  `legs`: names of the open legs.
        `simplify`: draw the reading form (default).  `factor`: leave brackets (default), or multiply them out.
        `max_width` in em, after which sums wrap.  `terms`: how many terms at most (None: all).
        `force`: draw networks of any size.  `style`: a `Style` of lengths.  `derivative`: a tensor's name, or several,
        to draw the expression in Penrose's derivative bubble.  `depth`: how many frames may stand in one another
        before what is inside gets a name and a line of its own (default: three, fewer where there would be very many
        nodes).  `slots`: the expression that a product rule started
        from, whose places every term keeps; `compact`: close the holes.
        `mark`: how a matrix shows its row side: ``"bevel"``, ``"strong"`` (filled), ``"none"``.  `transpose`: told by
        turning the box (``"rotate"``), by its ``"label"`` as read from left to right and top to bottom, or ``"both"``.
        `colors`: ``"kinds"`` colours nodes by what they are, ``"dims"`` wires by their dimension too, with a legend.
        `width`: ``"dim"`` draws wires as thick as the logarithm of their dimension; a mapping gives the sizes of named
        dimensions.  `layout`: ``"auto"`` recognises structures, ``"stress"`` treats all as general networks.
        `sides`: where open legs leave: a single one ``"left"`` or ``"right"``; all of them ``"down"``, ``"up"``,
        ``"all-left"`` or ``"all-right"``; ``"ud"`` the first one up and the last one down.

    Returns
    -------
    A `Drawing`.

    Raises
    ------
    DrawingError
        for an unknown theme or option, a path that cannot be written, an ending that is not known, axes of a
        closed figure, a diagram over the size limit without `force`.

    Notes
    -----
    Cost: the layout of structures that are recognised (paths, rings, trees, hubs, lattices) is linear in the wires,
    of general networks cubic in the nodes, about a second for 200.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> print(draw(td.diff(x * y * z, x)).to_text(), end="")
       ▽y
        │
        │
    i───●───j
        │
        │
       △z
    """
    settings = Settings.of(options)
    if not isinstance(expr, Expr):
        raise DrawingError(f"draw() draws expressions, not {type(expr).__name__}")
    shown = settings.reading_form(expr)
    if settings.slots is not None:
        from .strips import slotted_blocks  # strips build on this module

        row = slotted_blocks(shown, settings.reading_form(settings.slots), settings, "")
    elif settings.derivative:
        from .bubbles import bubble_blocks  # as strips

        row = bubble_blocks(shown, settings)
    else:
        row = expression_blocks(shown, settings, "", expr)
    scene = wrap(row, settings.style, settings.max_width)
    return finished(scene, describe(shown, expr), settings).to(target)


def finished(scene: Scene, alt: str, settings: Settings) -> Drawing:
    """A scene with its description as a drawing, the folded parts below it."""
    scenes = [scene]
    bottom = scene.box.bottom if scene.items else 0.0
    while (line := settings.folds.next_line()) is not None:
        name, expr = line
        sign = text_block("=", f"{name}relation", settings.style.operator_slot, anchor=True)
        head = text_block(name, f"{name}name", 0.0, roman=False)
        row = wrap([head, sign, *expression_blocks(expr, settings, name)], settings.style, settings.max_width)
        box = Box.around([row.box, *(term.frame for term in row.terms)])
        scenes.append(row.shifted(0.0, bottom - settings.style.line_gap - box.top))
        bottom = scenes[-1].box.bottom
    for number, (label, name) in enumerate(settings.names.legend()):
        words = f"{label}\\mathrm{{ : }}{verbatim(name)}"
        row = wrap([text_block(words, f"legend{number}", 0.0, roman=False, size=0.8)], settings.style, None)
        left = scenes[0].box.left - row.box.left
        scenes.append(row.shifted(left, bottom - 0.6 - row.box.top))
        bottom = scenes[-1].box.bottom
    if settings.hues:
        legend = hue_legend(settings.hues, len(find_theme(settings.theme).hues))
        scenes.append(legend.shifted(scenes[0].box.left - legend.box.left, bottom - 1.0 - legend.box.top))
    scene = Scene.joined(scenes)
    theme, seconds = find_theme(settings.theme), process_time() - settings.started
    return Drawing(scene, alt, "tensor diagram", theme, settings.style, settings.theme == "auto", seconds)


def expression_blocks(expr: Expr, settings: Settings, prefix: str, written: Expr | None = None) -> list[Block]:
    """The blocks of an expression's terms, in the order of the expression that they come from, if there is one."""
    settings.folds.avoid([tensor.name for tensor in expr.tensors])
    deepest = DEEPEST if settings.depth is None else settings.depth
    found = settings.terms_of(expr, max(1, deepest), written)  # a frame that is all of it is shown
    terms = list(settings.folds.fold(found, expr.base)) or [Term(1, zero_skeleton(expr.order))]
    terms = [settings.bundled(term) for term in terms]
    left_out = 0
    if settings.terms is not None and len(terms) > settings.terms:
        left_out = len(terms) - max(1, settings.terms - 2)
        terms = terms[: len(terms) - left_out]
    pictures = term_pictures(expr, terms, settings)
    made = blocks(terms, pictures, settings.style, prefix)
    return [*made, *more_block(left_out, prefix, settings.style.operator_slot)]


def more_block(count: int, prefix: str, slot: float) -> list[Block]:
    """The words for terms that are left out."""
    if not count:
        return []
    words = text_block(f"… + {count} \\mathrm{{more}}", f"{prefix}more", 0.0)
    return [text_block("+", f"{prefix}moresign", slot, breaks=True), words]


def picture_options(expr: Expr, terms: Sequence[Term], settings: Settings, extra: int = 0) -> tuple[Sizes, Options]:
    """The common sizes and options of an expression's terms; `extra` open legs are to be added to it."""
    count = max((len(term.skeleton.nodes) for term in terms), default=0)
    if count > _LARGE and not settings.force:
        raise DrawingError(
            f"the diagram has {count} nodes; more than {_LARGE} are drawn as dots, and only with force=True"
        )
    sizes = Sizes(settings.style, dots=count > _LARGE)
    for term in terms:
        sizes.gather(term.skeleton.nodes)
    taken = frozenset(tensor.name for tensor in expr.tensors)
    order = expr.order + extra
    names = tuple(settings.legs) if settings.legs is not None else letters(order, taken)
    if len(names) < order or (len(names) > order and settings.legs is not None and not extra):
        raise DrawingError(f"legs names {len(names)} open legs, but the expression has {order}")
    chosen = settings.sides if settings.sides != "auto" else single_side(terms)
    labels = "none" if sizes.dots else settings.labels
    inner = labels if labels in ("all", "dims") else ""
    options = Options(settings.style, labels, inner, taken | {*names}, names, chosen, marked=settings.marked)
    options = replace(options, transpose=settings.transpose, sizes=settings.sizes, layout=settings.layout)
    return sizes, replace(options, hues=settings.hues if settings.colors == "dims" else None)


def term_pictures(expr: Expr, terms: Sequence[Term], settings: Settings) -> list[Picture]:
    """The pictures of terms, all with the same sizes, sides and names of open legs."""
    sizes, options = picture_options(expr, terms, settings)
    return [picture(term.skeleton, sizes, options) for term in terms]


def _operand(value: Any, settings: Settings, prefix: str) -> tuple[list[Block], str]:
    """One side of an equation: an expression, a number, a text, or (expression, variable) for a derivative bubble."""
    if isinstance(value, Expr):
        shown = settings.reading_form(value)
        return expression_blocks(shown, settings, prefix, value), describe(shown, value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Expr):
        from .bubbles import bubble_blocks  # bubbles build on this module

        shown = settings.reading_form(value[0])
        made = bubble_blocks(shown, replace(settings, derivative=value[1]), prefix)
        return made, f"the derivative by {value[1]} of ({describe(shown)})"
    if isinstance(value, str) or is_number(value):
        return [text_block(str(value), f"{prefix}text", 0.0, roman=False, size=1.1)], str(value)
    raise DrawingError(f"an equation has expressions, numbers or texts on its sides, not {type(value).__name__}")


def draw_equation(lhs: Any, rhs: Any, target: Any = None, *, relation: str = "=", **options: Any) -> Drawing:
    """The picture of `lhs = rhs` on one baseline.

    Each side is an expression, a number, a text such as ``"f"``, or a pair (expression, variable), which is drawn as
    a derivative bubble; `options` are those of `draw`.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> draw_equation("f", A @ x).alt.partition(" Open")[0]
    'f = matrix A, vector x; A joined to x.'
    """
    return draw_equations([(lhs, rhs)], target, relation=relation, **options)


def draw_equations(
    pairs: Sequence[tuple[Any, Any]], target: Any = None, *, relation: str = "=", **options: Any
) -> Drawing:
    """Equations below each other, aligned on the relation sign.

    `pairs` are (left, right) as in `draw_equation`; `options` are those of `draw`.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> made = draw_equations([("f", A @ x), ((A @ x, "x"), td.diff(A @ x, x))])
    >>> made.alt.splitlines()[1]
    'the derivative by x of (matrix A, vector x; A joined to x. Open legs i. Equation: [i] = A[i,j] x[j].)
     = matrix A. Open legs i, j. Equation: [i, j] = A[i,j].'
    """
    settings = Settings.of(options)
    rows = []
    for number, (lhs, rhs) in enumerate(pairs):
        left, left_alt = _operand(lhs, settings, f"{number}l")
        right, right_alt = _operand(rhs, settings, f"{number}r")
        rows.append((left, right, f"{left_alt} {relation} {right_alt}"))
    indent = max((sum(b.width + 0.2 for b in left) for left, _, _ in rows), default=0.0)
    scenes: list[Scene] = []
    y = 0.0
    for number, (left, right, _) in enumerate(rows):
        room = indent - sum(b.width + 0.2 for b in left)
        if left:  # exactly, so that the relation signs stand below each other
            left = [replace(left[0], left=left[0].left - room), *left[1:]]
        sign = text_block(relation, f"{number}relation", settings.style.operator_slot, anchor=True)
        row = [*left, sign, *right]
        scene = wrap(row, settings.style, settings.max_width)
        y -= scene.box.top if number else 0.0
        scenes.append(scene.shifted(0.0, y))
        y += scene.box.bottom - settings.style.line_gap
    alt = "\n".join(text for _, _, text in rows)
    return finished(Scene.joined(scenes), alt, settings).to(target)


def mimebundle(expr: Expr, include: Any = None, exclude: Any = None) -> Any:
    """What a notebook shows of an expression: a picture with alternative text, and no more than asked for."""
    if max((len(term.skeleton.nodes) for term in terms_of(expr, 0)), default=0) > _LARGE:
        return {"text/plain": repr(expr)}, {}
    return draw(expr, theme="auto")._repr_mimebundle_(include, exclude)
