"""Computations whose every network is a product of two operands: nothing is to be chosen, so they are planned at once.

Long chains of matrices are such computations, with all their gradients: thousands of products of a few forms.  What
the general way finds out about each one by itself (its canonical form, its tree, its axes) is known by its form here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..core.expressions import Expr, Structural
from .lowering import Lowering
from .pair_forms import PairForm, pair_form
from .products import Handle, Planner
from .structure import Contraction, Piece
from .values import Value, Values

__all__ = ["planned_directly"]

Indices = tuple[int, ...]

_REMEMBERED = 4096


def planned_directly(
    values: Values, steps: Mapping[Expr, Piece], roots: Sequence[Expr], sizes: Mapping[str, int]
) -> list[Value] | None:
    """The plan's values of the roots, or None where something is left to choose.  Cost: linear."""
    for piece in steps.values():
        if not isinstance(piece, Contraction) or len(piece.operands) != 2 or piece.coefficient != 1:
            return None
        first, second = piece.operands
        if isinstance(first, Structural) or isinstance(second, Structural):
            return None
        if not _is_plain(*piece.indices, piece.output, len(piece.dims)):
            return None
    lowering, planner = Lowering(values, sizes), Planner(values)
    handles: dict[int, tuple[Value, Indices]] = {}

    def handle(box: Expr) -> tuple[Value, Indices]:
        if id(box) not in handles:
            value = lowering.value(box)
            handles[id(box)] = value, tuple(range(len(value.shape)))
        return handles[id(box)]

    for node, piece in steps.items():
        assert isinstance(piece, Contraction)
        first, second = piece.operands
        a, axes_a = handles.get(id(first)) or handle(first)
        b, axes_b = handles.get(id(second)) or handle(second)
        if 1 in a.shape or 1 in b.shape:
            return None
        form = _form(*piece.indices, piece.output, axes_a, axes_b, a.number < b.number)
        if form.is_swapped:
            a, b = b, a
        made, axes = planner.first_pair(a, b, form.pair), form.axes
        if made is None:
            made, out = planner.pair((a, form.row_a), (b, form.row_b), form.kept)
            axes = tuple([out.index(i) for i in piece.output])
        if not form.is_summed and made.entries > 2 * max(a.entries, b.entries):
            return None
        handles[id(node)] = made, axes
    return [planner.array(Handle(*handle(root.base))) for root in roots]


@lru_cache(maxsize=_REMEMBERED)
def _is_plain(row_a: Indices, row_b: Indices, output: Indices, count: int) -> bool:
    """Whether no index of a product repeats on an operand or in the result, or is on one operand and summed there."""
    inside_a, inside_b, kept = set(row_a), set(row_b), set(output)
    repeats = len(inside_a) + len(inside_b) + len(kept) < len(row_a) + len(row_b) + len(output)
    return not repeats and inside_a ^ inside_b <= kept <= inside_a | inside_b and len(inside_a | inside_b) == count


@dataclass(frozen=True, slots=True)
class _Form:
    """A product by its rows and the order of its operands' axes.

    The operands come in the order in which the result's axes are those that are wanted, where one does that; `axes`
    says where these are.  The rows are those of the operands' own axes.
    """

    is_swapped: bool
    row_a: Indices
    row_b: Indices
    kept: frozenset[int]
    is_summed: bool
    pair: PairForm
    axes: Indices


@lru_cache(maxsize=_REMEMBERED)
def _form(row_a: Indices, row_b: Indices, output: Indices, axes_a: Indices, axes_b: Indices, in_order: bool) -> _Form:
    kept = frozenset(output)
    own_a, own_b = _by_own_axes(row_a, axes_a), _by_own_axes(row_b, axes_b)
    first, second = pair_form(own_a, own_b, kept, in_order), pair_form(own_b, own_a, kept, not in_order)
    is_swapped = first.out != output == second.out
    if is_swapped:
        first, own_a, own_b = second, own_b, own_a
    axes = tuple([first.out.index(i) for i in output])
    return _Form(is_swapped, own_a, own_b, kept, not kept.issuperset(row_a + row_b), first, axes)


def _by_own_axes(row: Indices, axes: Indices) -> Indices:
    return tuple([i for _, i in sorted(zip(axes, row, strict=True))])
