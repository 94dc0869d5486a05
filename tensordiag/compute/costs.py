"""What the kernels cost: estimates that plans are compared by.

The constants were fitted to NumPy's kernels on arrays in the cache, one thread; only their ratios matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["PairCosts", "pair_cost", "traffic_cost"]

_FLOP = 2e-11
_ENTRY = 1.2e-10
_ELEMENTWISE = 4e-7
_BROADCAST = 9e-7
_DOT = 6e-7
_MATMUL = 9e-7
_STACKED = 2.5e-8
_EINSUM = 1.7e-6
_EINSUM_STEP = 2e-10
_INNER_LOOP = 1e-8
_EINSUM_LOOP = 4.5e-9


def traffic_cost(entries: int, calls: int) -> float:
    """Estimated seconds of elementwise calls that read and write so many entries."""
    return entries * _ENTRY + calls * _ELEMENTWISE


class PairCosts:
    """Costs of pairwise contractions; sets of indices are the bits of an integer."""

    def __init__(self, size: Mapping[int, int]) -> None:
        self._bit = {i: 1 << k for k, i in enumerate(size)}
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
        """Estimated seconds to contract two operands: the call, arithmetic, memory traffic, short inner loops."""
        entries = self.entries
        shared = a & b
        traffic = (entries(a) + entries(b) + entries(out)) * _ENTRY
        if a | b == out:
            if a == b:
                return traffic + _ELEMENTWISE
            return traffic + _BROADCAST + self._broadcast_loops(a, b) * _INNER_LOOP
        work = entries(a | b)
        if not shared & out:
            return traffic + _DOT + 2 * work * _FLOP
        if shared in (a, b):  # no matrix product: a loop over the stack
            inner = max(entries(shared & out), entries((a | b) & ~out))
            return _EINSUM + work * _EINSUM_STEP + work / max(1, inner) * _EINSUM_LOOP
        return traffic + _MATMUL + 2 * work * _FLOP + entries(shared & out) * _STACKED

    def _broadcast_loops(self, a: int, b: int) -> float:
        """How many inner loops an elementwise product of operands with different indices takes."""
        shared = a & b
        if not shared:
            return min(self.entries(a), self.entries(b))
        rest = self.entries((a | b) & ~shared)
        if shared in (a, b):
            return min(rest, self.entries(shared))
        return rest


def pair_cost(a: Iterable[int], b: Iterable[int], out: Iterable[int], size: Mapping[int, int]) -> float:
    """Estimated seconds to contract two operands with these indices."""
    costs = PairCosts(size)
    return costs.pair(costs.mask(a), costs.mask(b), costs.mask(out))
