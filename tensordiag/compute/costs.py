"""What the kernels cost: estimates that plans are compared by.

The constants were fitted to NumPy's kernels on arrays in the cache, one thread; only their ratios matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["CompiledCosts", "CompiledSweepCosts", "PairCosts", "SweepCosts", "pair_cost", "traffic_cost"]

_FLOP = 2e-11
_ENTRY = 1.2e-10
_TURNED_ENTRY = 8e-10
_ELEMENTWISE = 4e-7
_TURNED = 1.2e-6
_BROADCAST = 1e-6
_AXIS = 9e-8
_DOT = 8e-7
_MATMUL = 1.1e-6
_STACKED = 5e-8
_OPERAND = 3.3e-7
_EINSUM = 6e-7
_EINSUM_AXIS = 4e-7
_EINSUM_STEP = 1.2e-9
_INNER_LOOP = 9e-9
_FEW_AXES = 2
_COMPILED_CALL = 3e-7
_COMPILED_FLOP = 2e-10


def _ends(row: Sequence[int]) -> Iterator[Sequence[int]]:
    """The axes that an array can be summed over as a matrix, without a copy: those at either end."""
    for k in range(1, len(row)):
        yield row[:k]
        yield row[k:]


def traffic_cost(entries: int, calls: int) -> float:
    """Estimated seconds of elementwise calls that read and write so many entries."""
    return entries * _ENTRY + calls * _ELEMENTWISE


class PairCosts:
    """Costs of pairwise contractions; sets of indices are the bits of an integer."""

    contractions = 1
    """How many contractions a pair stands for."""

    def __init__(self, size: Mapping[int, int], rows: Iterable[Sequence[int]] = (), result: Sequence[int] = ()) -> None:
        """`rows` are arrays whose axes are known to come in these orders, `result` is how the result is wanted."""
        self._bit = {i: 1 << k for k, i in enumerate(size)}
        self._result = self.mask(result) if len(result) > _FEW_AXES else -1
        self._ends = {(self.mask(row), self.mask(end)) for row in (*rows, result) for end in _ends(row)}
        self._entries = {1 << k: n for k, n in enumerate(size.values())}
        self._entries[0] = 1

    def mask(self, indices: Iterable[int]) -> int:
        """A set of indices as bits."""
        found = 0
        for i in indices:
            found |= self._bit[i]
        return found

    def indices(self, mask: int) -> frozenset[int]:
        """The set of indices of some bits."""
        return frozenset([i for i, bit in self._bit.items() if mask & bit])

    def entries(self, mask: int) -> int:
        """The entries of an array with these indices."""
        found = self._entries.get(mask)
        if found is None:
            low = mask & -mask
            found = self._entries[mask] = self._entries[low] * self.entries(mask ^ low)
        return found

    def pair(self, a: int, b: int, out: int) -> float:
        """Estimated seconds to contract two operands: the call, arithmetic, memory traffic, copies, inner loops.

        Operands of more than two axes rarely come in the order that their user needs, if it is not known that they do.
        """
        entries = self.entries
        shared, union = a & b, a | b
        if union == out:
            return self._elementwise(a, b, out)
        work = entries(union)
        if shared & out and shared in (a, b):  # no matrix product: a loop over the stack
            return _EINSUM + union.bit_count() * _EINSUM_AXIS + work * _EINSUM_STEP
        cost = (entries(a) + entries(b) + entries(out)) * _ENTRY + 2 * work * _FLOP
        for operand in (a, b):
            if operand.bit_count() > _FEW_AXES:
                cost += _OPERAND
                if shared & out or (operand, shared) not in self._ends:
                    cost += entries(operand) * _TURNED_ENTRY
        if out == self._result and not shared & out and (out, a & out) not in self._ends:
            cost += entries(out) * _TURNED_ENTRY
        return cost + _MATMUL + entries(shared & out) * _STACKED if shared & out else cost + _DOT

    def _elementwise(self, a: int, b: int, out: int) -> float:
        entries, many = self.entries, out.bit_count() > _FEW_AXES
        traffic = entries(out) * _TURNED_ENTRY if many else (entries(a) + entries(b) + entries(out)) * _ENTRY
        if a == b:
            return traffic + (_TURNED if many else _ELEMENTWISE)
        return traffic + _BROADCAST + out.bit_count() * _AXIS + self._broadcast_loops(a, b) * _INNER_LOOP

    def _broadcast_loops(self, a: int, b: int) -> float:
        """How many inner loops an elementwise product of operands with different indices takes."""
        shared = a & b
        if not shared:
            return min(self.entries(a), self.entries(b))
        rest = self.entries((a | b) & ~shared)
        if shared in (a, b):
            return min(rest, self.entries(shared))
        return rest


class CompiledCosts(PairCosts):
    """Costs where a compiler chooses the order of the axes: arithmetic, memory traffic, a share of the whole call."""

    def pair(self, a: int, b: int, out: int) -> float:
        entries = self.entries
        traffic = entries(a) + entries(b) + entries(out)
        return _COMPILED_CALL + 2 * entries(a | b) * _COMPILED_FLOP + traffic * _ENTRY


class SweepCosts(PairCosts):
    """Costs of a pair in a network whose environments are all wanted: forward, and back to both of its operands."""

    contractions = 3

    def __init__(self, size: Mapping[int, int]) -> None:
        super().__init__(size)
        self._known: dict[tuple[int, int, int], float] = {}

    def pair(self, a: int, b: int, out: int) -> float:
        """Estimated seconds of the three contractions; the same for the removal of a and of b as for their product."""
        found = self._known.get((a, b, out))
        if found is None:
            found = super().pair(a, b, out) + super().pair(out, b, a) + super().pair(out, a, b)
            self._known[a, b, out] = found
        return found


class CompiledSweepCosts(SweepCosts, CompiledCosts):
    """Both: `SweepCosts` of a pair as `CompiledCosts` says."""


def pair_cost(
    a: Iterable[int],
    b: Iterable[int],
    out: Iterable[int],
    size: Mapping[int, int],
    rows: Iterable[Sequence[int]] = (),
) -> float:
    """Estimated seconds to contract two operands with these indices; of `rows` the order is known."""
    costs = PairCosts(size, rows)
    return costs.pair(costs.mask(a), costs.mask(b), costs.mask(out))
