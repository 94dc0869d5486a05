"""The conventions that the docs state: complex derivatives, kinks, layouts."""

import numpy as np
import pytest

import tensordiag as td

A = td.Tensor("A", ("n", "n"))
x = td.Tensor("x", ("n",))
rng = np.random.default_rng(0)
Z = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))


def real_function():
    """‖A‖² + Re tr(A²), real for every A, and its derivative by A at constant conjugate."""
    f = td.inner(A, A.conj()) + (A @ A).trace() / 2 + (A @ A).trace().conj() / 2
    return f, td.diff(f, A).evaluate(A=Z)


def test_a_tensor_and_its_conjugate_are_independent():
    f, derived = real_function()
    np.testing.assert_allclose(derived, Z.conj() + Z.T)
    np.testing.assert_allclose(td.diff(f, td.Tensor("A", ("n", "n"), conjugate=True)).evaluate(A=Z), derived.conj())


def test_jax_gives_twice_the_derivative():
    jax = pytest.importorskip("jax")
    jnp = pytest.importorskip("jax.numpy")
    _, derived = real_function()
    other = jax.grad(lambda a: jnp.real(jnp.sum(a * a.conj()) + jnp.trace(a @ a)))(Z)
    np.testing.assert_allclose(np.asarray(other), 2 * derived, rtol=1e-5)


def test_pytorch_gives_its_conjugate():
    torch = pytest.importorskip("torch")
    _, derived = real_function()
    a = torch.tensor(Z, requires_grad=True)
    ((a * a.conj()).sum() + torch.trace(a @ a)).real.backward()
    np.testing.assert_allclose(a.grad.numpy(), 2 * derived.conj(), rtol=1e-10)


def test_kinks():
    for f, at, expected in (
        (abs(x), [0.0], [[0.0]]),
        (td.relu(x), [0.0], [[0.0]]),
        (td.maximum(x, 0 * x), [0.0], [[0.0]]),
        (td.minimum(x, 0 * x), [0.0], [[0.0]]),
        (td.apply("max", x), [1.0, 1.0], [0.5, 0.5]),
    ):
        np.testing.assert_array_equal(td.diff(f, x).evaluate(x=at), expected)


def test_layouts():
    y = A @ x
    derived = td.diff(y, A).evaluate(A=Z, x=Z[0])
    other = td.diff(y, A, layout="denominator").evaluate(A=Z, x=Z[0])
    np.testing.assert_allclose(other, derived.transpose(1, 2, 0))
