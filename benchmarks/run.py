"""Measure the workloads against NumPy by hand, JAX, PyTorch and quimb, and write the table into docs/performance.md.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.run                      all; writes docs/performance.md
    OPENBLAS_NUM_THREADS=1 python -m benchmarks.run --cases W4,W5 --dry  some; only prints
    OPENBLAS_NUM_THREADS=1 python -m benchmarks.run --peers numpy,tensordiag,torch,tensorgrad --table tensorgrad
                                                                         in an environment with PyTorch before 2.13

All peers get the same arrays and must agree to 1e-6 of the largest entry.  They take turns, a block of calls each, for
several rounds; a time is the median over rounds, a ratio the median of the ratios within a round, so that a drift of
the machine's speed cancels.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import os
import platform
import re
import statistics
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import as_arrays, available
from benchmarks.workloads import Workload, all_workloads

_MORE_FIRSTS = 4
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def measure(workload: Workload, peers: list[Any], rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """For each peer: seconds to the first result, the median of a call, and the ratio to NumPy by hand.

    Where only the first result counts, its seconds are the median of several times.
    """
    arrays = workload.arrays(np.random.default_rng(zlib.crc32(workload.name.encode())))
    found: dict[str, dict[str, float]] = {}
    runs, reference = {}, None
    firsts: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for peer in peers:
        run, first, values = first_result(peer, workload, arrays)
        if run is None:
            continue
        found[peer.name] = {"first": first}
        firsts[peer.name].append(first)
        results = as_arrays(values)
        reference = reference or results
        check(workload, peer.name, reference, results)
        runs[peer.name] = run
    if workload.derive_only:
        for _ in range(_MORE_FIRSTS):
            for peer in peers:
                run, first, _ = first_result(peer, workload, arrays)
                firsts[peer.name] += [] if run is None else [first]
        return {name: {"first": statistics.median(times)} for name, times in firsts.items() if times}
    calls = {name: max(1, min(2000, int(seconds / max(once(run), 1e-7)))) for name, run in runs.items()}
    blocks: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            blocks[name].append(statistics.median(once(runs[name]) for _ in range(calls[name])))
    base = next(iter(blocks.values()))
    for name, times in blocks.items():
        found[name]["call"] = statistics.median(times)
        found[name]["ratio"] = statistics.median(t / r for t, r in zip(times, base, strict=True))
    return found


def first_result(peer: Any, workload: Workload, arrays: Any) -> tuple[Any, float, Any]:
    """What runs a workload, the seconds to make it and to run it once, and the results; None where a peer cannot."""
    gc.collect()
    begin = time.perf_counter()
    run = peer.build(workload, arrays)
    values = None if run is None else run()
    return run, time.perf_counter() - begin, values


def once(run: Any) -> float:
    """The seconds of one call."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def check(workload: Workload, name: str, want: list[np.ndarray], got: list[np.ndarray]) -> None:
    """All results agree, or the benchmark stops."""
    assert len(want) == len(got), f"{workload.name}: {name} gives {len(got)} results, not {len(want)}"
    for a, b in zip(want, got, strict=True):
        error = np.abs(a - b).max(initial=0) / max(np.abs(a).max(initial=0), 1e-300)
        assert a.shape == b.shape, f"{workload.name}: {name} gives shape {b.shape}, not {a.shape}"
        assert error <= 1e-6, f"{workload.name}: {name} is off by {error}"


def readable(seconds: float) -> str:
    """A time for people."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.2g} µs"


def cell(times: dict[str, float] | None) -> str:
    """The time of a call and its ratio; a dash for a peer that cannot."""
    return f"{readable(times['call'])} ({times['ratio']:.2f}×)" if times else "–"


def table(results: dict[str, dict[str, dict[str, float]]], names: list[str]) -> str:
    """The results as Markdown: time of a call and ratio to the first peer, then the time to the first result."""
    lines = ["| workload | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for workload, found in results.items():
        if any("call" in times for times in found.values()):
            lines.append(f"| {workload} | " + " | ".join(cell(found.get(n)) for n in names) + " |")
    for name in names[1:]:
        ratios = [found[name]["ratio"] for found in results.values() if "ratio" in found.get(name, ())]
        if ratios:
            lines.append(
                f"\n{name}: geometric mean {np.exp(np.mean(np.log(ratios))):.2f}× of {names[0]}, "
                f"at most {max(ratios):.2f}×."
            )
    lines += ["", "Seconds to derive, compile and compute the first result:", ""]
    lines += ["| workload | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for workload, found in results.items():
        cells = [readable(found[n]["first"]) if n in found else "–" for n in names]
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"model name\s*:\s*(.*)", info.read_text())
        cpu = match.group(1) if match else cpu
    versions = []
    for package in ("numpy", "opt_einsum", "jax", "torch", "quimb", "tensorgrad"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    return f"{cpu}, {threads} BLAS thread(s), Python {platform.python_version()}, {', '.join(versions)}; float64."


def write_table(name: str, text: str) -> None:
    """Put a text between the marks of a table in docs/performance.md."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, rest = page.split(start)
    PAGE.write_text(f"{head}{start}\n\n{text}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", help="names or beginnings of names, with commas")
    parser.add_argument("--peers", default="numpy,tensordiag,tensordiag-jax,jax,torch,quimb")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.05, help="of calls in a block")
    parser.add_argument("--table", default="table", help="the table in docs/performance.md that is written")
    parser.add_argument("--dry", action="store_true", help="only print")
    options = parser.parse_args()
    peers = available(options.peers.split(","))
    wanted = options.cases.split(",")
    results = {}
    for workload in all_workloads():
        if any(workload.name.startswith(case) for case in wanted):
            results[workload.name] = measure(workload, peers, options.rounds, options.seconds)
            print(
                workload.name,
                {
                    n: {k: readable(v) if k != "ratio" else round(v, 2) for k, v in found.items()}
                    for n, found in results[workload.name].items()
                },
                flush=True,
            )
    text = f"{machine()}\n\n{table(results, [peer.name for peer in peers])}"
    print(text)
    if not options.dry:
        write_table(options.table, text)


if __name__ == "__main__":
    main()
