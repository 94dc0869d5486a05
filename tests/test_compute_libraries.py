"""Programs on NumPy, torch and JAX: sources that run as they stand, types, devices, and results of their own."""

import importlib

import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute.constants import Gather, constant_source, evaluated
from tensordiag.errors import BackendError

rng = np.random.default_rng(11)
ARRAYS = {"x": rng.random(4), "A": rng.random((4, 4)) + 4 * np.eye(4), "B": rng.random((4, 3)), "S": np.eye(4)}


def array_of(library):
    """The function that makes an array of a library."""
    if library == "numpy":
        return np.asarray
    found = pytest.importorskip(library)
    if library == "jax":
        found.config.update("jax_enable_x64", True)
        return importlib.import_module("jax.numpy").asarray
    return found.as_tensor


def expressions():
    x, A, B, S = td.tensors("x[n] A[n,n] B[n,m] S[n,n]sym")
    shares = td.square_norm(td.softmax(A @ B @ B.T, axis=1) @ A)
    logs = td.log(td.exp(A @ x) + 1).sum()
    determinants = td.logdet(S @ S + A) + td.det(A)
    return {
        "softmax": shares,
        "softmax by A": td.grad(shares, A),
        "softmax by B": td.grad(shares, B),
        "Hessian": td.hessian(logs, x),
        "determinants by A": td.grad(determinants, A),
        "Jacobian": td.diff(x * x, x),
        "kron": td.kron(A, B),
        "row": td.diff(B[1, :], B),
        "gelu": td.apply("gelu", x),
        "solve": td.inv(A) @ B,
        "argmax": td.apply("argmax", x),
        "logsumexp": td.logsumexp(B, axis=0),
        "adj": td.adj(A),
        "identity": td.diff(td.vec(A), A),
        "slice": A[1:3],
        "columns": td.Tensor("A", (4, 4))[:, 3:0:-2],
        "cumsum": td.cumsum(x),
        "lower": td.tril(A),
        "convolution": td.convolve(x, B[:, 0]),
        "triangle": td.grad((td.tril(A) * A).sum(), A),
        "root": x**0.5,
        "third": td.parse("A.^(1/3)", "A[n,n]"),
        "expm": td.trace(td.expm(A)),
        "complex": 1j * x,
    }


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("name", list(expressions()))
def test_a_source_runs_as_it_stands(library, name):
    convert = array_of(library)
    expr = expressions()[name]
    program = td.compile(expr, backend=library)
    want = program({tensor.name: convert(ARRAYS[tensor.name]) for tensor in expr.tensors})
    scope = {}
    exec(program.source, scope)
    read = [line[2:].split(" ")[1] for line in program.source.splitlines() if line.startswith("# a")]
    got = scope["program"](*[convert(ARRAYS[tensor]) for tensor in read])
    assert got.dtype == want.dtype
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.asarray(want), expr.evaluate({t.name: ARRAYS[t.name] for t in expr.tensors}))


def test_arrays_alike_are_told_apart_where_jax_traces():
    """Of arrays of one shape and type only the first is tested at every call."""
    asarray = array_of("jax")
    A, B, C = td.tensors("A[m,n] B[n,k] C[k,l]")
    program = td.compile([A @ B @ C, td.grad((A @ B @ C).sum(), B)], backend="jax")
    for shape_b, shape_c in [((3, 3), (3, 3)), ((3, 4), (4, 3)), ((3, 3), (3, 5)), ((3, 3), (3, 3))]:
        given = {"A": rng.random((3, 3)), "B": rng.random(shape_b), "C": rng.random(shape_c)}
        value, gradient = program({name: asarray(array) for name, array in given.items()})
        np.testing.assert_allclose(value, given["A"] @ given["B"] @ given["C"])
        assert gradient.shape == shape_b
    narrow = {name: asarray(np.ones((3, 3), np.float32)) for name in "ABC"}
    assert program({**narrow, "A": asarray(np.ones((3, 3)))})[0].dtype == np.float64
    assert program(narrow)[0].dtype == np.float32
    assert program({**narrow, "C": asarray(np.ones((3, 3)))})[0].dtype == np.float64


def test_torch_arrays_of_several_types_promote():
    torch = pytest.importorskip("torch")
    A, x = td.tensors("A[n,n] x[n]")
    f = x.conj() @ A @ x
    arrays = {"A": rng.random((3, 3)) + 1j * rng.random((3, 3)), "x": rng.random(3)}
    exprs = [f, *td.grad(f, [A, x]), x @ x, 1j * (A @ x)]
    expected = td.compile(exprs)(arrays)
    found = td.compile(exprs, backend="torch")({name: torch.as_tensor(a) for name, a in arrays.items()})
    for want, got in zip(expected, found, strict=True):
        assert str(got.dtype) == f"torch.{np.asarray(want).dtype}"
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-12)
    single = {"A": torch.ones(3, 3, dtype=torch.float32), "x": torch.ones(3, dtype=torch.float64)}
    found = td.compile([f, td.trace(A)], backend="torch")(single)
    assert [made.dtype for made in found] == [torch.float64, torch.float32]


def test_torch_results_share_no_memory():
    torch = pytest.importorskip("torch")
    A, x, y = td.tensors("A[n,n] x[n] y[n]")
    results = [td.grad(x @ y, x), td.grad(x @ y, x), A.T, A.conj(), A.H, A[0], td.diag(A), 2 * x, x + y, A[0:2]]
    for dtype in (torch.float64, torch.complex128):
        arrays = {name: torch.ones(shape, dtype=dtype) for name, shape in (("A", (3, 3)), ("x", (3,)), ("y", (3,)))}
        made = td.compile(results, backend="torch")(arrays)
        places = [a.untyped_storage().data_ptr() for a in (*arrays.values(), *made)]
        assert len(set(places)) == len(places)
        for result in made:
            result.numpy()  # no conjugation is left to be carried out


@pytest.mark.parametrize("name", list(expressions()))
def test_torch_makes_its_constants_where_the_arrays_are(name):
    torch = pytest.importorskip("torch")
    expr = expressions()[name]
    arrays = {t.name: torch.empty(ARRAYS[t.name].shape, dtype=torch.float64, device="meta") for t in expr.tensors}
    made = td.compile(expr, backend="torch")(arrays)
    assert made.device.type == "meta"


@pytest.mark.parametrize(
    ("rule", "shape"),
    [
        (("triangle", (0,)), (3, 5)),
        (("triangle", (-1,)), (4, 4)),
        (("triangle", (2,)), (2, 6)),
        (("affine", (1, -2, 1)), (7, 3)),
        (("affine", (1, 1, -1, 0)), (3, 4, 6)),
        (("affine", (0, 1, 2)), (2, 4)),
        (("affine", (3,)), ()),
    ],
)
def test_constants_are_what_their_rule_says(rule, shape):
    kind, params = rule
    made = evaluated(constant_source(rule, shape))
    for place in np.ndindex(shape):
        total = sum(c * i for c, i in zip(params, place, strict=False))
        want = place[1] <= place[0] + params[0] if kind == "triangle" else total == params[-1]
        assert np.broadcast_to(made, shape)[place] == want


@pytest.mark.parametrize("factor", [1, -1, 2, 3])
@pytest.mark.parametrize("form", [(0, 1), (0, -1), (0, 2), (1, 1), (0, 0), (-2, 3), (0, 1, 2)])
@pytest.mark.parametrize("offset", [-1, 0, 4])
def test_a_gather_takes_the_places_that_it_says(factor, form, offset):
    source, axis = (3, 5), 1
    shape = (3, *[2 + k for k in range(len(form) - 1)])
    gather = Gather(axis, factor, offset, form)
    x = rng.random(source)
    want = np.zeros(shape)
    for place in np.ndindex(shape):
        at, rest = divmod(offset - sum(c * i for c, i in zip(form, place, strict=True)), factor)
        if not rest and 0 <= at < source[axis]:
            want[place] = x[place[0], at]
    index, inside = gather.index(source, shape)
    got = np.broadcast_to(x[tuple([evaluated(text) for text in index])], shape)
    np.testing.assert_array_equal(got if inside is None else np.where(evaluated(inside), got, 0), want)
    part = gather.as_slice(source, shape)
    if part is not None:
        np.testing.assert_array_equal(x[:, part], want)
        assert inside is None


def test_a_slice_is_no_gather_of_single_places():
    A = td.Tensor("A", (5, 5))
    for expr, text in ((A[1:3], "1:3"), (A[:, 4:0:-2], ":, 4:0:-2"), (A[::2], "0:6:2"), (A[::-1], "4::-1")):
        assert f"a0[{text}]" in td.compile(expr).source


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_structured_values_are_computed_by_numpy_only(library):
    as_array = array_of(library)
    x = td.Tensor("x", "n")
    hessian = td.hessian((x**4).sum(), x)
    with pytest.raises(BackendError, match=f"structured values are computed by numpy, not by {library}: write comp"):
        td.compile(hessian, backend=library).structured(x=np.ones(3))
    made = td.compile(hessian).structured(x=as_array(np.ones(3)))
    assert isinstance(made.core, np.ndarray)
    assert made.core.tolist() == [12, 12, 12]
