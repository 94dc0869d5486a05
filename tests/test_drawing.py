"""Pictures of expressions: files, options, errors."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

import tensordiag as td
from tensordiag.drawing import Drawing, draw, draw_equation
from tensordiag.errors import DrawingError

x, y, z, A, B, X = td.tensors("x[n] y[n] z[n] A[n,n] B[n,n] X[n,n]")


def test_importing_the_package_does_not_load_matplotlib():
    code = "import sys, tensordiag, tensordiag.drawing; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_drawing_is_loaded_from_the_top_level_when_it_is_used():
    code = (
        "import sys, tensordiag as td; assert 'tensordiag.drawing' not in sys.modules;"
        "assert td.draw is sys.modules['tensordiag.drawing'].draw; td.draw_equation, td.draw_equations;"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(td._DRAWING) <= set(td.__all__)
    with pytest.raises(AttributeError, match="no attribute 'drwa'"):
        td.drwa


def test_the_jacobian_of_a_product_is_a_dot_with_two_vectors_and_two_open_legs():
    scene = draw(td.diff(x * y * z, x)).scene
    assert sorted(node.kind for node in scene.nodes) == ["copy", "vector", "vector"]
    assert sorted(node.label for node in scene.nodes) == ["", "y", "z"]
    assert sorted(place for wire in scene.wires for place, _ in wire.tips) == [0, 1]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files_are_the_same_bytes_every_time(tmp_path, ending):
    for name in ("a", "b"):
        made = draw(td.diff(x * y * z, x), tmp_path / f"{name}.{ending}")
        assert isinstance(made, Drawing)
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert sorted(os.listdir(tmp_path)) == [f"a.{ending}", f"b.{ending}"]


def test_svg_is_xml_with_a_title_and_a_description():
    root = ElementTree.fromstring(draw(x @ A @ y).to_svg())
    names = [child.tag.split("}")[1] for child in root]
    assert names[:2] == ["title", "desc"]
    assert "matrix A" in root[1].text


def test_drawing_into_axes_touches_neither_figure_nor_settings():
    figure = Figure()
    axes = figure.add_subplot()
    before = dict(mpl.rcParams), figure.get_size_inches().tolist(), figure.get_facecolor()
    draw(x @ A @ y, axes)
    assert axes.patches or axes.artists or axes.get_children()
    assert (dict(mpl.rcParams), figure.get_size_inches().tolist(), figure.get_facecolor()) == before


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (None, {"theme": "lihgt"}, "unknown theme 'lihgt'; did you mean light"),
        (None, {"them": "light"}, "no option 'them'; did you mean theme"),
        ("picture.bmp", {}, r"cannot write a picture with \.bmp: the endings are \.png"),
        ("picture", {}, "cannot write a picture with no ending"),
        ("/nowhere/at/all/a.png", {}, "cannot write the picture to /nowhere/at/all/a.png: No such file"),
        (17, {}, "into a matplotlib Axes, not into int"),
        (None, {"legs": ["a", "b"]}, "legs names 2 open legs, but the expression has 0"),
        (None, {"labels": "some"}, "labels is 'open', 'all', 'dims' or 'none', not 'some'"),
    ],
)
def test_errors_say_what_is_wrong(target, options, message):
    with pytest.raises(DrawingError, match=message):
        draw(x @ A @ y, target, **options)


def test_axes_of_a_closed_figure_are_refused():
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        figure, axes = plt.subplots()
        plt.close(figure)
    with pytest.raises(DrawingError, match="closed"):
        draw(x, axes)


def test_a_large_network_needs_force():
    f = x
    for _ in range(300):
        f = A @ f
    with pytest.raises(DrawingError, match=r"301 nodes.*force=True"):
        draw(f, simplify=False)


def test_equations_share_a_baseline():
    made = draw_equation("f", x * y * z)
    assert {round(term.baseline, 9) for term in made.scene.terms} == {0.0}
