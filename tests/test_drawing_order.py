"""The order of what is drawn: terms and factors as they were written, term k of a panel as term k of the next."""

import pytest
from test_drawing_faithful import LETTERS, flaws
from test_drawing_samples import A, B, C, X, u, v, x, y, z

import tensordiag as td
from tensordiag.drawing import draw
from tensordiag.drawing.readback import read, same
from tensordiag.drawing.skeletons import coefficient_markup, terms_of
from tensordiag.testing import random_diagram

w = td.Tensor("w", ("n",))


def tops(drawing):
    """The terms that are in no frame."""
    return [term for term in drawing.scene.terms if "/" not in term.id]


def words(drawing):
    """The letters of the nodes of every term, from left to right, what is in frames among them."""
    made = []
    for term in tops(drawing):
        texts = [t for t in drawing.scene.texts if t.id.startswith(f"{term.id}/") and t.id.endswith("-label")]
        made.append("".join(t.label for t in sorted(texts, key=lambda t: t.center[0])))
    return made


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        (u @ B @ v + x @ A @ y, ["uBv", "xAy"]),
        (z @ A @ u + x @ A @ y + u @ B @ v, ["zAu", "xAy", "uBv"]),
        (B @ x + A @ y, ["Bx", "Ay"]),
        ((x @ y) * (u @ v) * td.trace(C) * B, ["xyuvCB"]),
        (z @ (C + B + A) @ x, ["zCBAx"]),
        (y @ td.apply("expm", B @ A) @ x, ["yBAx"]),
        (td.trace(X @ A @ B), ["XAB"]),
        (w @ (x * (A @ (y * z))), ["wxAyz"]),
    ],
)
def test_terms_and_factors_stand_as_they_were_written(expr, wanted):
    drawing = draw(expr)
    assert words(drawing) == wanted
    assert flaws(drawing) == {}
    shown = [term.skeleton for term in terms_of(expr.simplify())]
    drawn = [skeleton for _, skeleton in read(drawing.scene, "ijkl")]
    assert len(drawn) == len(shown)
    assert all(any(same(one, other) for other in shown) for one in drawn)
    terms = drawing.alt.split("Term ")[1:] if len(wanted) > 1 else []
    assert all(set(word) <= set(term) for word, term in zip(wanted, terms, strict=False))


def test_the_order_is_that_of_a_product_and_not_that_of_a_network():
    spec = "i,ij,j->"
    one, other = td.einsum(spec, x, A, y), td.einsum("j,ij,i->", y, A, x)
    assert draw(one).to_svg() == draw(other).to_svg()


def test_positive_terms_still_come_first():
    drawing = draw(-(x @ B @ y) + y @ A @ x)
    assert words(drawing) == ["yAx", "xBy"]


@pytest.mark.parametrize("expr", [u @ X @ A @ X @ v, u @ X @ X @ X @ v, td.trace(A.T @ X @ B @ X.T @ C), td.kron(X, X)])
def test_a_term_of_a_panel_is_the_same_term_of_the_next(expr):
    derivation = td.derivation(expr, X)
    drawing = derivation.draw(max_width=None)
    order = expr.order + 2
    panels = {}
    for (coefficient, skeleton), term in zip(read(drawing.scene, "ijkl"), tops(drawing), strict=True):
        if skeleton.order == order:
            panels.setdefault(term.id.rpartition("c")[0], []).append((coefficient, skeleton))
    *_, before, after = panels.values()
    assert len(before) == len(after) > 1
    for (one, first), (other, second) in zip(before, after, strict=True):
        assert one == other
        assert same(first, second)


def test_a_symmetric_bracket_is_never_seen_from_behind():
    symmetric = A + A.T
    drawing = draw(x @ symmetric @ B @ symmetric @ symmetric @ y)
    turns = [node.turn for node in sorted(drawing.scene.nodes, key=lambda n: n.center[0]) if node.label == "A"]
    assert turns == [0.0, 180.0] * 3


def test_strands_at_a_dot_keep_the_order_of_a_tensor_s_legs():
    T = td.Tensor("T", ("i", "j", "k"))
    Q, R = td.tensors("Q[j,r] R[k,r]")
    drawing = draw(td.einsum("ijk,jr,kr->ir", T, Q, R))
    at = {node.label: node.center[1] for node in drawing.scene.nodes}
    assert at["Q"] > at["T"] > at["R"]
    assert flaws(drawing) == {}


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        (z * y * x, "zyx"),
        (A @ (y * x), "yx"),
        (A @ (y * (x * u)), "yxu"),
        ((z * y * x) @ A, "zyx"),
        (w @ (y * x * z), "wyx"),
    ],
)
def test_factors_at_a_dot_stand_from_top_to_bottom(expr, wanted):
    drawing = draw(expr)
    nodes = [node for node in drawing.scene.nodes if node.label in wanted]
    assert "".join(node.label for node in sorted(nodes, key=lambda node: -node.center[1])) == wanted
    assert flaws(drawing) == {}


def test_another_order_does_not_change_what_is_drawn():
    for seed in range(40):
        expr = random_diagram(seed, steps=5, smooth=seed % 2 == 0, conjugates=seed % 2 == 1)
        rest = list(terms_of(expr.simplify()))
        for coefficient, skeleton in read(draw(expr, max_width=None, terms=None, depth=20).scene, LETTERS):
            twins = [term for term in rest if same(skeleton, term.skeleton)]
            shown = ["".join(coefficient_markup(term.coefficient, True)) for term in twins]
            rest.remove(twins[shown.index(coefficient)])
        assert not rest, seed
