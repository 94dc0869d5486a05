"""Diagrams that the drawing tests share: named ones, and random networks by seed."""

import random

import tensordiag as td
from tensordiag.core.diagrams import contract
from tensordiag.core.expressions import Copy

x, y, z, u, v, b = td.tensors("x[n] y[n] z[n] u[n] v[n] b[n]")
A, B, C, X, S = td.tensors("A[n,n] B[n,n] C[n,n] X[n,n] S[n,n] sym")
T, P, Q, R = td.tensors("T[i,j,k] P[i,r] Q[j,r] R[k,r]")
W, V = td.tensors("W[n,n,n] V[n,n,n,n]")

CP = td.einsum("ijk,ir,jr,kr->", T, P, Q, R)


def lattice(rows, columns, legs):
    """A grid of tensors, each with an open leg where `legs` says so."""
    rows_of = {(i, j): [] for i in range(rows) for j in range(columns)}
    wire = 0
    for i, j in rows_of:
        for there in ((i + 1, j), (i, j + 1)):
            if there in rows_of:
                rows_of[i, j].append(wire)
                rows_of[there].append(wire)
                wire += 1
    outer = []
    for place in rows_of:
        if legs:
            rows_of[place].append(wire)
            outer.append(wire)
            wire += 1
    boxes = [td.Tensor(f"P{i}{j}", ("n",) * len(row)) for (i, j), row in rows_of.items()]
    return contract(boxes, list(rows_of.values()), outer)


def matrix_product(sites):
    """A matrix product state with an open leg at every site."""
    labels = [[("b", k - 1), ("p", k), ("b", k)] for k in range(sites)]
    labels[0], labels[-1] = labels[0][1:], labels[-1][:-1]
    boxes = [td.Tensor(f"A{k + 1}", ("n",) * len(row)) for k, row in enumerate(labels)]
    return contract(boxes, labels, [("p", k) for k in range(sites)])


def norm(sites):
    """A matrix product state contracted with its conjugate: a ladder."""
    state = matrix_product(sites)
    return td.flat(contract([state, state.conj()], [range(sites), range(sites)], []))


SAMPLES = {
    "hadamard": x * y * z,
    "jacobian": td.diff(x * y * z, x),
    "bilinear": x @ A @ y,
    "bilinear transposed": x @ A.T @ y,
    "quadratic gradient": td.grad(x @ A @ x, x),
    "quadratic hessian": td.hessian(x @ A @ x, x),
    "trace of four": td.trace(A @ X @ B @ X.T),
    "trace of two": td.trace(A @ B),
    "trace": td.trace(A),
    "identity": td.identity("n") if hasattr(td, "identity") else td.diff(x, x),
    "identity of matrices": td.diff(A, A),
    "inverse derivative": td.diff(td.apply("inv", X), X),
    "determinant gradient": td.grad(td.apply("det", X), X),
    "kronecker": td.kron(A, B),
    "khatri-rao": td.khatri_rao(A, B),
    "vec": td.vec(A @ B),
    "vec of a sum": td.vec(A + B),
    "bracket beside a vector": td.outer(x, A + B, y),
    "outer": td.outer(x, y),
    "matrix vector": A @ x,
    "transposed matrix vector": A.T @ x,
    "two layers": td.apply("tanh", A @ td.apply("tanh", B @ x)),
    "layer with bias": td.apply("tanh", A @ x + b),
    "layer jacobian": td.diff(td.apply("tanh", A @ x + b), x),
    "sum in product": (A + B) @ td.apply("inv", A + B.T) @ x,
    "scalars": 2 * (x @ y) * A / 3 - B,
    "least squares": td.square_norm(A @ x - b),
    "least squares gradient": td.grad(td.square_norm(A @ x - b), x),
    "elementwise matrices": (A * B) @ x,
    "log-sum-exp hessian": td.hessian(td.apply("log", td.apply("exp", A @ x).sum()), x),
    "tensor": W,
    "permuted tensor": td.permute(W, (1, 0, 2)),
    "partial trace": td.einsum("iij->j", W),
    "double wire": td.einsum("ijk,jk->i", W, A),
    "double wire turned": td.einsum("ijk,kj->i", W, A),
    "tensor vector": td.einsum("ijk,j->ki", W, x),
    "cp": CP,
    "cp gradient": td.grad(CP, P),
    "cp square": td.einsum("ir,jr,kr,is,js,ks->", P, Q, R, P, Q, R),
    "mps": matrix_product(6),
    "norm": norm(6),
    "peps": lattice(3, 3, legs=True),
    "ladder": lattice(2, 5, legs=False),
    "zero": td.zero(("n", "n")),
    "one": td.contract([], [], []),
    "dimension": td.trace(td.diff(x, x)),
    "conjugate": x.conj() @ A @ x,
    "symmetric": x @ S @ y,
    "entry": td.entry(A, 0, None),
    "attention derivative": td.diff(
        td.parse("softmaxrows(A*B')*C", {"A": ("m", "k"), "B": ("n", "k"), "C": ("n", "l")}), "A"
    ),
}


def random_network(seed, most=7, least=1):
    """A random network of vectors, matrices, tensors and copy dots."""
    rng = random.Random(seed)
    boxes = []
    for number in range(rng.randint(least, most)):
        order = rng.choice([1, 1, 2, 2, 2, 3, 3, 4])
        if order >= 3 and rng.random() < 0.4:
            boxes.append(Copy(order, "n"))
        else:
            facts = ("sym",) if order > 1 and rng.random() < 0.2 else ()
            boxes.append(td.Tensor("ABCDEFGHKLMPQRSTUVW"[number], ("n",) * order, facts))
    ends = [(k, leg) for k, box in enumerate(boxes) for leg in range(box.order)]
    rng.shuffle(ends)
    count = min(rng.choice([0, 1, 1, 2, 2, 3]), len(ends))
    if (len(ends) - count) % 2:
        count += 1 if count < len(ends) else -1
    label = {end: ("open", k) for k, end in enumerate(ends[:count])}
    rest = ends[count:]
    for k in range(0, len(rest), 2):
        label[rest[k]] = label[rest[k + 1]] = ("wire", k)
    rows = [[label[(k, leg)] for leg in range(box.order)] for k, box in enumerate(boxes)]
    return contract(boxes, rows, [("open", k) for k in range(count)])
