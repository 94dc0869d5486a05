"""Expressions from einsum strings: values against NumPy's, and every message."""

import re
import string
from itertools import pairwise

import numpy as np
import opt_einsum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import sample, value

import tensordiag as td
from tensordiag.errors import DimensionError, ParseError
from tensordiag.testing import check_derivative

A, B, X, T, x, y, a = td.tensors("A[n,n] B[n,n] X[m,n] T[n,n,n] x[n] y[n] a")

STRINGS = [
    ("ij,j->i", X, x),
    ("ij,j", X, x),
    ("ij", X),
    ("ji", X),
    ("ii->i", A),
    ("ii->", A),
    ("ii", A),
    ("i,i,i->i", x, y, x),
    ("i,i,i->", x, y, x),
    ("i,i->ii", x, y),
    ("i->ii", x),
    ("ij,ik->ij", A, B),
    (" i j , j k -> i k ", A, B),
    (",i->i", a, x),
    (",->", a, a),
    ("iii->i", T),
    ("iij->ij", T),
    ("iij->j", T),
    ("i,j->ji", x, y),
    ("ij->", X),
    ("i->", x),
    ("ba,cb", A, B),
    ("Ab,bA", A, B),
    ("λμ,μ->λ", X, x),
    ("ij,kj->ik", X, X),
    ("i,ij,jk,k->", x, A, B, y),
]


@pytest.mark.parametrize("row", STRINGS, ids=[row[0] for row in STRINGS])
def test_values_are_numpys(row):
    spec, *operands = row
    made = td.einsum(spec, *operands)
    arrays, sizes = sample(made)
    numpys = spec.replace("λ", "l").replace("μ", "m")
    if numpys.partition("->")[2] == "ii":  # NumPy has no repeated output letters
        expected = np.diag(np.prod([arrays[t.name] for t in operands], axis=0))
    else:
        expected = np.einsum(numpys, *(arrays[t.name] for t in operands))
    np.testing.assert_allclose(value(made, arrays, sizes), expected, atol=1e-12)
    np.testing.assert_allclose(made.evaluate(arrays, sizes=sizes), expected, atol=1e-12)
    for tensor in {*operands}:
        check_derivative(made, tensor, order=2)


def test_wires_are_wires_and_more_legs_are_copy_tensors():
    assert td.einsum("ij,j->i", A, x) == A @ x
    assert td.einsum("ij->ij", A) is A
    assert td.einsum("ij->ji", A) == A.T
    assert td.einsum("ii->", A) == A.trace()
    assert td.einsum("i,i,i->i", x, y, x) == (x * y * x).flat()
    assert td.einsum("i->ii", x) == td.diag(x)
    assert td.einsum("i->", x) == x.sum()
    assert td.einsum("->") == td.ones(())
    assert td.einsum("i,i->i", x, y).boxes[-1] == td.Copy(3, "n")


@st.composite
def strings(draw):
    """Random strings over three letters of sizes 2, 3, 4."""
    rows = draw(st.lists(st.text("ijk", max_size=3), min_size=1, max_size=4))
    used = sorted(set("".join(rows)))
    output = draw(st.permutations(used).map("".join).flatmap(lambda s: st.integers(0, len(s)).map(lambda k: s[:k])))
    return rows, output


@given(strings())
def test_random_strings(string_):
    rows, output = string_
    operands = [td.Tensor(f"T{k}", tuple(row)) for k, row in enumerate(rows)]
    made = td.einsum(",".join(rows) + "->" + output, *operands)
    arrays, sizes = sample(made, i=2, j=3, k=4)
    expected = np.einsum(",".join(rows) + "->" + output, *(arrays[t.name] for t in operands))
    np.testing.assert_allclose(value(made, arrays, sizes), expected, atol=1e-10)
    np.testing.assert_allclose(made.evaluate(arrays, sizes=sizes), expected, atol=1e-10)
    assert td.einsum(",".join(rows) + "->" + output, *operands) is made


def test_more_letters_than_the_alphabet_has():
    letters = [chr(0x4E00 + k) for k in range(70)]
    matrices = [td.Tensor(f"M{k}", ("n", "n")) for k in range(69)]
    spec = ",".join(letters[k] + letters[k + 1] for k in range(69))
    made = td.einsum(spec, *matrices)
    assert made.order == 2
    arrays = {m.name: np.eye(2) * (1 + k % 2) for k, m in enumerate(matrices)}
    np.testing.assert_allclose(made.evaluate(arrays), np.eye(2) * 2.0**34)
    assert len(string.ascii_letters) < 70


def test_every_symbol_of_opt_einsum_is_a_letter():
    symbols = [opt_einsum.get_symbol(k) for k in range(6000)]
    assert "×" in symbols
    assert any(symbol.isspace() for symbol in symbols)
    for one, two in pairwise(symbols):
        assert td.einsum(f"{one}{two},{two}->{one}", A, x) == A @ x
    for letter in "1_+*;'[\\":
        assert td.einsum(f"i{letter}, \t{letter}\n->i", A, x) == A @ x


LISTS = [
    ("ij,j->i", [X, [0, 1], x, [1], [0]]),
    ("ij,j", [X, [0, 1], x, [1]]),
    ("ji", [X, [1, 0]]),
    ("ii->i", [A, (7, 7), range(7, 8)]),
    ("i,i->ii", [x, [3], y, [3], [3, 3]]),
    (",i->i", [a, [], x, [0], [0]]),
    ("ij->", [X, ["row", "column"], []]),
]


@pytest.mark.parametrize("row", LISTS, ids=[row[0] for row in LISTS])
def test_lists_of_indices_say_what_a_string_says(row):
    spec, arguments = row
    assert td.einsum(*arguments) is td.einsum(spec, *(given for given in arguments if isinstance(given, td.Expr)))


MESSAGES = [
    (("ij,j->i", A), ParseError, "the einsum string names 2 operands, but 1 are given\n  ij,j->i\n  ^"),
    (("", A), ParseError, "operand 0, A[n, n], has 2 legs but 0 letters\n  \n  ^"),
    (("i",), ParseError, "the einsum string names 1 operands, but 0 are given\n  i\n  ^"),
    (("ij,jk->ik", A, x), ParseError, "operand 1, x[n], has 1 leg but 2 letters\n  ij,jk->ik\n     ^"),
    (("ij->ik", A), ParseError, "the output letter 'k' is on no operand\n  ij->ik\n       ^"),
    (("...i->i", x), ParseError, "'...' is not supported in an einsum here: name every leg\n  ...i->i\n  ^"),
    (("i.->i", A), ParseError, "an einsum string has letters, commas and one '->', not '.'\n  i.->i\n   ^"),
    (("i1->i", x), ParseError, "operand 0, x[n], has 1 leg but 2 letters\n  i1->i\n  ^"),
    (("i-j", A), ParseError, "an einsum string has letters, commas and one '->', not '-'\n  i-j\n   ^"),
    (("i>j", A), ParseError, "an einsum string has letters, commas and one '->', not '>'\n  i>j\n   ^"),
    (("ij->i->j", A), ParseError, "an einsum string has one output\n  ij->i->j\n      ^"),
    (("ij->i,j", A), ParseError, "an einsum string has one output\n  ij->i,j\n      ^"),
    (("ij,j->i", A, np.ones(3)), ParseError, "operand 1 of the einsum is ndarray, not a tensor: declare it"),
    (("ij,i->j", X, x), DimensionError, "letter 'i' has two dimensions: leg 0 of X[m, n] is m, leg 0 of x[n] is n"),
    (("ii->i", X), DimensionError, "letter 'i' has two dimensions: leg 0 of X[m, n] is m, leg 1 of X[m, n] is n"),
    (
        ([0], A),
        ParseError,
        "einsum takes a string and tensors, such as einsum('ij,j->i', A, x), or tensors and lists of indices, "
        "such as einsum(A, [0, 1], x, [1], [0]); the first argument is list [0]",
    ),
    (
        (A, [0, 1], x),
        ParseError,
        "operand 1 of the einsum, x[n], has no list of indices; "
        "write einsum(A, [0, 1], x, [1], [0]), or a string first: einsum('ij,j->i', A, x)",
    ),
    ((A, "ij", [0]), ParseError, "the einsum's indices of operand 0 are a list such as [0, 1], not str 'ij'"),
    ((A, x, [0]), ParseError, "the einsum's indices of operand 0 are a list such as [0, 1], not Tensor x[n]"),
    ((A, [0, 1], 0), ParseError, "the einsum's indices of the output are a list such as [0, 1], not int 0"),
    ((A, [0, 1], [0], [1]), ParseError, "operand 1 of the einsum is list, not a tensor: declare it"),
    ((A, [0, ...], [0]), ParseError, "'...' is not supported in an einsum here: name every leg"),
    ((A, [0, []], [0]), ParseError, "an index of operand 0 in the einsum is a number or a name, not []"),
    ((A, [0, "j"]), ParseError, "the indices of the einsum have no order: give the list of the output, too"),
    ((A, [0]), ParseError, "operand 0, A[n, n], has 2 legs but 1 index"),
    ((x, [0, 1]), ParseError, "operand 0, x[n], has 1 leg but 2 indices"),
    ((A, [0, 1], [2]), ParseError, "the output index 2 is on no operand"),
    ((X, [0, 1], x, [0]), DimensionError, "index 0 has two dimensions: leg 0 of X[m, n] is m, leg 0 of x[n] is n"),
]


@pytest.mark.parametrize(
    ("arguments", "error", "message"), MESSAGES, ids=[row[2].split("\n")[0][:60] for row in MESSAGES]
)
def test_messages(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        td.einsum(*arguments)


@given(st.text(alphabet="ijk,->. 1", max_size=12))
def test_any_string_gives_a_value_or_a_message(text):
    try:
        made = td.einsum(text, A, x)
    except (ParseError, DimensionError):
        return
    assert made.tensors == (A, x)
