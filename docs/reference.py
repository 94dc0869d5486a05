"""Write docs/reference.md: every public name with its signature and its documentation, by topic.

python docs/reference.py          # writes the page
python docs/reference.py --check  # exits with 1 where the page is out of date
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from functools import cached_property
from pathlib import Path
from types import FunctionType

import tensordiag as td
from tensordiag.compute.compilation import Compiled
from tensordiag.compute.planning import Plan
from tensordiag.compute.structured import Structured
from tensordiag.notation import Einsum
from tensordiag.views import Views

PAGE = Path(__file__).with_name("reference.md")

TOPICS = {
    "Tensors and constants": "Tensor tensors Copy identity ones zero unit merge triangle Structural Dimension",
    "Diagrams": "Expr Diagram Environment Sum contract einsum from_networkx remove_node flat substitute parse",
    "Operators": """add hadamard matmul outer inner kron khatri_rao trace transpose permute diag power reciprocal sqrt
        sum mean square_norm norm vec reshape entry matrix_power solve""",
    "Selections": "cumsum tril triu toeplitz hankel convolve",
    "Functions": """apply function exp expm1 log log1p sin cos tan arcsin arccos arctan sinh cosh tanh sigmoid softplus
        erf gelu relu step sign maximum minimum softmax logsoftmax
        log_softmax logsumexp""",
    "Functions of matrices": "inv pinv det logdet adj expm logm sqrtm sinm cosm eigvalsh",
    "Derivatives": """diff grad jacobian hessian jvp vjp hvp divergence laplacian taylor value_and_grad derivation
        Derivation Step""",
    "Rewriting": "simplify expand is_equivalent",
    "Numbers": "evaluate compile Compiled Structured Plan register_array",
    "Notation": "Einsum",
    "Pictures": "draw draw_equation draw_equations draw_derivation Drawing Style Theme",
    "Checks": "testing",
    "Errors": "TensordiagError",
}
TESTING = "check_derivative assert_same_value random_arrays random_sizes random_diagram"

HANDED = {"Compiled": Compiled, "Structured": Structured, "Plan": Plan, "Einsum": Einsum}
"""Classes that have no public name: what functions and methods return."""

FIELDS = {
    "Structured": {
        "core": "the entries without the copy tensors",
        "pattern": "for each leg the core's axis, or a negative label of an axis that the core does not have",
        "shape": "the shape of the whole array",
    },
    "Plan": {
        "inputs": "the arrays that are read",
        "results": "the values of the expressions",
        "sizes": "the size of every named dimension",
        "itemsize": "the bytes of a number",
        "values": "all values in the order of the program, operands first",
        "kernels": "what computes each value, by its number",
    },
    "Einsum": {"expr": "the reading form that it computes"},
    "Derivation": {"steps": "the rules that fired, in order", "variables": "what it is differentiated by"},
    "Step": {
        "rule": "the name of the rule",
        "before": "the expression before it",
        "after": "the expression after it",
        "note": "a sentence about it",
        "removed": "the number of the box of `before` that it removed, or None",
    },
    "Drawing": {
        "scene": "the primitives that are painted: nodes, wires, texts",
        "alt": "the description in words",
        "title": "the title for screen readers",
        "theme": "the colours",
        "style": "the sizes",
        "auto": "whether an SVG follows the reader's light or dark mode",
        "layout_seconds": "how long the layout took",
    },
}
"""What the fields of these classes are; their methods and properties say it themselves."""

MEMBERS = (FunctionType, property, cached_property, classmethod)

INTERNAL = frozenset(["base", "children", "payload", "rebuild", "with_children", "memo", "dims", "declared"])


def signature(value: object) -> str:
    """The parameters, without annotations."""
    try:
        found = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    plain = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in found.parameters.values()
        if p.name not in ("self", "cls")
    ]
    return str(found.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def documentation(value: object) -> str:
    """The docstring in Markdown: section titles bold, examples and parameter lists as they are."""
    text = inspect.getdoc(value) or ""
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    text = re.sub(r"^(\w[\w, ]*)\n((?:    .*\n?)+)", _item, text, flags=re.MULTILINE)
    made, inside = [], False
    for line in text.splitlines():
        if line.startswith(">>>") and not inside:
            made.append("```python")
            inside = True
        if inside and not line.strip():
            made += ["", "```"]
            inside = False
        made.append(line)
    return "\n".join([*made, "", "```"] if inside else made)


def _item(match: re.Match[str]) -> str:
    """A term and its indented definition as a list item."""
    words = " ".join(line.strip() for line in match[2].splitlines())
    names = ", ".join(f"`{name.strip()}`" for name in match[1].split(","))
    return f"- {names}: {words}\n"


def entry(name: str, value: object, prefix: str = "td.") -> str:
    """One name; of a class that people get in their hands also its members."""
    handed = name in HANDED
    shown = signature(value) if callable(value) and not handed else ""
    return f"### `{'' if handed else prefix}{name}{shown}`\n\n{documentation(value)}\n{fields(name, value)}{methods(value)}"


def fields(name: str, value: object) -> str:
    """The fields of a class as a list."""
    said = FIELDS.get(name, {})
    if said and said.keys() != {field.name for field in dataclasses.fields(value)}:  # type: ignore[arg-type]
        raise SystemExit(f"the fields of {name} are not those that this script describes")
    return "".join(f"\n- `.{field}`: {text[0].upper()}{text[1:]}.\n" for field, text in said.items())


def methods(value: object) -> str:
    """The methods and properties of a class with their first sentences, as a list."""
    if not isinstance(value, type) or value is td.Expr:
        return ""
    return "".join(f"\n{line}" for line in members(value))


def members(owner: type) -> list[str]:
    """The public members that a class defines: name, parameters, first paragraph."""
    made = []
    for name, value in vars(owner).items():
        public = not name.startswith("_") or name == "__call__"
        if public and name not in INTERNAL and isinstance(value, MEMBERS) and inspect.getdoc(value):
            plain = value.__func__ if isinstance(value, classmethod) else value
            shown = signature(plain) if callable(plain) else ""
            first = (inspect.getdoc(plain) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
            made.append(f"- `{'' if name == '__call__' else '.' + name}{shown}`: {first}\n")
    return made


def page() -> str:
    """The whole page."""
    parts = [
        "# Reference\n",
        "Every public name of `import tensordiag as td`, from its documentation "
        "(`python docs/reference.py` writes this page).\n",
    ]
    for topic, names in TOPICS.items():
        parts.append(f"## {topic}\n")
        for name in names.split():
            if name == "testing":
                parts += [entry(n, getattr(td.testing, n), "td.testing.") for n in TESTING.split()]
            else:
                parts.append(entry(name, HANDED[name] if name in HANDED else getattr(td, name)))
    missing = set(td.__all__) - {name for names in TOPICS.values() for name in names.split()}
    if missing:
        raise SystemExit(f"no topic has {', '.join(sorted(missing))}")
    parts.append("## Methods of every expression\n")
    parts.append("The operators `+ - * @ / **`, indexing, and:\n")
    parts += [*members(td.Expr), *members(Views)]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    made = page()
    if "--check" in arguments:
        return int(PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
