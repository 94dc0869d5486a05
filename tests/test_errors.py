"""The error tree, hints, and carets."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensordiag import errors
from tensordiag.errors import ParseError, TensordiagError, did_you_mean, with_caret

LEAVES = {
    "BackendError": ValueError,
    "DifferentiationError": ValueError,
    "DimensionError": ValueError,
    "DrawingError": ValueError,
    "ExportError": ValueError,
    "GraphError": ValueError,
    "MemoryLimitError": MemoryError,
    "OrderError": TypeError,
    "ParseError": ValueError,
    "ShapeError": ValueError,
    "SingularError": ArithmeticError,
    "UnknownTensorError": LookupError,
}


def test_every_error_is_ours_and_a_builtin():
    found = {n for n, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, TensordiagError)}
    assert found - {"TensordiagError"} == set(LEAVES)
    for name, builtin in LEAVES.items():
        cls = getattr(errors, name)
        assert issubclass(cls, TensordiagError)
        assert issubclass(cls, builtin)
        assert inspect.getdoc(cls)
        with pytest.raises(builtin, match=r"^told$"):
            raise cls("told")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("wieght", ["weight", "bias"], "; did you mean weight?"),
        ("row1", ["row2", "row3", "y"], "; did you mean row3 or row2?"),
        ("X", ["x", "y"], "; did you mean x?"),
        ("q", ["b", "a"], "; known here: a, b"),
        ("q", [], "; there are no tensors here"),
        (
            "zzz",
            [f"a{k:02}" for k in range(14)],
            "; known here: " + ", ".join(f"a{k:02}" for k in range(12)) + ", … (14 in all)",
        ),
    ],
)
def test_hints(name, known, hint):
    assert did_you_mean(name, known) == hint
    assert did_you_mean(name, list(reversed(known))) == hint


def test_carets_stand_under_the_place():
    assert with_caret("wrong", "a + b", 2) == "wrong\n  a + b\n    ^"
    assert with_caret("wrong", "one\ntwo three\nfour", 8) == "wrong\n  two three\n      ^"
    assert with_caret("wrong", "a\t+ b", 2) == "wrong\n  a + b\n    ^"
    assert with_caret("wrong", "", 0) == "wrong\n  \n  ^"
    error = ParseError("no", "x y", 2)
    assert (error.reason, error.text, error.position) == ("no", "x y", 2)
    assert str(ParseError("no")) == "no"
    assert str(error) == "no\n  x y\n    ^"


@given(st.text(min_size=1, max_size=400), st.data())
def test_a_long_line_is_cut_to_a_window(text, data):
    position = data.draw(st.integers(0, len(text) - 1))
    shown = with_caret("m", text, position)
    assert shown.startswith("m\n")
    assert all(len(line) <= 102 for line in shown.split("\n")[1:])
    assert re.search(r"\n  *\^$", shown)
