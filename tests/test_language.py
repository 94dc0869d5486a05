"""The text language: what parses to what, which dimensions are inferred, and what every error says."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tensordiag as td
from tensordiag.core.functions import apply, pow_, reciprocal, sqrt
from tensordiag.errors import DimensionError, ParseError, TensordiagError
from tensordiag.notation.language import parse, read_declarations
from tensordiag.notation.vocabulary import function_names

DECLARED = "A[n,n] B[n,n] X[n,n] M[m,n] N[n,p] W[p,m] x[n] y[n] z[n] v[m] u[p] a b t"
A, B, X, M, N, W, x, y, z, v, u, a, b, t = td.tensors(DECLARED)
two = 2 * td.ones(())


def norm2(value):
    return sqrt(td.square_norm(value))


SAME = [
    # products
    ("x'*y", x @ y),
    ("M*x", M @ x),
    ("v'*M", v @ M),
    ("v'*M*x", v @ M @ x),
    ("M*N", M @ N),
    ("x*y'", td.outer(x, y)),
    ("x*v'", td.outer(x, v)),
    ("x'*A*x", x @ A @ x),
    ("x'*(A*x)", x @ (A @ x)),
    ("t*x", t * x),
    ("x*t", x * t),
    ("2*x", 2 * x),
    ("x.*y", x * y),
    ("x∘y⊙z", x * y * z),
    ("A.*B", A * B),
    ("t*x.*y", (t * x) * y),
    ("M'*v", M.T @ v),
    ("Mᵀv", M.T @ v),
    ("M^T*v", M.T @ v),
    ("(M*x)'", M @ x),
    ("x''*y'", td.outer(x, y)),
    ("t'", t),
    # juxtaposition
    ("2x", 2 * x),
    ("2 x", 2 * x),
    ("(A + Aᵀ)x", (A + A.T) @ x),
    ("x yᵀ", td.outer(x, y)),
    ("A x", A @ x),
    ("A (x + y)", A @ (x + y)),
    ("A(x + y)", A @ (x + y)),
    ("2(x + y)", 2 * (x + y)),
    ("x'(y)", x @ y),
    ("2 sin(x)", 2 * apply("sin", x)),
    ("x'exp(y)", x @ apply("exp", y)),
    ("t²", td.power(t, 2)),
    ("A⁻¹", apply("inv", A)),
    # sums and numbers
    ("x + y - z", x + y - z),
    ("x − y", x - y),
    ("-x", -x),
    ("+x", x),
    ("--x", x),
    ("-x + y", -x + y),
    ("x*-t", x * -t),
    ("x + 1", x + 1),
    ("1 - A", td.ones(()) - A),
    ("t + x", t + x),
    ("0.5*(x'*A*x)", 0.5 * (x @ A @ x)),
    ("2*3*x", 6 * x),
    ("1/3*x", x * td.ones(()) / 3),
    ("x/2", x / 2),
    ("x/t", x * reciprocal(t)),
    ("A/t", A * reciprocal(t)),
    ("1e3*x", 1000 * x),
    (".5x", x / 2),
    ("0*x", td.zero(x.dims)),
    # elementwise quotients and powers
    ("1./x", reciprocal(x)),
    ("1 ./ x", reciprocal(x)),
    ("2./x", 2 * reciprocal(x)),
    ("t./x", t * reciprocal(x)),
    ("x./y", x * reciprocal(y)),
    ("x./2", x / 2),
    ("x.^2", td.power(x, 2)),
    ("x.^-2", pow_(x, -2)),
    ("x.^(1/2)", sqrt(x)),
    ("2.^x", pow_(two, x)),
    ("x.^y", apply("pow", x, y)),
    ("x.^t", apply("pow", x, t)),
    ("-x.^2", -td.power(x, 2)),
    ("(-x).^2", td.power(-x, 2)),
    ("x'.^2*y", td.power(x, 2) @ y),
    # powers
    ("t^2", td.power(t, 2)),
    ("t^-1", reciprocal(t)),
    ("a^b", apply("pow", a, b)),
    ("a^-b", apply("pow", a, -b)),
    ("2^3*x", 8 * x),
    ("2^-1*x", x / 2),
    ("X^0", td.identity("n")),
    ("X^1", X),
    ("X^3", X @ X @ X),
    ("X^-1", apply("inv", X)),
    ("X^(-2)", apply("inv", X) @ apply("inv", X)),
    ("X'^2", X.T @ X.T),
    # functions
    ("exp(x)", apply("exp", x)),
    ("atan(M)", apply("arctan", M)),
    ("sqrt(t)", sqrt(t)),
    ("exp(x')*y", apply("exp", x) @ y),
    ("maximum(x, y)", apply("maximum", x, y)),
    ("minimum(x, 0)", apply("minimum", x, 0)),
    ("sum(M)", M.sum()),
    ("sum(t)", t),
    ("norm1(M)", apply("abs", M).sum()),
    ("norm2(x)", norm2(x)),
    ("norm2(M)^2", td.square_norm(M)),
    ("(norm2(M))^2", td.square_norm(M)),
    ("norm2(M).^2", td.square_norm(M)),
    ("norm2(M)²", td.square_norm(M)),
    ("norm2(M)^4", td.power(td.square_norm(M), 2)),
    ("norm2(M)^3", pow_(norm2(M), 3)),
    ("normmax(x)", apply("max", apply("abs", x))),
    ("tr(A)", A.trace()),
    ("tr(t)", t),
    ("det(A)", apply("det", A)),
    ("det(t)", t),
    ("logdet(A)", apply("logdet", A)),
    ("log(det(A))", apply("log", apply("det", A))),
    ("logdet(t)", apply("log", apply("abs", t))),
    ("inv(A)", apply("inv", A)),
    ("inv(t)", reciprocal(t)),
    ("pinv(M)*v", apply("pinv", M) @ v),
    ("adj(A)", apply("adj", A)),
    ("diag(x)", td.diag(x)),
    ("Diag(y∘z)", td.diag(y * z)),
    ("diag(x')*y", td.diag(x) @ y),
    ("diag(A)", td.diag(A)),
    ("kron(A, M)", td.kron(A, M)),
    ("A⊗M", td.kron(A, M)),
    ("kron(x, y)", td.kron(x, y)),
    ("kron(t, A)", t * A),
    ("kron(x, y')", td.outer(x, y)),
    ("kr(M, A)", td.khatri_rao(M, A)),
    ("softmax(x)", apply("softmax", x, params=(0,))),
    ("softmaxrows(M)", apply("softmax", M, params=(1,))),
    ("softmaxcols(M)", apply("softmax", M, params=(0,))),
    ("logsumexp(x)", apply("logsumexp", x, params=(0,))),
    ("logsumexprows(M)'*v", apply("logsumexp", M, params=(1,)) @ v),
    ("logsumexpcols(M)*x", apply("logsumexp", M, params=(0,)) @ x),
    # constants
    ("x + vector(1)", x + td.ones("n")),
    ("x + vector(t)", x + t * td.ones("n")),
    ("v*vector(1)' + M", td.outer(v, td.ones("n")) + M),
    ("M + matrix(2)", M + 2 * td.ones(("m", "n"))),
    ("A + t*eye", A + t * td.identity("n")),
    ("A + I", A + td.identity("n")),
    ("A - I_n", A - td.identity("n")),
    ("I_{m*p}", td.identity("m*p")),
    ("I_3", td.identity(3)),
    ("𝟏ᵀx", td.ones("n") @ x),
    ("𝟏_m 𝟏_nᵀ", td.outer(td.ones("m"), td.ones("n"))),
    ("sum(𝟏_n)", td.ones("n").sum()),
]


@pytest.mark.parametrize(("text", "expected"), SAME, ids=[case[0] for case in SAME])
def test_a_text_is_the_expression_of_the_api(text, expected):
    assert parse(text, DECLARED) == expected


def test_products_are_left_to_right():
    assert parse("0.5*x'*A*x", DECLARED) == ((0.5 * x) @ A) @ x
    assert parse("2t^2x", DECLARED) == (2 * td.power(t, 2)) * x
    assert parse("1/2x", DECLARED) == x / 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x'*A*x", "A[n, n], x[n]"),
        ("A*x", "A[m, n], x[n]"),
        ("tr(A*X*B)", "A[m, n], B[p, m], X[n, p]"),
        ("sum(x)", "x[n]"),
        ("sum(A)", "A[m, n]"),
        ("kron(A,B)*x", "A[m, n], B[p, q], x[n*q]"),
        ("kron(A,B) + C", "A[m, n], B[p, q], C[m*p, n*q]"),
        ("kron(A,x)*y + kron(z,w)", "A[m, n], w[p], x[p], y[n], z[m]"),
        ("tr(kron(A,X))", "A[m, m], X[n, n]"),
        ("kron(x,x) + kron(y,y)", "x[n], y[n]"),
        ("α*x + Σ*y", "x[m], y[n], Σ[m, n], α[]"),
        ("sum(log(exp(-y.*(X*w)) + vector(1)))", "X[m, n], w[n], y[m]"),
        ("kron(eye, A)*B", "A[m, n], B[n*p, q]"),
        ("A*n", "A[m, p], n[p]"),
        ("I_n*x + A*y", "A[n, m], x[n], y[m]"),
        ("sum(a*x)", "a[], x[n]"),
        ("X*I", "X[m, n]"),
    ],
)
def test_dimensions_are_inferred(text, expected):
    assert ", ".join(map(repr, parse(text).tensors)) == expected


def test_declared_and_inferred_dimensions_meet():
    expr = parse("K*x + y", {"K": ("m*p", "n*q"), "A": ("m", "n")})
    assert ", ".join(map(repr, expr.tensors)) == "A[m, n], K[m*p, n*q], x[n*q], y[m*p]"
    expr = parse("kron(A,B)*x", {"A": (2, 3), "x": (12,)})
    assert ", ".join(map(repr, expr.tensors)) == "A[2, 3], B[n, 4], x[12]"
    assert parse("kron(y,y) + x", {"x": (9,)}).tensor("y").dims[0].number == 3


def test_every_declared_tensor_is_known_to_the_result():
    expr = parse("x'*x", "x[n], A[m,n] mask")
    assert [tensor.signature for tensor in expr.tensors] == ["A[m, n] mask", "x[n]"]
    assert td.diff(expr, "A").is_zero


def test_facts_are_kept():
    expr = parse("x'*S*x", {"S": td.Tensor("S", ("n", "n"), "sym"), "x": "n"})
    assert expr.tensor("S").symmetric
    assert read_declarations("S[n,n] sym")[0].symmetric
    assert read_declarations([A, x]) == [A, x]


def test_a_row_loses_its_orientation_at_the_end():
    assert parse("x'", DECLARED) == x
    assert td.diff(parse("x'", DECLARED), "x") == td.identity("n")


def test_pi_is_the_number_unless_it_is_declared():
    assert parse("2*pi*x", DECLARED) == parse("2π x", DECLARED) == 2 * np.pi * x
    density = parse("exp(-t^2/(2*s^2))/(s*sqrt(2*pi))", "t s pos")
    assert density.dims == ()
    assert density.evaluate(t=0.5, s=2.0) == pytest.approx(0.193334058401425)
    assert {tensor.name for tensor in density.tensors} == {"t", "s"}


def test_who_differentiates_by_pi_is_told_to_declare_it():
    with pytest.raises(
        LookupError, match=r"no such tensor; undeclared, it is the number: declare it, e.g. dims=\{'pi'"
    ):
        td.grad(parse("pi*x'*x"), "pi")
    assert td.is_equivalent(td.grad(parse("pi'*x", "pi[n] x[n]"), "pi"), td.Tensor("x", "n"))


def test_a_declared_tensor_beats_a_constant_and_a_default():
    assert parse("I*x", "I[m,n], x[n]") == td.Tensor("I", ("m", "n")) @ x
    assert parse("eye*x", "eye[n,n], x[n]") == td.Tensor("eye", ("n", "n")) @ x
    assert parse("X*W", {"X": ("n",), "W": ()}) == td.outer(td.Tensor("X", "n"), td.Tensor("W"))
    assert parse("pi*x", "pi x[n]") == td.Tensor("pi") * td.Tensor("x", "n")
    assert parse("foo(x + y)", {"foo": ("m", "n"), "x": ("n",)}).order == 1


KIND_ERRORS = [
    ("x*y", "write x'*y for the inner product, x*y' for the outer one or x.*y for the elementwise one", 1),
    ("x'*y'", "write x'*y for the inner product, x*y' for the outer one", 2),
    ("x*A", "write x'*A for the product, or diag(x)*A to scale the rows", 1),
    ("A*x'", "write A*x for the product, or A*diag(x) to scale the columns", 1),
    ("(x+y)*z", "write (x+y)'*z for the inner product", 5),
    ("x y", "cannot multiply the column x by the column y", 2),
    ("x + y'", "cannot add the column x and the row y': transpose one of them, e.g. y", 2),
    ("A - x", "cannot subtract the matrix A and the column x", 2),
    ("x .* A", "diag(x)*A scales the rows", 2),
    ("x/y", "cannot divide by the column y: write x./y", 1),
    ("A/B", "write A*inv(B) for the inverse, or A./B for each entry", 1),
    ("x/B", "write inv(B)*x for the inverse", 1),
    ("x^2", "write x.^2 for the power of each entry", 1),
    ("x²", "write x.^2 for the power of each entry", 1),
    ("X^0.5", "the exponent of a matrix is an integer", 1),
    ("X^t", "the exponent of a matrix is an integer", 1),
    ("X^100000", "the exponent of a matrix is an integer of at most 1000", 1),
    ("a^x", "the exponent of ^ is a scalar, not the column x", 1),
    ("tr(x)", "it needs a square matrix, but got the column x", 0),
    ("2*det(x')", "it needs a square matrix, but got the row x'", 2),
    ("softmax(A)", "softmax takes a vector, not the matrix A; for a matrix there are softmaxrows and softmaxcols", 0),
    ("softmaxrows(x)", "softmaxrows takes a matrix, not the column x", 0),
    ("kr(x, A)", "kr takes two matrices, not the column x and the matrix A", 0),
    ("vector(x)", "vector takes a scalar, not the column x", 0),
    ("pinv(x)", "pinv takes a matrix", 0),
    ("diag(t)", "it needs a square matrix, but got the scalar t", 0),
    ("exp(x, y)", "exp takes 1 argument, not 2", 0),
    ("maximum(x)", "maximum takes 2 arguments, not 1", 0),
    ("exp()", "exp takes 1 argument, not 0", 0),
    ("1/0", "a division by zero", 1),
    ("x./0", "a division by zero", 1),
    ("0^-1", "a division by zero", 1),
    ("9^99999999", "the number 9^99999999 is too large", 1),
    ("1e400", "a number in 1e400 is too large", 0),
    ("10^200*t*10^200", "a number in 10^200*t*10^200 is too large", 8),
    ("2*1e308*x", "a number in 2*1e308 is too large", 1),
    ("(-2)^0.5", "has no real value", 4),
    ("eye", "the size of eye is not fixed by anything else", 0),
    ("sum(vector(1))", "the size of vector(1) is not fixed", 4),
    ("tr(I)", "declare it", 3),
]


@pytest.mark.parametrize(("text", "message", "position"), KIND_ERRORS, ids=[case[0] for case in KIND_ERRORS])
def test_errors_of_kind(text, message, position):
    with pytest.raises(ParseError) as error:
        parse(text, DECLARED)
    assert message in str(error.value)
    assert error.value.position == position
    assert str(error.value).splitlines()[-1] == "  " + " " * position + "^"


SYNTAX_ERRORS = [
    ("", "the text is empty", None),
    ("  \n ", "the text is empty", None),
    ("2 3", "an operator is missing between '2' and '3'; write * for a product", 2),
    ("x 2", "an operator is missing between 'x' and '2'", 2),
    ("(x", "this '(' is never closed", 0),
    ("sum(x + (y)", "this '(' is never closed", 3),
    ("x)", "this ')' closes nothing", 1),
    ("()", "there is nothing between the parentheses", 1),
    ("(x + )", "an operand is missing between '+' and ')'", 5),
    ("x +", "the text ends after '+', where an operand is missing", 3),
    ("x + (", "the text ends after '('", 5),
    ("* x", "an operand is missing before '*'", 0),
    ("x */ y", "an operand is missing between '*' and '/'", 3),
    ("a**b", "a power is written ^ or .^", 2),
    ("a^b^c", "powers do not chain; write (a^b)^c or a^(b^c)", 3),
    ("x.^y.^z", "powers do not chain", 4),
    ("X^2'", "put parentheses around the power", 3),
    ("x, y", "a comma separates the arguments of a function only", 1),
    ("maximum(, y)", "an operand is missing before the comma", 8),
    ("a^*b", "an operand is missing between '^' and '*'", 2),
    ("x @ y", "'@' is not in the language: the product of the language is *", 2),
    ("A[1]", "indices need td.entry", 1),
    ("y = x", "without an equals sign", 2),
    ("|x|", "write abs(…), det(…) or norm2(…)", 0),
    ("x . y", "elementwise operators are", 2),
    ("x \x00", "U+0000 is not in the language", 2),
    ("epx(x)", "unknown function 'epx'; did you mean exp?", 0),
    ("trace(A)", "unknown function 'trace'; write tr", 0),
    ("ln(x)", "write log", 0),
    ("2*foo(x)", "unknown function 'foo'", 2),
    ("exp", "exp is a function: write exp(…)", 0),
    ("exp x", "exp is a function", 0),
    ("x*T^T", "^T is unclear where a tensor is called T", 3),
    ("éa*x", "the tensor éa has no default kind; declare it", 0),
    ("½", "a name starts with a letter", 0),
    ("9" * 5000, "the number has 5000 characters", 0),
]


@pytest.mark.parametrize(("text", "message", "position"), SYNTAX_ERRORS, ids=[case[0][:12] for case in SYNTAX_ERRORS])
def test_errors_of_syntax(text, message, position):
    with pytest.raises(ParseError) as error:
        parse(text)
    assert message in str(error.value)
    assert error.value.position == position


def test_the_caret_is_under_the_right_line():
    with pytest.raises(ParseError) as error:
        parse("x'*A*x\n + x'*x'\n + 1")
    assert str(error.value).splitlines()[1:] == ["   + x'*x'", "       ^"]


def test_a_name_is_no_function_and_tensor_at_once():
    with pytest.raises(ParseError, match="exp is used as a function and as a tensor"):
        parse("exp(x)*exp", {"exp": ()})
    assert parse("exp*x", {"exp": ()}).order == 1


def test_transposition_and_a_tensor_called_t():
    with pytest.raises(ParseError, match=r"\^T is unclear"):
        parse("x^T*x", {"T": ("m", "n")})


def test_other_texts_and_declarations_are_refused():
    with pytest.raises(ParseError, match="the expression is a text, not int"):
        parse(3)
    with pytest.raises(ParseError, match="1,000,001 characters; the longest that is read has 1,000,000"):
        parse("x" * 1_000_001)
    with pytest.raises(ParseError, match="the tensor T has order 3"):
        parse("sum(T)", "T[n,n,n]")
    with pytest.raises(ParseError, match=r"the name 'A' is declared as the tensor x\[n\]"):
        parse("A", {"A": x})
    with pytest.raises(ParseError, match="declared twice"):
        parse("A", [A, A])
    with pytest.raises(ParseError, match="declare tensors by a text"):
        parse("A", ["A"])
    with pytest.raises(ParseError, match="declare tensors by a text"):
        parse("A", 5)
    with pytest.raises(ParseError, match="is not a constant with a dimension"):
        parse("I_{n+}*x")


@pytest.mark.parametrize(
    ("text", "dims", "message"),
    [
        (
            "A*x",
            "A[m,n] x[m]",
            "cannot multiply A by x: leg 1 of A has dimension n, but leg 0 of x has dimension m\n  A*x\n   ^",
        ),
        ("x + y", "x[n] y[m]", "cannot add x and y: leg 0 of x has dimension n, but leg 0 of y has dimension m"),
        ("A + B", "A[m,n] B[m,p]", "leg 1 of A has dimension n, but leg 1 of B has dimension p"),
        ("x'*y", "x[n] y[m]", "leg 0 of x' has dimension n, but leg 0 of y has dimension m"),
        (
            "tr(A)",
            "A[m,n]",
            "cannot take tr(A), which needs a square matrix: leg 0 of A has dimension m, "
            "but leg 1 of A has dimension n",
        ),
        ("x'*A*x", "A[m,n]", "leg 0 of x'*A has dimension n, but leg 0 of x has dimension m"),
        ("A^2", "A[2,3]", "cannot take A^2, which needs a square matrix: leg 0 of A has dimension 2, but"),
        ("kron(A,B)*x", "A[m,n] B[p,q] x[n]", "leg 1 of kron(A,B) has dimension n*q, but leg 0 of x has dimension n"),
        ("kron(A,B)*x", "A[2,2] x[3]", "has dimension 2*n, but leg 0 of x has dimension 3"),
        ("kr(A,B)", "A[m,n] B[m,k]", "cannot take kr(A,B), which needs equally many columns"),
        ("sum(kron(x,x) - y)", "y[8]", "cannot subtract kron(x,x) and y: leg 0 of kron(x,x) has dimension n*n, but"),
        ("kron(x,y) - z", "z[m*n]", "has several answers; declare the dimensions"),
    ],
)
def test_a_clash_names_both_operands_legs_and_sizes(text, dims, message):
    with pytest.raises(DimensionError) as error:
        parse(text, dims)
    assert message in str(error.value)
    assert str(error.value).splitlines()[-1].strip() == "^"


def test_deep_and_long_texts():
    assert parse("(" * 2000 + "x" + ")" * 2000).order == 1
    assert parse("*".join(["A"] * 10_000)).order == 2
    assert parse("*".join(f"A{k}" for k in range(2_000))).order == 2
    assert parse(" + ".join(f"x{k}" for k in range(2_000))).order == 1
    assert parse("exp(" * 3000 + "x" + ")" * 3000).order == 1
    assert parse("x" + "'" * 5001).order == 1
    assert parse("-" * 5001 + "x", "x[n]") == -x
    with pytest.raises(ParseError, match="never closed"):
        parse("(" * 5000 + "x")


def test_functions_are_listed():
    names = function_names()
    assert names == sorted(set(names))
    assert {"exp", "tr", "kron", "softmaxrows", "asin", "sqrt"} <= set(names)
    assert not {"power", "pow"} & set(names)


# -- properties ----------------------------------------------------------------------------------------

_TOKENS = [
    "x",
    "y",
    "A",
    "B",
    "t",
    "a",
    "2",
    "0.5",
    "1.",
    "+",
    "-",
    "*",
    "/",
    ".*",
    "./",
    ".^",
    "^",
    "'",
    "ᵀ",
    "^T",
    "(",
    ")",
    ",",
    "∘",
    "⊗",
    "exp(",
    "tr(",
    "sum(",
    "inv(",
    "diag(",
    "kron(",
    "norm2(",
    "vector(",
    "eye",
    "I",
    "𝟏",
    "𝟏_n",
    "I_n",
    " ",
    "²",
    "⁻¹",
    "maximum(",
    "softmax(",
    "T",
    "foo",
    "foo(",
    "@",
    "\n",
    "_",
    "0",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_TOKENS), max_size=12).map("".join))
@example("0^0")
@example("1./0")
@example("I_n^-1")
def test_token_soup_raises_only_our_errors(text):
    try:
        expr = parse(text)
    except TensordiagError:
        return
    assert expr.order <= 2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_any_text_raises_only_our_errors(text):
    try:
        parse(text, "x[n] A[m,n]")
    except TensordiagError:
        return


_LEAVES = {"scalar": [("t", t), ("2", two), ("a", a)], "column": [("x", x), ("y", y)], "matrix": [("A", A), ("B", B)]}


@st.composite
def typed_texts(draw, kind, depth=3):
    """(text, the same expression built through the API), of square matrices and vectors of one size."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(_LEAVES[kind]))

    def below(kind):
        return draw(typed_texts(kind, depth - 1))

    choice = draw(st.integers(0, 6))
    left, made = below(kind)
    if choice == 0:
        right, other = below(kind)
        return f"({left} + {right})", made + other
    if choice == 1:
        right, other = below(kind)
        return f"({left} - {right})", made - other
    if choice == 2:
        scale, factor = below("scalar")
        return f"(({scale})*({left}))", factor * made
    if choice == 3:
        return f"tanh({left})", apply("tanh", made)
    if choice == 4:
        right, other = below(kind)
        return f"(({left}) .* ({right}))", made * other
    if choice == 5:
        return f"(-{left})", -made
    if kind == "scalar":
        (first, p), (second, q) = below("column"), below("column")
        return f"({first})'*({second})", p @ q
    first, p = below("matrix")
    if kind == "column":
        return f"(({first})*({left}))", p @ made
    return f"(({first})'*({left}))", p.T @ made


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["scalar", "column", "matrix"]).flatmap(typed_texts))
def test_a_random_text_is_its_expression(pair):
    text, expected = pair
    assert parse(text, DECLARED) == expected


DERIVATIVES = [
    ("x'*A*x", ["x"], lambda A, x: (A + A.T) @ x),
    ("x'*A*x", ["x", "x"], lambda A, x: A + A.T),
    ("tr(A*B)", ["A"], lambda A, B: B.T),
    ("a*sin(x)", ["x"], lambda a, x: a * np.diag(np.cos(x))),
    ("log(det(A))", ["A"], lambda A: np.linalg.inv(A).T),
    ("norm2(A*x - y)^2", ["x"], lambda A, x, y: 2 * A.T @ (A @ x - y)),
    (
        "sum(log(exp(-y.*(A*x)) + vector(1)))",
        ["x"],
        lambda A, x, y: -A.T @ (y * np.exp(-y * (A @ x)) / (1 + np.exp(-y * (A @ x)))),
    ),
    (
        "(x - y)/norm2(x - y)",
        ["x"],
        lambda x, y: np.eye(3) / np.linalg.norm(x - y) - np.outer(x - y, x - y) / np.linalg.norm(x - y) ** 3,
    ),
    ("kron(A, x*y')", ["y"], lambda A, x, y: np.einsum("ij,k,lu->ikjlu", A, x, np.eye(3)).reshape(9, 9, 3)),
    ("-y'*log(softmax(A*x))", ["x"], lambda A, x, y: -A.T @ (y - y.sum() * np.exp(A @ x) / np.exp(A @ x).sum())),
    ("a^b", ["b"], lambda a, b: np.log(a) * a**b),
    ("x∘y∘z", ["x"], lambda x, y, z: np.diag(y * z)),
]


@pytest.mark.parametrize(("text", "wrt", "expected"), DERIVATIVES, ids=[f"{c[0]}-{len(c[1])}" for c in DERIVATIVES])
def test_parsed_texts_have_the_right_derivatives(text, wrt, expected):
    generator = np.random.default_rng(0)
    expr = parse(text, DECLARED)
    made = td.diff(expr, wrt[0], *wrt[1:])
    names = expected.__code__.co_varnames[: expected.__code__.co_argcount]
    arrays = {name: generator.uniform(0.5, 2, (3,) * expr.tensor(name).order) for name in names}
    arrays = {name: value + 3 * np.eye(3) if value.ndim == 2 else value for name, value in arrays.items()}
    np.testing.assert_allclose(made.evaluate(arrays), expected(**arrays), rtol=1e-9, atol=1e-12)
