"""The workloads W1 to W12: data, the formula as diagrams, by hand in NumPy, and as plain code for JAX and PyTorch."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import networkx as nx
import numpy as np

import tensordiag as td

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Workload:
    """One case.

    `diagrams()` gives the expressions whose values are wanted, `by_hand(arrays)` the same values in NumPy.
    `formula(lib, arrays)` is the scalar for automatic differentiation, `task` what is wanted of it ("grad", "hessian",
    "value_and_grad", "hvp", "jvp" or "jacobian") and `wrt` by which arrays; `directions` are those of an hvp or jvp.
    `is_network` says that the formula is one contraction.
    """

    name: str
    arrays: Callable[[np.random.Generator], Arrays]
    diagrams: Callable[[], Sequence[td.Expr]]
    by_hand: Callable[[Arrays], list[Any]]
    formula: Callable[[Any, Any], Any]
    task: str
    wrt: tuple[str, ...]
    directions: tuple[str, ...] = ()
    derive_only: bool = False
    is_network: bool = False


def normal(**shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Arrays]:
    """Standard normal arrays of these shapes."""
    return lambda rng: {name: rng.standard_normal(shape) for name, shape in shapes.items()}


# -- W1 to W3 ------------------------------------------------------------------------------------------


def hadamard(n: int, task: str) -> Workload:
    """W1: x∘y∘z; gradients of its sum, its derivative along a direction, or its dense Jacobian by x."""
    x, y, z, dx, dy, dz = td.tensors("x[n] y[n] z[n] dx[n] dy[n] dz[n]")
    f = x * y * z
    diagrams = {
        "grad": lambda: td.grad(f.sum(), [x, y, z]),
        "jvp": lambda: [td.jvp(f, [x, y, z], [dx, dy, dz])],
        "jacobian": lambda: [td.diff(f, x)],
    }

    def gradients(a: Arrays) -> list[Any]:
        return [a["y"] * a["z"], a["x"] * a["z"], a["x"] * a["y"]]

    def along(a: Arrays) -> list[Any]:
        made = a["dx"] * a["y"]
        other = a["x"] * a["dy"]
        made += other
        made *= a["z"]
        np.multiply(a["x"], a["y"], out=other)
        other *= a["dz"]
        made += other
        return [made]

    def jacobian(a: Arrays) -> list[Any]:
        made = np.zeros((n, n))
        np.multiply(a["y"], a["z"], out=made.reshape(-1)[:: n + 1])
        return [made]

    names = ("x", "y", "z", "dx", "dy", "dz") if task == "jvp" else ("x", "y", "z")
    return Workload(
        f"W1 {task} n={n}",
        normal(**dict.fromkeys(names, (n,))),
        diagrams[task],
        {"grad": gradients, "jvp": along, "jacobian": jacobian}[task],
        lambda lib, a: (a["x"] * a["y"] * a["z"]).sum() if task == "grad" else a["x"] * a["y"] * a["z"],
        task,
        ("x",) if task == "jacobian" else ("x", "y", "z"),
        ("dx", "dy", "dz") if task == "jvp" else (),
    )


def quadratic(n: int, task: str) -> Workload:
    """W2: xᵀAx."""
    x, A = td.tensors("x[n] A[n,n]")
    f = x @ A @ x
    return Workload(
        f"W2 {task} n={n}",
        normal(x=(n,), A=(n, n)),
        lambda: [td.grad(f, x) if task == "grad" else td.hessian(f, x)],
        lambda a: [a["A"] @ a["x"] + a["x"] @ a["A"]] if task == "grad" else [a["A"] + a["A"].T],
        lambda lib, a: a["x"] @ a["A"] @ a["x"],
        task,
        ("x",),
    )


def least_squares(m: int, n: int, task: str) -> Workload:
    """W3: ‖Xw − y‖²."""
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    f = td.square_norm(X @ w - y)
    return Workload(
        f"W3 {task} {m}×{n}",
        normal(X=(m, n), y=(m,), w=(n,)),
        lambda: [td.grad(f, w) if task == "grad" else td.hessian(f, w)],
        lambda a: [2 * (a["X"] @ a["w"] - a["y"]) @ a["X"]] if task == "grad" else [2 * (a["X"].T @ a["X"])],
        lambda lib, a: ((a["X"] @ a["w"] - a["y"]) ** 2).sum(),
        task,
        ("w",),
    )


# -- W4, W9, W10: functions ----------------------------------------------------------------------------


def logistic(n: int, task: str) -> Workload:
    """W4: Σ log(1 + exp(−y∘Xw)), twice as many rows as columns."""
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    f = td.log(td.exp(-(y * (X @ w))) + 1).sum()

    def arrays(rng: np.random.Generator) -> Arrays:
        return {
            "X": rng.standard_normal((2 * n, n)),
            "y": np.sign(rng.standard_normal(2 * n)),
            "w": rng.standard_normal(n) / np.sqrt(n),
        }

    def by_hand(a: Arrays) -> list[Any]:
        t = a["X"] @ a["w"]
        t *= a["y"]
        np.exp(t, out=t)
        t += 1
        s = np.reciprocal(t, out=t)
        if task == "grad":
            s *= a["y"]
            return [-(s @ a["X"])]
        Z = (np.sqrt(s * (1 - s)) * a["y"])[:, None] * a["X"]
        return [Z.T @ Z]

    return Workload(
        f"W4 {task} n={n}",
        arrays,
        lambda: [td.grad(f, w) if task == "grad" else td.hessian(f, w)],
        by_hand,
        lambda lib, a: lib.xp.log1p(lib.xp.exp(-a["y"] * (a["X"] @ a["w"]))).sum(),
        task,
        ("w",),
    )


def relu_network(n: int, batch: int, task: str, depth: int = 10) -> Workload:
    """W4b: ten ReLU layers and a softmax cross entropy; the gradients by all layers, or the Hessian by the first.

    The Hessian by hand is for a batch of one.
    """
    names = [f"W{k}" for k in range(depth)]
    Ws = [td.Tensor(name, ("n", "n")) for name in names]
    x, y = td.tensors("x[b,n] y[b,n]")

    def arrays(rng: np.random.Generator) -> Arrays:
        made = {name: rng.standard_normal((n, n)) * np.sqrt(2 / n) for name in names}
        return made | {"x": rng.standard_normal((batch, n)), "y": np.eye(n)[rng.integers(0, n, batch)]}

    def diagrams() -> list[td.Expr]:
        h: td.Expr = x
        for W in Ws[:-1]:
            h = td.relu(h @ W.T)
        f = -(y * td.logsoftmax(h @ Ws[-1].T, axis=1)).sum() / batch
        return td.grad(f, Ws) if task == "grad" else [td.hessian(f, Ws[0])]

    def forward(a: Arrays) -> tuple[list[np.ndarray], np.ndarray]:
        hs = [a["x"]]
        for name in names[:-1]:
            hs.append(np.maximum(hs[-1] @ a[name].T, 0))
        return hs, softmax(hs[-1] @ a[names[-1]].T)

    def hessian(a: Arrays) -> list[Any]:
        hs, q = forward(a)
        M = a[names[-1]]
        for k in range(depth - 1, 0, -1):
            M = M * (hs[k][0] > 0)
            if k > 1:
                M = M @ a[names[k - 1]]
        m = q[0] @ M
        K = (M.T * q[0]) @ M
        K -= np.outer(m, m)
        v = a["x"][0]
        made = np.empty((n, n, n, n))
        np.multiply(K[:, None, :, None], np.outer(v, v)[None, :, None, :], out=made)
        return [made]

    def gradients(a: Arrays) -> list[Any]:
        hs, g = forward(a)
        g -= a["y"]
        g /= batch
        made: list[Any] = [None] * depth
        for k in range(depth - 1, -1, -1):
            made[k] = g.T @ hs[k]
            if k:
                g = g @ a[names[k]]
                g *= hs[k] > 0
        return made

    def formula(lib: Any, a: Any) -> Any:
        h = a["x"]
        for name in names[:-1]:
            h = lib.relu(h @ a[name].T)
        z = h @ a[names[-1]].T
        return -(a["y"] * (z - lib.logsumexp(z)[:, None])).sum() / batch

    by_hand, wrt = (gradients, tuple(names)) if task == "grad" else (hessian, ("W0",))
    return Workload(f"W4b {task} n={n}", arrays, diagrams, by_hand, formula, task, wrt)


def softmax(z: np.ndarray) -> np.ndarray:
    """The softmax of every row."""
    e = z - z.max(axis=-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)
    return e


def perceptron(batch: int) -> Workload:
    """W9: 64-128-10 with tanh and a softmax cross entropy: the value and all gradients."""
    x, y, W1, b1, W2, b2 = td.tensors("x[b,i] y[b,o] W1[i,h] b1[h] W2[h,o] b2[o]")
    wrt = ("W1", "b1", "W2", "b2")

    def arrays(rng: np.random.Generator) -> Arrays:
        r = rng.standard_normal
        return {
            "x": r((batch, 64)),
            "y": np.eye(10)[rng.integers(0, 10, batch)],
            "W1": r((64, 128)) / 8,
            "b1": r(128) / 10,
            "W2": r((128, 10)) / 11,
            "b2": r(10) / 10,
        }

    def diagrams() -> list[td.Expr]:
        h = td.tanh(x @ W1 + td.outer(td.ones("b"), b1))
        z = h @ W2 + td.outer(td.ones("b"), b2)
        f = -(y * td.logsoftmax(z, axis=1)).sum() / batch
        return [f, *td.grad(f, [W1, b1, W2, b2])]

    def by_hand(a: Arrays) -> list[Any]:
        h = np.tanh(a["x"] @ a["W1"] + a["b1"])
        z = h @ a["W2"] + a["b2"]
        z -= z.max(1, keepdims=True)
        e = np.exp(z)
        s = e.sum(1, keepdims=True)
        value = (np.log(s).sum() - np.vdot(a["y"], z)) / batch
        e /= s
        e -= a["y"]
        e /= batch
        g = e @ a["W2"].T
        g *= 1 - h * h
        return [value, a["x"].T @ g, g.sum(0), h.T @ e, e.sum(0)]

    def formula(lib: Any, a: Any) -> Any:
        z = lib.xp.tanh(a["x"] @ a["W1"] + a["b1"]) @ a["W2"] + a["b2"]
        return -(a["y"] * (z - lib.logsumexp(z)[:, None])).sum() / batch

    return Workload(f"W9 batch={batch}", arrays, diagrams, by_hand, formula, "value_and_grad", wrt)


def attention(rows: int, d: int) -> Workload:
    """W10: ‖softmax(QKᵀ)V‖²: the value and all gradients."""
    Q, K, V = td.tensors("Q[s,d] K[s,d] V[s,d]")
    f = td.square_norm(td.softmax(Q @ K.T, axis=1) @ V)

    def arrays(rng: np.random.Generator) -> Arrays:
        r = rng.standard_normal
        return {"Q": r((rows, d)) * d**-0.25, "K": r((rows, d)) * d**-0.25, "V": r((rows, d))}

    def by_hand(a: Arrays) -> list[Any]:
        P = softmax(a["Q"] @ a["K"].T)
        out = P @ a["V"]
        value = np.vdot(out, out)
        out *= 2
        G = out @ a["V"].T
        G -= np.einsum("ij,ij->i", G, P)[:, None]
        G *= P
        return [value, G @ a["K"], G.T @ a["Q"], P.T @ out]

    def formula(lib: Any, a: Any) -> Any:
        z = a["Q"] @ a["K"].T
        return ((lib.xp.exp(z - lib.logsumexp(z)[:, None]) @ a["V"]) ** 2).sum()

    return Workload(
        f"W10 {rows}×{d}",
        arrays,
        lambda: [f, *td.grad(f, [Q, K, V])],
        by_hand,
        formula,
        "value_and_grad",
        ("Q", "K", "V"),
    )


# -- W5, W6: factorised tensors ------------------------------------------------------------------------


def block_diagonal(C: np.ndarray, n: int) -> np.ndarray:
    """δ_ij C_ab as a dense array."""
    H = np.zeros((n, len(C), n, len(C)))
    np.einsum("iaib->iab", H)[:] = C
    return H


def matrix_factors(n: int, k: int, task: str) -> Workload:
    """W5: ‖T − UVᵀ‖²."""
    T, U, V = td.tensors("T[n,n] U[n,k] V[n,k]")
    f = td.square_norm(T - U @ V.T)
    return Workload(
        f"W5 {task} n={n}",
        normal(T=(n, n), U=(n, k), V=(n, k)),
        lambda: [td.grad(f, U) if task == "grad" else td.hessian(f, U)],
        lambda a: (
            [2 * (a["U"] @ (a["V"].T @ a["V"]) - a["T"] @ a["V"])]
            if task == "grad"
            else [block_diagonal(2 * (a["V"].T @ a["V"]), n)]
        ),
        lambda lib, a: ((a["T"] - a["U"] @ a["V"].T) ** 2).sum(),
        task,
        ("U",),
    )


def canonical_polyadic(n: int, R: int, task: str) -> Workload:
    """W6: the gradients of ‖T − Σ a∘b∘c‖², or its Hessian by all factors along a direction."""
    T, *factors = td.tensors("T[n,n,n] A[n,R] B[n,R] C[n,R]")
    along = td.tensors("dA[n,R] dB[n,R] dC[n,R]")
    f = td.square_norm(T - td.einsum("ir,jr,kr->ijk", *factors))

    def diagrams() -> list[td.Expr]:
        if task == "grad":
            return td.grad(f, factors)
        first, *others = [td.jvp(f, factor, change) for factor, change in zip(factors, along, strict=True)]
        return td.grad(sum(others, first), factors)

    def gradients(a: Arrays) -> list[Any]:
        A, B, C, T3 = a["A"], a["B"], a["C"], a["T"].reshape(n * n, n)
        GA, GB, GC = A.T @ A, B.T @ B, C.T @ C
        TC = (T3 @ C).reshape(n, n, R)
        KR = (A[:, None, :] * B).reshape(n * n, R)
        gA = A @ (GB * GC) - np.einsum("ijr,jr->ir", TC, B)
        gB = B @ (GA * GC) - np.einsum("ijr,ir->jr", TC, A)
        gC = C @ (GA * GB) - T3.T @ KR
        return [2 * gA, 2 * gB, 2 * gC]

    def gram(X: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        D = X.T @ change
        return X.T @ X, D + D.T

    def product(a: Arrays) -> list[Any]:
        A, B, C, dA, dB, dC, T3 = *(a[k] for k in ("A", "B", "C", "dA", "dB", "dC")), a["T"].reshape(n * n, n)
        (GA, DA), (GB, DB), (GC, DC) = gram(A, dA), gram(B, dB), gram(C, dC)
        both = (T3 @ np.concatenate([C, dC], 1)).reshape(n, n, 2, R)
        TC, TdC = both[:, :, 0], both[:, :, 1]
        KR = dA[:, None, :] * B
        KR += A[:, None, :] * dB
        hA = dA @ (GB * GC) + A @ (DB * GC + GB * DC)
        hA -= np.einsum("ijr,jr->ir", TC, dB) + np.einsum("ijr,jr->ir", TdC, B)
        hB = dB @ (GA * GC) + B @ (DA * GC + GA * DC)
        hB -= np.einsum("ijr,ir->jr", TC, dA) + np.einsum("ijr,ir->jr", TdC, A)
        hC = dC @ (GA * GB) + C @ (DA * GB + GA * DB) - T3.T @ KR.reshape(n * n, R)
        return [2 * hA, 2 * hB, 2 * hC]

    names = ("A", "B", "C", "dA", "dB", "dC") if task == "hvp" else ("A", "B", "C")
    return Workload(
        f"W6 {task} n={n}",
        normal(T=(n, n, n), **dict.fromkeys(names, (n, R))),
        diagrams,
        gradients if task == "grad" else product,
        lambda lib, a: ((a["T"] - lib.xp.einsum("ir,jr,kr->ijk", a["A"], a["B"], a["C"])) ** 2).sum(),
        task,
        ("A", "B", "C"),
        ("dA", "dB", "dC") if task == "hvp" else (),
    )


# -- W7, W8, W11, W12: networks ------------------------------------------------------------------------


def product_state(N: int, D: int) -> Workload:
    """W7: ⟨ψ|ψ⟩ of a matrix product state: the value and all gradients."""
    bonds = [1] + [D] * (N - 1) + [1]
    names = [f"A{k}" for k in range(N)]

    def arrays(rng: np.random.Generator) -> Arrays:
        return {
            name: rng.standard_normal((bonds[k], 2, bonds[k + 1])) / np.sqrt(2 * bonds[k])
            for k, name in enumerate(names)
        }

    def diagrams() -> list[td.Expr]:
        dims = ["1"] + ["D"] * (N - 1) + ["1"]
        As = [td.Tensor(name, (dims[k], "p", dims[k + 1])) for k, name in enumerate(names)]
        L = td.einsum("api,apj->ij", As[0], As[0])
        for A in As[1:]:
            L = td.einsum("ij,ipk,jpl->kl", L, A, A)
        return [L.sum(), *td.grad(L.sum(), As)]

    def by_hand(a: Arrays) -> list[Any]:
        As = [a[name] for name in names]
        rows = [A.reshape(A.shape[0], -1) for A in As]
        columns = [A.reshape(-1, A.shape[2]) for A in As]
        L, Ls = np.ones((1, 1)), []
        for k in range(N):
            Ls.append(L)
            L = columns[k].T @ (L @ rows[k]).reshape(columns[k].shape)
        R, made = np.full((1, 1), 2.0), [None] * N
        for k in range(N - 1, -1, -1):
            AR = (columns[k] @ R).reshape(rows[k].shape)
            made[k] = (Ls[k] @ AR).reshape(As[k].shape)
            R = rows[k] @ AR.T
        return [L[0, 0], *made]

    def formula(lib: Any, a: Any) -> Any:
        L = lib.xp.einsum("api,apj->ij", a["A0"], a["A0"])
        for name in names[1:]:
            L = lib.xp.einsum("ipl,ipk->kl", lib.xp.einsum("ij,jpl->ipl", L, a[name]), a[name])
        return L.sum()

    return Workload(f"W7 N={N} D={D}", arrays, diagrams, by_hand, formula, "value_and_grad", tuple(names))


def network(name: str, indices: Sequence[Sequence[int]], q: int) -> Workload:
    """A closed network: the value and the gradient by every tensor (W8: a grid; W11: copy tensors on vertices)."""
    import opt_einsum

    names = [f"t{k}" for k in range(len(indices))]
    letters = [chr(c) for c in range(0x100, 0x400) if chr(c).isalpha()]
    spec = ",".join("".join(letters[i] for i in row) for row in indices) + "->"
    path = opt_einsum.RandomGreedy(max_repeats=64)(
        [set(row) for row in indices], set(), {i: q for row in indices for i in row}
    )

    def arrays(rng: np.random.Generator) -> Arrays:
        return {
            name: np.abs(rng.standard_normal((q,) * len(row))) * q ** (-len(row) / 2)
            for name, row in zip(names, indices, strict=True)
        }

    def diagrams() -> list[td.Expr]:
        ts = [td.Tensor(name, ["q"] * len(row)) for name, row in zip(names, indices, strict=True)]
        f = td.einsum(spec, *ts)
        return [f, *td.grad(f, ts)]

    sweep = tree_gradients([list(row) for row in indices], path, q)

    def by_hand(a: Arrays) -> list[Any]:
        return sweep([a[name] for name in names])

    def formula(lib: Any, a: Any) -> Any:
        return lib.contract(spec, [a[name] for name in names], path)

    return Workload(name, arrays, diagrams, by_hand, formula, "value_and_grad", tuple(names), is_network=True)


def product(first: list[int], second: list[int], out: list[int], q: int) -> Callable[[Any, Any], Any]:
    """The product of two arrays with these indices as one matmul, its transposes worked out beforehand."""
    batch = [i for i in out if i in first and i in second]
    summed = [i for i in first if i in second and i not in out]
    left, right = [i for i in out if i not in second], [i for i in out if i not in first]
    turn_first = [first.index(i) for i in batch + left + summed]
    turn_second = [second.index(i) for i in batch + summed + right]
    made = batch + left + right
    turn_out = [made.index(i) for i in out]
    shapes = [(q ** len(batch), q ** len(x), q ** len(y)) for x, y in ((left, summed), (summed, right))]

    def run(a: Any, b: Any) -> Any:
        a = a.transpose(turn_first).reshape(shapes[0])
        b = b.transpose(turn_second).reshape(shapes[1])
        return np.matmul(a, b).reshape((q,) * len(made)).transpose(turn_out)

    return run


def tree_gradients(rows: list[list[int]], path: Sequence[tuple[int, ...]], q: int) -> Callable[[list[Any]], list[Any]]:
    """The value and all gradients by one sweep up and one sweep down a contraction tree."""
    count, ids = len(rows), list(range(len(rows)))
    up: list[tuple[int, int, Any]] = []
    down: list[tuple[int, int, int, Any, Any]] = []
    for places in path:
        a, b = (ids[p] for p in sorted(places))
        ids = [t for k, t in enumerate(ids) if k not in places]
        rest = {i for t in ids for i in rows[t]}
        rows.append([i for i in dict.fromkeys(rows[a] + rows[b]) if i in rest])
        c = len(rows) - 1
        up.append((a, b, product(rows[a], rows[b], rows[c], q)))
        down.append((a, b, c, product(rows[c], rows[b], rows[a], q), product(rows[c], rows[a], rows[b], q)))
        ids.append(c)
    down.reverse()

    def run(values: list[Any]) -> list[Any]:
        values = list(values)
        for a, b, multiply in up:
            values.append(multiply(values[a], values[b]))
        cotangents: dict[int, Any] = {len(values) - 1: np.ones(())}
        for a, b, c, by_first, by_second in down:
            g = cotangents.pop(c)
            cotangents[a], cotangents[b] = by_first(g, values[b]), by_second(g, values[a])
        return [values[-1], *(cotangents[k] for k in range(count))]

    return run


def grid(L: int, D: int) -> Workload:
    """W8: a closed L×L grid with bond D."""
    graph = nx.grid_2d_graph(L, L)
    number = {frozenset(edge): k for k, edge in enumerate(graph.edges())}
    rows = [[number[frozenset((v, u))] for u in graph[v]] for v in graph]
    return network(f"W8 {L}×{L} D={D}", rows, D)


def cubic_graph(N: int, q: int) -> Workload:
    """W11: the partition function of a random cubic graph: a copy tensor on every vertex, a matrix on every edge."""
    graph = nx.random_regular_graph(3, N, seed=N)
    return network(f"W11 N={N} q={q}", [sorted(edge) for edge in sorted(map(sorted, graph.edges()))], q)


def matrix_chain(N: int, d: int) -> Workload:
    """W12: the time to derive and compile all gradients of tr(A₁…A_N)."""
    names = [f"A{k}" for k in range(N)]

    def diagrams() -> list[td.Expr]:
        As: list[td.Expr] = [td.Tensor(name, ("d", "d")) for name in names]
        product = As[0]
        for A in As[1:]:
            product = product @ A
        return td.grad(td.trace(product), names)

    def by_hand(a: Arrays) -> list[Any]:
        before = [np.eye(d)]
        for name in names[:-1]:
            before.append(before[-1] @ a[name])
        after, made = np.eye(d), [None] * N
        for k in range(N - 1, -1, -1):
            made[k] = (after @ before[k]).T
            after = a[names[k]] @ after
        return made

    def formula(lib: Any, a: Any) -> Any:
        product = a["A0"]
        for name in names[1:]:
            product = product @ a[name]
        return lib.xp.trace(product)

    return Workload(
        f"W12 matrices N={N} d={d}",
        lambda rng: {name: np.linalg.qr(rng.standard_normal((d, d)))[0] for name in names},
        diagrams,
        by_hand,
        formula,
        "grad",
        tuple(names),
        derive_only=True,
    )


def hadamard_chain(N: int, n: int) -> Workload:
    """W12: the time to derive and compile all gradients of Σ x₁∘…∘x_N."""
    names = [f"x{k}" for k in range(N)]

    def diagrams() -> list[td.Expr]:
        xs = [td.Tensor(name, "n") for name in names]
        return td.grad(reduce(operator.mul, xs).sum(), xs)

    def by_hand(a: Arrays) -> list[Any]:
        before = [np.ones(n)]
        for name in names[:-1]:
            before.append(before[-1] * a[name])
        after, made = np.ones(n), [None] * N
        for k in range(N - 1, -1, -1):
            made[k] = before[k] * after
            after = after * a[names[k]]
        return made

    return Workload(
        f"W12 Hadamard N={N} n={n}",
        lambda rng: {name: np.exp(0.05 * rng.standard_normal(n)) for name in names},
        diagrams,
        by_hand,
        lambda lib, a: reduce(operator.mul, [a[name] for name in names]).sum(),
        "grad",
        tuple(names),
        derive_only=True,
    )


def all_workloads() -> list[Workload]:
    """The cases of the table."""
    return [
        hadamard(2000, "grad"),
        hadamard(200_000, "grad"),
        hadamard(200_000, "jvp"),
        hadamard(2000, "jacobian"),
        quadratic(1000, "grad"),
        quadratic(1000, "hessian"),
        least_squares(2000, 300, "grad"),
        least_squares(2000, 300, "hessian"),
        logistic(64, "grad"),
        logistic(1024, "grad"),
        logistic(128, "hessian"),
        logistic(512, "hessian"),
        relu_network(128, 64, "grad"),
        relu_network(32, 1, "hessian"),
        matrix_factors(200, 5, "grad"),
        matrix_factors(100, 5, "hessian"),
        canonical_polyadic(60, 10, "grad"),
        canonical_polyadic(60, 10, "hvp"),
        product_state(20, 16),
        product_state(100, 16),
        grid(4, 3),
        grid(6, 4),
        perceptron(128),
        attention(128, 64),
        cubic_graph(20, 2),
        cubic_graph(60, 2),
        cubic_graph(40, 4),
        matrix_chain(32, 8),
        matrix_chain(128, 8),
        matrix_chain(512, 8),
        hadamard_chain(16, 1000),
        hadamard_chain(64, 1000),
    ]
