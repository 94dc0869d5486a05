"""Properties of `simplify` on random expressions with functions: value, idempotence, order of building."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensordiag as td
from tensordiag.core.expressions import walk
from tensordiag.notation import parse
from tensordiag.rewrite.normalforms import NORMAL_FORMS, normal_function
from tensordiag.testing import assert_same_value

DECLARED = "A[n,n] B[n,n] S[n,n] spd, x[n] y[n] p[n] pos, t pos, a"
LEAVES = {"s": ["t", "a", "2"], "v": ["x", "y", "p", "(1./p)"], "m": ["A", "B", "S", "A'"]}
JOINED = {  # how expressions of the kinds are made: the text, the kinds of its parts, whether the parts commute
    "s": [
        ("({}'*{})", "vv", True),
        ("tr({})", "m", False),
        ("sum({})", "v", False),
        ("({}*{})", "ss", True),
        ("({}/(1 + ({})^2))", "ss", False),
        ("({}'*{}*{})", "vmv", False),
    ],
    "v": [("({}*{})", "mv", False), ("({}.*{})", "vv", True), ("({}*{})", "sv", False), ("diag({})", "m", False)],
    "m": [
        ("({}*{})", "mm", False),
        ("({}.*{})", "mm", True),
        ("({}*{}')", "vv", False),
        ("inv(S + {}*{}')", "vv", False),
    ],
}
seeds = st.integers(0, 100_000)


def tree(rng, kind, depth):
    """A random expression as (text with places, parts, whether the parts commute)."""
    if depth == 0 or rng.random() < 0.2:
        return (rng.choice(LEAVES[kind]), [], False)
    choice = rng.random()
    if choice < 0.3:
        return ("({} + {})", [tree(rng, kind, depth - 1) for _ in range(2)], True)
    if choice < 0.4:
        return ("({} - {})", [tree(rng, kind, depth - 1) for _ in range(2)], False)
    if choice < 0.55:
        return (rng.choice(["sin({})", "exp({})", "abs({})", "sigmoid({})"]), [tree(rng, kind, depth - 1)], False)
    text, kinds, commute = rng.choice(JOINED[kind])
    return (text, [tree(rng, part, depth - 1) for part in kinds], commute)


def written(node, rng=None):
    """The text of a tree; with `rng` the parts that commute in a random order."""
    text, parts, commute = node
    texts = [written(part, rng) for part in parts]
    if commute and rng is not None:
        rng.shuffle(texts)
    return text.format(*texts)


def forgotten(expr):
    """The expression without anything that was remembered about it."""
    for node in walk(expr):
        node._memo = {"dim": node.memo["dim"]} if "dim" in node.memo else None
    return expr


def variants(seed):
    rng = random.Random(seed)
    kind = rng.choice("sv")
    made = tree(rng, kind, 3)
    wrt = rng.choice(["x", "t", "p"])
    for text in (written(made), written(made, rng), written(made, rng)):
        yield td.diff(parse(text, DECLARED), wrt)


@given(seeds)
def test_simplify_keeps_the_value(seed):
    expr = next(variants(seed))
    try:
        assert_same_value(expr.simplify(), expr, trials=1)
    except td.errors.DifferentiationError:
        return  # no numbers at which it is finite


@given(seeds)
def test_simplify_is_idempotent_also_where_nothing_is_remembered(seed):
    simple = next(variants(seed)).simplify()
    assert forgotten(simple).simplify() == simple


@given(seeds)
def test_simplify_does_not_depend_on_the_order_of_building(seed):
    first, *others = [expr.simplify() for expr in variants(seed)]
    assert all(other == first for other in others)


@given(seeds)
def test_a_form_found_with_a_memory_is_the_one_found_without(seed):
    expr = next(variants(seed))
    first = expr.simplify()
    assert forgotten(expr).simplify() == first


# -- normal forms of functions --------------------------------------------------------------------------

NORMAL = {
    "value at zero": [("exp(x - x)", "𝟏_n"), ("sin(t - t)", "0"), ("sigmoid(x - x)", "0.5 𝟏_n"), ("erf(x - x)", "0")],
    "undo": [("log(exp(x))", "x"), ("exp(log(p))", "p"), ("inv(inv(A))", "A"), ("log1p(expm1(x))", "x")],
    "power of a product": [
        ("1./(2*p.*p)", "0.5./p.^2"),
        ("sqrt(4*p)", "2sqrt(p)"),
        ("1/(t*a)", "1/(t a)"),
        ("1./exp(x)", "exp(−x)"),
        ("1./(1 + exp(x))", "sigmoid(−x)"),
        ("sqrt(exp(2*x))", "exp(x)"),
        ("sqrt(2*p)", "sqrt(2p)"),
    ],
    "odd or even": [
        ("sin(-x)", "−sin(x)"),
        ("cos(-x)", "cos(x)"),
        ("tanh(-x - y)", "−tanh(x + y)"),
        ("abs(-x)", "abs(x)"),
    ],
    "homogeneous": [
        ("abs(-3*x)", "3abs(x)"),
        ("relu(2*x)", "2relu(x)"),
        ("sign(2*x)", "sign(x)"),
        ("step(3*x)", "step(x)"),
    ],
    "known sign": [
        ("abs(exp(x))", "exp(x)"),
        ("abs(p.*exp(x) + x.^2)", "p∘exp(x) + x∘x"),
        ("relu(softmax(x))", "softmax(x)"),
        ("sign(p + x.^2)", "𝟏_n"),
        ("step(1./p)", "𝟏_n"),
        ("abs(x'*x)", "xᵀx"),
    ],
    "inverse": [
        ("inv(2*A)", "0.5 inv(A)"),
        ("inv(t*A)", "inv(A)/t"),
        ("inv(I_n)", "I_n"),
        ("inv(diag(p))", "Diag(1./p)"),
        ("inv(kron(A, S))", "inv(A)⊗inv(S)"),
        ("inv(A')", "inv(A)ᵀ"),
    ],
    "transpose": [("det(A')", "det(A)"), ("logdet((A*B)')", "logdet(A B)")],
    "log of an inverse": [("logdet(inv(A))", "−logdet(A)"), ("log(1./p)", "−log(p)"), ("log(sqrt(p))", "0.5 log(p)")],
}


def test_every_normal_form_has_an_example_here():
    assert set(NORMAL) == {name for name, _, _ in NORMAL_FORMS}


@pytest.mark.parametrize(("text", "expected"), [case for cases in NORMAL.values() for case in cases])
def test_normal_forms(text, expected):
    expr = parse(text, DECLARED)
    assert expr.matrix() == expected
    assert_same_value(expr.simplify(), expr)


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(x.^2)",
        "sqrt(-2*x)",
        "relu(-x)",
        "log(x.^2)",
        "inv(A + B)",
        "det(A*B)",
        "abs(x - y)",
        "sign(x.^2)",
        "step(relu(x))",
        "abs(p - x.^2)",
    ],
)
def test_what_is_not_sure_to_be_equal_stays(text):
    assert normal_function(parse(text, DECLARED).simplify().base) is None
