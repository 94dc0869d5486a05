"""`simplify`: the reading form of an expression — flat, fused, collected, factored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..core.diagrams import permuted
from ..core.expressions import Apply, Expr, Structural, Sum, Tensor, add, walk
from ..core.functions import apply
from ..core.networks import Network, flatten
from ..core.numbers import Number, as_number
from .canonical import box_key, canonicalize
from .factoring import factor_terms
from .normalforms import mirrored_sigmoids, normal_function
from .rules import RULES

__all__ = ["Recorder", "expand", "is_equivalent", "is_symmetric", "simplify"]

_MOST_TERMS = 2000
_MOST_TRIED = 16
_MOST_LEGS = 2

Recorder = Callable[[str], None]


@dataclass(slots=True)
class _Simplifier:
    """One run: results by node, iterative over nested boxes."""

    everything: bool = False
    record: Recorder | None = None
    done: dict[Expr, Expr] = field(default_factory=dict)
    collected: dict[Expr, Expr] = field(default_factory=dict)

    def run(self, root: Expr) -> Expr:
        stack = [root.base]
        while stack:
            node = stack[-1]
            if node in self.done:
                stack.pop()
                continue
            waiting = [need for need in self._needs(node) if need not in self.done]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            self.done[node] = self._finish(node)
            stack.pop()
        return self.done[root.base]

    def _cached(self, node: Expr) -> Expr | None:
        found: Expr | None = node.memo.get("reading") if not self.everything else None
        return found

    def _needs(self, node: Expr) -> Iterable[Expr]:
        if self._cached(node) is not None:
            return
        if isinstance(node, Sum):
            yield from (term for _, term in _opened_terms(node))
        elif isinstance(node, Apply):
            yield from (arg.base for arg in node.args)
        elif not isinstance(node, Tensor):
            for box in flatten_once(node).operands:
                if isinstance(box, (Sum, Apply)):
                    yield box

    def _finish(self, node: Expr) -> Expr:
        cached = self._cached(node)
        if cached is not None:
            if "collected" in node.memo:
                self.collected[node] = node.memo["collected"]
            return cached
        if isinstance(node, Sum):
            made = self._finish_sum(node)
        elif isinstance(node, Apply):
            made = self._finish_function(node)
        elif isinstance(node, Tensor):
            made = node
        else:
            made = self._distribute(node)
        if not self.everything and self.record is None:
            node.memo["reading"] = made
            made.memo["reading"] = made
            if node in self.collected:
                node.memo["collected"] = self.collected[node]
        return made

    def _finish_function(self, node: Apply) -> Expr:
        """The function of simplified arguments in its normal form."""
        made = apply(node.function, *(self.done[arg.base] for arg in node.args), params=node.params).base
        found = normal_function(made) if isinstance(made, Apply) else None
        if found is not None:
            if self.record:
                self.record(found[0])
            return _Simplifier(self.everything, self.record).run(found[1])
        if isinstance(made, (Apply, Sum)):
            return made
        return self._finish_network(flatten(made))

    # -- sums --------------------------------------------------------------------------------------

    def _finish_sum(self, node: Sum) -> Expr:
        spread = node.spread or len(node.terms) == 1
        terms: list[tuple[object, Expr]] = []
        opened = _opened_terms(node)
        for c, term in opened:
            if spread and term in self.collected:
                terms.extend(_times_terms(c, self.collected[term]))
            else:
                terms.append((c, self.done[term]))
        made = mirrored_sigmoids(collect(terms, node, self.everything))
        if self.record and _count(made) < len(opened):
            self.record("collect like terms")
        return self._factored(node, made) if spread else made

    def _factored(self, node: Expr, made: Expr) -> Expr:
        """The sum with common factors out; the sum without, which a product distributes over, is remembered."""
        if self.everything or not isinstance(made, Sum) or len(made.terms) < 2:
            return made
        factored = factor_terms(made, self._finish_network)
        opened = self._opened(made)
        if opened is not None:
            shorter = factor_terms(opened, self._finish_network) if isinstance(opened, Sum) else opened
            if written_size(shorter) < written_size(factored):
                made, factored = opened, shorter
        self.collected[node] = made
        if factored != made and self.record:
            self.record("factor")
        return factored

    def _opened(self, made: Sum) -> Expr | None:
        """The sum with the sums inside its terms multiplied out, where these are few; they may cancel each other."""
        terms: list[tuple[object, Expr]] = []
        boxes = 0
        for coefficient, term in made.terms:
            network = flatten_once(term)
            wide = {k for k, box in enumerate(network.operands) if isinstance(box, Sum)}
            boxes += len(wide)
            if len(made.terms) * math.prod(_count(network.operands[k]) for k in wide) > _MOST_TRIED:
                return None
            terms.append((coefficient, self._multiplied_out(term, network, wide) if wide else term))
        return collect(terms, made, opened=True) if boxes else None

    # -- networks ----------------------------------------------------------------------------------

    def _distribute(self, node: Expr) -> Expr:
        """The network of a node, with sums that the product rule made multiplied out.

        A sum that the user wrote is multiplied out only where what its terms meet cancels, so that less is left.
        """
        network = flatten_once(node)
        sums = [k for k in range(len(network.operands)) if isinstance(self._terms_of(network, k), Sum)]
        wide = {k for k in sums if self.everything or self._is_wide(network, k, node)}
        if math.prod(_count(self._terms_of(network, k)) for k in wide) > _MOST_TERMS:
            wide = set()
        if wide and self.record:
            self.record("distribute")
        best = self._multiplied_out(node, network, wide)
        if wide:
            best = self._factored(node, best)
        for k in sums:
            if k in wide or self.everything or not self._may_cancel(network, k):
                continue
            other = self._factored(node, self._multiplied_out(node, network, wide | {k}))
            if written_size(other) < written_size(best):
                best = other
        return best

    def _is_wide(self, network: Network, k: int, node: Expr) -> bool:
        """Whether a sum is multiplied out: the product rule made it, or matrix notation has no box of its order.

        It has none for a tensor of that order either: then the sum stays as it was written.
        """
        box = network.operands[k]
        if isinstance(box, Sum) and box.spread:
            return True
        if not box.order > _MOST_LEGS >= node.order:
            return False
        terms = [flatten_once(term) for _, term in _terms_of(self._terms_of(network, k))]
        return all(inner.order <= _MOST_LEGS for term in terms for inner in term.operands)

    def _terms_of(self, network: Network, k: int) -> Expr:
        box = network.operands[k]
        return self.collected.get(box) or self.done.get(box, box)

    def _may_cancel(self, network: Network, k: int) -> bool:
        """Whether a term of a sum box has a factor that another box has inverted, or the other way round.

        Or 𝟏 on a leg: what it meets is added up, and may add up to 1.
        """
        simple = self._terms_of(network, k)
        if len(network.operands) > _MOST_TRIED or not isinstance(simple, Sum) or len(simple.terms) > _MOST_TRIED:
            return False
        if any(_has_bare_leg(term) for _, term in simple.terms):
            return True
        inside = {box for _, term in simple.terms for box in flatten_once(term).operands}
        outside = {self.done.get(box, box) for other, box in enumerate(network.operands) if other != k}
        return _inverts(inside, outside) or _inverts(outside, inside)

    def _multiplied_out(self, node: Expr, network: Network, wide: set[int]) -> Expr:
        """The network with the sums of some boxes multiplied out, like terms collected."""
        chosen: list[tuple[Number, list[Expr]]] = [(1, [])]
        for k, box in enumerate(network.operands):
            simple = self._terms_of(network, k) if k in wide else self.done.get(box, box)
            if k in wide and isinstance(simple, Sum):
                chosen = [(as_number(c * d), [*row, term]) for c, row in chosen for d, term in simple.terms]
            else:
                chosen = [(c, [*row, simple]) for c, row in chosen]
        terms = []
        for coefficient, boxes in chosen:
            part = Network(network.coefficient, tuple(boxes), network.indices, network.output, network.dims)
            terms.append((coefficient, self._finish_network(reflatten(part))))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return collect(terms, node, self.everything)

    def _finish_network(self, network: Network) -> Expr:
        """Rules to a fixed point, then the canonical form."""
        progress = True
        while progress and not network.is_zero:
            progress = False
            for name, rule in RULES:
                changed = rule(network)
                if changed is not None:
                    network = reflatten(changed)
                    progress = True
                    if self.record:
                        self.record(name)
                    break
        return self._canonical(network)

    def _canonical(self, network: Network) -> Expr:
        if not self.everything:
            boxes = tuple(_Simplifier().run(box) if isinstance(box, (Sum, Apply)) else box for box in network.operands)
            if boxes != network.operands:  # factoring made a sum that is shorter than it was left
                network = reflatten(Network(network.coefficient, boxes, network.indices, network.output, network.dims))
        made = canonicalize(_orient(network), is_symmetric).to_expr().base
        number, inner = made.terms[0] if isinstance(made, Sum) and len(made.terms) == 1 else (1, made)
        if isinstance(inner, (Sum, Apply)):  # one box: its transpose has moved inside
            made = add([(number, _Simplifier(self.everything).run(inner))]).base
        return made


def _inverts(some: set[Expr], others: set[Expr]) -> bool:
    """Whether a power or an inverse among some boxes is one of something among the others."""
    bases = {box.args[0].base for box in some if isinstance(box, Apply) and box.function in ("power", "inv")}
    return any(base in others or not others.isdisjoint(flatten_once(base).operands) for base in bases)


def _has_bare_leg(term: Expr) -> bool:
    """Whether some legs of a term are on no box of it, as the first of 𝟏 xᵀ, and others are."""
    network = flatten_once(term)
    bare = set(network.output).difference(*network.indices)
    return 0 < len(bare) < len(set(network.output))


def _is_identity(term: Expr) -> bool:
    """Whether a term joins its two legs and nothing else."""
    network = flatten_once(term)
    return not network.operands and len(network.output) == 2 and network.output[0] == network.output[1]


def written_size(expr: Expr) -> int:
    """How many boxes the written expression shows, repeated ones as often as they are shown.  Iterative.

    So are the identity, and 𝟏 in a product, among the terms of a sum.
    """
    for node in walk(expr):
        if "written_size" not in node.memo:
            below = sum(child.memo["written_size"] for child in node.children)
            if isinstance(node, Sum) and len(node.terms) > 1 and node.order:
                below += sum(_has_bare_leg(term) or _is_identity(term) for _, term in node.terms)
            node.memo["written_size"] = below + isinstance(node, (Apply, Tensor, Structural))
    found: int = expr.memo["written_size"]
    return found


def _opened_terms(node: Sum) -> Sequence[tuple[Number, Expr]]:
    """The terms of a sum that was written as (((a + b) + c) + d): those of all sums in it.  Iterative."""
    if node.spread or not any(_is_plain_sum(c, term) for c, term in node.terms):
        return node.terms
    found: list[tuple[Number, Expr]] = []
    stack = list(reversed(node.terms))
    while stack:
        c, term = stack.pop()
        if isinstance(term, Sum) and _is_plain_sum(c, term):
            stack.extend(reversed(term.terms))
        else:
            found.append((c, term))
    return found


def _is_plain_sum(coefficient: Number, term: Expr) -> bool:
    return coefficient == 1 and isinstance(term, Sum) and not term.spread and len(term.terms) > 1


def _count(expr: Expr) -> int:
    return len(expr.terms) if isinstance(expr, Sum) else 1


def collect(terms: Iterable[tuple[object, Expr]], node: Expr, opened: bool = False) -> Expr:
    """A linear combination of reading forms: like terms added up, terms in order.

    A sum among the terms is opened, except where it has a factor and none of its terms meets a like one: 2(x − a)
    stays, unless all is to be `opened`.
    """
    given = list(terms)
    flat: list[tuple[object, Expr]] = []
    for coefficient, term in given:
        flat.extend(_times_terms(coefficient, term))
    made = add(flat, node.dims)
    if not opened and any(isinstance(term, Sum) for _, term in given):
        whole = add(given, node.dims)
        kept = [
            part
            for coefficient, term in _terms_of(whole)
            for part in ([(coefficient, term)] if coefficient not in (1, -1) else _times_terms(coefficient, term))
        ]
        if sum(_count(term) for _, term in kept) == _count(made):
            made = add(kept, node.dims)
    if isinstance(made, Sum) and len(made.terms) > 1:
        return add(sorted(made.terms, key=lambda part: term_key(part[1])), node.dims).base
    return made.base


def _terms_of(expr: Expr) -> tuple[tuple[Number, Expr], ...]:
    return expr.terms if isinstance(expr, Sum) else ((1, expr),)


def _times_terms(coefficient: object, term: Expr) -> list[tuple[Number, Expr]]:
    """The terms of a multiple."""
    flat: list[tuple[Number, Expr]] = []
    for c, inner in _terms_of(term):
        number = as_number(coefficient * c)  # type: ignore[operator]
        flat.extend(_times_terms(number, inner) if isinstance(inner, Sum) else [(number, inner)])
    return flat


def term_key(term: Expr) -> tuple[object, ...]:
    """The order of the terms of a sum: longer products first (scalar factors aside), then by the names in them.

    Except that a matrix stands before the product of two that is added to it: A + U Vᵀ.
    """
    network = flatten(term)
    names = tuple(box_key(box) for box in network.operands)
    length = sum(1 for row in network.indices if row)
    if len(network.output) == 2 and length == 2 and _is_update(network):
        return (-0.5, names, network.indices, network.output, str(network.dims))
    return (-length, names, network.indices, network.output, str(network.dims))


def _is_update(network: Network) -> bool:
    """Whether a network is x yᵀ or U Vᵀ: a product of tensors whose first legs are the open ones."""
    tensors = all(isinstance(box, Tensor) for box in network.operands)
    return tensors and {row[0] for row in network.indices if row} == set(network.output)


def flatten_once(node: Expr) -> Network:
    """The flat network of a node, remembered."""
    memo = node.memo
    if "network" not in memo:
        memo["network"] = flatten(node)
    network: Network = memo["network"]
    return network


def reflatten(network: Network) -> Network:
    """The network with operands that are networks themselves inlined."""
    if all(isinstance(box, (Tensor, Apply)) for box in network.operands):
        return network.numbered()
    return flatten(network.to_expr())


def is_symmetric(box: Expr) -> bool:
    """Whether the legs of a box in reading form may be exchanged: by declaration, or by its form."""
    if isinstance(box, Tensor):
        return box.symmetric
    if box.order != 2 or box.dims[0] is not box.dims[1] or not isinstance(box, (Sum, Apply)):
        return False
    memo = box.memo
    if "symmetric" not in memo:
        memo["symmetric"] = False  # a box that contains itself cannot be: cuts the circle of asking
        memo["symmetric"] = simplify(permuted(box, (1, 0))) == simplify(box)
    found: bool = memo["symmetric"]
    return found


def _orient(network: Network) -> Network:
    """Every sum and function box of order 2 in its one orientation: the one with the fewest transposes."""
    operands, indices = list(network.operands), list(network.indices)
    for k, box in enumerate(operands):
        if box.order == 2 and (isinstance(box, Sum) or (isinstance(box, Apply) and _moves_inside(box))):
            other = simplify(permuted(box, (1, 0)))
            if isinstance(other, (Sum, Apply)) and _twist(other) < _twist(box):
                operands[k], indices[k] = other, indices[k][::-1]
    return Network(network.coefficient, tuple(operands), tuple(indices), network.output, network.dims)


def _moves_inside(box: Apply) -> bool:
    return box.spec.elementwise or box.spec.transposes


def _twist(box: Expr) -> tuple[float, object]:
    """How many transposes a matrix needs when written, then its place in the order of boxes."""
    memo = box.memo
    if "twist" not in memo:
        inner = box.args[0] if isinstance(box, Apply) and len(box.args) == 1 and box.args[0].order == 2 else None
        memo["twist"] = (_transposes(box), box_key(box) if inner is None else _twist(inner)[1])
    found: tuple[float, object] = memo["twist"]
    return found


def oriented(expr: Expr) -> Expr:
    """A matrix in reading form or its transpose: the one that needs fewer transposes when written."""
    other = simplify(permuted(expr, (1, 0))).base
    return other if _twist(other) < _twist(expr.base) else expr.base


def _transposes(box: Expr) -> float:
    if isinstance(box, Sum):
        return sum(_transposes(term) for _, term in box.terms)
    if isinstance(box, Apply):
        return sum(_transposes(arg) for arg in box.args if arg.order == 2)
    network = flatten_once(box)
    if len(network.output) != 2:
        return 0
    merges = [row for box, row in zip(network.operands, network.indices, strict=True) if isinstance(box, Structural)]
    distance = _distances(network)
    merged = {index for row in merges for index in row}
    return sum(
        0.5 if merged & set(row) else 1  # both factors of a Kronecker product are transposed by one sign
        for operand, row in zip(network.operands, network.indices, strict=True)
        if len(row) == 2 and distance.get(row[0], 0) > distance.get(row[1], 0) and not is_symmetric(operand)
    )


def _distances(network: Network) -> dict[int, int]:
    """How many matrices and merges lie between the row leg of a network and each index."""
    links = [
        row
        for box, row in zip(network.operands, network.indices, strict=True)
        if len(row) == 2 or isinstance(box, Structural)
    ]
    distance = {network.output[0]: 0}
    while True:
        reached: dict[int, int] = {}
        for row in links:
            near = [distance[index] for index in row if index in distance]
            if near and len(near) < len(row):
                reached.update({index: min(near) + 1 for index in row if index not in distance})
        if not reached:
            return distance
        distance.update(reached)


def simplify(expr: Expr, record: Recorder | None = None) -> Expr:
    """The reading form: one flat network a term, copy tensors fused, like terms collected, common factors out.

    Sums that the product rule made are multiplied out, sums that the user wrote stay boxes.  The value is
    preserved, `simplify` is idempotent, and the result does not depend on the order in which the expression was
    built.  `record` is called with the name of each rule that fires.

    Cost: about linear in the flattened network; sums multiply out up to 2,000 terms and stay boxes beyond.

    >>> import tensordiag as td
    >>> A, x = td.tensors("A[n,n] x[n]")
    >>> simplify(td.grad(x @ A @ x, x)) == simplify((A.T + A) @ x)
    True
    """
    return _remembering(_Simplifier(record=record).run(expr), expr)


def expand(expr: Expr) -> Expr:
    """All products of sums multiplied out (up to 2,000 terms), then like terms collected."""
    return _remembering(_Simplifier(everything=True).run(expr), expr)


def _remembering(made: Expr, expr: Expr) -> Expr:
    """A form of an expression that takes arrays for all of its tensors, also for those that it has lost."""
    lost = set(expr.tensors).difference(made.tensors)
    return made.declaring(expr.declared | lost) if lost or expr.declared else made


def is_equivalent(a: Expr, b: Expr) -> bool:
    """Whether two expressions are the same by the rules of the calculus (never by `==`, which is structural).

    True is a proof.  False says only that expanding and collecting did not make them one; for a numerical
    answer see `tensordiag.testing.assert_same_value`.
    """
    return a.dims == b.dims and expand(a) == expand(b)
