"""Draw the gallery: `python figures/draw.py [folder]` writes every picture of docs/gallery.md."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import tensordiag as td
from tensordiag.core.diagrams import contract
from tensordiag.drawing import draw, draw_equation, draw_equations
from tensordiag.testing import check_derivative

HERE = Path(__file__).parent
x, y, z, u, v, a, b = td.tensors("x[n] y[n] z[n] u[n] v[n] a[n] b[n]")
A, B, X, W = td.tensors("A[n,n] B[n,n] X[n,n] W[n,n]")


residual, inverse, logits = A @ x - b, td.apply("inv", X), td.apply("exp", A @ x)
T, P, Q, R = td.tensors("T[i,j,k] P[i,r] Q[j,r] R[k,r]")

DEFINITIONS: list[tuple[td.Expr, td.Expr]] = [(A, A), (A.T, A), (A @ x, x), (x @ A, x), (A @ X @ B, X)]
"""Derivatives by a matrix and by a vector: (expression, variable)."""

RULES: list[tuple[td.Expr, td.Expr]] = [
    (x @ A @ x, x),
    (td.apply("tanh", A @ x), x),
    (td.trace(A @ X), X),
    (td.trace(A @ X.T), X),
    (inverse, X),
    (td.apply("det", X), X),
    (A * X, X),
    (td.kron(A, X), X),
]
"""Product, chain, trace, transpose, inverse, determinant, Hadamard product, Kronecker product."""

DERIVATIONS: dict[str, tuple[td.Expr, td.Expr]] = {
    "quadratic-form": (x @ A @ x, x),
    "least-squares": (td.square_norm(residual), x),
    "trace": (td.trace(A @ X @ B @ X.T), X),
    "inverse": (a @ inverse @ b, X),
    "log-determinant": (td.apply("logdet", X), X),
    "matrix-power": (u @ X @ X @ X @ v, X),
    "weights": (a * (W @ x), W),
    "log-sum-exp": (td.apply("log", logits.sum()), x),
    "low-rank": (td.square_norm(A - td.outer(u, v)), u),
    "tensor-factor": (td.einsum("ijk,ir,jr,kr->", T, P, Q, R), P),
}
"""Ten problems that people asked: (expression, variable)."""


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
    td.derivation(x * y * z, x).draw(path)


def definitions(path: Path) -> None:
    """Nakahira's definitions: derivatives by a matrix and by a vector."""
    draw_equations([((f, by), td.diff(f, by)) for f, by in DEFINITIONS], path)


def rules(path: Path) -> None:
    """Nakahira's rules: product, chain, trace, transpose, inverse, determinant, Hadamard, Kronecker."""
    draw_equations([((f, by), td.diff(f, by)) for f, by in RULES], path)


def derivation(name: str) -> Callable[[Path], None]:
    """What draws the strip of a derivation."""

    def strip(path: Path) -> None:
        f, by = DERIVATIONS[name]
        td.derivation(f, by).draw(path, max_width=60.0)

    strip.__doc__ = f"The derivation {name}."
    return strip


def ring(path: Path) -> None:
    """A trace loses a node: the ring opens."""
    td.derivation(td.trace(A @ X @ B), X).draw(path, max_width=60.0)


CHAIN: tuple[td.Expr, td.Expr] = (y @ td.tanh(A @ x), x)
"""A function on its wire: (expression, variable)."""


def chain_rule(path: Path) -> None:
    """A function with everything behind it is removed, and its derivative glued to the open wire."""
    f, by = CHAIN
    td.derivation(f, by).draw(path, max_width=60.0)


def matrix_product_state(path: Path) -> None:
    """An MPS of six sites, its norm, and the norm's gradient by one site."""
    state = _state(6)
    norm = td.flat(contract([state, state.conj()], [range(6), range(6)], []))
    third = norm.tensor("A3")
    rows = [("ψ", state), ("⟨ψ | ψ⟩", norm), ("∂⟨ψ | ψ⟩/∂A_{3}", td.diff(norm, third))]
    draw_equations(rows, path, sides="down")


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
        [("y", output), ("L", loss), ("∂L/∂W_{2}", td.grad(loss, w2)), ("∂L/∂W_{1}", td.grad(loss, w1))],
        path,
        max_width=80.0,
    )


def nested_bubbles(path: Path) -> None:
    """A second derivative: one bubble in another."""
    f = x @ A @ X @ y
    draw_equation((f, ("x", "y")), td.diff(f, x, y), path)


def _theme(name: str) -> Callable[[Path], None]:
    def themed(path: Path) -> None:
        sym, third = td.tensors("S[n,n] sym, T[n,n,n]")
        f = td.einsum("ijk,i,j,k->", third, z.conj(), td.tanh(A @ x), sym @ y)
        td.derivation(f, y).draw(path, theme=name, max_width=60.0)

    themed.__doc__ = f"The theme {name}."
    return themed


GALLERY: dict[str, Callable[[Path], None]] = {
    "seed.png": seed,
    "seed-strip.png": seed_strip,
    "seed.gif": seed_strip,
    "definitions.png": definitions,
    "rules.png": rules,
    **{f"derivation-{name}.png": derivation(name) for name in DERIVATIONS},
    "ring.png": ring,
    "chain-rule.png": chain_rule,
    "mps.png": matrix_product_state,
    "peps.png": peps,
    "cp.png": cp_loss,
    "network.png": network,
    "bubbles.png": nested_bubbles,
    **{f"theme-{name}.png": _theme(name) for name in ("light", "dark", "print", "book", "presentation")},
}


def main(folder: Path) -> None:
    """Check every derivative against numerical differentiation, then write every picture."""
    for f, by in (*DEFINITIONS, *RULES, *DERIVATIONS.values(), CHAIN, (x * y * z, x)):
        error = check_derivative(f, by)
        print(f"{error:8.1e}  {f} by {by}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in GALLERY.items():
        make(folder / name)
        print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
