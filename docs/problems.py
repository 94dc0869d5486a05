"""Write `docs/problems.md`: our derivative of every textbook problem beside what its source says.

    python docs/problems.py

The problems are those of `tests/data/problems.json`; a test compares the page with what this script makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tensordiag as td
from tensordiag.errors import ExportError, OrderError
from tensordiag.notation import parse

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "problems.md"
FACTS = {
    "sym": "symmetric",
    "spd": "symmetric positive definite",
    "tall": "of full column rank",
    "mask": "zeros and ones",
    "prob": "a distribution",
}
SHORT_OF = {
    "wp-ms-inv2": "right, but the inner derivative 0.1 B + 0.2 t C is multiplied out and does not stand as one factor",
}
HEAD = """# Textbook problems

What tensordiag prints for {count} differentiation problems from The Matrix Cookbook (mc), Wikipedia's tables of
matrix calculus (wp), Laue, Mitterreiter and Giesen (lm, ln) and Nakahira (nk), beside the closed form of the
source, which uses its own layout and often an abbreviation. Every line is the output of `td.diff(f, …).matrix()`;
where the result has more than two legs, of `.index()`, followed by `.kronecker()` where the result is a sum of
Kronecker products (the legs of f count the rows, those of the variable the columns, both in row-major order).
Everything here is checked numerically by `tests/test_problems.py`, and all matrix notation is read back by
`td.parse` with the same value (`tests/test_notation.py`).

`python docs/problems.py` writes this page.

| problem | f | by | tensordiag | the source |
|---|---|---|---|---|
"""
TAIL = """
## What falls short

{short} of {matrices} results of order at most 2 do not print as a person would write them:

{remarks}
"""


def problems() -> list[dict[str, Any]]:
    """The problems that have a text."""
    cases = json.loads((ROOT / "tests" / "data" / "problems.json").read_text(encoding="utf-8"))["cases"]
    return [case for case in cases if "text" in case]


def derivative(case: dict[str, Any]) -> td.Expr:
    """The derivative of a problem by its variables in turn."""
    known = {name: td.Tensor(name, row["dims"], row.get("kind", ())) for name, row in case["vars"].items()}
    expr = parse(case["text"], known).declaring(known.values())
    return td.diff(expr, *case["wrt"])


def printed(expr: td.Expr) -> str:
    """Matrix notation, else index notation with the Kronecker form where there is one."""
    if expr.order <= 2:
        try:
            return code(expr.matrix())
        except ExportError:
            return code(expr.index())
    try:
        return f"{code(expr.index())}<br>{code(expr.kronecker())}"
    except (ExportError, OrderError):
        return code(expr.index())


def code(text: str) -> str:
    """Inline code inside a table."""
    return "`" + text.replace("|", "\\|") + "`"


def line(case: dict[str, Any]) -> str:
    """The line of a problem."""
    facts = [f"{name} {FACTS[row['kind']]}" for name, row in case["vars"].items() if row.get("kind") in FACTS]
    said = case.get("source_says", "").replace("|", "\\|")
    told = "" if said.startswith("(") and said.endswith(")") else said
    note = f"<br>({', '.join(facts)})" if facts else ""
    cells = [case["id"], code(case["text"]) + note, ", ".join(case["wrt"]), printed(derivative(case)), told]
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """The whole page."""
    cases = problems()
    matrices = [case["id"] for case in cases if derivative(case).order <= 2]
    remarks = "\n".join(f"- {name}: {remark}" for name, remark in SHORT_OF.items())
    head = HEAD.format(count=len(cases))
    tail = TAIL.format(short=len(SHORT_OF), matrices=len(matrices), remarks=remarks)
    return head + "\n".join(map(line, cases)) + "\n" + tail


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
