"""Draw the gallery: `python figures/draw.py [folder]` writes every picture of docs/gallery.md."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import tensordiag as td
from tensordiag.core.diagrams import contract
from tensordiag.drawing import draw, draw_derivation, draw_equation, draw_equations
from tensordiag.rewrite import Derivation, Step, simplify

HERE = Path(__file__).parent
x, y, z, u, v, a, b, w = td.tensors("x[n] y[n] z[n] u[n] v[n] a[n] b[n] w[n]")
A, B, C, X, W = td.tensors("A[n,n] B[n,n] C[n,n] X[n,n] W[n,n]")


def by_removal(expr: td.Expr, name: str) -> Derivation:
    """The derivation of a derivative by a tensor that occurs once: remove its node, open its wires, simplify."""
    flat = td.flat(expr)
    number = next(k for k, box in enumerate(flat.boxes) if getattr(box, "name", "") == name)
    opened = td.from_networkx(td.remove_node(flat.graph, number))
    steps = [Step(f"remove {name}", flat, opened, "", number)]
    if simplify(opened) != opened:
        steps.append(Step("simplify", opened, simplify(opened)))
    return Derivation(tuple(steps))


def by_product_rule(expr: td.Expr, name: str) -> Derivation:
    """The derivation of a derivative by a tensor that occurs several times: one term for each occurrence."""
    flat = td.flat(expr)
    numbers = [k for k, box in enumerate(flat.boxes) if getattr(box, "name", "") == name]
    terms = td.add([(1, td.from_networkx(td.remove_node(flat.graph, k))) for k in numbers])
    return Derivation((Step("product rule", flat, terms), Step("simplify", terms, simplify(terms))))


def seed(path: Path) -> None:
    """The problem that started it: d(x∘y∘z)/dx."""
    f = x * y * z
    draw_equations(
        [
            ("f", f),
            ((f, "x"), td.diff(f, x)),
            ("J·h", td.jvp(f, x)),
            ("gᵀ·J", td.vjp(f, x)),
            ((f.sum(), "x"), td.grad(f.sum(), x)),
        ],
        path,
    )


def seed_strip(path: Path) -> None:
    """The same as a derivation."""
    draw_derivation(by_removal(x * y * z, "x"), path, max_width=70.0)


def seed_animation(path: Path) -> None:
    """The same, frame by frame."""
    draw_derivation(by_removal(x * y * z, "x"), path)


def definitions(path: Path) -> None:
    """Nakahira's definitions: derivatives by a matrix and by a vector."""
    draw_equations(
        [
            ((A, "A"), td.diff(A, A)),
            ((A.T, "A"), td.diff(A.T, A)),
            ((A @ x, "x"), td.diff(A @ x, x)),
            ((x @ A, "x"), td.diff(x @ A, x)),
            ((A @ X @ B, "X"), td.diff(A @ X @ B, X)),
        ],
        path,
    )


def rules(path: Path) -> None:
    """Nakahira's rules: product, chain, trace, inverse, determinant, Hadamard, Kronecker."""
    inverse, determinant, layer = td.apply("inv", X), td.apply("det", X), td.apply("tanh", A @ x)
    draw_equations(
        [
            ((x @ A @ x, "x"), td.grad(x @ A @ x, x)),
            ((layer, "x"), td.diff(layer, x)),
            ((td.trace(A @ X), "X"), td.grad(td.trace(A @ X), X)),
            ((td.trace(A @ X.T), "X"), td.grad(td.trace(A @ X.T), X)),
            ((inverse, "X"), td.diff(inverse, X)),
            ((determinant, "X"), td.grad(determinant, X)),
            ((A * X, "X"), td.diff(A * X, X)),
            ((td.kron(A, X), "X"), td.diff(td.kron(A, X), X)),
        ],
        path,
    )


def asked(path: Path) -> None:
    """Ten derivatives that people asked for."""
    residual = A @ x - b
    inverse = td.apply("inv", X)
    logits = td.apply("exp", A @ x)
    draw_equations(
        [
            ("∇_{x}‖Ax−b‖^{2}", td.grad(td.square_norm(residual), x)),
            ("∇_{X} a^{⊤}X^{−1}b", td.grad(a @ inverse @ b, X)),
            ("∇_{X} \\mathrm{tr} AXBX^{⊤}", td.grad(td.trace(A @ X @ B @ X.T), X)),
            ("∇_{X} \\mathrm{tr} X^{⊤}X", td.grad(td.trace(X.T @ X), X)),
            ("∇_{X} \\mathrm{log det} X", td.grad(td.apply("logdet", X), X)),
            ("∇^{2} x^{⊤}Ax", td.hessian(x @ A @ x, x)),
            ("∂(a∘Wx)/∂W", td.diff(a * (W @ x), W)),
            ("∇_{x} \\mathrm{log} Σ \\mathrm{exp} Ax", td.grad(td.apply("log", logits.sum()), x)),
            ("∇_{A} ‖A−uv^{⊤}‖^{2}", td.grad(td.square_norm(A - td.outer(u, v)), A)),
            ("∇_{w} Σ σ(w∘x)", td.grad(td.apply("sigmoid", w * x).sum(), w)),
        ],
        path,
        max_width=60.0,
    )


def ring(path: Path) -> None:
    """A trace loses a node: the ring opens."""
    draw_derivation(by_removal(td.trace(A @ X @ B), "X"), path, max_width=70.0)


def chain(path: Path) -> None:
    """The product rule on uᵀXXXXv: every term keeps the places of the product."""
    draw_derivation(by_product_rule(u @ X @ X @ X @ X @ v, "X"), path, max_width=62.0)


def matrix_product_state(path: Path) -> None:
    """An MPS of six sites, its norm, and the norm's gradient by one site."""
    state = _state(6)
    norm = td.flat(contract([state, state.conj()], [range(6), range(6)], []))
    third = norm.tensor("A3")
    draw_equations([("ψ", state), ("⟨ψ|ψ⟩", norm), ("∂⟨ψ|ψ⟩/∂A_{3}", td.diff(norm, third))], path)


def _state(sites: int) -> td.Expr:
    labels = [[("b", k - 1), ("p", k), ("b", k)] for k in range(sites)]
    labels[0], labels[-1] = labels[0][1:], labels[-1][:-1]
    boxes = [td.Tensor(f"A{k + 1}", ["d" if kind == "p" else "D" for kind, _ in row]) for k, row in enumerate(labels)]
    return contract(boxes, labels, [("p", k) for k in range(sites)])


def peps(path: Path) -> None:
    """A PEPS of three by three sites."""
    draw(_peps(3, 3), path)


def _peps(rows: int, columns: int) -> td.Expr:
    labels: dict[tuple[int, int], list[object]] = {(i, j): [] for i in range(rows) for j in range(columns)}
    for (i, j), row in labels.items():
        for there in ((i + 1, j), (i, j + 1)):
            if there in labels:
                row.append(((i, j), there))
                labels[there].append(((i, j), there))
    dims = {place: ["D"] * len(row) + ["d"] for place, row in labels.items()}
    for place, row in labels.items():
        row.append(place)
    boxes = [td.Tensor(f"P{i + 1}{j + 1}", dims[i, j]) for i, j in labels]
    return contract(boxes, list(labels.values()), list(labels))


def cp_loss(path: Path) -> None:
    """The loss of a CP decomposition and its gradient by one factor."""
    t, p, q, r = td.tensors("X[i,j,k] A[i,r] B[j,r] C[k,r]")
    loss = (
        td.einsum("ijk,ijk->", t, t)
        - 2 * td.einsum("ijk,ir,jr,kr->", t, p, q, r)
        + td.einsum("ir,jr,kr,is,js,ks->", p, q, r, p, q, r)
    )
    draw_equations([("L", loss), ("∂L/∂A", td.grad(loss, p))], path, max_width=70.0)


def network(path: Path) -> None:
    """A small neural network and its gradients."""
    w1, w2, t = td.tensors("W1[h,n] W2[m,h] t[m]")
    output = w2 @ td.apply("tanh", w1 @ x)
    loss = td.square_norm(output - t)
    draw_equations(
        [("y", output), ("∂L/∂W_{2}", td.grad(loss, w2)), ("∂L/∂W_{1}", td.grad(loss, w1))], path, max_width=80.0
    )


def nested_bubbles(path: Path) -> None:
    """A second derivative: one bubble in another."""
    f = x @ A @ X @ y
    draw_equation((f, ("x", "y")), td.diff(f, x, y), path)


def _theme(name: str) -> Callable[[Path], None]:
    def themed(path: Path) -> None:
        f = td.grad(td.square_norm(A @ x - b), x)
        draw_equation("∇f", f, path, theme=name)

    themed.__doc__ = f"The theme {name}."
    return themed


GALLERY: dict[str, Callable[[Path], None]] = {
    "seed.png": seed,
    "seed-strip.png": seed_strip,
    "seed.gif": seed_animation,
    "definitions.png": definitions,
    "rules.png": rules,
    "asked.png": asked,
    "ring.png": ring,
    "chain.png": chain,
    "mps.png": matrix_product_state,
    "peps.png": peps,
    "cp.png": cp_loss,
    "network.png": network,
    "bubbles.png": nested_bubbles,
    **{f"theme-{name}.png": _theme(name) for name in ("light", "dark", "print", "book", "presentation")},
}


def main(folder: Path) -> None:
    """Write every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in GALLERY.items():
        make(folder / name)
        print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
