"""The acceptance set: solved textbook problems, from their text, their einsum and through the API.

Each record of `data/problems.json` has `vars` (dimensions and a kind of numbers), `wrt` (differentiate by these in
turn), `text` (in the text language), `einsum` ([coefficient, string, operands] terms), `expected` (the derivative as a
NumPy expression) and, for a few, `source_wrong` (a formula that a source states and that is wrong).
"""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
import scipy
import scipy.linalg

import tensordiag as td
from tensordiag.notation import parse
from tensordiag.testing import random_arrays, random_sizes

CASES = {case["id"]: case for case in json.loads((Path(__file__).parent / "data/problems.json").read_text())["cases"]}
WITH_TEXT = [name for name, case in CASES.items() if "text" in case]
WITH_EINSUM = [name for name, case in CASES.items() if "einsum" in case]


# -- problems without a text ---------------------------------------------------------------------------


def symmetric(u):
    """The symmetric matrix whose upper triangle is that of U."""
    return td.triu(u) + td.triu(u, 1).T


BUILT = {
    "mc-67": lambda A, E, t: td.eigvalsh(A + t * E)[-1],
    "mc-128": lambda X: td.sinm(X).trace(),
    "mc-139": lambda A, U: (A @ symmetric(U)).trace(),
    "mc-140": lambda U: td.det(symmetric(U)),
    "mc-141": lambda U: td.logdet(symmetric(U)),
    "mc-143": lambda A, t: (A @ td.toeplitz(t, ("n", "n"))).trace(),
    "wp-vv-const": lambda a, x: a,
    "wp-sm-expm": lambda X: td.expm(X).trace(),
    "wp-ss-expm": lambda A, t: td.expm(t * A).trace(),
    "wp-ms-expm": lambda A, t: td.expm(t * A),
}


# -- the pieces of a check -----------------------------------------------------------------------------


def tensors_of(case):
    return {name: td.Tensor(name, row["dims"], row.get("kind", ())) for name, row in case["vars"].items()}


def from_text(case):
    return parse(case["text"], tensors_of(case)).declaring(tensors_of(case).values())


def from_einsum(case):
    known = tensors_of(case)
    terms = [(number, td.einsum(spec, *(known[name] for name in names))) for number, spec, names in case["einsum"]]
    return td.add(terms).declaring(known.values())


def built(case):
    known = tensors_of(case)
    return BUILT[case["id"]](**known).declaring(known.values())


def differentiated(expr, case):
    for name in case["wrt"]:
        expr = td.diff(expr, name)
    return expr


def numbers(expr, case, seed):
    """(arrays, sizes) of the problem; distinct sizes, more than 2 each."""
    sizes = random_sizes(expr, seed, case.get("sizes"))
    if "sizes" not in case:
        sizes = {name: size + 1 for name, size in sizes.items()}
    return random_arrays(expr, seed, sizes), sizes


def solution(case, key, arrays, sizes):
    """A formula of the data, evaluated."""
    return eval(case[key], {"np": np, "scipy": scipy, **sizes, **arrays})


def is_close(got, expected):
    scale = np.abs(expected).max(initial=0)
    return np.shape(got) == np.shape(expected) and np.allclose(got, expected, rtol=1e-7, atol=1e-8 * scale + 1e-12)


def check(expr, case):
    derived = differentiated(expr, case)
    for seed in range(2):
        arrays, sizes = numbers(expr, case, seed)
        expected = solution(case, "expected", arrays, sizes)
        for form in (derived, derived.flat(), derived.simplify()):
            got = form.evaluate(arrays, sizes=sizes)
            assert is_close(got, expected), f"{case['statement']}\n{got}\nexpected\n{expected}"
            if "source_wrong" in case:
                assert not is_close(got, solution(case, "source_wrong", arrays, sizes))


def run(code, arrays):
    """The value of exported source: an expression, a program that ends with one, or a function."""
    names = {"np": np, "numpy": np, "scipy": scipy, **arrays}
    tree = ast.parse(code)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, "<exported>", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "<exported>", "eval"), names)
    if isinstance(last, ast.FunctionDef):
        return names[last.name](*(arrays[argument.arg] for argument in last.args.args))
    assert isinstance(last, ast.Assign)
    return names[last.targets[0].id]


def check_export(expr, case):
    derived = differentiated(expr, case)
    arrays, sizes = numbers(expr, case, 5)
    code = derived.einsum().code("numpy")
    got = run(code, arrays)
    assert is_close(got, solution(case, "expected", arrays, sizes)), code


# -- the tests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_TEXT)
def test_from_text(name):
    check(from_text(CASES[name]), CASES[name])


@pytest.mark.parametrize("name", WITH_EINSUM)
def test_from_einsum(name):
    check(from_einsum(CASES[name]), CASES[name])


@pytest.mark.parametrize("name", BUILT)
def test_through_the_api(name):
    check(built(CASES[name]), CASES[name])


@pytest.mark.parametrize("name", WITH_TEXT)
def test_the_einsum_of_the_text_runs_as_printed(name):
    check_export(from_text(CASES[name]), CASES[name])


@pytest.mark.parametrize("name", WITH_EINSUM)
def test_the_einsum_of_the_einsum_runs_as_printed(name):
    check_export(from_einsum(CASES[name]), CASES[name])


def test_every_problem_is_tried():
    assert len(CASES) == 167
    assert {*WITH_TEXT, *BUILT} == set(CASES)
    assert sum("source_wrong" in case for case in CASES.values()) == 2
