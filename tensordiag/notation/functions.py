"""The code of functions in exported programs: one table for NumPy and JAX, with PyTorch's spellings beside it."""

from __future__ import annotations

from fractions import Fraction

from ..core.expressions import Apply
from ..errors import ExportError

__all__ = ["PREFIX", "function_code", "function_name", "register_notation"]

PREFIX = {"numpy": "np", "opt_einsum": "np", "torch": "torch", "jax": "jnp"}

_CODE = {
    "sigmoid": "1/(1 + {np}.exp(-{0}))",
    "softplus": "{np}.logaddexp(0.0*{0}, {0})",
    "relu": "{np}.maximum({0}, 0*{0})",
    "step": "1.0*({0} > 0)",
    "pow": "({0})**({1})",
    "gelu": "0.5*{0}*(1 + {erf}({0}/2**0.5))",
    "erf": "{erf}({0})",
    "inv": "{np}.linalg.inv({0})",
    "expm": "{expm}({0})",
    "eigvalsh": "{np}.linalg.eigvalsh(({0} + {0}.T)/2)",
    "eigvecsh": "{np}.linalg.eigh(({0} + {0}.T)/2)[1]",
    "pinv": "{np}.linalg.pinv({0})",
    "det": "{np}.linalg.det({0})",
    "logdet": "{np}.linalg.slogdet({0})[1]",
    "adj": "{np}.linalg.det({0})*{np}.linalg.inv({0})",
    "max": "{0}.max()",
    "argmax": "1.0*({0} == {0}.max())/({0} == {0}.max()).sum()",
}
_TORCH = {  # where a bool times 1.0 has single precision
    "step": "({0} > 0).to({0}.dtype)",
    "argmax": "({0} == {0}.max()).to({0}.dtype)/({0} == {0}.max()).sum()",
}
_PLAIN = frozenset(
    """exp log log1p expm1 sqrt abs sign sin cos tan arcsin arccos arctan sinh cosh tanh maximum minimum""".split()  # noqa: SIM905
)
_ERF = {
    "numpy": "scipy.special.erf",
    "opt_einsum": "scipy.special.erf",
    "torch": "torch.erf",
    "jax": "jax.scipy.special.erf",
}
_EXPM = {
    "numpy": "scipy.linalg.expm",
    "opt_einsum": "scipy.linalg.expm",
    "torch": "torch.linalg.matrix_exp",
    "jax": "jax.scipy.linalg.expm",
}
_SCIPY_ONLY = frozenset({"logm", "sqrtm", "sinm", "cosm"})


_LATEX: dict[str, str] = {}


def register_notation(name: str, latex: str | None = None, code: str | None = None) -> None:
    """Say how a function is written: its name in LaTeX, and a template of exported code such as ``{np}.tanh({0})``."""
    if latex is not None:
        _LATEX[name] = latex
    if code is not None:
        _CODE[name] = code


def function_name(name: str) -> str:
    """A function's name in LaTeX."""
    return _LATEX.get(name, rf"\operatorname{{{name}}}")


def function_code(box: Apply, args: list[str], library: str) -> str:
    """The text that applies a box's function to its arguments' texts."""
    np, name = PREFIX[library], box.function
    args = [arg if arg.isidentifier() else f"({arg})" for arg in args]
    if name == "power":
        exponent = box.params[0]
        shown = f"({exponent})" if isinstance(exponent, Fraction) else repr(exponent)  # complex brings brackets
        base = args[0] if not isinstance(exponent, int) or exponent >= 0 else f"(1.0*{args[0]})"
        return f"{base}**{shown}"
    if name in ("softmax", "logsoftmax", "logsumexp"):
        return _along(name, box.params, args[0], library)
    if name in _PLAIN:
        return f"{np}.{name}({', '.join(args)})"
    if name in _SCIPY_ONLY and np == "np":
        return f"scipy.linalg.{name}({args[0]})"
    if name not in _CODE:
        raise ExportError(f"the function {name} has no source code for {library}")
    template = _TORCH.get(name, _CODE[name]) if library == "torch" else _CODE[name]
    return template.format(*args, np=np, erf=_ERF[library], expm=_EXPM[library])


def _along(name: str, params: tuple[int, ...], arg: str, library: str) -> str:
    """softmax and its like along some legs, with the largest entry taken out first."""
    np = PREFIX[library]
    if library == "torch":
        lse = f"torch.logsumexp({arg}, {params!r}, keepdim={name != 'logsumexp'})"
    elif library == "jax":
        lse = f"jax.scipy.special.logsumexp({arg}, axis={params!r}, keepdims={name != 'logsumexp'})"
    else:
        lse = f"scipy.special.logsumexp({arg}, axis={params!r}, keepdims={name != 'logsumexp'})"
    if name == "logsumexp":
        return lse
    log = f"{arg} - {lse}"
    return log if name == "logsoftmax" else f"{np}.exp({log})"
