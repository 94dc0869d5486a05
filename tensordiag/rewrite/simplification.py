"""`simplify`: the reading form of an expression — flat, fused, collected, factored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..core.diagrams import permuted
from ..core.expressions import Apply, Expr, Sum, Tensor, add
from ..core.functions import apply
from ..core.networks import Network, flatten
from ..core.numbers import as_number
from .canonical import box_key, canonicalize
from .factoring import factor_terms
from .rules import RULES

__all__ = ["Recorder", "expand", "is_equivalent", "is_symmetric", "simplify"]

_MOST_TERMS = 2000

Recorder = Callable[[str], None]


@dataclass(slots=True)
class _Simplifier:
    """One run: results by node, iterative over nested boxes."""

    everything: bool = False
    record: Recorder | None = None
    done: dict[Expr, Expr] = field(default_factory=dict)

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
            yield from (term for _, term in node.terms)
        elif isinstance(node, Apply):
            yield from (arg.base for arg in node.args)
        elif not isinstance(node, Tensor):
            for box in flatten_once(node).operands:
                if isinstance(box, (Sum, Apply)):
                    yield box

    def _finish(self, node: Expr) -> Expr:
        cached = self._cached(node)
        if cached is not None:
            return cached
        if isinstance(node, Sum):
            made = self._finish_sum(node)
        elif isinstance(node, Apply):
            made = apply(node.function, *(self.done[arg.base] for arg in node.args), params=node.params).base
            made = self._finish_network(flatten(made)) if not isinstance(made, (Apply, Sum)) else made
        elif isinstance(node, Tensor):
            made = node
        else:
            made = self._distribute(node)
        if not self.everything and self.record is None:
            node.memo["reading"] = made
            made.memo["reading"] = made
        return made

    # -- sums --------------------------------------------------------------------------------------

    def _finish_sum(self, node: Sum) -> Expr:
        terms = [(c, self.done[term]) for c, term in node.terms]
        made = collect(terms, node)
        if self.record and _count(made) < len(node.terms):
            self.record("collect like terms")
        if isinstance(made, Sum) and node.spread and not self.everything:
            factored = factor_terms(made, self._canonical)
            if self.record and factored != made:
                self.record("factor")
            return factored
        return made

    # -- networks ----------------------------------------------------------------------------------

    def _distribute(self, node: Expr) -> Expr:
        """The network of a node, with sums that the product rule made multiplied out."""
        network = flatten_once(node)
        wide = [
            k
            for k, box in enumerate(network.operands)
            if isinstance(box, Sum) and (box.spread or self.everything) and isinstance(self.done[box], Sum)
        ]
        total = 1
        for k in wide:
            simple = self.done[network.operands[k]]
            total *= max(1, len(simple.terms)) if isinstance(simple, Sum) else 1
        if total > _MOST_TERMS:
            wide = []
        chosen: list[tuple[object, list[Expr]]] = [(1, [])]
        for k, box in enumerate(network.operands):
            simple = self.done.get(box, box)
            if k in wide and isinstance(simple, Sum):
                chosen = [(as_number(c * d), [*row, term]) for c, row in chosen for d, term in simple.terms]  # type: ignore[operator]
            else:
                chosen = [(c, [*row, simple]) for c, row in chosen]
        if wide and self.record:
            self.record("distribute")
        terms = []
        for coefficient, boxes in chosen:
            part = Network(network.coefficient, tuple(boxes), network.indices, network.output, network.dims)
            terms.append((coefficient, self._finish_network(reflatten(part))))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        made = collect(terms, node)
        if isinstance(made, Sum) and len(made.terms) > 1 and not self.everything:
            return factor_terms(made, self._canonical)
        return made

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
        return canonicalize(_orient(network), is_symmetric).to_expr().base


def _count(expr: Expr) -> int:
    return len(expr.terms) if isinstance(expr, Sum) else 1


def collect(terms: Iterable[tuple[object, Expr]], node: Expr) -> Expr:
    """A linear combination of reading forms: nested sums opened, like terms added up, terms in order."""
    flat: list[tuple[object, Expr]] = []
    for coefficient, term in terms:
        if isinstance(term, Sum):
            flat.extend((as_number(coefficient * c), t) for c, t in term.terms)  # type: ignore[operator]
        else:
            flat.append((coefficient, term))
    made = add(flat, node.dims)
    if isinstance(made, Sum) and len(made.terms) > 1:
        return add(sorted(made.terms, key=lambda part: term_key(part[1])), node.dims).base
    return made.base


def term_key(term: Expr) -> tuple[object, ...]:
    """The order of the terms of a sum: longer products first, then by the names in them."""
    network = flatten(term)
    names = tuple(box_key(box) for box in network.operands)
    return (-len(names), names, network.indices, network.output, str(network.dims))


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


def _twist(box: Expr) -> tuple[int, object]:
    """How many transposes a matrix box needs when written, then its place in the order of boxes."""
    memo = box.memo
    if "twist" not in memo:
        memo["twist"] = (_transposes(box), box_key(box))
    found: tuple[int, object] = memo["twist"]
    return found


def _transposes(box: Expr) -> int:
    if isinstance(box, Sum):
        return sum(_transposes(term) for _, term in box.terms)
    if isinstance(box, Apply):
        return sum(_transposes(arg) for arg in box.args if arg.order == 2)
    network = flatten_once(box)
    if len(network.output) != 2:
        return 0
    distance = {network.output[0]: 0}
    frontier = [network.output[0]]
    while frontier:
        reached = []
        for row in network.indices:
            if len(row) == 2 and (row[0] in distance) != (row[1] in distance):
                near, far = row if row[0] in distance else row[::-1]
                distance[far] = distance[near] + 1
                reached.append(far)
        frontier = reached
    return sum(
        len(row) == 2 and distance.get(row[0], 0) > distance.get(row[1], 0) and not is_symmetric(operand)
        for operand, row in zip(network.operands, network.indices, strict=True)
    )


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
    made = _Simplifier(record=record).run(expr)
    return made.declaring(expr.declared) if expr.declared else made


def expand(expr: Expr) -> Expr:
    """All products of sums multiplied out (up to 2,000 terms), then like terms collected."""
    made = _Simplifier(everything=True).run(expr)
    return made.declaring(expr.declared) if expr.declared else made


def is_equivalent(a: Expr, b: Expr) -> bool:
    """Whether two expressions are the same by the rules of the calculus (never by `==`, which is structural).

    True is a proof.  False says only that expanding and collecting did not make them one; for a numerical
    answer see `tensordiag.testing.assert_same_value`.
    """
    return a.dims == b.dims and expand(a) == expand(b)
