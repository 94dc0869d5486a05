"""The rules of the house: who imports whom, how long things may be, and what `import tensordiag` loads."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import tensordiag

ROOT = Path(tensordiag.__file__).parent
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
BELOW = {  # what each package may import besides itself
    "errors": set(),
    "dimension": {"errors"},
    "progress": set(),
    "views": set(),
    "core": {"errors", "dimension", "views"},
    "rewrite": {"errors", "dimension", "core"},
    "notation": {"errors", "dimension", "core", "rewrite"},
    "compute": {"errors", "dimension", "progress", "core", "rewrite"},
    "drawing": {"errors", "dimension", "progress", "core", "rewrite"},
    "calculus": {"errors", "dimension", "core", "rewrite"},
}
TOP = {"__init__", "__main__", "cli", "extension", "gradients", "testing"}  # may import everything


def package_of(module):
    return module.split("/")[0].removesuffix(".py")


def runtime_nodes(tree):
    """All nodes, without the bodies of `if TYPE_CHECKING`."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        pending.extend(ast.iter_child_nodes(node))


def imported_packages(module):
    """The packages of ours that a module imports, anywhere in it."""
    depth = module.count("/")
    for node in runtime_nodes(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = [*module.split("/")[:-1]][: depth + 1 - node.level]
            path = [*up, *(node.module or "").split(".")]
            path = [part for part in path if part]
            yield from [path[0]] if path else [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tensordiag":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("tensordiag."))


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module):
    package = package_of(module)
    if package in TOP:
        return
    assert package in BELOW, f"the package {package} has no place among the layers"
    upward = set(imported_packages(module)) - BELOW[package] - {package}
    assert not upward, f"{module} imports {', '.join(sorted(upward))}, which is not below it"


def test_the_rule_sees_imports_of_every_form():
    assert set(imported_packages("core/expressions.py")) >= {"dimension", "errors", "core"}
    assert set(imported_packages("core/base.py")) >= {"dimension", "errors", "views", "core"}
    assert set(imported_packages("__init__.py")) >= {"core", "calculus", "errors"}
    assert set(imported_packages("views.py")) == set()


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, tensordiag; print(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "scipy", "torch", "jax", "pytest"} & set(done.stdout.split())


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_long(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 500


def functions(module):
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def length(function):
    """Lines without the docstring."""
    first = function.body[0]
    has_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring


@pytest.mark.parametrize("module", MODULES)
def test_no_function_is_long_or_takes_many_parameters(module):
    for function in functions(module):
        assert length(function) <= 60, f"{function.name} has {length(function)} lines"
        given = function.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs) if a.arg not in ("self", "cls")]
        names += [a.arg for a in (given.vararg, given.kwarg) if a]
        assert len(names) <= 7, f"{function.name} takes {', '.join(names)}"


def packages():
    yield tensordiag
    for info in pkgutil.iter_modules([str(ROOT)]):
        if info.ispkg:
            yield importlib.import_module(f"tensordiag.{info.name}")


def public_values():
    for package in packages():
        for name in getattr(package, "__all__", ()):
            yield name, getattr(package, name)


def test_no_module_is_called_like_a_public_function():
    public = {name for name, value in public_values() if inspect.isroutine(value)}
    stems = {path.stem for path in MODULES.values()} | {path.parent.name for path in MODULES.values()}
    assert not public & stems
    assert {"diff", "einsum", "evaluate", "parse"} <= public


def test_public_names_have_docstrings():
    for name, value in public_values():
        assert inspect.getdoc(value) or not callable(value), f"{name} has no docstring"
    assert len(set(tensordiag.__all__)) == len(tensordiag.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module):
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
