"""Dimensions: reading, arithmetic, sizes that follow from each other, and every message."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensordiag.dimension import Dimension, as_dimension, infer_sizes
from tensordiag.errors import DimensionError

names = st.sampled_from(["a", "b", "n", "m"])
monomials = st.tuples(st.integers(1, 5), st.lists(names, max_size=3))
texts = st.lists(monomials, min_size=1, max_size=3).map(
    lambda terms: "+".join("*".join([str(factor), *factors]) for factor, factors in terms)
)
SIZES = {"a": 2, "b": 3, "n": 5, "m": 7}


@given(texts, texts)
def test_arithmetic_is_that_of_the_sizes(left, right):
    a, b = as_dimension(left), as_dimension(right)
    assert a.value(SIZES) == eval(left, dict(SIZES))
    assert (a * b).value(SIZES) == a.value(SIZES) * b.value(SIZES)
    assert (a + b).value(SIZES) == a.value(SIZES) + b.value(SIZES)
    assert (a - b).value(SIZES) == a.value(SIZES) - b.value(SIZES)
    assert a * b is b * a
    assert a + b is b + a
    assert (a + b) - b is a


@given(texts)
def test_a_dimension_is_read_back_from_its_text(text):
    dim = as_dimension(text)
    assert as_dimension(str(dim)) is dim
    assert pickle.loads(pickle.dumps(dim)) is dim
    assert repr(dim) == f"Dimension({str(dim)!r})"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("n*m", "m*n"),
        ("2*n-1", "2*n-1"),
        (" n + 1 ", "n+1"),
        ("3*2", "6"),
        ("n-n", "0"),
        ("-n+m", "m-n"),
        ("n*n", "n*n"),
        ("λ", "λ"),
    ],
)
def test_equal_dimensions_are_one_object_with_one_text(text, shown):
    assert str(as_dimension(text)) == shown
    assert as_dimension(shown) is as_dimension(text)


def test_numbers_and_symbols():
    assert as_dimension(3).number == 3
    assert as_dimension(0).number == 0
    assert as_dimension("3") is as_dimension(3)
    assert as_dimension("n").number is None
    assert as_dimension("m*n+k").symbols == {"k", "m", "n"}
    assert as_dimension("n").substitute({"n": "2*k"}) is as_dimension("2*k")
    assert as_dimension("n*n-1").substitute({"n": 4}) is as_dimension(15)
    assert as_dimension("n").substitute({"m": 4}) is as_dimension("n")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "a dimension is an int, a name or a product of them, not 1.5"),
        (True, "a dimension is an int, a name or a product of them, not True"),
        (None, "a dimension is an int, a name or a product of them, not None"),
        (-2, "a dimension cannot be negative: -2"),
        ("n/2", "cannot read the dimension 'n/2' at '/2'"),
        ("m n", "cannot read the dimension 'm n': an operator is missing"),
        ("m**n", "cannot read the dimension 'm**n': a factor is missing"),
        ("m*", "cannot read the dimension 'm*': it ends too early"),
        ("m*+n", "cannot read the dimension 'm*+n': a factor is missing"),
        ("", "cannot read the dimension '': it ends too early"),
        ("  ", "cannot read the dimension '  ': it ends too early"),
    ],
)
def test_what_is_no_dimension(value, message):
    with pytest.raises(DimensionError, match=f"^{re.escape(message)}$"):
        as_dimension(value)


def test_a_missing_size_is_named():
    with pytest.raises(DimensionError, match=r"^the size m is not known: no array has it; pass sizes=\{'m': …\}$"):
        as_dimension("m*n").value({"n": 3})


def pairs(*rows):
    return [(as_dimension(dim), size, where) for dim, size, where in rows]


def test_sizes_follow_from_each_other():
    found = infer_sizes({}, pairs(("m*n", 6, "leg 0 of K[m*n]"), ("n", 3, "leg 0 of x[n]"), ("2*m-1", 3, "leg 0 of t")))
    assert found == {"m": 2, "n": 3}
    assert infer_sizes({"n": 4}, pairs(("n+k", 6, "x"))) == {"n": 4, "k": 2}
    assert infer_sizes({}, pairs(("m*n", 6, "x"))) == {}
    assert infer_sizes({}, pairs(("n*n", 9, "x"))) == {}
    assert infer_sizes({}, pairs((0, 0, "x"))) == {}


@pytest.mark.parametrize(
    ("known", "rows", "message"),
    [
        (
            {},
            [("n", 3, "leg 0 of x[n]"), ("n", 4, "leg 1 of A[m, n]")],
            "leg 1 of A[m, n] has size 4, but its dimension n is 3 (n = 3 from leg 0 of x[n])",
        ),
        (
            {"n": 5},
            [("n", 3, "leg 0 of x[n]")],
            "leg 0 of x[n] has size 3, but its dimension n is 5 (n = 5 from sizes=)",
        ),
        ({}, [(3, 4, "leg 0 of x[3]")], "leg 0 of x[3] has size 4, but its dimension 3 is 3"),
        ({}, [("2*n-1", 4, "leg 0 of t[2*n-1]")], "leg 0 of t[2*n-1] has size 4, which no 2*n-1 can have"),
        ({"m": 4}, [("m*n", 6, "leg 0 of K[m*n]")], "leg 0 of K[m*n] has size 6, which no m*n can have"),
    ],
)
def test_sizes_that_clash(known, rows, message):
    with pytest.raises(DimensionError, match=f"^{re.escape(message)}$"):
        infer_sizes(known, pairs(*rows))


def test_dimensions_are_immutable_values():
    assert Dimension(()) is as_dimension(0)
    assert hash(as_dimension("m*n")) == hash(as_dimension("n*m"))
