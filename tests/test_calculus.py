"""Derivatives: against numbers, and the laws that they obey."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import sample, value

import tensordiag as td
from tensordiag.core.expressions import Sum, walk, zero
from tensordiag.core.functions import apply, reciprocal, sqrt
from tensordiag.errors import DifferentiationError, DimensionError, OrderError, UnknownTensorError
from tensordiag.testing import assert_same_value, check_derivative, random_diagram

seeds = st.integers(0, 10_000)
A, B, X, U, V, W, x, y, z, v, w, a = td.tensors(
    "A[n,n] B[n,n] X[m,n] U[m,k] V[n,k] W[m,n] mask, x[n] y[n] z[n] v[m] w[n] a"
)
S = td.Tensor("S", ("n", "n"), "sym")


def first_tensor(expr):
    return expr.tensors[0] if expr.tensors else None


# -- against numbers -----------------------------------------------------------------------------------


@given(seeds)
def test_random_multilinear_derivatives(seed):
    expr = random_diagram(seed, conjugates=seed % 4 == 0)
    for tensor in expr.tensors[:2]:
        check_derivative(expr, tensor, order=1 + (seed % 2), seed=seed)


@given(seeds)
@settings(max_examples=30)
def test_random_smooth_derivatives(seed):
    expr = random_diagram(seed, smooth=True, steps=5)
    for tensor in expr.tensors[:2]:
        check_derivative(expr, tensor, order=1 + (seed % 2), seed=seed)


CP = td.einsum("ir,jr,kr->ijk", td.Tensor("F", "m r"), td.Tensor("G", "n r"), td.Tensor("H", "p r"))
PEOPLE = {
    "x'Ax": x @ A @ x,
    "least squares": td.square_norm(X @ w - v),
    "tr(AXBX')": (td.Tensor("C", "m m") @ X @ B @ X.T).trace(),
    "masked factorisation": td.square_norm(W * (X - U @ V.T)),
    "CP loss": td.square_norm(td.Tensor("T", "m n p") - CP),
    "mixture": (A @ (B @ (td.Tensor("D", "n n") @ x)) * y) @ z,
    "mps norm": td.einsum("ia,aib,bi,jc,cjd,dj,ij->", *(td.Tensor(f"M{k}", d) for k, d in enumerate(
        ("s b", "b s c", "c s", "t b", "b t c", "c t", "s t")))),
    "logistic": apply("log1p", apply("exp", -(y * (A @ w)))).sum(),
    "attention": apply("softmax", A @ B.T, params=(1,)) @ td.Tensor("Y", "n k"),
    "norm": sqrt(td.square_norm(X @ w - v)),
    "rayleigh": (x @ A @ x) * reciprocal(x @ x),
    "log det": apply("logdet", td.identity("n") + X.T @ X),
    "mahalanobis": x @ apply("inv", td.identity("n") + A @ A.T) @ x,
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_what_people_ask_for(name):
    expr = PEOPLE[name]
    for tensor in expr.tensors:
        if "mask" not in tensor.facts:
            assert check_derivative(expr, tensor, order=2, sizes={"n": 3}) < 1e-7


# -- the seeds and other known answers -----------------------------------------------------------------


def test_known_answers():
    assert_same_value(td.diff(x * y * z, x), td.diag(y * z))
    assert_same_value(td.grad(x @ A @ x, x), (A + A.T) @ x)
    assert_same_value(td.hessian(x @ A @ x, x), A + A.T)
    assert_same_value(td.hessian(x @ S @ x, x), 2 * S)
    assert_same_value(td.grad(td.square_norm(x), x), 2 * x)
    assert_same_value(td.grad((A @ B).trace(), A), B.T)
    assert_same_value(td.grad(x @ A @ y, A), td.outer(x, y))
    assert_same_value(td.grad(apply("logdet", A), A), apply("inv", A).T)
    assert_same_value(td.diff(A.T, A), td.einsum("il,jk->ijkl", td.identity("n"), td.identity("n")))
    assert td.diff(A, A) == td.contract([], [], "ijij", {"i": A.dims[0], "j": A.dims[1]})
    assert td.diff(a, a) == td.ones(())
    assert td.diff(a * x, a).dims == x.dims


def test_a_symmetric_tensor_is_differentiated_as_if_its_entries_were_free():
    assert_same_value(td.grad((S @ B).trace(), S), B.T)


# -- legs and layouts ----------------------------------------------------------------------------------


def test_legs_are_the_expressions_then_the_variables():
    f = X @ td.Tensor("Z", ("n", "p"))
    made = td.diff(f, X)
    assert [str(d) for d in made.dims] == ["m", "p", "m", "n"]
    assert [str(d) for d in td.diff(f, X, layout="denominator").dims] == ["m", "n", "m", "p"]
    assert_same_value(td.diff(f, X, layout="denominator"), td.permute(made, (2, 3, 0, 1)))
    twice = td.diff(td.outer(x, x) @ w, x, w)
    assert [str(d) for d in twice.dims] == ["n", "n", "n"]
    g = td.diff(X @ x, X, x, layout="denominator")
    assert [str(d) for d in g.dims] == ["m", "n", "n", "m"]
    assert_same_value(g, td.permute(td.diff(X @ x, X, x), (1, 2, 3, 0)))


def test_several_variables_come_from_one_sweep():
    f = x @ A @ y
    together = td.grad(f, [x, A, y])
    assert together == [td.grad(f, x), td.grad(f, A), td.grad(f, y)]
    assert td.diff(f, ["x", y]) == [td.diff(f, x), td.diff(f, y)]
    assert td.diff(f, [x, y], A) == [td.diff(f, x, A), td.diff(f, y, A)]
    assert td.diff(f, []) == []
    assert td.grad(f, (x,)) == [td.grad(f, x)]


# -- laws ----------------------------------------------------------------------------------------------


def grown(seed, order=None, smooth=True):
    return random_diagram(seed, steps=4, order=order, smooth=smooth)


@given(seeds)
def test_the_derivative_of_the_flat_form_is_that_of_the_nested(seed):
    expr = grown(seed)
    if tensor := first_tensor(expr):
        assert_same_value(td.diff(expr, tensor), td.diff(expr.flat(), tensor), seed=seed, trials=1)


@given(seeds)
@settings(max_examples=30)
def test_linearity(seed):
    f, g = grown(seed, order=1), grown(seed + 1, order=1)
    g = g if g.dims == f.dims else f * f
    tensor = first_tensor(f)
    if tensor and all(t.dims == tensor.dims for t in g.tensors if t.name == tensor.name):
        renamed = td.substitute(g, {t: td.Tensor("G" + t.name, t.dims) for t in g.tensors if t not in f.tensors})
        left = td.diff(2 * f - 3 * renamed, tensor)
        right = 2 * td.diff(f, tensor) - 3 * td.diff(renamed.declaring([tensor]), tensor)
        assert_same_value(left, right, seed=seed, trials=1)


@given(seeds)
@settings(max_examples=30)
def test_the_product_rule(seed):
    f, g = grown(seed, order=1), apply("sin", grown(seed, order=1))
    if tensor := first_tensor(f):
        k = tensor.order
        rest = [td.Copy(1, dim) for dim in tensor.dims]
        wide = lambda e: td.contract([e, *rest], [[0], *([j + 1] for j in range(k))], range(k + 1))  # noqa: E731
        right = td.diff(f, tensor) * wide(g) + wide(f) * td.diff(g, tensor)
        assert_same_value(td.diff(f * g, tensor), right, seed=seed, trials=1)


@given(seeds)
def test_the_chain_rule(seed):
    inner = grown(seed, order=1)
    outer = apply("sin", td.Tensor("Q", (*inner.dims, "n")).T @ td.Tensor("inner", inner.dims))
    if tensor := first_tensor(inner):
        whole = td.substitute(outer, {td.Tensor("inner", inner.dims): inner})
        jacobian = td.substitute(td.diff(outer, "inner"), {td.Tensor("inner", inner.dims): inner})
        parts = td.diff(inner, tensor)
        n = parts.order
        glued = td.contract([jacobian, parts], [["o", 0], range(n)], ["o", *range(1, n)])
        assert_same_value(td.diff(whole, tensor), glued, seed=seed, trials=1)


@given(seeds)
@settings(max_examples=30)
def test_hessians_are_symmetric(seed):
    f = grown(seed, order=0)
    for one, two in itertools.islice(itertools.combinations_with_replacement(f.tensors, 2), 3):
        mixed = td.hessian(f, one, two)
        k = one.order
        assert_same_value(
            mixed, td.permute(td.hessian(f, two, one), [*range(two.order, mixed.order), *range(two.order)]), trials=1
        )
        assert mixed.dims == one.dims + two.dims
        assert k + two.order == mixed.order


@given(seeds)
@settings(max_examples=30)
def test_jvp_vjp_and_hvp_are_products_with_the_derivative(seed):
    f = grown(seed)
    tensor = first_tensor(f)
    if tensor is None:
        return
    h, g = td.Tensor("direction", tensor.dims), td.Tensor("cotangent", f.dims)
    jacobian = td.diff(f, tensor)
    n = f.order
    forward = td.contract([jacobian, h], [range(jacobian.order), range(n, jacobian.order)], range(n))
    backward = td.contract([g, jacobian], [range(n), range(jacobian.order)], range(n, jacobian.order))
    assert_same_value(td.jvp(f, tensor, h), forward, seed=seed, trials=1)
    assert_same_value(td.vjp(f, tensor, g), backward, seed=seed, trials=1)
    s = f.sum()
    hessian = td.hessian(s, tensor)
    k = tensor.order
    product = td.contract([hessian, h], [range(2 * k), range(k, 2 * k)], range(k))
    assert_same_value(td.hvp(s, tensor, h), product, seed=seed, trials=1)


@given(seeds)
@settings(max_examples=20)
def test_products_by_several_variables_are_sums_and_lists(seed):
    f = grown(seed)
    variables = [t for t in f.tensors if t.facts.isdisjoint({"sym", "spd", "diag", "orth", "mask", "prob", "wc"})][:3]
    along = [td.Tensor(f"along_{t.name}", t.dims) for t in variables]
    total = td.add([(1, td.jvp(f, t, h)) for t, h in zip(variables, along, strict=True)], f.dims)
    assert_same_value(td.jvp(f, variables, along), total, seed=seed, trials=1)
    g = td.Tensor("cotangent", f.dims)
    assert td.vjp(f, variables, g) == [td.vjp(f, t, g) for t in variables]
    s = f.sum()
    for t, made in zip(variables, td.hvp(s, variables, along), strict=True):
        gradient = td.grad(s, t)
        expected = [(1, td.jvp(gradient, other, h)) for other, h in zip(variables, along, strict=True)]
        assert_same_value(made, td.add(expected, t.dims), seed=seed, trials=1)


# -- relatives -----------------------------------------------------------------------------------------


def test_fresh_names_are_fresh():
    h, h1 = td.tensors("h[n] h1[n]")
    assert [t.name for t in td.jvp(x * y, x).tensors] == ["h", "x", "y"]
    assert [t.name for t in td.jvp(h * h1, h).tensors] == ["h", "h1", "h2"]
    assert "g" in [t.name for t in td.vjp(x * y, x).tensors]
    assert [t.name for t in td.jvp(x * y, x, "dx").tensors] == ["dx", "x", "y"]
    assert td.jvp(x @ A @ x, "x", "u").order == 0
    assert td.hvp(x @ A @ x, "x").dims == x.dims
    assert_same_value(td.jvp(x * y, x, 2 * z), 2 * z * y)
    assert td.jacobian(A @ x, x) == td.diff(A @ x, x)
    assert_same_value(td.jacobian(A @ x, x, layout="denominator"), A.T)


def test_directions_of_several_variables_are_called_after_them():
    h_x = td.Tensor("h_x", "n")
    assert td.jvp(x * y, [x, "y"]).matrix() == "h_x∘y + h_y∘x"
    assert td.jvp(x * y, ["x"]).matrix() == "h_x∘y"
    assert td.jvp(x @ y, [x, y]).latex() == r"h_{x}^{\top} y + h_{y}^{\top} x"
    assert [t.name for t in td.jvp(x * h_x, [x, h_x]).tensors] == ["h_h_x", "h_x", "h_x1", "x"]
    assert td.jvp(x * y, [x, y], [y, "dy"]).matrix() == "dy∘x + y∘y"
    assert td.jvp(x * y, [x, y], [td.Tensor("h_y", "n"), None]).matrix() == "h_y∘y + h_y1∘x"
    assert td.jvp(x * y, [x, x]).matrix() == "y∘(h_x + h_x1)"
    assert td.jvp(x * y, []) == td.zero("n")
    assert td.jvp(x, td.tensors("x[n] y[n]")).matrix() == "h_x"
    assert [made.matrix() for made in td.vjp(A @ x, [A, x], "u")] == ["u xᵀ", "Aᵀu"]
    assert td.hvp(x @ y, []) == []
    assert [made.matrix() for made in td.hvp(x @ A @ x, (x, A))] == ["(A + Aᵀ)h_x + (h_A + h_Aᵀ)x", "h_x xᵀ + x h_xᵀ"]
    drawing = td.hvp(x @ A @ x, [x, A])[0].draw()
    assert {"h_{x}", "h_{A}"} <= {text.label for text in drawing.scene.texts}


def test_directions_that_hold_a_variable_are_constants():
    h = td.Tensor("h_x", "n")
    f = (x**3).sum() + x @ A @ y
    one, two = td.hvp(f, [x, y], [2 * x, h])
    assert_same_value(one, 12 * x * x + A @ h)
    assert_same_value(two, 2 * (A.T @ x))
    assert [t.name for t in one.tensors] == ["A", "h_x", "x", "y"]
    assert_same_value(td.hvp(f, [x, y], [y, x])[1], A.T @ y)
    assert_same_value(td.hvp(f, x, 2 * x), 12 * x * x)


def test_products_by_several_variables_take_all_arrays():
    arrays = {"x": np.ones(3), "y": np.arange(3.0), "A": np.eye(3)}
    along = {"h_x": np.ones(3), "h_y": np.ones(3)}
    first, second = td.compile(td.hvp(x @ A @ y, [x, y]))(arrays | along)
    np.testing.assert_allclose([first, second], np.ones((2, 3)))
    assert td.jvp(x @ A @ y, [x, y]).evaluate(arrays | along) == 6
    del arrays["A"]
    assert not any(made.any() for made in td.compile(td.hvp(x.sum(), [x, y]))(arrays | along))


NO_VARIABLE = "differentiate by a tensor, its name, or entries and slices of one, not by"
MESSAGES = [
    (
        lambda: td.diff(td.parse("Ax"), "x"),
        UnknownTensorError,
        "cannot differentiate by 'x': no such tensor; Ax is one name, a product is written with * or a space",
    ),
    (lambda: td.diff(x, "z"), UnknownTensorError, "cannot differentiate by 'z': no such tensor; known here: x"),
    (
        lambda: td.diff(td.Tensor("weights", "n"), "wieghts"),
        UnknownTensorError,
        "cannot differentiate by 'wieghts': no such tensor; did you mean weights?",
    ),
    (
        lambda: td.diff(A @ x, A @ x),
        DifferentiationError,
        f"{NO_VARIABLE} <Diagram of 2 boxes [n]>",
    ),
    (
        lambda: td.diff(x, 3),
        DifferentiationError,
        "differentiate by a tensor, its name, or entries and slices of one, not by 3",
    ),
    (
        lambda: td.diff(x, [3]),
        DifferentiationError,
        "differentiate by a tensor, its name, or entries and slices of one, not by 3",
    ),
    (
        lambda: td.diff(x, td.Tensor("x", "m")),
        DimensionError,
        "the expression has x[n], but the variable is x[m]: one name, two shapes",
    ),
    (
        lambda: td.diff(x, x, layout="fortran"),
        DifferentiationError,
        "layout is 'numerator' or 'denominator', not 'fortran'",
    ),
    (
        lambda: td.grad(A @ x, x),
        OrderError,
        "a gradient needs a scalar, but <Diagram of 2 boxes [n]> has 1 leg; take .sum() or use diff",
    ),
    (lambda: td.hessian(x, x), OrderError, "a Hessian needs a scalar, but x[n] has 1 leg; take .sum() or use diff"),
    (
        lambda: td.hvp(x, x),
        OrderError,
        "a Hessian-vector product needs a scalar, but x[n] has 1 leg; take .sum() or use diff",
    ),
    (lambda: td.jvp(x, x, v), DimensionError, "the direction v[m] does not have the legs of x[n]"),
    (lambda: td.vjp(x, x, v), DimensionError, "the cotangent v[m] does not have the legs of x[n]"),
    (lambda: td.jvp(x, [x, y], [x, v]), DimensionError, "the direction v[m] does not have the legs of y[n]"),
    (
        lambda: td.jvp(x, [x, y], "v"),
        DifferentiationError,
        "the variables x, y need a list of as many directions, not 'v'",
    ),
    (
        lambda: td.hvp(x @ y, [x, y], [v]),
        DifferentiationError,
        "the variables x, y need a list of as many directions, not [v[m]]",
    ),
    (
        lambda: td.jvp(x, x, np.ones(3)),
        DifferentiationError,
        "a direction is a name or an expression, not ndarray: name it, and give the array when it is evaluated",
    ),
    (
        lambda: td.jvp(x, x, [v]),
        DifferentiationError,
        "a direction is a name or an expression, not list: name it, and give the array when it is evaluated",
    ),
    (
        lambda: td.vjp(x, x, 2.0),
        DifferentiationError,
        "a cotangent is a name or an expression, not float: name it, and give the array when it is evaluated",
    ),
    (lambda: td.jvp(x, 3), DifferentiationError, "here the variable is a tensor or its name, not 3"),
    (lambda: td.hvp(x @ y, [3]), DifferentiationError, "here the variable is a tensor or its name, not 3"),
]


@pytest.mark.parametrize(("make", "error", "message"), MESSAGES, ids=[row[2][:50] for row in MESSAGES])
def test_messages(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


# -- what is lost on the way ---------------------------------------------------------------------------


def test_a_variable_that_does_not_occur_gives_zero_with_its_legs():
    made = td.diff(A @ x, X)
    assert made == zero(("n", "m", "n"))
    assert isinstance(made, Sum)
    np.testing.assert_array_equal(
        made.evaluate(A=np.ones((3, 3)), x=np.ones(3), X=np.ones((2, 3))), np.zeros((3, 2, 3))
    )
    np.testing.assert_array_equal(made.evaluate(sizes={"m": 2, "n": 3}), np.zeros((3, 2, 3)))
    with pytest.raises(DimensionError, match="the size m is not known"):
        made.evaluate(A=np.ones((3, 3)))
    assert td.diff(A @ x, [x, X])[1] == made


def test_the_lost_variable_still_gives_sizes():
    made = td.diff(X, X)
    assert [t.name for t in made.tensors] == ["X"]
    expected = np.einsum("ik,jl->ijkl", np.eye(2), np.eye(3))
    np.testing.assert_array_equal(made.evaluate(X=np.ones((2, 3))), expected)
    np.testing.assert_array_equal(made.evaluate(sizes={"m": 2, "n": 3}), expected)
    with pytest.raises(DimensionError, match="the size m is not known"):
        made.evaluate()
    with pytest.raises(UnknownTensorError, match=r"^there is no tensor 'Y' here; known here: X$"):
        made.evaluate(Y=np.ones((2, 3)))


def test_a_lost_variable_is_still_known_by_name():
    linear = td.grad(x @ y, x)
    assert linear.flat() == y
    assert td.diff(linear, "x") == zero(("n", "n"))
    assert td.hessian(x @ y, "x") == zero(("n", "n"))
    assert td.diff(x @ A @ x, "x", "x", "x", "x").dims == x.dims * 4
    with pytest.raises(UnknownTensorError, match="no such tensor"):
        td.diff(y, "x")


def test_derivatives_of_constants():
    for constant in (td.identity("n"), td.ones("n"), td.Copy(3, "n"), zero(("n",)), td.ones(()), td.unit("n", 0)):
        assert td.diff(constant, x) == zero((*constant.dims, "n"))


def test_derivative_by_one_entry():
    entry = td.Tensor("e")
    i, j = td.unit("n", 0), td.unit("n", 1)
    moved = td.substitute(x @ A @ x, {A: A + td.outer(i, j) * entry})
    assert_same_value(td.grad(moved, entry), td.entry(td.grad(x @ A @ x, A), 0, 1))


# -- conjugates ----------------------------------------------------------------------------------------


def test_a_tensor_and_its_conjugate_are_independent():
    c = td.Tensor("c", ("n",))
    energy = td.inner(c.conj(), c)
    assert td.grad(energy, c).flat() == c.conj()
    assert td.grad(energy, c.conj()).flat() == c
    assert td.diff(c.conj(), c) == zero(("n", "n"))
    assert td.diff(c.conj(), c.conj()) == td.identity("n")
    assert td.grad(td.inner(x.conj(), x), "x").flat() == x.conj()
    real = td.Tensor("r", ("n",), "real")
    assert_same_value(td.grad(td.inner(real.conj(), real), real), 2 * real)


def test_the_relation_to_real_and_imaginary_parts():
    """∂f/∂A = ½(∂f/∂Re A − i ∂f/∂Im A) and ∂f/∂Ā = ½(∂f/∂Re A + i ∂f/∂Im A); for real f, JAX's grad is 2 ∂f/∂A,
    PyTorch's 2 ∂f/∂Ā."""
    f = td.inner((A @ x).conj(), A @ x) * (A @ x.conj()).sum() + td.inner(x, y)
    arrays, sizes = sample(f, 3)
    assert np.iscomplexobj(arrays["A"])
    h = 1e-6

    def at(change):
        return value(f, {**arrays, "x": arrays["x"] + change}, sizes)

    by_x, by_conjugate = td.grad(f, [x, x.conj()])
    for k in range(sizes["n"]):
        e = h * np.eye(sizes["n"])[k]
        real = (at(e) - at(-e)) / (2 * h)
        imaginary = (at(1j * e) - at(-1j * e)) / (2 * h)
        np.testing.assert_allclose(by_x.evaluate(arrays)[k], (real - 1j * imaginary) / 2, rtol=1e-6)
        np.testing.assert_allclose(by_conjugate.evaluate(arrays)[k], (real + 1j * imaginary) / 2, rtol=1e-6)


def test_conjugate_of_a_derivative_is_the_derivative_of_the_conjugate_by_the_conjugate():
    f = td.einsum("i,ij,j->", x.conj(), A, x)
    assert_same_value(td.diff(f, x).conj(), td.diff(f.conj(), x.conj()))
    assert_same_value(td.diff(A.H, A.conj()), td.diff(A.T, A))


def test_complex_coefficients():
    f = 2j * x @ A @ x
    assert_same_value(td.grad(f, x), 2j * (A + A.T) @ x)
    assert_same_value(f.conj(), -2j * x.conj() @ A.conj() @ x.conj())


# -- cost ----------------------------------------------------------------------------------------------


def count(*exprs):
    return sum(1 for _ in walk(*exprs))


def test_ten_nested_layers_give_a_gradient_linear_in_depth():
    def gradient(depth):
        made = x
        for k in range(depth):
            made = apply("tanh", td.Tensor(f"W{k}", ("n", "n")) @ made)
        return td.grad(made.sum(), [f"W{k}" for k in range(depth)])

    small, large = count(*gradient(10)), count(*gradient(20))
    assert large < 2.2 * small
    assert large < 40 * 20


def test_shared_parts_are_differentiated_once():
    made = x
    for _ in range(40):
        made = made * made + made
    assert count(td.diff(made, x)) < 40 * 20


def test_a_chain_of_ten_thousand():
    depth = 10_000
    matrices = [td.Tensor(f"M{k}", ("n", "n")) for k in range(depth)]
    made = x
    for matrix in matrices:
        made = matrix @ made
    scalar = y @ made
    gradients = td.grad(scalar, matrices)
    assert len(gradients) == depth
    assert all(gradient.dims == A.dims for gradient in gradients)
    assert count(*gradients) < 12 * depth
    flat = td.contract([x, *matrices, y], [[0], *([k + 1, k] for k in range(depth)), [depth]], [])
    assert len(flat.boxes) == len(scalar.flat().boxes)
    removed = td.grad(flat, [matrices[0], matrices[depth // 2], matrices[-1]])
    assert all(isinstance(gradient, td.Environment) for gradient in removed)
    assert removed[1].carried_out().dims == A.dims
    second = td.diff(gradients[depth // 2], matrices[7])
    assert second.dims == A.dims * 2


def test_products_with_a_derivative_take_all_arrays():
    x, y, A = td.tensors("x[n] y[n] A[n,n]")
    arrays = {"x": np.ones(3), "y": np.arange(3.0), "A": np.eye(3)}
    linear = x @ A @ y
    h, g = {"h": np.ones(3)}, {"g": np.ones(3)}
    np.testing.assert_allclose(td.hvp(linear, x).evaluate(arrays | h), np.zeros(3))  # which no array matters to
    np.testing.assert_allclose(td.jvp(x * y, x).evaluate({"x": np.ones(3), "y": np.arange(3.0)} | h), np.arange(3.0))
    np.testing.assert_allclose(td.vjp(x * y, x).evaluate({"x": np.ones(3), "y": np.arange(3.0)} | g), np.arange(3.0))
    constant = td.vjp(A @ y + 0 * x, x)
    np.testing.assert_allclose(constant.evaluate(arrays | g), np.zeros(3))


def test_a_joint_hessian_product_costs_a_few_gradients():
    X, W1, W2, W3 = td.tensors("X[b,m] W1[m,n] W2[n,n] W3[n,n]")
    out = td.tanh(td.tanh(td.tanh(X @ W1) @ W2) @ W3)
    loss, weights = td.square_norm(out), [W1, W2, W3]
    sizes = {"b": 20, "m": 30, "n": 10}
    gradients = td.compile(td.grad(loss, weights), sizes=sizes).plan.flops
    assert td.compile(td.hvp(loss, weights), sizes=sizes).plan.flops < 4 * gradients
