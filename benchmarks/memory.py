"""Measure the memory of the workloads: planned, taken by the program, taken by NumPy by hand.

    python -m benchmarks.memory           all; writes the table into docs/performance.md
    python -m benchmarks.memory --dry     only prints

A peak is what `tracemalloc` sees during one call, above what was there before it: temporaries and results, not the
arguments.  The first call has made the program already.
"""

from __future__ import annotations

import argparse
import gc
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

import tensordiag as td
from benchmarks.run import write_table
from benchmarks.workloads import Workload, all_workloads


def peak(run: Callable[[], Any]) -> int:
    """The most bytes that a call takes at once."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def measure(workload: Workload) -> tuple[int, int, int]:
    """Bytes that the plan states, that the program takes, and that NumPy by hand takes."""
    arrays = workload.arrays(np.random.default_rng(zlib.crc32(workload.name.encode())))
    program = td.compile(list(workload.diagrams()))
    taken = peak(lambda: program(arrays))
    return program.plan.peak_memory, taken, peak(lambda: workload.by_hand(arrays))


def table(found: dict[str, tuple[int, int, int]]) -> str:
    """The results as Markdown."""
    lines = ["| workload | planned | taken | NumPy by hand | ratio |", "|---|---|---|---|---|"]
    for name, (planned, taken, by_hand) in found.items():
        cells = [f"{count / 1024:,.1f} KiB" for count in (planned, taken, by_hand)]
        lines.append(f"| {name} | {' | '.join(cells)} | {taken / by_hand:.2f}× |")
    ratios = [taken / by_hand for _, taken, by_hand in found.values()]
    lines += ["", f"Geometric mean {np.exp(np.mean(np.log(ratios))):.2f}×, at most {max(ratios):.2f}×."]
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry", action="store_true", help="only print")
    options = parser.parse_args()
    text = table({w.name: measure(w) for w in all_workloads() if not w.derive_only})
    print(text)
    if not options.dry:
        write_table("memory", text)


if __name__ == "__main__":
    main()
