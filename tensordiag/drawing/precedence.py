"""Precedence: the order in which terms and factors were written, which the reading form does not keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from ..core.diagrams import Diagram
from ..core.expressions import Apply, Expr, Sum, Tensor
from ..core.networks import flatten
from .readback import certificate
from .skeletons import Node, Skeleton, Term, positive_first, skeleton

__all__ = ["as_written"]

_Key: TypeAlias = tuple[str, ...]
_MOST = 200


def as_written(terms: Sequence[Term], written: Expr) -> tuple[Term, ...]:
    """Terms in the order of those of an expression that they are a form of, and the nodes' places in its products.

    What has changed too much to be found again stays where it was.  Boxes of a network that is not built of products
    have no order, so that it is drawn alike in whichever order it was put together.
    """
    summands = _summands(written)
    if len(summands) > _MOST:
        return tuple(terms)
    return _ordered(terms, [_model(part) for part in summands])


def _model(part: Expr) -> Skeleton:
    """The skeleton of a term as it was written, its nodes numbered in their places."""
    made = skeleton(flatten(part), 0)
    if isinstance(part, Diagram) and not any(isinstance(box, Diagram) for box in part.boxes):
        return made
    return replace(made, nodes=tuple(replace(node, place=k + 1) for k, node in enumerate(made.nodes)))


def _ordered(terms: Sequence[Term], models: Sequence[Skeleton]) -> tuple[Term, ...]:
    """Terms in the order of these models, and their nodes' places in them."""
    keys = [Counter(map(_key, model.nodes)) for model in models]
    marks: dict[int, str] = {}
    ranked: list[tuple[int, Term]] = []
    for term in terms:
        found = _likest(term.skeleton, models, keys, marks)
        if found is None:
            ranked.append((ranked[-1][0] if ranked else 0, term))
        else:
            ranked.append((found, replace(term, skeleton=_placed(term.skeleton, models[found], models))))
    return positive_first([term for _, term in sorted(ranked, key=lambda pair: pair[0])])


def _summands(expr: Expr) -> list[Expr]:
    """The terms of a sum and of the sums in it; of anything else itself."""
    made: list[Expr] = []
    pending = [expr]
    while pending and len(made) <= _MOST:
        base = pending.pop().base
        if isinstance(base, Sum):
            pending += base.children[::-1]
        else:
            made.append(base)
    return made


def _key(node: Node) -> _Key:
    """What a node is called in whichever form; dots and circles come and go, and are all alike."""
    if isinstance(node.box, Tensor):
        return "tensor", node.label
    names = sorted(tensor.name for tensor in node.box.tensors) if node.box is not None else []
    return node.kind, node.label, *names


def _likest(
    here: Skeleton, models: Sequence[Skeleton], keys: Sequence[Counter[_Key]], marks: dict[int, str]
) -> int | None:
    """The first of the models that has most in common with a skeleton; None where none has anything.

    `marks` keeps the certificates of models that others have as much in common with.
    """
    mine = Counter(map(_key, here.nodes))
    shares = [2 * (mine & other).total() / max(1, mine.total() + other.total()) for other in keys]
    most = max(shares, default=0.0)
    if not most:
        return None
    best = [k for k, share in enumerate(shares) if share == most]
    if len(best) == 1:
        return best[0]
    for k in best:
        marks[k] = marks.get(k) or certificate(_bare(models[k]))
    mark = certificate(_bare(here))
    return next((k for k in best if marks[k] == mark), best[0])


def _bare(here: Skeleton) -> Skeleton:
    return replace(here, nodes=tuple(replace(node, content=(), spans=()) for node in here.nodes))


def _placed(here: Skeleton, model: Skeleton, models: Sequence[Skeleton]) -> Skeleton:
    """The skeleton with its nodes' places in a model; those that it does not have stand last.

    What is in frames is ordered as well: as in the model's frames, or terms of a bracket as all of the models.
    """
    twins: dict[_Key, list[Node]] = {}
    for node in model.nodes:
        twins.setdefault(_key(node), []).append(node)
    nodes: list[Node] = []
    for node in here.nodes:
        found = twins.get(_key(node))
        twin = found.pop(0) if found else None
        filled = _filled(node, twin, models) if node.content else node
        nodes.append(replace(filled, place=twin.place if twin is not None else len(model.nodes) + 1))
    return replace(here, nodes=tuple(nodes))


def _filled(frame: Node, twin: Node | None, models: Sequence[Skeleton]) -> Node:
    """A frame with what is in it in the order of a frame that is a form of it, if there is one."""
    if twin is None or twin.box is None:
        return frame if frame.label else replace(frame, content=tuple(_ordered(t, models) for t in frame.content))
    arguments = twin.box.args if isinstance(twin.box, Apply) else (twin.box,)
    if len(arguments) != len(frame.content):
        return frame
    pairs = zip(frame.content, arguments, strict=True)
    return replace(frame, content=tuple(as_written(terms, argument) for terms, argument in pairs))
