"""Exported einsums and source code run as printed, in every library that is installed."""

import ast
import importlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import opt_einsum
import pytest
import scipy
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tensordiag as td
from tensordiag.core.functions import apply
from tensordiag.errors import BackendError, ExportError
from tensordiag.notation import parse
from tensordiag.testing import random_arrays, random_diagram, random_sizes

ROOT = Path(__file__).parent.parent
LIBRARIES = {"numpy": "numpy", "opt_einsum": "opt_einsum", "torch": "torch", "jax": "jax"}


def load_page():
    spec = importlib.util.spec_from_file_location("docs_problems", ROOT / "docs" / "problems.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = load_page()
PROBLEMS = {case["id"]: case for case in PAGE.problems()}


def prepared(library):
    """(names for exported code, how to make an array, how to read one); skips where the library is missing."""
    module = pytest.importorskip(LIBRARIES[library])
    if library == "torch":
        return {"torch": module}, module.as_tensor, lambda value: np.asarray(module.as_tensor(value))
    if library == "jax":
        module.config.update("jax_enable_x64", True)
        jnp = importlib.import_module("jax.numpy")
        importlib.import_module("jax.scipy.special")
        return {"jax": module, "jnp": jnp}, jnp.asarray, np.asarray
    names = {"np": np, "scipy": scipy} | ({"opt_einsum": opt_einsum} if library == "opt_einsum" else {})
    return names, np.asarray, np.asarray


def run(code, names):
    """The value of exported lines, the last of which is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "<exported>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<exported>", "eval"), names)


def call(source, arrays, sizes, name="f"):
    """The value of an exported function; its arguments are tensors, then sizes."""
    names = {}
    exec(compile(source, "<exported>", "exec"), names)
    arguments = names[name].__code__.co_varnames[: names[name].__code__.co_argcount]
    return names[name](*(arrays[argument] if argument in arrays else sizes[argument] for argument in arguments))


def numbers(expr, seed=2):
    sizes = random_sizes(expr, seed)
    return random_arrays(expr, seed, sizes), sizes


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_code_of_every_problem_runs_as_printed(library, name):
    names, array, read = prepared(library)
    expr = PAGE.derivative(PROBLEMS[name])
    sizes = random_sizes(expr, 1, PROBLEMS[name].get("sizes"))
    arrays = random_arrays(expr, 1, sizes)
    expected = expr.evaluate(arrays, sizes=sizes)
    made = {key: array(value) for key, value in arrays.items()}
    code = expr.einsum().code(library)
    np.testing.assert_allclose(
        read(run(code, {**names, **sizes, **made})), expected, rtol=1e-7, atol=1e-9, err_msg=code
    )
    source = expr.code(library)
    np.testing.assert_allclose(read(call(source, made, sizes)), expected, rtol=1e-7, atol=1e-9, err_msg=source)


FUNCTIONS = [
    "sigmoid(x)", "softplus(x)", "relu(x)", "step(x)", "gelu(x)", "erf(x)", "exp(x)", "log(p)", "log1p(p)",
    "expm1(x)", "sqrt(p)", "abs(x)", "sign(x)", "tan(x)", "arctan(x)", "tanh(x)", "maximum(x, y)", "minimum(x, y)",
    "p.^x", "p.^0.3", "p.^-2", "x.^5", "softmax(x)", "log(softmax(x))", "logsumexp(x)", "softmaxrows(A)",
    "softmaxcols(A)", "inv(S)", "pinv(A)", "det(A)", "logdet(A)", "adj(S)", "max(x)", "argmax(x)", "norm2(A)",
    "kron(A,x)*y", "sum(A.^2)*x", "A*step(x)", "A*argmax(x)",
]  # fmt: skip


@pytest.mark.parametrize("text", FUNCTIONS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_code_of_every_function(library, text):
    names, array, read = prepared(library)
    expr = parse(text, "A[n,n] S[n,n] spd, x[n] y[n] p[n] pos")
    arrays, sizes = numbers(expr)
    made = {key: array(value) for key, value in arrays.items()}
    got = read(run(expr.einsum().code(library), {**names, **made}))
    np.testing.assert_allclose(got, expr.evaluate(arrays, sizes=sizes), rtol=1e-7, atol=1e-9)


@given(st.integers(0, 10_000))
def test_the_code_of_random_diagrams(seed):
    expr = random_diagram(seed)
    arrays, sizes = numbers(expr, seed)
    expected = expr.evaluate(arrays, sizes=sizes)
    names, _, _ = prepared("numpy")
    code = expr.einsum().code()
    np.testing.assert_allclose(run(code, {**names, **sizes, **arrays}), expected, rtol=1e-7, atol=1e-7, err_msg=code)
    np.testing.assert_allclose(call(expr.code(), arrays, sizes), expected, rtol=1e-7, atol=1e-7)


# -- what the text looks like ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrt", "expected"),
    [
        ("x.*y.*z", "x", "np.einsum('i,i,ij->ij', y, z, np.eye(y.shape[0]))"),
        ("A*B", "A", "np.einsum('ij,kl->kjli', B, np.eye(A.shape[0]))"),
        ("x'*x", "x", "2*x"),
        ("x'*S*x - x'*x", "x", "2*np.einsum('ij,i->j', S, x) - 2*x"),
        ("x'*x - x'*S*x", "x", "2*x - 2*np.einsum('ij,i->j', S, x)"),
        ("A*S*A'*A*x", "x", "np.einsum('ij,kl,km,jm->il', A, A, A, S, optimize=True)"),
        ("sum(x)", "x", "np.ones((x.shape[0],))"),
        ("sum(x.^6)/6", "x", "x**5"),
        ("sum(log(x))", "x", "(1.0*x)**-1"),
        ("sum(sqrt(x))*2", "x", "x**(-1/2)"),
        ("x'*y", "A", "np.zeros((A.shape[0], x.shape[0]))"),
    ],
)
def test_short_einsums_are_one_expression(text, wrt, expected):
    made = str(td.diff(parse(text, "A[m,n] B[n,p] S[n,n] sym, x[n] y[n] z[n]"), wrt).einsum())
    names = {
        key: np.ones((2,) * len(dims))
        for key, dims in {"A": "mn", "B": "np", "S": "nn", "x": "n", "y": "n", "z": "n"}.items()
    }
    assert made == expected
    assert np.shape(eval(made, {"np": np, **names})) is not None


def test_terms_are_data():
    A, x = td.tensors("A[n,n] x[n]")
    made = (A @ x - 2 * x).einsum()
    assert sorted(made.terms) == [(-2, "i->i", ("x",)), (1, "ij,j->i", ("A", "x"))]


def test_positive_terms_stand_first():
    x, y = td.tensors("x[n] y[n]")
    assert str((y - x).einsum()) == "y - x"
    assert str((-1 * x + y).einsum()) == "y - x"
    assert (-1 * x + y).matrix() == "y − x"
    assert (-1 * x + y).index() == "y_i - x_i"


def test_long_networks_are_contracted_pair_by_pair():
    chain = td.Tensor("A0", ("n", "n"))
    for number in range(1, 70):
        chain = chain @ td.Tensor(f"A{number}", ("n", "n"))
    arrays = {f"A{k}": np.eye(2) + 0.01 * k for k in range(70)}
    code = chain.einsum().code()
    assert len(code.splitlines()) > 1
    np.testing.assert_allclose(run(code, {"np": np, **arrays}), chain.evaluate(arrays))


# -- names -----------------------------------------------------------------------------------------------

STRANGE = ["lambda", "λ", "x'", "x′", "T_lambda", "class", "np", "t0", "ﬁ", "__x", "a.b", "None", "f"]


@pytest.mark.parametrize("pair", list(itertools.combinations(STRANGE, 2)), ids="-".join)
def test_unsafe_names_are_mangled_apart_with_a_legend(pair):
    first, second = (td.Tensor(name, "n") for name in pair)
    expr = apply("exp", first + second) * first - second
    code = expr.einsum().code()
    legend = dict(line[2:].split(" stands for ")[::-1] for line in code.splitlines() if line.startswith("#"))
    shown = [legend.get(name, name) for name in pair]
    assert len(set(shown)) == 2
    assert all(name.isidentifier() and not name.startswith("__") for name in shown)
    arrays = dict(zip(pair, np.random.default_rng(0).standard_normal((2, 3)), strict=True))
    given = {legend.get(name, name): value for name, value in arrays.items()}
    np.testing.assert_allclose(run(code, {"np": np, **given}), expr.evaluate(arrays))
    np.testing.assert_allclose(call(expr.code(), given, {}), expr.evaluate(arrays))


def test_a_size_beside_a_tensor_of_its_name():
    n = td.Tensor("n")
    expr = n * td.identity("n").trace()
    source = expr.code()
    assert "# T_n stands for the size n" in source
    assert call(source, {"n": 3.0}, {"T_n": 4}) == 12


def test_sizes_come_from_arrays_where_one_has_them():
    X = td.Tensor("X", ("m", "n"))
    expr = td.identity("m").trace() * X.sum() * td.identity("k").trace()
    assert "X.shape[0]" in expr.code()
    assert "def f(X, k):" in expr.code()


def test_errors_of_exports():
    x = td.Tensor("x", "n")
    with pytest.raises(BackendError, match="unknown library 'nunpy'; did you mean numpy"):
        x.code("nunpy")
    with pytest.raises(ExportError, match="a function needs an identifier for its name, not 'my f'"):
        x.code(name="my f")
    with pytest.raises(ExportError, match="not 'def'"):
        x.code(name="def")


@pytest.mark.parametrize("text", ["cos(0.5)*sum(x)", "maximum(sum(x), 2)", "sqrt(2)*x", "x'*x*(1 + exp(2))"])
def test_torch_gets_tensors_where_it_takes_no_numbers(text):
    torch = pytest.importorskip("torch")
    expr = td.parse(text)
    names = {}
    exec(expr.code("torch"), names)
    array = np.arange(1.0, 4)
    np.testing.assert_allclose(np.asarray(names["f"](torch.as_tensor(array))), expr.evaluate(x=array))


def test_numbers_under_functions_become_tensors_of_torch():
    source = td.parse("cos(0.5)*sum(x)").code("torch")
    assert "torch.tensor(0.5, dtype=x.dtype)" in source
    assert "torch.tensor" not in td.parse("cos(0.5)*sum(x)").code("numpy")
