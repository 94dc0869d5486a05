"""Pictures as they were looked at and found good; `python tests/test_drawing_golden.py` writes them anew."""

import itertools
import re
from pathlib import Path

import pytest
from test_drawing_samples import SAMPLES, A, B, X, b, lattice, matrix_product, norm, u, v, x, y, z

import tensordiag as td

FOLDER = Path(__file__).parent / "data" / "pictures"
GOLDEN = {
    "hadamard": lambda: td.draw(x * y * z),
    "jacobian": lambda: td.draw(td.diff(x * y * z, x)),
    "bilinear": lambda: td.draw(x @ A @ y),
    "bilinear-transposed": lambda: td.draw(x @ A.T @ y),
    "quadratic-gradient": lambda: td.draw(SAMPLES["quadratic gradient"]),
    "trace": lambda: td.draw(td.trace(A @ X @ B @ X.T)),
    "trace-plain": lambda: td.draw(td.trace(A @ X @ B @ X)),
    "inverse": lambda: td.draw(SAMPLES["inverse derivative"]),
    "kronecker": lambda: td.draw(td.kron(A, B)),
    "kronecker-gradient": lambda: td.draw(td.diff(td.kron(A, B) @ td.tensors("k[n*n]")[0], A)),
    "bundle": lambda: td.draw(td.einsum("aijklmb,mlkjib->a", *td.tensors("G[n,n,n,n,n,n,n] H[n,n,n,n,n,n]"))),
    "nested-bubbles": lambda: td.draw(x * y * z, derivative=["x", "y"]),
    "layer": lambda: td.draw(td.apply("tanh", A @ x + b)),
    "least-squares": lambda: td.draw(SAMPLES["least squares gradient"]),
    "tensor": lambda: td.draw(SAMPLES["permuted tensor"]),
    "cp": lambda: td.draw(SAMPLES["cp"]),
    "cp-gradient": lambda: td.draw(SAMPLES["cp gradient"]),
    "mps": lambda: td.draw(matrix_product(4)),
    "norm": lambda: td.draw(norm(4)),
    "grid": lambda: td.draw(lattice(3, 3, legs=True)),
    "scalars": lambda: td.draw(SAMPLES["scalars"]),
    "bubble": lambda: td.draw_equation((A @ X @ B, "X"), td.diff(A @ X @ B, X)),
    "strip": lambda: td.derivation(x * y * z, x).draw(),
    "product-rule": lambda: td.derivation(u @ X @ X @ v, X).draw(),
    "print": lambda: td.draw(x.conj() @ td.apply("tanh", A @ x), theme="print"),
    "dark": lambda: td.draw(A @ x, theme="auto"),
}
NUMBER = re.compile(r"-?\d+\.?\d*")


GLYPHS = re.compile(r'id="td\w+-\S*(?:label|coefficient|sign|relation|rule|text|/?t\d+)"')


def outline(text):
    """The picture without glyphs, whose curves are the font's affair, and without digests."""
    kept = [line for line in text.splitlines() if not GLYPHS.search(line)]
    return re.sub(r"td[0-9a-f]{12}", "td", "\n".join(kept)) + "\n"


@pytest.mark.parametrize("name", GOLDEN)
def test_pictures_stay_as_they_are(name):
    wanted = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    made = outline(GOLDEN[name]().to_svg())
    assert NUMBER.sub("#", made) == NUMBER.sub("#", wanted)
    pairs = zip(NUMBER.findall(made), NUMBER.findall(wanted), strict=True)
    assert all(abs(float(one) - float(other)) <= 0.002 for one, other in pairs)  # the last digit may round elsewhere


def test_golden_pictures_differ_from_each_other():
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.svg"))]
    assert len(texts) == len(GOLDEN)
    assert all(one != other for one, other in itertools.combinations(texts, 2))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for golden, make in GOLDEN.items():
        (FOLDER / f"{golden}.svg").write_text(outline(make().to_svg()), encoding="utf-8")
