"""Derivation strips: a panel for every step, in which nothing moves that did not change.

Removing a node is drawn in its parent's slots: the node becomes a ghost, its wires dashed, then open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from ..core.expressions import Expr
from ..core.networks import flatten
from ..errors import DrawingError, did_you_mean
from ..progress import Progress
from ..rewrite import Derivation, Step
from . import canvas
from .alternatives import describe
from .drawings import Drawing, expression_blocks, finished, more_block, picture_options, write_whole
from .geometry import Box
from .holes import Part, holed_picture, open_legs, part_at, removed_part, without
from .painting import strokes
from .pictures import Builder
from .readback import same
from .rows import Block, blocks, text_block, wrap
from .scene import Arrow, Scene, Text
from .settings import Settings
from .skeletons import Term, terms_of
from .style import find_theme
from .typesetting import markup, plain, typeset

__all__ = ["draw_derivation", "slotted_blocks"]


@dataclass(frozen=True)
class _Panel:
    """A panel: its blocks, what stands over the arrow that leads to it, and its description."""

    row: list[Block]
    rule: str
    alt: str


def draw_derivation(derivation: Derivation, target: Any = None, *, orient: str = "row", **options: Any) -> Drawing:
    """The strip of a derivation: a panel a step, with the rule's name over the arrow that leads to it.

    Parameters
    ----------
    derivation
        Any `Derivation`.
    target
        As for `draw`; a path that ends in `.gif` gets an animation, a frame a panel; a folder gets the frames as
        `frame-0.png`, `frame-1.png`, …
    orient
        ``"row"`` (wrapped at `max_width`), ``"column"`` (one panel a line) or ``"grid"`` (in columns).
    options
        Those of `draw`; `simplify` is False here, since the steps are drawn as they are.

    Returns
    -------
    A `Drawing` of all panels.

    Raises
    ------
    DrawingError
        as `draw`, and for an unknown `orient`.

    Notes
    -----
    Where a variable occurs several times, their removals are one panel: a sum whose terms keep the places of the
    product, with a hole where the node was (`compact=True` closes it).

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> for line in draw_derivation(td.derivation(x @ y, x)).alt.splitlines():
    ...     print(line.partition(":")[0])
    vector x, vector y; x joined to y. Equation
    remove x
    open its wire
    simplify
    """
    if orient not in _ORIENTS:
        raise DrawingError(f"orient is 'row', 'column' or 'grid', not {orient!r}{did_you_mean(orient, _ORIENTS)}")
    if not isinstance(derivation, Derivation):
        raise DrawingError(f"draw_derivation() draws a Derivation, not {type(derivation).__name__}; use draw()")
    settings = Settings.of({"simplify": False, **options})
    panels = _panels(derivation, settings)
    scene = _strip(panels, settings) if orient == "row" else _table(panels, settings, _ORIENTS[orient])
    alt = "\n".join(f"{plain(panel.rule)}: {panel.alt}" if panel.rule else panel.alt for panel in panels)
    drawing = finished(scene, alt, settings)
    if isinstance(target, (str, os.PathLike)):
        name = os.fspath(target)
        if name.lower().endswith(".gif"):
            write_whole(name, _animation(panels, settings))
            return drawing
        if os.path.isdir(name):
            for number, frame in enumerate(_frames(panels, settings, 220.0)):
                write_whole(os.path.join(name, f"frame-{number}.png"), frame)
            return drawing
    return drawing.to(target)


_ORIENTS = {"row": 0, "column": 1, "grid": 2}
"""How many panels stand side by side; 0 for as many as fit."""


def _stages(steps: Sequence[Step]) -> list[Step]:
    """The steps that get panels: removals of several occurrences are one, in the places of what they start from.

    A removal of what is not drawn as a part of its own is one with the next step.
    """
    made: list[Step] = []
    place, holed = 0, False
    while place < len(steps):
        first, end = steps[place], place
        if first.removed is not None and _hole_of(first) is None and place + 1 < len(steps):
            following = steps[place + 1]
            if following.before == first.after:
                made.append(replace(following, before=first.before))
                place += 2
                continue
        while end < len(steps) and steps[end].removed is not None and steps[end].before == first.before:
            end += 1
        if end - place > 1 and end < len(steps) and steps[end].before == steps[end - 1].after:
            total = steps[end]
            made.append(Step(total.rule, first.before, total.after, total.note))
            place, holed = end + 1, True
            continue
        if holed or first.rule != "simplify" or not _looks_the_same(first):
            made.append(first)
        holed = first.removed is not None
        place += 1
    return made


def _looks_the_same(step: Step) -> bool:
    """Whether a step only puts terms in another order, if that."""
    rest = list(terms_of(step.before))
    for term in terms_of(step.after):
        twin = next((t for t in rest if t.coefficient == term.coefficient and same(t.skeleton, term.skeleton)), None)
        if twin is None:
            return False
        rest.remove(twin)
    return not rest


def _panels(derivation: Derivation, settings: Settings) -> list[_Panel]:
    panels: list[_Panel] = []
    marked = replace(settings, marked=frozenset(derivation.variables))
    stages = _stages(derivation.steps)
    with Progress("drawing a derivation") as progress:
        for number, step in enumerate(stages):
            progress.show(f"step {number + 1} of {len(stages)}")
            hole = _hole_of(step)
            if number == 0 or stages[number - 1].after != step.before:
                row = _marked(step, hole, marked, f"{number}a")
                panels.append(_Panel(row, "" if number == 0 else "\\mathrm{next}", describe(step.before)))
            panels += _step_panels(step, hole, settings, str(number))
    return panels


def _step_panels(step: Step, hole: Part | None, settings: Settings, name: str) -> list[_Panel]:
    """What a step leads to, where it removes a part in two panels: the part cut out, its wires open."""
    rule, after = _rule_markup(step.rule), describe(step.after, step.before)
    if hole is None:
        return [_Panel(slotted_blocks(step.after, step.before, settings, f"{name}c"), rule, after)]
    ghost = _holed_row(step, hole, settings, f"{name}b", opened=False)
    cut = _Panel(ghost, rule, f"the node removed, its wires cut: {describe(step.before)}")
    count = len(open_legs(terms_of(step.before)[0].skeleton, hole))
    rule = "\\mathrm{open its wires}" if count > 1 else "\\mathrm{open its wire}"
    return [cut, _Panel(_holed_row(step, hole, settings, f"{name}c", opened=True), rule, after)]


def _rule_markup(rule: str) -> str:
    """A rule's name in words, the tensor that it removes as a formula."""
    head, _, name = rule.partition(" ")
    if head == "remove" and name and name != "the box":
        return f"\\mathrm{{remove }}{markup(name)}"
    return f"\\mathrm{{{rule}}}"


def _hole_of(step: Step) -> Part | None:
    """The part of the drawn skeleton that a step removes."""
    terms = terms_of(step.before)
    if step.removed is None or len(terms) != 1:
        return None
    after = terms_of(step.after)
    if len(after) != 1:
        return None
    boxes = getattr(step.before.base, "boxes", (step.before.base,))
    before = sum(len(flatten(box).operands) for box in boxes[: step.removed])
    skeleton = terms[0].skeleton
    candidates = [n for n, node in enumerate(skeleton.nodes) if node.box == boxes[step.removed]]
    ordered = sorted(candidates, key=lambda n: abs(n - before))
    parts = (part_at(skeleton, n) for n in ordered)
    return next((part for part in parts if same(without(skeleton, part), after[0].skeleton)), None)


def _marked(step: Step, hole: Part | None, settings: Settings, prefix: str) -> list[Block]:
    """The expression before a step, the part to be removed in accent, or every occurrence of the variable."""
    terms = list(settings.terms_of(step.before))
    if hole is None:
        return expression_blocks(step.before, settings, prefix)
    terms = [_bundled(terms[0], [hole], settings)]
    sizes, options = picture_options(step.before, terms, replace(settings, marked=frozenset()))
    made = Builder(terms[0].skeleton, sizes, replace(options, states=dict.fromkeys(hole, "accent"))).build()
    return blocks(terms, [made], settings.style, prefix)


def _bundled(term: Term, holes: Sequence[Part], settings: Settings) -> Term:
    """The term with its bundles, as other pictures have them, unless one of them is at a hole."""
    made = settings.bundled(term)
    at_hole = any(made.skeleton.nodes[number].spans for hole in holes for number in hole)
    return term if at_hole else made


def _holed_row(step: Step, hole: Part, settings: Settings, prefix: str, *, opened: bool) -> list[Block]:
    terms = [_bundled(settings.terms_of(step.before)[0], [hole], settings)]
    sizes, options = picture_options(step.before, terms, settings, extra=len(open_legs(terms[0].skeleton, hole)))
    made = holed_picture(terms[0].skeleton, hole, sizes, options, opened=opened)
    return blocks(terms, [made], settings.style, prefix)


def slotted_blocks(expr: Expr, parent: Expr, settings: Settings, prefix: str) -> list[Block]:
    """A sum in the slots of the expression that it came from: a hole where a node was."""
    above, terms = settings.terms_of(parent), settings.terms_of(expr)
    if settings.compact or len(above) != 1 or not terms or len(above[0].skeleton.nodes) > 40:
        return expression_blocks(expr, settings, prefix, parent)
    shown = terms if settings.terms is None or len(terms) <= settings.terms else terms[: max(1, settings.terms - 2)]
    holes: list[Part] = []
    for term in shown:
        hole = removed_part(above[0].skeleton, term.skeleton, holes)
        if hole is None:
            return expression_blocks(expr, settings, prefix, parent)
        holes.append(hole)
    slots = _bundled(above[0], holes, settings)
    sizes, options = picture_options(parent, [slots], settings, extra=expr.order - parent.order)
    pictures = [holed_picture(slots.skeleton, hole, sizes, options, opened=True) for hole in holes]
    row = blocks([Term(t.coefficient, above[0].skeleton) for t in shown], pictures, settings.style, prefix)
    return [*row, *more_block(len(terms) - len(shown), prefix, settings.style.operator_slot)]


def _arrow(rule: str, name: str, least: float = 2.8) -> Block:
    """An arrow with the rule's name over it."""
    width = max(least, typeset(rule).width * 0.75 + 0.9)
    text = Text(f"{name}rule", rule, (width / 2, 0.7), 0.75, "muted")
    arrow = Arrow(f"{name}arrow", (0.3, 0.0), (width - 0.3, 0.0))
    return Block(Scene((arrow, text)), 0.0, width, breaks=True)


def _table(panels: Sequence[_Panel], settings: Settings, columns: int) -> Scene:
    """The panels in columns below each other, every line on its own baseline."""
    style = settings.style
    cells = []
    lead = max((_arrow(panel.rule, "").width for panel in panels if panel.rule), default=0.0)
    for number, panel in enumerate(panels):
        # the first column's first panel has no arrow, and stands where the others do
        head = _arrow(panel.rule, f"a{number}", lead) if panel.rule else Block(Scene(), 0.0, lead)
        cells.append(wrap([head, *panel.row], style, settings.max_width if columns > 1 else None))
    boxes = [Box.around([cell.box, *(term.frame for term in cell.terms)]) for cell in cells]
    widths = [max(box.right for box in boxes[k::columns]) for k in range(min(columns, len(cells)))]
    scenes: list[Scene] = []
    y = 0.0
    for start in range(0, len(cells), columns):
        line = list(range(start, min(start + columns, len(cells))))
        y -= max(boxes[k].top for k in line) if start else 0.0
        x = 0.0
        for column, k in enumerate(line):
            scenes.append(cells[k].shifted(x, y))
            x += widths[column] + 2 * style.component_gap
        y += min(boxes[k].bottom for k in line) - style.line_gap
    return Scene.joined(scenes)


def _strip(panels: Sequence[_Panel], settings: Settings) -> Scene:
    """The panels one after the other, wrapped before an arrow."""
    row: list[Block] = []
    for number, panel in enumerate(panels):
        if panel.rule:
            arrow = _arrow(panel.rule, f"a{number}")
            lead = arrow.width + 0.3 + panel.row[0].lead
            row.append(replace(_joined([arrow, panel.row[0]]), opens=True, lead=lead))
            row += panel.row[1:]
        else:
            row += panel.row
    return wrap(row, settings.style, settings.max_width)


def _joined(pieces: Sequence[Block]) -> Block:
    """Blocks that stay on one line."""
    scenes: list[Scene] = []
    x = 0.0
    for piece in pieces:
        scenes.append(piece.scene.shifted(x - piece.left, 0.0))
        x += piece.width + 0.3
    return Block(Scene.joined(scenes), 0.0, x - 0.3, breaks=True)


def _frames(panels: Sequence[_Panel], settings: Settings, dpi: float) -> list[bytes]:
    """The panels as pictures of one size, what has not changed at one place."""
    scenes = []
    bodies = [wrap(panel.row, settings.style, settings.max_width) for panel in panels]
    line = max(body.box.top for body in bodies) + 1.6
    for panel, body in zip(panels, bodies, strict=True):
        if panel.rule:
            rule = wrap([text_block(panel.rule, "rule", 0.0, roman=False, size=0.8)], settings.style, None)
            body = Scene.joined([body, rule.shifted(0.0, line)])
        scenes.append(body)
    page = Box.around(scene.box for scene in scenes).grown(settings.style.margin)
    theme, style = find_theme(settings.theme), settings.style
    return [
        canvas.png(strokes(scene, theme, style), page, theme, style, ("", panel.alt, dpi))
        for scene, panel in zip(scenes, panels, strict=True)
    ]


def _animation(panels: Sequence[_Panel], settings: Settings) -> bytes:
    """The frames as a GIF."""
    from PIL import Image

    frames = [
        Image.open(BytesIO(content)).convert("P", palette=Image.Palette.ADAPTIVE)
        for content in _frames(panels, settings, 220.0)
    ]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=1400, loop=0)
    return buffer.getvalue()
