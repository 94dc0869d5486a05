"""A slow independent evaluator: the expression as it is written, every copy tensor a dense array.

It shares nothing with `tensordiag.compute`: nodes from the leaves up, each diagram by pairwise `np.einsum`.
"""

import itertools
import math
import string

import numpy as np
import scipy.special

from tensordiag.core.diagrams import Diagram, Environment
from tensordiag.core.expressions import Apply, Copy, Structural, Sum, Tensor, walk
from tensordiag.testing import random_arrays, random_sizes


def sample(expr, seed=0, **sizes):
    """(arrays, sizes) for an expression."""
    chosen = random_sizes(expr, seed, sizes)
    return random_arrays(expr, seed, chosen), chosen


def value(expr, arrays, sizes):
    """The value of an expression, by the definition of every node."""
    sizes = dict(sizes)
    done = {}
    for node in walk(expr):
        if isinstance(node, Copy) and node.order > 3 and node is not expr.base:
            continue  # a box of a diagram
        done[node] = np.asarray(_value(node, done, arrays, sizes))
    return done[expr.base]


def _value(node, done, arrays, sizes):
    if isinstance(node, Tensor):
        array = np.asarray(arrays[node.name])
        return array.conj() if node.conjugate else array
    if isinstance(node, Copy):
        return dense_copy(node.order, node.dim.value(sizes))
    if isinstance(node, Structural):
        return _structural(node, sizes)
    if isinstance(node, Sum):
        total = np.zeros([dim.value(sizes) for dim in node.dims])
        for coefficient, term in node.terms:
            number = coefficient if isinstance(coefficient, complex) else float(coefficient)
            total = total + number * done[term.base]
        return total
    if isinstance(node, Apply):
        return FUNCTIONS[node.function](*(done[arg.base] for arg in node.args), *node.params)
    if isinstance(node, Environment):
        diagram, skip = node.diagram, node.node
        return _network(diagram, done, sizes, skip, diagram.open + diagram.wires[skip])
    assert isinstance(node, Diagram)
    return _network(node, done, sizes, -1, node.open)


def dense_copy(order, size):
    """δ of this order as an array; of order 0 the number `size`."""
    if order == 0:
        return np.asarray(float(size))
    made = np.zeros((size,) * order)
    for i in range(size):
        made[(i,) * order] = 1
    return made


def _structural(node, sizes):
    shape = [dim.value(sizes) for dim in node.dims]
    made = np.zeros(shape)
    if node.name == "unit":
        made[node.params[0]] = 1
        return made
    params = [p if isinstance(p, int) else p.value(sizes) for p in node.params]
    for index in np.ndindex(*shape):
        if node.name == "slice":
            made[index] = index[0] == params[0] + params[1] * index[1]
        elif node.name == "triangle":
            made[index] = index[1] <= index[0] + params[0]
        elif node.name == "affine":
            made[index] = sum(c * i for c, i in zip(params, index, strict=False)) == params[-1]
    if node.name in ("slice", "triangle", "affine"):
        return made
    assert node.name == "merge"
    for index in itertools.product(*map(range, shape[:-1])):
        rank = 0
        for i, n in zip(index, shape[:-1], strict=True):
            rank = rank * n + i
        made[(*index, rank)] = 1
    return made


def _network(diagram, done, sizes, skip, open_):
    size = {wire: dim.value(sizes) for wire, dim in enumerate(diagram.wire_dims)}
    operands = []
    for k, (box, row) in enumerate(zip(diagram.boxes, diagram.wires, strict=True)):
        if k == skip:
            continue
        if isinstance(box, Copy) and box.order > 3:
            operands += _chained(row, k, size)
        else:
            operands.append((done[box.base], list(row)))
    output = []
    for wire in open_:  # a wire that is open at both ends is an identity matrix
        if wire in output:
            fresh = (wire, "again")
            operands.append((np.eye(size[wire]), [wire, fresh]))
            size[fresh] = size[wire]
            wire = fresh
        output.append(wire)
    while len(operands) > 1:
        a, b, kept = _cheapest(operands, output, size)
        rest = [operand for operand in operands if operand is not a and operand is not b]
        operands = [*rest, (_einsum(*a, *b, kept), kept)]
    made, labels = operands[0] if operands else (np.ones(()), [])
    return _einsum(made, labels, np.ones(()), [], output)


def _chained(row, k, size):
    """A copy tensor of high order as a chain of copy tensors of order 3, which is smaller to store."""
    links = [(k, "link", place) for place in range(len(row) - 3)]
    size.update(dict.fromkeys(links, size[row[0]]))
    delta = dense_copy(3, size[row[0]])
    ends = [row[0], *(end for link in links for end in (link, link)), row[-1]]
    return [(delta, [ends[2 * place], middle, ends[2 * place + 1]]) for place, middle in enumerate(row[1:-1])]


def _cheapest(operands, output, size):
    """The two operands with the smallest product, and the labels that it keeps."""
    best = None
    for a, b in itertools.combinations(operands, 2):
        outside = set(output).union(
            *(row for other in operands if other is not a and other is not b for row in [other[1]])
        )
        kept = [label for label in dict.fromkeys(a[1] + b[1]) if label in outside]
        cost = math.prod(size[label] for label in kept) - a[0].size - b[0].size
        if best is None or cost < best[0]:
            best = (cost, a, b, kept)
    return best[1:]


def _einsum(a, a_labels, b, b_labels, output):
    number = {label: k for k, label in enumerate(dict.fromkeys(a_labels + b_labels))}
    rows = [[number[label] for label in row] for row in (a_labels, b_labels, output)]
    return np.einsum(a, rows[0], b, rows[1], rows[2])


def _adjugate(x):
    """By cofactors."""
    n = len(x)
    made = np.empty_like(x)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(x, i, 0), j, 1)
            made[j, i] = (-1) ** (i + j) * (np.linalg.det(minor) if n > 1 else 1)
    return made


def _softmax(x, *legs):
    e = np.exp(x)
    return e / e.sum(axis=legs, keepdims=True)


def _argmax(x):
    mask = (x == x.max()).astype(float)
    return mask / mask.sum()


def _cauchy(x, name, places):
    """The divided difference f[X, …, X] by Cauchy's integral of f(z) times resolvents, on a circle."""
    scalar = {"expm": np.exp, "logm": np.log, "sqrtm": np.sqrt, "sinm": np.sin, "cosm": np.cos}[name]
    found = np.linalg.eigvals(x)
    centre = (found.real.max() + found.real.min()) / 2
    inner = np.abs(found - centre).max()
    radius = (inner + centre) / 2 if name in ("logm", "sqrtm") else inner + 1
    n, points = len(x), 600
    letters = string.ascii_letters
    pairs = [letters[2 + k] for k in range(2 * places)]
    ends = ["a", *pairs, "b"]
    spec = ",".join("".join(ends[k : k + 2]) for k in range(0, len(ends), 2)) + "->ab" + "".join(pairs)
    total = 0
    for k in range(points):
        z = centre + radius * np.exp(2j * np.pi * (k + 0.5) / points)
        resolvent = np.linalg.inv(z * np.eye(n) - x)
        total = total + scalar(z) * (z - centre) * np.einsum(spec, *[resolvent] * (places + 1))
    return (total / points).real


def _vectors(x):
    return np.linalg.eigh((x + x.T) / 2)[1]


def _gaps(x):
    made = np.zeros((len(x),) * 2)
    for i, j in itertools.permutations(range(len(x)), 2):
        made[i, j] = 1 / (x[i] - x[j])
    return made


FUNCTIONS = {
    **{name: lambda x, name=name: _cauchy(x, name, 0) for name in ("expm", "logm", "sqrtm", "sinm", "cosm")},
    "divided_difference": _cauchy,
    "eigvalsh": lambda x: np.sort(np.linalg.eigvals((x + x.T) / 2).real),
    "eigvecsh": _vectors,
    "gaps": _gaps,
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "abs", "sign", "sin", "cos", "tan")},
    **{
        name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "maximum", "minimum")
    },
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "step": lambda x: np.where(x > 0, 1.0, 0.0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "erf": scipy.special.erf,
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "power": lambda x, p: x ** float(p),
    "pow": lambda x, y: np.exp(y * np.log(x)),
    "inv": lambda x: np.linalg.solve(x, np.eye(len(x))),
    "det": np.linalg.det,
    "logdet": lambda x: math.log(abs(np.linalg.det(x))),
    "adj": _adjugate,
    "pinv": np.linalg.pinv,
    "softmax": _softmax,
    "logsoftmax": lambda x, *legs: np.log(_softmax(x, *legs)),
    "logsumexp": lambda x, *legs: np.log(np.exp(x).sum(axis=legs)),
    "max": np.max,
    "argmax": _argmax,
}
