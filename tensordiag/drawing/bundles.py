"""Bundles: more than four parallel wires between two nodes as one thick wire with their number.

A bundle is a ribbon: its wires stand in it as they would side by side, so that at its two ends the legs come in
opposite turns.  Where one end's legs do not follow each other counter-clockwise, their numbers say so.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from .skeletons import OPEN, Skeleton, Term

__all__ = ["bundled"]

_MOST = 4
_FREE = ("copy", "plain")
_Wires = list[tuple[int, int, int]]
"""Wires by number with their legs at the two nodes."""


def bundled(term: Term) -> Term:
    """The term with its bundles as single wires; a node's legs are then counted once a bundle."""
    found = _bundles(term.skeleton)
    return replace(term, skeleton=_merged(term.skeleton, found)) if found else term


def _bundles(skeleton: Skeleton) -> list[tuple[int, int, _Wires]]:
    groups: dict[tuple[int, int], _Wires] = {}
    for number, ends in enumerate(skeleton.wires):
        (a, leg_a), (b, leg_b) = sorted(ends)
        if a not in (OPEN, b):
            groups.setdefault((a, b), []).append((number, leg_a, leg_b))
    made = []
    for (a, b), wires in groups.items():
        kinds = [skeleton.nodes[n].kind for n in (a, b)]
        if len(wires) > _MOST and all(kind in ("tensor", *_FREE) for kind in kinds):
            made += [(a, b, run) for run in _runs(wires, kinds) if len(run) > _MOST]
    return made


def _runs(wires: _Wires, kinds: list[str]) -> list[_Wires]:
    """The wires in runs whose legs follow each other at both ends; legs of symmetric nodes always do."""
    ranked = sorted(wires, key=lambda wire: wire[2] if kinds[0] in _FREE else wire[1])
    runs: list[_Wires] = [[ranked[0]]]
    step = 0
    for before, here in itertools.pairwise(ranked):
        first, second = (here[side] - before[side] for side in (1, 2))
        follows = kinds[0] in _FREE or first == 1
        turns = kinds[1] in _FREE or (abs(second) == 1 and step in (0, second))
        if follows and turns:
            runs[-1].append(here)
            step = second
        else:
            runs.append([here])
            step = 0
    return runs


def _merged(skeleton: Skeleton, bundles: list[tuple[int, int, _Wires]]) -> Skeleton:
    """The skeleton with one wire for each bundle."""
    spans: dict[int, dict[int, tuple[int, int]]] = {}
    dropped: set[int] = set()
    counts = dict.fromkeys(range(len(skeleton.wires)), 1)
    for a, b, run in bundles:
        here, there = [leg for _, leg, _ in run], [leg for *_, leg in run]
        if skeleton.nodes[a].conjugate == skeleton.nodes[b].conjugate:  # else one of them is mirrored
            there = there[::-1]
        for node, legs in ((a, here), (b, there)):
            span = (min(legs), max(legs)) if skeleton.nodes[node].kind in _FREE else (legs[0], legs[-1])
            spans.setdefault(node, {}).update(dict.fromkeys(legs, span))
        counts[run[0][0]] = len(run)
        dropped |= {number for number, *_ in run[1:]}
    nodes = list(skeleton.nodes)
    places: dict[int, dict[int, int]] = {}
    for node, found in spans.items():
        every = [found.get(leg, (leg, leg)) for leg in range(nodes[node].legs)]
        single = tuple(dict.fromkeys(every))
        places[node] = {leg: single.index(span) for leg, span in enumerate(every)}
        nodes[node] = replace(nodes[node], legs=len(single), spans=single)
    kept = [number for number in counts if number not in dropped]
    wires = []
    for number in kept:
        (a, leg_a), (b, leg_b) = skeleton.wires[number]
        wires.append(((a, places.get(a, {}).get(leg_a, leg_a)), (b, places.get(b, {}).get(leg_b, leg_b))))
    dims = tuple(skeleton.dims[number] for number in kept) if skeleton.dims else ()
    return Skeleton(tuple(nodes), tuple(wires), skeleton.order, dims, tuple(counts[number] for number in kept))
