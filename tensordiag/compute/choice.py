"""The search for the cheapest form: moves that distribute or factor, taken where the cost of the plan falls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .common_parts import with_common_parts
from .constants import gathered
from .costs import pair_cost, traffic_cost
from .differences import with_directions
from .forms import (
    collected,
    common_factors,
    distributed_everywhere,
    factored_everywhere,
    opened,
    with_inner_coefficients,
)
from .joining import joined
from .normalised import with_shared_softmax
from .paths import DEFAULT, Search
from .products import Planner
from .recognition import recognised, with_root_weights, with_solves
from .slicing import Slicing
from .values import Value, Values, below, reachable

__all__ = ["cheapest_plan", "choose_form", "plan_cost"]

_LARGEST_SEARCH = 60
_MOST_MOVES = 40
_WORTH = 0.98
_LARGEST_SHARING = 2000


def choose_form(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots in the cheapest form that greedy moves find; large computations are only opened."""
    roots = opened(values, roots)
    if any(value.kind == "constant" for value in below(roots)):
        roots = gathered(values, roots)
    names = {value.data[0] for value in below(roots) if value.kind == "apply"}
    if "divided_difference" in names:
        roots = with_directions(values, roots)
    if names:
        roots = recognised(values, roots)
        after = collected(values, roots)
        roots = recognised(values, after) if after != roots else roots
    if len(below(roots)) > _LARGEST_SEARCH:
        roots = with_common_parts(values, with_shared_softmax(values, roots)) if names else roots
        return with_solves(values, roots) if "inv" in names else roots
    roots = _moved(values, roots)
    roots = with_root_weights(values, recognised(values, roots) if names else roots)
    roots = with_common_parts(values, with_shared_softmax(values, roots)) if names else roots
    scaled = with_inner_coefficients(values, roots)
    if scaled != roots and plan_cost(values, scaled) < plan_cost(values, roots):
        roots = scaled
    return with_solves(values, roots) if names else roots


def _moved(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots after the moves that make them cheaper, each the first that does."""
    best: float | None = None
    tried: set[tuple[int, ...]] = set()
    for _ in range(_MOST_MOVES):
        found = None
        for candidate in _moves(values, roots):
            key = tuple(root.number for root in candidate)
            if key in tried:
                continue
            tried.add(key)
            if len(tried) > _MOST_MOVES:
                break
            best = plan_cost(values, roots) if best is None else best
            cost = plan_cost(values, candidate)
            if cost < best * _WORTH:
                best, found = cost, candidate
                break
        if found is None:
            break
        roots = found
    return list(roots)


def _moves(values: Values, roots: Sequence[Value]) -> Iterator[list[Value]]:
    everything = [v for v in reversed(reachable(roots)) if v.kind == "poly" and len(v.terms) > 1]
    for value in everything:
        users = [u for u in reachable(roots) if u.kind == "poly" and value in u.operands]
        if users and all(not t.fixed for t in value.terms):
            yield distributed_everywhere(values, roots, value)
    for value in everything:
        for factor in common_factors(value):
            yield factored_everywhere(values, roots, value, factor)


def plan_cost(values: Values, roots: Sequence[Value]) -> float:
    """Estimated seconds of the plan of these results."""
    planned = Planner(values, Search(repeats=1)).plan(roots)
    return sum(value_cost(value) for value in below(planned))


def cheapest_plan(
    values: Values, roots: Sequence[Value], search: Search = DEFAULT, slicing: Slicing | None = None
) -> list[Value]:
    """The plan of these results: every network for itself, or with an eye on what the others need."""
    first = Planner(values, search, slicing=slicing)
    plain = first.plan(roots)
    popular = {key: count for key, count in first.seen.items() if count > 1}
    if not popular or len(popular) > _LARGEST_SHARING:
        return joined(values, plain, value_cost)
    second = Planner(values, search, popular, slicing)
    second.paths = first.paths
    shared = second.plan(roots)
    best = min(plain, shared, key=lambda plan: sum(value_cost(value) for value in below(plan)))
    return joined(values, best, value_cost)


def value_cost(value: Value) -> float:
    """Estimated seconds of one value of a plan."""
    if value.kind in ("input", "view", "turn", "part", "full"):
        return 0.0
    if value.kind == "pair":
        (ra, rb), order = value.data
        size = dict(zip(ra + rb, value.operands[0].shape + value.operands[1].shape, strict=True))
        rows = [row for row, operand in zip((ra, rb), value.operands, strict=True) if operand.kind != "pair"]
        cost = pair_cost(frozenset(ra), frozenset(rb), frozenset(range(order)), size, rows)
        same = value.operands[0] is value.operands[1] and order == 2 and len(size) == 3
        return cost * 0.6 if same else cost
    if value.kind == "sliced":
        return float(value.data.count * sum(value_cost(inner) for inner in value.data.order))
    weight = 50 if value.kind in ("apply", "logistic") else 1
    return traffic_cost(value.entries * weight + sum(o.entries for o in value.operands), max(1, len(value.operands)))
