"""Matrix notation, LaTeX, Kronecker and index notation: what people write, read back with the same value."""

import importlib.util
import itertools
import math
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import tensordiag as td
from tensordiag.core.functions import apply, pow_
from tensordiag.errors import ExportError, OrderError
from tensordiag.notation import parse, to_index, to_kronecker, to_matrix
from tensordiag.notation.decimals import closed_form
from tensordiag.testing import assert_same_value, random_arrays, random_diagram, random_sizes

ROOT = Path(__file__).parent.parent


def load_page():
    spec = importlib.util.spec_from_file_location("docs_problems", ROOT / "docs" / "problems.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = load_page()
PROBLEMS = {case["id"]: case for case in PAGE.problems()}


def derived(text, wrt, dims):
    return td.diff(parse(text, dims), *wrt.split())


def check_read_back(expr):
    """The matrix notation is read back with the same legs and the same value."""
    text = expr.matrix()
    again = parse(text, list(expr.tensors))
    if expr.simplify().base == td.zero(expr.dims):
        assert text == "0"
        return
    assert again.dims == expr.dims, text
    assert_same_value(again, expr, trials=1)


# -- forms that people write -----------------------------------------------------------------------------

FORMS = [
    ("norm2(x)", "x", "x[n]", "x/norm2(x)"),
    ("norm2(x)", "x x", "x[n]", "I_n/norm2(x) − x xᵀ/norm2(x)^3"),
    ("norm2(x)^3", "x", "x[n]", "3norm2(x)x"),
    ("1/norm2(x)", "x", "x[n]", "−x/norm2(x)^3"),
    ("log(norm2(x))", "x", "x[n]", "x/(xᵀx)"),
    ("(x'*x)^2", "x", "x[n]", "4(xᵀx)x"),
    ("(x'*x)^2", "x x", "x[n]", "4(xᵀx)I_n + 8x xᵀ"),
    ("x'*A*x/(x'*x)", "x", "A[n,n] sym, x[n]", "2A x/(xᵀx) − 2(xᵀA x)x/(xᵀx)^2"),
    ("sqrt(x'*A*x)", "x", "A[n,n] spd, x[n]", "A x/sqrt(xᵀA x)"),
    ("exp(-x'*A*x/2)", "x x", "A[n,n] spd, x[n]", "exp(−0.5 xᵀA x)(A x xᵀA − A)"),
    ("norm2(A*x-b)^2 + t*norm2(x)^2", "x", "A[m,n] x[n] b[m] t", "2Aᵀ(A x − b) + 2t x"),
    ("norm2(x-y)^2", "x", "x[n] y[n]", "2(x − y)"),
    ("exp(-norm2(x-y)^2/(2*s^2))", "x", "x[n] y[n] s", "−exp(−norm2(x − y)^2/(2s^2))(x − y)/s^2"),
    ("norm1(x)", "x", "x[n]", "sign(x)"),
    ("sum(x.*sign(x))", "x", "x[n]", "sign(x)"),
    ("sqrt(t)", "t", "t pos", "1/(2sqrt(t))"),
    ("sum(sqrt(x))", "x", "x[n] pos", "0.5./sqrt(x)"),
    ("1/t^2", "t", "t", "−2/t^3"),
    ("t^0.3", "t", "t pos", "0.3/t^0.7"),
    ("a^b", "b", "a pos, b", "log(a)a^b"),
    ("x.^a", "x", "x[n] pos, a", "a Diag(x.^(a − 1))"),
    ("x./y", "y", "x[n] y[n]", "−Diag(x./y.^2)"),
    ("t*exp(-t)", "t", "t", "exp(−t)(1 − t)"),
    ("1/(1+exp(-t))", "t", "t", "sigmoid(t)(1 − sigmoid(t))"),
    ("sum(log(1+exp(X*w))) - y'*X*w", "w", "X[m,n] y[m] w[n]", "Xᵀ(sigmoid(X w) − y)"),
    (
        "y'*log(sigmoid(X*w)) + (1-y)'*log(1-sigmoid(X*w))",
        "w",
        "X[m,n] y[m] w[n]",
        "Xᵀ(y − sigmoid(X w))",
    ),
    ("softmax(x)", "x", "x[n]", "Diag(softmax(x)) − softmax(x)softmax(x)ᵀ"),
    ("log(sum(exp(A*x+b)))", "x", "A[m,n] x[n] b[m]", "Aᵀsoftmax(A x + b)"),
    ("-y'*log(softmax(W*x))", "W", "y[m] prob, W[m,n] x[n]", "(softmax(W x) − y)xᵀ"),
    ("tanh(W*x + b)", "x", "W[m,n] x[n] b[m]", "Diag(1 − tanh(W x + b).^2)W"),
    ("sum(log(cosh(x)))", "x", "x[n]", "tanh(x)"),
    ("sin(x)./x", "x", "x[n]", "Diag(cos(x)./x − sin(x)./x.^2)"),
    ("x'*log(x./y)", "x", "x[n] pos, y[n] pos", "log(x./y) + 1"),
    ("norm2(W.*(A-U*V'))^2", "U", "W[m,n] A[m,n] U[m,k] V[n,k]", "−2(W∘W∘(A − U Vᵀ))V"),
    ("tr(A'*diag(x)*B)", "x", "A[m,n] x[m] B[m,n]", "diag(A Bᵀ)"),
    ("x'*(A.*B)*x", "A", "A[n,n] B[n,n] x[n]", "Diag(x)B Diag(x)"),
    ("logdet(X)", "X", "X[n,n] spd", "inv(X)"),
    ("det(X)^2", "X", "X[n,n] wc", "2det(X)^2 inv(X)ᵀ"),
    ("sqrt(det(X'*X))", "X", "X[m,n] tall", "sqrt(det(XᵀX))X inv(XᵀX)"),
    ("det(A*X)", "X", "A[n,n] wc, X[n,n] wc", "det(A X)inv(X)ᵀ"),
    ("logdet(2*t*X)", "X", "t pos, X[n,n] wc", "inv(X)ᵀ"),
    ("logdet(I + X*X')", "X", "X[m,n]", "2inv(X Xᵀ + I_m)X"),
    ("x'*inv(A + t*I)*x", "t", "A[n,n] spd, x[n] t pos", "−xᵀinv(A + t I_n)^2 x"),
    ("tr(X^3)", "X", "X[n,n]", "3(X^2)ᵀ"),
    ("norm2(X'*X-I)^2", "X", "X[m,n]", "4X (XᵀX − I_n)"),
    ("norm2((A*X*B+C))^2", "X", "A[m,n] X[n,p] B[p,q] C[m,q]", "2Aᵀ(A X B + C)Bᵀ"),
    ("a*tr(X'*B*X)", "X", "a X[m,n] B[m,m]", "a (B + Bᵀ)X"),
    ("sum(X)^2", "X", "X[m,n]", "2sum(X)𝟏_m 𝟏_nᵀ"),
    ("kron(A,x)*y", "x", "A[m,n] x[p] y[n]", "(A y)⊗I_p"),
    ("kron(A,B)*x", "x", "A[m,n] B[p,q] x[n*q]", "A⊗B"),
    ("norm2(kron(A,B)*x-y)^2", "x", "A[m,n] B[p,q] x[n*q] y[m*p]", "2(Aᵀ⊗Bᵀ)((A⊗B)x − y)"),
    ("kron(x,y)'*A*kron(x,y)", "x", "x[m] y[n] A[m*n,m*n]", "(I_m⊗yᵀ)(A + Aᵀ)(x⊗y)"),
    ("norm2(X - A*kr(B,C)')^2", "A", "X[m,p*q] A[m,r] B[p,r] C[q,r]", "−2(X − A kr(B, C)ᵀ)kr(B, C)"),
    ("(kron(A,I_n)+kron(I_m,B))*x", "x", "A[m,m] B[n,n] x[m*n]", "A⊗I_n + I_m⊗B"),
    ("logdet(kron(A,X))", "X", "A[m,m] wc, X[n,n] wc", "tr(I_m)inv(X)ᵀ"),
    ("kron(kron(A,B),C)*x", "x", "A[m,n] B[p,q] C[k,l] x[n*q*l]", "(A⊗B)⊗C"),
    ("sum(X.*log(X./(W*H)))", "H", "X[m,n] pos, W[m,k] pos, H[k,n] pos", "−Wᵀ(X./(W H))"),
    ("sum(softmaxrows(X).*Y)", "X", "X[m,n] Y[m,n]", "Y∘softmaxrows(X) − Diag(diag(Y softmaxrows(X)ᵀ))softmaxrows(X)"),
    ("t^n", "t t", "t pos, n", "n (n − 1)t^(n − 2)"),
    ("norm2(A-X*X')", "X", "A[m,m] sym, X[m,n]", "−2(A − X Xᵀ)X/norm2(A − X Xᵀ)"),
    ("x'*y/(norm2(x)*norm2(y))", "x", "x[n] y[n]", "(y/norm2(x) − (xᵀy)x/norm2(x)^3)/norm2(y)"),
    ("x*2*e3", "x", "x[n] e3", "2 e3 I_n"),
]


@pytest.mark.parametrize(("text", "wrt", "dims", "expected"), FORMS, ids=[f"{c[0]}-{c[1]}" for c in FORMS])
def test_derivatives_print_as_people_write_them(text, wrt, dims, expected):
    expr = derived(text, wrt, dims)
    assert expr.matrix() == expected
    check_read_back(expr)


LATEX = [
    ("x'*A*x", "x", "A[n,n] x[n]", r"\left(A + A^{\top}\right) x"),
    ("logdet(X)", "X", "X[n,n] wc", r"X^{-\top}"),
    (
        "norm2(x)",
        "x x",
        "x[n]",
        r"\frac{I_{n}}{\left\Vert x \right\Vert} - \frac{x x^{\top}}{\left\Vert x \right\Vert^{3}}",
    ),
    ("sqrt(t)", "t", "t pos", r"\frac{1}{2 \sqrt{t}}"),
    ("x.*y_1.*z2", "x", "x[n] y_1[n] z2[n]", r"\operatorname{Diag}\left(y_{1} \circ z_{2}\right)"),
    ("tr(X^3)", "X", "X[n,n]", r"3 \left(X^{2}\right)^{\top}"),
    ("x'*α*Σ*x/3", "x", "x[n] α Σ[n,n] sym", r"\frac{2}{3} \alpha \Sigma x"),
    ("tr(inv(X))", "X", "X[n,n] wc", r"-\left(X^{-2}\right)^{\top}"),
    ("weights'*x", "x", "weights[n] x[n]", r"\mathrm{weights}"),
    ("kron(A,x)*y", "x", "A[m,n] x[p] y[n]", r"\left(A y\right) \otimes I_{p}"),
    ("X*Y", "X", "X[m,n] Y[n,p]", r"\delta_{ik} Y_{lj}"),
]


@pytest.mark.parametrize(("text", "wrt", "dims", "expected"), LATEX, ids=[case[0] for case in LATEX])
def test_latex(text, wrt, dims, expected):
    assert derived(text, wrt, dims).latex() == expected


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_latex_of_every_problem_is_typeset(name):
    expr = PAGE.derivative(PROBLEMS[name])
    for text in (expr.latex(), to_index(expr, latex=True)):
        MathTextParser("agg").parse(f"${text}$")  # raises where it is no LaTeX mathematics


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_compiles(tmp_path):
    formulas = [PAGE.derivative(case).latex() for case in PROBLEMS.values()]
    body = "\n".join(rf"\[{formula}\]" for formula in formulas)
    source = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "all.tex").write_text(source)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


# -- reading back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_matrix_notation_of_every_problem_is_read_back(name):
    expr = PAGE.derivative(PROBLEMS[name])
    if expr.order > 2:
        with pytest.raises(ExportError, match=r"(has|is) no matrix notation"):
            expr.matrix()
        return
    check_read_back(expr)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if PAGE.derivative(PROBLEMS[name]).order == 4])
def test_kronecker_forms_are_read_back(name):
    expr = PAGE.derivative(PROBLEMS[name])
    try:
        text = expr.kronecker()
    except ExportError as error:
        assert re.search(r"use .index\(\)", str(error))  # noqa: PT017 both outcomes are right
        return
    i, j, k, m = expr.dims
    assert_same_value(parse(text, list(expr.tensors)), td.reshape(expr, (i * j, k * m)), trials=1)


SCALARS = ["t", "a", "2", "x'*y", "sum(x)", "tr(A)", "norm2(x)", "x'*A*y", "sum(A.*B)", "logsumexp(x)"]
VECTORS = ["x", "y", "A*x", "B'*y", "x.*y", "exp(x)", "tanh(A*x)", "diag(A)", "x./p", "softmax(x)", "p.^2", "vector(1)"]
MATRICES = ["A", "B'", "A*B", "x*y'", "A.*B", "diag(x)", "sin(A)", "inv(S)", "eye", "S"]
DECLARED = "A[n,n] B[n,n] S[n,n] spd, x[n] y[n] p[n] pos, t pos, a"


@st.composite
def texts(draw, kind, depth=2):
    """A random text of one kind; sizes are all n."""
    leaves = {"scalar": SCALARS, "vector": VECTORS, "matrix": MATRICES}[kind]
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return f"({draw(st.sampled_from(leaves))})"

    def below(other):
        return draw(texts(other, depth - 1))

    choice = draw(st.integers(0, 6))
    if choice == 0:
        return f"({below(kind)} + {below(kind)})"
    if choice == 1:
        return f"({below(kind)} - {below(kind)})"
    if choice == 2:
        return f"({below('scalar')}*{below(kind)})"
    if choice == 3:
        return f"({below(kind)}.*{below(kind)})"
    if choice == 4:
        return f"{draw(st.sampled_from(['sin', 'exp', 'tanh', 'sigmoid']))}({below(kind)})"
    if kind == "scalar":
        made = draw(
            st.sampled_from(["{v}'*{w}", "{v}'*{M}*{w}", "tr({M})", "sum({v})", "norm2({v})^2", "{s}/(1 + {s}^2)"])
        )
    elif kind == "vector":
        made = draw(st.sampled_from(["({M}*{v})", "({M}'*{v})", "diag({M})", "{v}./(1 + {w}.^2)", "({s}*{v})"]))
    else:
        made = draw(st.sampled_from(["({M}*{N})", "({M}'*{N})", "({v}*{w}')", "diag({v})", "inv(S + {v}*{v}')"]))
    parts = {"v": "vector", "w": "vector", "M": "matrix", "N": "matrix", "s": "scalar"}
    return f"({made.format(**{key: below(parts[key]) for key in parts if f'{{{key}}}' in made})})"


def read(text):
    """The expression of a random text, n where nothing fixes a size."""
    return parse(text.replace("eye", "I_n").replace("vector(1)", "𝟏_n"), DECLARED)


@given(st.sampled_from(["scalar", "vector", "matrix"]).flatmap(texts))
def test_random_texts_are_read_back(text):
    check_read_back(read(text))


@given(texts("scalar"), st.sampled_from(["x", "A", "S", "t"]))
def test_gradients_of_random_texts_are_read_back(text, name):
    expr = td.diff(read(text), name)
    try:
        check_read_back(expr)
    except ExportError:
        assert to_index(expr)  # no chain of matrix products


@given(texts("vector", depth=1), st.sampled_from(["x", "y", "p"]))
def test_jacobians_and_hessians_of_random_texts_are_read_back(text, name):
    expr = read(text)
    for made in (td.diff(expr, name), td.diff(expr @ expr, name, name)):
        try:
            check_read_back(made)
        except ExportError:
            assert to_index(made)


@given(texts("scalar"), st.sampled_from(["x", "A"]))
def test_the_printed_derivative_is_the_numerical_one(text, name):
    expr = read(text)
    gradient = td.diff(expr, name)
    try:
        shown = parse(gradient.matrix(), list(gradient.tensors))
    except ExportError:
        return
    sizes = {"n": 3}
    arrays = random_arrays(expr, 3, sizes)
    direction = np.random.default_rng(4).standard_normal(arrays[name].shape)

    def value(step):
        moved = arrays | {name: arrays[name] + step * direction}
        return float(expr.evaluate(moved, sizes=sizes))

    slope = (8 * (value(1e-3) - value(-1e-3)) - (value(2e-3) - value(-2e-3))) / 12e-3
    got = float(np.sum(shown.evaluate({t.name: arrays[t.name] for t in shown.tensors}, sizes=sizes) * direction))
    scale = max(1.0, abs(got), abs(float(expr.evaluate(arrays, sizes=sizes))))
    if np.isfinite(slope) and scale < 1e6:
        assert abs(got - slope) < 1e-5 * scale


@given(st.integers(0, 10_000))
def test_random_diagrams_have_index_notation_and_are_read_back_where_they_have_a_matrix(seed):
    expr = random_diagram(seed)
    assert to_index(expr)
    assert to_index(expr, latex=True)
    try:
        text = expr.matrix()
    except ExportError:
        return
    if text != "0" and not re.search(r"conj|j\)", text):
        assert_same_value(parse(text, list(expr.tensors)), expr, trials=1)


# -- corners of matrix notation --------------------------------------------------------------------------


def test_an_identity_beside_a_tensor_of_its_name():
    expr = td.Tensor("I_n", ("n", "n")) + td.identity("n")
    assert expr.matrix() == "I_n + I_{n}"
    check_read_back(expr)


def test_what_has_no_matrix_notation_says_so():
    x, M, T = td.tensors("x[n] M[n,n] T[n,n,n]")
    with pytest.raises(ExportError, match=r"a result of order 3 has no matrix notation; use .index\(\)"):
        td.diff(M @ x, M).matrix()
    with pytest.raises(ExportError, match=r"has 3 legs: there is no matrix notation; use .index\(\)"):
        td.einsum("ijk,j,k->i", T, x, x).matrix()
    with pytest.raises(ExportError, match="no chain of matrix products"):
        td.einsum("ij,jk,ki,kl,li,lj->", *[M] * 6).matrix()
    with pytest.raises(ExportError, match="merged legs that are no Kronecker product"):
        td.reshape(td.vec(td.Tensor("N", ("m", "n"))), ("m", "n")).matrix()
    with pytest.raises(ExportError, match=r"along legs \(0, 1\) has no matrix notation"):
        apply("softmax", M, params=(0, 1)).matrix()


def test_vectorised_matrices_print_and_are_read_back():
    A, B, x, y, c = td.tensors("A[m,m] B[m,n] x[m] y[n] c[n*m]")
    texts = {
        "vec(B)": td.vec(B),
        "vec(Bᵀ)": td.vec(B.T),
        "vec(I_m)": td.vec(td.identity("m")),
        "vec(Diag(x))": td.vec(td.diag(x)),
        "vec(Diag(diag(A)))": td.vec(A * td.identity("m")),
        "sum(vec(I_m))": td.vec(td.identity("m")).sum(),
        "vec(Diag(x)B Diag(y))": td.vec(B * td.outer(x, y)),
        "cᵀvec(B)": td.vec(B) @ c,
        "vec(A)∘vec(B Bᵀ)": td.vec(B @ B.T) * td.vec(A),
        "vec(AᵀB BᵀA)": td.kron(A.T, A.T) @ td.vec(B @ B.T),
    }
    for text, expr in texts.items():
        assert expr.matrix() == text
        check_read_back(expr)
    with pytest.raises(td.errors.ParseError, match="vec takes a matrix, not the column x"):
        td.parse("vec(x)")


def test_sums_over_columns_and_triangles_that_are_not_square_are_read_back():
    V, p, q = td.tensors("V[m,n] p[m] q[n]")
    columns = td.logsumexp(V, axis=0)
    triangle = td.tril(td.outer(td.ones(["m"]), td.ones(["n"])))
    texts = {
        "logsumexpcols(V)ᵀ": columns,
        "Vᵀp − 2logsumexpcols(V)ᵀ": V.T @ p - 2 * columns,
        "V logsumexpcols(V)ᵀ": V @ columns,
        "p∘logsumexprows(V)": td.logsumexp(V, axis=1) * p,
        "tril(𝟏_m 𝟏_nᵀ)q": triangle @ q,
        "p∘(tril(𝟏_m 𝟏_nᵀ)q)": p * (triangle @ q),
    }
    for text, expr in texts.items():
        assert expr.matrix() == text
        check_read_back(expr)
    square = td.tril(td.outer(td.ones(["m"]), td.ones(["m"])))
    assert (square @ p).matrix() == "cumsum(p)"


def test_kronecker_of_order_3():
    A, x, y = td.tensors("A[m,n] x[n] y[m]")
    assert to_kronecker(td.diff(A @ x, A), rows=1) == "I_m⊗xᵀ"
    assert to_kronecker(td.diff(td.outer(y, x), y), rows=2) == "I_m⊗x"
    assert to_kronecker(td.diff(td.outer(y, x), x), rows=2) == "y⊗I_n"
    for text, expr, dims in [
        ("I_m⊗xᵀ", td.diff(A @ x, A), ("m", "m*n")),
        ("y⊗I_n", td.diff(td.outer(y, x), x), ("m*n", "n")),
    ]:
        assert_same_value(parse(text, [x, y]), td.reshape(expr, dims))


def test_errors_of_kronecker_forms():
    A, x = td.tensors("A[m,n] x[n]")
    with pytest.raises(OrderError, match=r"results of order 3 and 4, not 2; use .matrix\(\)"):
        to_kronecker(A)
    with pytest.raises(OrderError, match="say whether 1 or 2 legs"):
        to_kronecker(td.diff(A @ x, A))
    with pytest.raises(OrderError, match="3 of 4 legs cannot count the rows"):
        to_kronecker(td.diff(A, A), rows=3)
    with pytest.raises(ExportError, match=r"no sum of Kronecker products; use .index\(\)"):
        to_kronecker(td.diff(A.T, A))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (pow_(td.Tensor("x", "n"), 0.3), "x.^0.3"),
        (pow_(td.Tensor("x", "n"), -0.5), "1./sqrt(x)"),
        (pow_(td.Tensor("t"), 0.123456789), "t^0.123456789"),
        (1e-5 * td.Tensor("x", "n"), "1e-05 x"),
        (td.Tensor("x", "n") / 3, "x/3"),
        (2 * pow_(td.Tensor("x", "n"), -1), "2./x"),
        (td.Tensor("A", ("n", "n")).H, "conj(A)ᵀ"),
        (apply("pow", 2 * td.ones("n"), td.Tensor("x", "n")), "2.^x"),
        (apply("pow", td.ones(()) / 3, td.Tensor("t")), "(1/3)^t"),
        (apply("pow", td.Tensor("t"), td.ones(()) / 3), "t^(1/3)"),
        (apply("pow", td.Tensor("t"), td.ones(()) * -2), "t^(−2)"),
        (td.zero(("n", "n")), "0"),
        (td.ones(()) * 5, "5"),
        (td.ones(("m", "n")), "𝟏_m 𝟏_nᵀ"),
        (td.identity("2*n-1"), "I_{2*n-1}"),
    ],
)
def test_numbers_and_constants(expr, text):
    assert to_matrix(expr) == text


@pytest.mark.parametrize(
    ("text", "wrt", "printed"),
    [
        ("sum(erf(x))", "x", "2exp(−x∘x)/sqrt(π)"),
        ("sum(gelu(x))", "x", "x∘exp(−0.5 (x∘x))/sqrt(2π) + 0.5 (erf(x/sqrt(2)) + 1)"),
        ("2*pi*x", "", "2π x"),
        ("3.141592653589793^2*x/2", "", "π^2 x/2"),
        ("1.7724538509055159./x", "", "sqrt(π)./x"),
        ("x/(2*pi)^1.5", "", "x/(2π sqrt(2π))"),
        ("1/(2*pi*t)", "", "1/(2π t)"),
        ("-2.5066282746310002", "", "−sqrt(2π)"),
        ("0.1234567890123*x", "", "0.1234567890123 x"),
        ("x/3 + y/2", "", "x/3 + y/2"),
        ("0.5*x - 0.25*y", "", "0.5 x − 0.25 y"),
        ("x.^3/6 - x.*y*2/3", "", "x.^3/6 − 2(x∘y)/3"),
    ],
)
def test_coefficients_as_people_write_them(text, wrt, printed):
    expr = derived(text, wrt, "x[n] y[n] t pos") if wrt else parse(text, "x[n] y[n] t pos")
    assert expr.matrix() == printed
    check_read_back(expr)
    assert parse(printed, "x[n] y[n] t pos").matrix() == printed


def test_only_roots_and_powers_of_pi_are_read_out_of_a_float():
    rng = np.random.default_rng(0)
    assert closed_form(math.pi / 3).ratio == Fraction(1, 3)
    for number in rng.uniform(0.01, 100, 3000):
        assert closed_form(float(number)) is None
        assert to_matrix(float(number) * td.Tensor("x", "n")) == f"{float(number)!r} x"


def test_numbers_side_by_side_in_index_notation():
    expr = parse("sqrt(3)*x/2")
    assert expr.index() == "1/2·3^{1/2} x_i"
    assert to_index(expr, latex=True) == r"\frac{1}{2} \cdot 3^{1/2} x_{i}"


def test_a_tensor_called_pi_keeps_its_name():
    circle = td.Tensor("π")
    assert (math.pi * circle).matrix() == "3.141592653589793 π"
    assert (math.pi * circle).index() == "3.141592653589793 π"
    check_read_back(math.pi * circle)


def test_taylor_polynomials_have_one_kind_of_fraction():
    x = td.Tensor("x", "n")
    expr = td.taylor(td.sin(x), x, 3)
    assert str(expr) == "h∘cos(x) + sin(x) − h.^3∘cos(x)/6 − h∘h∘sin(x)/2"
    check_read_back(expr)


# -- index notation --------------------------------------------------------------------------------------


def indexed_value(text, arrays, sizes, dims):
    """The value of index notation of products of tensors and δ, read independently of the package."""
    free = "ijklmnopqrstuvwxyzabcdefgh"[: len(dims)]
    total = np.zeros([sizes[str(dim)] for dim in dims])
    for sign, term in re.findall(r"(^-|^| \+ | - )(.+?)(?= \+ | - |$)", text):
        operands, rows = [], []
        coefficient = -1.0 if "-" in sign else 1.0
        for word in re.sub(r"Σ_\w+ ", "", term).split(" "):
            match = re.fullmatch(r"\(?([A-Za-zδ]+)_([a-z]+)\)?(?:\^(\d+))?", word)
            if match is None:
                coefficient *= float(np.prod([float(f) for f in word.split("/")[:1]])) if word[0].isdigit() else 1.0
                coefficient *= sizes.get(word, 1) if word.isalpha() and word not in arrays else 1.0
                coefficient *= float(arrays[word]) if word in arrays else 1.0
                continue
            name, letters, power = match.groups()
            for _ in range(int(power or 1)):
                operands.append(name)
                rows.append(letters)
        size = dict(zip(free, total.shape, strict=True))
        for name, letters in zip(operands, rows, strict=True):
            if name != "δ":
                size.update(zip(letters, arrays[name].shape, strict=True))
        values = [
            np.eye(size.get(r[0], size.get(r[1]))) if o == "δ" else arrays[o]
            for o, r in zip(operands, rows, strict=True)
        ]
        given = "".join(rows)
        for letter in free:
            if letter not in given:
                values.append(np.ones(size[letter]))
                rows.append(letter)
        total = total + coefficient * np.einsum(",".join(rows) + "->" + free, *values)
    return total


MULTILINEAR = [
    ("x'*A*x", "x x"),
    ("A*B", "A"),
    ("A*B*A", "A"),
    ("A'*B*A", "A"),
    ("tr(A*B*A')", "A A"),
    ("x*y'*A", "x"),
    ("(x'*y)*x", "x x"),
    ("x.*x.*y", "x x"),
    ("A.*B", "B"),
    ("tr(A*A*A)", "A A"),
    ("3*sum(A)*x", "A"),
    ("diag(x)*A*diag(x)", "x"),
]


@pytest.mark.parametrize(("text", "wrt"), MULTILINEAR)
def test_index_notation_says_the_value(text, wrt):
    expr = derived(text, wrt, "A[n,n] B[n,n] x[n] y[n]")
    sizes = {"n": 3}
    arrays = random_arrays(expr, 1, sizes)
    shown = expr.index()
    np.testing.assert_allclose(
        indexed_value(shown, arrays, sizes, expr.dims), expr.evaluate(arrays, sizes=sizes), err_msg=shown
    )


def test_index_notation_goes_past_26_letters_and_captures_none():
    chain = td.Tensor("A0", ("n", "n"))
    for number in range(1, 40):
        chain = chain @ td.Tensor(f"A{number}", ("n", "n"))
    text = to_index(chain)
    assert "A0_ik" in text
    pairs = re.findall(r"A(\d+)_\{?([a-z]\d*),?([a-z]\d*)\}?", text)
    assert [int(number) for number, _, _ in pairs] == list(range(40))
    assert all(left[2] == right[1] for left, right in itertools.pairwise(pairs))
    inner = [left[2] for left in pairs[:-1]]
    assert len(set(inner)) == 39
    assert not {"i", "j"} & set(inner)


def test_nested_sums_take_fresh_letters():
    A, x = td.tensors("A[m,n] x[n]")
    expr = apply("exp", A @ apply("exp", A.T @ A @ x))
    text = to_index(expr)
    bound = re.findall(r"Σ_([a-z]+)", text)
    letters = "".join(bound)
    assert len(letters) == len(set(letters))
    assert "i" not in letters


@pytest.mark.parametrize(
    ("text", "wrt", "dims", "expected"),
    [
        ("x.*y", "x", "x[n] y[n]", "δ_ij y_i"),
        ("inv(X)", "X", "X[n,n] wc", "-inv(X)_ik inv(X)_lj"),
        ("a - x'*x", "x", "a x[n]", "-2 x_i"),
        ("a*x - b*x", "x", "a b x[n]", "(a - b) δ_ij"),
        ("b*x'*x - a*x'*y", "x", "a b x[n] y[n]", "2 b x_i - a y_i"),
        ("kron(X,Y)", "X", "X[m,n] Y[p,q]", "Σ_mn δ_{i,(km)} δ_{j,(ln)} Y_mn"),
        ("1./x", "x", "x[n]", "-δ_ij (x_i)^{-2}"),
        ("x'*x*x'*x", "x", "x[n]", "4 Σ_j x_i (x_j)^2"),
    ],
)
def test_index_notation(text, wrt, dims, expected):
    assert derived(text, wrt, dims).index() == expected


# -- the page --------------------------------------------------------------------------------------------


def test_the_page_of_problems_is_what_its_script_makes():
    assert PAGE.PAGE.read_text(encoding="utf-8") == PAGE.page()


def test_sizes_are_found():
    assert random_sizes(PAGE.derivative(PROBLEMS["mc-81"]))["n"] >= 2


@pytest.mark.parametrize(
    ("text", "dims", "printed"),
    [
        ("(A-B)'*(A-B)", "A[m,n], B[m,n]", "(A − B)ᵀ(A − B)"),
        ("logdet((A-B)'*(A-B))", "A[m,n], B[m,n]", "logdet((A − B)ᵀ(A − B))"),
        ("tr((A-B)'*(A-B))", "A[m,n], B[m,n]", "norm2(A − B)^2"),
        ("(x-y)'*(x-y)", "x[n], y[n]", "norm2(x − y)^2"),
        ("(x-y)*(x-y)'", "x[n], y[n]", "(x − y)(x − y)ᵀ"),
    ],
)
def test_only_a_scalar_is_the_square_of_a_norm(text, dims, printed):
    f = td.parse(text, dims)
    assert f.matrix() == printed
    assert_same_value(td.parse(printed, dims), f)


@pytest.mark.parametrize(
    ("text", "by", "printed"),
    [
        ("tril(A)*x", None, "tril(A)x"),
        ("triu(A)", None, "triu(A)"),
        ("cumsum(x)", None, "cumsum(x)"),
        ("logdet(tril(L)*tril(L)')", "L", "2tril(inv(tril(L)tril(L)ᵀ)tril(L))"),
        ("sum(cumsum(x).^2)", "x", "2tril(𝟏_n 𝟏_nᵀ)ᵀcumsum(x)"),
    ],
)
def test_triangles_are_written_as_the_language_has_them(text, by, printed):
    f = td.parse(text, "x[n], A[n,n], L[n,n]")
    made = td.diff(f, by) if by else f
    assert made.matrix() == printed
    assert_same_value(td.parse(printed, "x[n], A[n,n], L[n,n]"), made)


def test_merged_legs_are_reshapes_in_exported_code():
    A, B = td.tensors("A[m,n] B[p,q]")
    x = td.Tensor("x", "n*q")
    made = td.kron(A, B)
    assert str(made.einsum()) == (
        "np.einsum('ij,kl->ikjl', A, B).reshape(A.shape[0]*B.shape[0], A.shape[1]*B.shape[1])"
    )
    rng = np.random.default_rng(0)
    arrays = {"A": rng.normal(size=(2, 3)), "B": rng.normal(size=(4, 5)), "x": rng.normal(size=15)}
    for expr in (made, 2 * made, made @ x, td.diff(made, A), td.vec(A @ A.T), td.diff(td.vec(A), A), td.kron(A, made)):
        code = str(expr.einsum())
        given = {name: array for name, array in arrays.items() if name in {t.name for t in expr.tensors}}
        np.testing.assert_allclose(eval(code, {"np": np, **arrays}), expr.evaluate(given), err_msg=code)
    identity = td.kron(A, td.identity("k")) @ td.Tensor("y", "n*k")
    derived = td.diff(identity, "y")
    given = {"A": arrays["A"], "y": np.ones(6)}
    np.testing.assert_allclose(eval(str(derived.einsum()), {"np": np, **given}), np.kron(arrays["A"], np.eye(2)))


@pytest.mark.parametrize(("power", "printed"), [(3, "3(A^2)ᵀ"), (5, "5(A^4)ᵀ"), (50, "50(A^49)ᵀ")])
def test_powers_of_a_matrix_are_one_power(power, printed):
    made = td.grad(td.parse(f"tr(A^{power})", "A[n,n]"), "A")
    assert made.matrix() == printed
    assert_same_value(td.parse(printed, "A[n,n]"), made)


def test_latex_has_one_superscript_and_signs_that_readers_know():
    from matplotlib.mathtext import MathTextParser

    A, x = td.tensors("A[m,n] x[m]")
    parse = MathTextParser("path").parse
    texts = [expr.latex() for expr in (td.apply("pinv", A).T, td.diff(td.cumsum(x), x), td.diff(td.tril(A), A))]
    for text in texts:
        parse(f"${text}$")
    assert texts[0] == r"A^{+\top}"
    assert r"\leq" in texts[2]


def test_powers_of_numbers_inside_products_are_read_back():
    a, b, w, U = td.tensors("a b w[n] U[m,n]")
    half = td.parse("0.5^b")
    assert td.diff(half, b).matrix() == "log(0.5)*0.5^b"
    entries = td.parse("0.5.^w", dims={"w": ("n",)})
    for expr in (half, td.diff(half, b), a * td.parse("2^b"), U @ entries, 3 * td.parse("2^b") * w):
        check_read_back(expr)


def test_long_sums_are_written_in_one_go():
    xs = td.tensors(" ".join(f"x{k}[n]" for k in range(300)))
    f = xs[0] @ xs[1]
    for x in xs[2:]:
        f = f + 2 * (x @ x)
    text = f.matrix()
    assert text.count(" + ") == 298
    assert_same_value(td.parse(text, list(xs)), f)


@pytest.mark.parametrize("write", ["matrix", "index", "latex"])
def test_deeply_nested_functions_are_no_text(write):
    x = td.Tensor("x", ("n",))
    f = x
    for _ in range(250):
        f = td.sin(f)
    message = "functions and sums 250 deep in one another would not be read: at most 120; use .einsum()"
    with pytest.raises(ExportError, match=f"^{re.escape(message)}$"):
        getattr(f, write)()
    assert str(f) == repr(f)
