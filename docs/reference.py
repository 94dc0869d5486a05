"""Write docs/reference.md: every public name with its signature and its documentation, by topic.

python docs/reference.py          # writes the page
python docs/reference.py --check  # exits with 1 where the page is out of date
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import tensordiag as td
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
    "Numbers": "evaluate compile register_array",
    "Pictures": "draw draw_equation draw_equations draw_derivation Drawing Style Theme",
    "Checks": "testing",
    "Errors": "TensordiagError",
}
TESTING = "check_derivative assert_same_value random_arrays random_sizes random_diagram"

INTERNAL = frozenset(["base", "children", "payload", "rebuild", "with_children", "memo", "dims", "declared"])


def signature(value: object) -> str:
    """The parameters, without annotations."""
    try:
        found = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values() if p.name != "self"]
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
    """One name."""
    shown = signature(value) if callable(value) else ""
    return f"### `{prefix}{name}{shown}`\n\n{documentation(value)}\n"


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
                parts.append(entry(name, getattr(td, name)))
    missing = set(td.__all__) - {name for names in TOPICS.values() for name in names.split()}
    if missing:
        raise SystemExit(f"no topic has {', '.join(sorted(missing))}")
    parts.append("## Methods of every expression\n")
    parts.append("The operators `+ - * @ / **`, indexing, and:\n")
    for owner in (td.Expr, Views):
        for name, value in vars(owner).items():
            if not name.startswith("_") and name not in INTERNAL and inspect.getdoc(value):
                shown = signature(value) if callable(value) else ""
                first = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
                parts.append(f"- `.{name}{shown}`: {first}\n")
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
