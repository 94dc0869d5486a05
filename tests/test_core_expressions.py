"""The values: interning, digests, pickles, declarations, facts, sums, and every message."""

import copy
import gc
import pickle
import re
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from reference import sample, value

import tensordiag as td
from tensordiag.core.expressions import Expr, Structural, Sum, add, one, walk, zero
from tensordiag.core.numbers import as_number
from tensordiag.errors import DimensionError, OrderError, ParseError, UnknownTensorError

A, B, X, x, y, v, a, b = td.tensors("A[n,n] B[n,n] X[m,n] x[n] y[n] v[m] a b")


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# -- one meaning, one object ---------------------------------------------------------------------------


def test_equal_structure_is_one_object():
    assert td.Tensor("A", ("n", "n")) is A
    assert (A @ x) is (A @ x)
    assert (A @ x + y) == (A @ x + y)
    assert hash(A @ x) == hash(A @ x)
    assert A != B
    assert A != "A"
    assert td.Copy(3, "n") is td.Copy(3, "n")
    assert td.Tensor("A", "n n") is A
    assert td.Tensor("v", "m") is v
    assert td.Tensor("u", 3).dims == (td.Dimension((((), 3),)),)
    assert td.Tensor("A", ("n", "n"), "sym") is td.Tensor("A", ("n", "n"), ["sym"])


def test_one_meaning_has_one_value():
    assert A.T.T is A
    assert td.identity("n") @ x is x
    assert A @ td.identity("n") is A
    S = td.Tensor("S", ("n", "n"), "sym")
    assert S.T.simplify() is S  # not at construction: a derivative by S counts its entries as independent
    assert td.permute(td.Copy(3, "n"), (2, 0, 1)) is td.Copy(3, "n")
    assert (A + B).T == A.T + B.T
    assert td.apply("inv", A).T is td.apply("inv", A.T)
    assert td.apply("exp", A).T is td.apply("exp", A.T)
    assert (2 * A) @ (3 * x) == 6 * (A @ x)
    assert (A - A) @ x == zero(("n",))
    assert zero(("n", "n")) == 0 * A
    assert td.outer(td.ones(()), x) is x
    assert one() * A is A
    assert td.apply("exp", td.ones("n")) == td.outer(td.apply("exp", one()), td.ones("n"))
    assert td.contract([A], ["ij"], "ij") is A
    assert A * a == a * A or td.outer(A, a) == A * a


def test_values_die_with_their_last_user():
    gc.collect()  # what tests before this one left behind
    before = len(Expr._interned)
    made = [td.Tensor(f"temporary{k}", ("n",)) @ x for k in range(50)]
    assert len(Expr._interned) >= before + 100
    del made
    gc.collect()
    assert len(Expr._interned) <= before + 5


def test_a_cyclic_reference_is_never_made():
    gc.collect()
    gc.disable()
    try:
        before = len(Expr._interned)
        made = td.grad(td.square_norm(A @ td.Tensor("passing", ("n",))), "passing")
        made.graph, made.flat(), made.digest
        del made
        assert len(Expr._interned) <= before + 5
    finally:
        gc.enable()


# -- digests, pickles, copies --------------------------------------------------------------------------

PROGRAM = """
import tensordiag as td, pickle, sys
from tensordiag.testing import random_diagram
made = [random_diagram(seed, smooth=True, conjugates=True) for seed in range(12)]
made += [td.diff(e, e.tensors[0]) for e in made if e.tensors]
print([e.digest.hex() for e in made])
print([[sorted(map(str, data["ends"])) for *_, data in e.graph.edges(data=True)] for e in made])
print([(repr(e), e.flat().digest.hex(), list(e.graph.nodes)) for e in made])
"""


def test_digests_and_graphs_are_equal_in_every_process():
    outputs = []
    for hash_seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(p for p in sys.path if p)},
        )
        outputs.append(done.stdout)
    assert outputs[0]
    assert len(set(outputs)) == 1


def test_digests_tell_structures_apart():
    made = [
        A,
        A.T,
        A.conj(),
        B,
        A @ x,
        A.T @ x,
        2 * A,
        -A,
        A + B,
        A * B,
        td.apply("exp", A),
        td.apply("sin", A),
        x,
        td.ones("n"),
    ]
    made += [
        td.Tensor("A", ("n", "n"), "sym"),
        td.Tensor("A", ("m", "m")),
        td.Copy(3, "n"),
        td.Copy(0, "n"),
        one(),
        zero(()),
    ]
    assert len({expr.digest for expr in made}) == len(made)


def test_pickles_keep_declarations_and_identity():
    zero_ = td.diff(x @ y, X)
    back = pickle.loads(pickle.dumps(zero_))
    assert back == zero_
    assert back.declared == zero_.declared
    assert [t.name for t in back.tensors] == ["X", "x", "y"]
    assert pickle.loads(pickle.dumps(A)) is A
    assert copy.deepcopy([A, A])[0] is A
    environment = td.diff(td.einsum("i,i,i->", x, y, td.Tensor("z", "n")), x)
    assert pickle.loads(pickle.dumps(environment)) == environment


def deep(depth):
    made = x
    for k in range(depth):
        made = A @ made if k % 3 else td.apply("tanh", made + y)
    return made


def test_depth_needs_no_recursion():
    made = deep(10_000)
    back = pickle.loads(pickle.dumps(made))
    assert back == made
    assert back.digest == made.digest
    assert copy.deepcopy(made) is made
    assert repr(made).startswith("<")
    assert made.conj().conj() == made
    assert len(made.tensors) == 3
    assert td.substitute(made, {x: y}).tensors == (A, y)
    assert sum(1 for _ in walk(made)) > 10_000
    del made, back
    gc.collect()


# -- tensors and facts ---------------------------------------------------------------------------------


def test_signatures():
    S = td.Tensor("S", ("n", "n"), "sym real")
    assert S.signature == "S[n, n] real sym"
    assert S.symmetric
    assert not A.symmetric
    assert repr(A.conj()) == "A[n, n]*"
    assert S.conj() is S
    assert A.conj().conj() is A
    assert td.Tensor("A", ("n", "n"), "real").conj() is td.Tensor("A", ("n", "n"), "real")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: td.Tensor("", ()), UnknownTensorError, "a tensor needs a name without spaces, not ''"),
        (lambda: td.Tensor("a b", ()), UnknownTensorError, "a tensor needs a name without spaces, not 'a b'"),
        (lambda: td.Tensor(3, ()), UnknownTensorError, "a tensor needs a name without spaces, not 3"),
        (
            lambda: td.Tensor("A", "n n", "symm"),
            UnknownTensorError,
            "tensor A: unknown fact 'symm'; did you mean sym?",
        ),
        (
            lambda: td.Tensor("A", "m n", "sym"),
            DimensionError,
            "tensor A[m, n] is declared sym, but its legs differ in dimension",
        ),
        (lambda: td.Tensor("x", "n", "spd"), OrderError, "tensor x is declared spd, which needs 2 legs, but has 1"),
        (
            lambda: td.Tensor("T", "n n n", "tall"),
            OrderError,
            "tensor T is declared tall, which needs 2 legs, but has 3",
        ),
        (
            lambda: td.Copy(2, "n"),
            OrderError,
            "a copy tensor has order 0, 1 or at least 3, not 2; use identity(dim) for 2",
        ),
        (
            lambda: td.Copy(-1, "n"),
            OrderError,
            "a copy tensor has order 0, 1 or at least 3, not -1; use identity(dim) for 2",
        ),
        (lambda: td.unit(3, 3), DimensionError, "the index 3 is out of range for a leg of dimension 3"),
        (lambda: td.unit(3, -4), DimensionError, "the index -4 is out of range for a leg of dimension 3"),
        (lambda: td.merge([]), DimensionError, "merging needs at least one leg"),
        (lambda: add([]), DimensionError, "an empty sum needs dims"),
        (
            lambda: A.tensor("B"),
            UnknownTensorError,
            "there is no tensor 'B' here; known here: A",
        ),
        (
            lambda: (td.Tensor("weight", "n") @ x).tensor("wieght"),
            UnknownTensorError,
            "there is no tensor 'wieght' here; did you mean weight?",
        ),
        (
            lambda: td.Copy(0, "n").tensor("A"),
            UnknownTensorError,
            "there is no tensor 'A' here; there are no tensors here",
        ),
    ],
)
def test_messages(make, error, message):
    with raises(error, message):
        make()


def test_a_name_with_two_shapes_is_named():
    other = td.Tensor("x", ("m",))
    with raises(DimensionError, "the name x is used for two tensors: x[m] and x[n]; rename one"):
        td.outer(x, other).tensors
    with raises(DimensionError, "the name A is used for two tensors: A[n, n] and A[n, n] sym; rename one"):
        (td.Tensor("A", "n n", "sym") + A).tensors


def test_unknown_facts_list_what_is_known():
    with pytest.raises(UnknownTensorError, match=r"unknown fact 'zebra'; known here: diag, mask, .*wc$"):
        td.Tensor("A", "n n", "zebra")


# -- declarations --------------------------------------------------------------------------------------


def test_declarations_read_names_dimensions_and_facts():
    assert td.tensors("A[n,n] sym, x[n]; t") == (td.Tensor("A", "n n", "sym"), x, td.Tensor("t"))
    assert td.tensors("K[m*p, n*q] W[2*n-1]")[0].dims == (td.kron(X, td.Tensor("Y", "p q"))).dims
    assert td.tensors("U[3, 4]")[0].dims[1].number == 4
    assert td.tensors("") == ()
    assert td.tensors("s sym")[0].facts == {"sym"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x[n] x[m]", "the tensor x is declared twice\n  x[n] x[m]\n       ^"),
        ("x[n] 3", "a declaration is a name with dimensions, such as A[m,n] or x[n] pos\n  x[n] 3\n      ^"),
        ("A[n", "a declaration is a name with dimensions, such as A[m,n] or x[n] pos\n  A[n\n   ^"),
    ],
)
def test_wrong_declarations(text, message):
    with raises(ParseError, message):
        td.tensors(text)


# -- sums and numbers ----------------------------------------------------------------------------------


def test_sums_collect_equal_terms():
    assert (A + A) == 2 * A
    assert zero(("n", "n")) == A + A - 2 * A
    assert isinstance(A - A, Sum)
    assert (A - A).is_zero
    assert (A + B - B) + 0 * B == (A + B) - B
    assert add([(1, A)]) is A
    assert add([(2, A), (Fraction(1, 2), 2 * A)]) == 3 * A
    assert td.Tensor("s") + 0 == td.Tensor("s")
    assert repr(A + B) == "<Sum of 2 [n, n]>"


def test_sum_messages():
    with raises(DimensionError, "cannot add X[m, n]: its leg 0 has dimension m, expected n"):
        add([(1, A), (1, X)])
    with raises(OrderError, "cannot add expressions with 2 and 1 leg: x[n]"):
        add([(1, A), (1, x)])
    with raises(DimensionError, "cannot add A[n, n]: its leg 1 has dimension n, expected m"):
        add([(1, A)], ("n", "m"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (2.0, 2),
        (0.5, Fraction(1, 2)),
        (True + 0, 1),
        (Fraction(4, 2), 2),
        (0.1, 0.1),
        (2j, 2j),
        (complex(3, 0), 3),
        (1e300, 1e300),
    ],
)
def test_numbers_are_exact_where_that_changes_nothing(given, kept):
    assert as_number(given) == kept
    assert type(as_number(given)) is type(kept)


def test_numpy_numbers_are_numbers():
    assert np.float64(0.5) * A == A / 2
    assert A * np.int32(3) == 3 * A
    with pytest.raises(TypeError, match="a coefficient is a number, not 'two'"):
        add([("two", A)])


def test_arrays_are_no_expressions():
    for use in (lambda: A @ np.ones(3), lambda: np.ones((3, 3)) * A, lambda: A * [1, 2]):
        with pytest.raises(
            OrderError, match=r"^cannot use (ndarray|list) in an expression: tensors are symbols here; declare"
        ):
            use()


# -- declared tensors ----------------------------------------------------------------------------------


def test_declared_tensors_stay_outside_equality():
    declared = x.declaring([A])
    assert declared == x
    assert hash(declared) == hash(x)
    assert declared.base is x
    assert declared.tensors == (A, x)
    assert (declared + y).tensors == (A, x, y)
    assert td.einsum("i,i->", declared, y).tensors == (A, x, y)
    assert td.apply("exp", declared).tensors == (A, x)
    assert declared.flat().tensors == (A, x)
    assert declared.declaring([A]) is declared
    assert td.substitute(declared, {x: y}).tensors == (A, y)


def test_structural_constants_have_the_values_of_their_rules():
    assert repr(td.merge(("m", "n"))) == "merge()"
    assert td.merge(("m",)) == td.identity("m")
    assert td.unit(3, -1) == td.unit(3, 2)
    made = td.outer(td.merge((2, 3)), td.unit(4, 1))
    arrays, sizes = sample(made)
    assert (made.evaluate(arrays, sizes=sizes) == value(made, arrays, sizes)).all()
    assert isinstance(td.unit("n", 0), Structural)


def test_what_nobody_holds_is_let_go_of():
    def work(turn):
        x, A = td.tensors(f"gone_x[gone_{turn}] gone_A[gone_{turn},gone_{turn}]")
        f = td.exp(x @ A @ x) + td.softmax(x) @ x + (A @ A).trace() ** 2
        gradients = td.grad(f, [x, A])
        for expr in (f, *gradients, td.hessian(f, x)):
            expr.matrix(), expr.einsum(), expr.index(), expr.graph
        td.compile([f, *gradients], sizes={f"gone_{turn}": 3}).plan
        td.derivation(f, x)
        return f.tensors

    gc.collect()
    before = len(Expr._interned)
    for turn in range(10):
        work(turn)
    gc.collect()
    assert len(Expr._interned) <= before
