"""The command line: derive, draw, einsum, evaluate and check formulas written in the text language."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ExportError, TensordiagError

if TYPE_CHECKING:
    from .core.expressions import Expr

__all__ = ["main"]

_DESCRIPTION = """\
Differentiate tensor expressions: the derivative is the diagram with a node removed.

Formulas are written as x'*A*x: * contracts, .* (or ∘) is elementwise, ' (or ᵀ) transposes, and there are
exp, log, sum, tr, det, inv, norm2, diag, kron, softmax and many more.  Tensors that are not declared by --dims are
scalars (a–g and lower-case Greek), vectors (h–z) or matrices (capitals), and their sizes are inferred.
"""
_EXAMPLES = {
    "": """\
examples:
  tensordiag derive "x∘y∘z" --wrt x --draw hadamard.png
  tensordiag derive "x'*A*x" --wrt x --order 2
  tensordiag evaluate "x'*A*x" x=x.npy A=A.npy
  tensordiag COMMAND --help

exit codes: 0 fine, 1 the input is wrong (or a check failed), 2 wrong usage.
""",
    "derive": """\
examples:
  tensordiag derive "x∘y∘z" --wrt x --draw hadamard.png     the Jacobian Diag(y∘z), its map and its picture
  tensordiag derive "norm2(A*x - y)^2" --wrt x A            the gradients by two variables
  tensordiag derive "x'*A*x" --wrt x --order 2              the Hessian
  tensordiag derive "A*x" --wrt x --dims "A[m,n] x[n]"      with declared sizes
  tensordiag derive "tr(X*A)" --wrt X --latex               one line of LaTeX, nothing else
  tensordiag derive "y'*log(softmax(W*x))" --wrt W --text   one line of matrix notation, nothing else

The axes of a derivative are those of the formula, then those of the variable; --layout denominator puts the variable
first.  With several variables, the pictures are named out-x.png, out-A.png.
""",
    "draw": """\
examples:
  tensordiag draw "x'*A*x" --out quadratic.svg
  tensordiag draw "tr(A*X*B)" --wrt X --out gradient.png    the picture of the derivative
""",
    "einsum": """\
examples:
  tensordiag einsum "x'*A*x"
  tensordiag einsum "x∘y∘z" --wrt x
  tensordiag einsum "A*x" --library torch
""",
    "evaluate": """\
examples:
  tensordiag evaluate "x'*A*x" x=x.npy A=A.npy
  tensordiag evaluate "a*x" a=0.5 x=x.npy --out result.npy
  tensordiag evaluate "x'*A*x" all.npz --wrt x              the value of the gradient
  tensordiag evaluate "sum(𝟏_n)" --sizes n=4

Arrays are NAME=FILE.npy, NAME=NUMBER, or an .npz file that holds them by name.  Pickled files are refused.
""",
    "check": """\
examples:
  tensordiag check "norm2(A*x - y)" --wrt x                 against numerical derivatives on random numbers
  tensordiag check "log(det(A))" --wrt A --dims "A[n,n] spd" --order 2 --seed 7
""",
}
_NEGATED_TEXT = re.compile(r"-(?!-)(?!h$)(?!o$).")
_NAMES = re.compile(r"[^\W\d]\w*(,\s*[^\W\d]\w*)*,?")
_WITHOUT_VALUE = frozenset({"-h", "--help", "--latex", "--text"})


class _InputError(TensordiagError, ValueError):
    """An argument that cannot be used, such as a file without arrays."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 1 the input is wrong, 2 wrong usage.

    Errors are one message on standard error, never a traceback.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # argparse takes the formula -x for an option; behind a space it is a formula
    arguments = _join_names([f" {a}" if _NEGATED_TEXT.match(a) else a for a in arguments])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ∘ still gets the rest
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)  # the reader has seen enough, as `head` does
        return 0
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except TensordiagError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}", 1)
    except MemoryError:
        return _fail("out of memory", 1)
    return code


def _join_names(arguments: list[str]) -> list[str]:
    """The names after --wrt as one value, ``U V`` as ``U,V``, where the formula has been given before it."""
    made: list[str] = []
    formula = joining = False
    for place, argument in enumerate(arguments):
        before = arguments[place - 1] if place > 1 else "--help"  # the command takes no value
        if joining and _NAMES.fullmatch(argument):
            made[-1] = f"{made[-1].rstrip(',')},{argument}"
            continue
        is_value = before.startswith("-") and "=" not in before and before not in _WITHOUT_VALUE
        joining = formula and is_value and before == "--wrt"
        formula = formula or (place > 0 and not is_value and not argument.startswith("-"))
        made.append(argument)
    return made


def _run(arguments: list[str]) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its message
        return stop.code if isinstance(stop.code, int) else 2
    code: int = options.run(options)
    return code


def _fail(message: str, code: int) -> int:
    print(f"tensordiag: {message}", file=sys.stderr)
    return code


def _silence(stream: Any) -> None:
    """Point a closed stream elsewhere, so that the interpreter can flush it at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


# -- arguments -----------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _new_parser("", argparse.ArgumentParser, prog="tensordiag", description=_DESCRIPTION)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    derive = _command(commands, "derive", _derive, "print the derivative in every notation, and draw it")
    _add_variables(derive, required=True)
    derive.add_argument("--draw", metavar="FILE", help="write the picture of the derivative (.png, .svg, .pdf)")
    derive.add_argument("--latex", action="store_true", help="print LaTeX only")
    derive.add_argument("--text", action="store_true", help="print the matrix notation only")
    derive.add_argument(
        "--layout",
        choices=("numerator", "denominator"),
        default="numerator",
        help="which axes come first (default: the formula's, numerator)",
    )
    draw = _command(commands, "draw", _draw, "draw a formula or its derivative")
    _add_variables(draw)
    draw.add_argument("-o", "--out", metavar="FILE", required=True, help="the picture to write (.png, .svg, .pdf)")
    einsum = _command(commands, "einsum", _einsum, "print a formula or its derivative as einsum")
    _add_variables(einsum)
    einsum.add_argument(
        "--library",
        choices=("numpy", "opt_einsum", "torch", "jax"),
        default="numpy",
        help="whose einsum (default: numpy)",
    )
    evaluate = _command(commands, "evaluate", _evaluate, "compute a formula or its derivative from arrays")
    _add_variables(evaluate)
    evaluate.add_argument("arrays", nargs="*", metavar="ARRAY", help="NAME=FILE.npy, NAME=NUMBER or FILE.npz")
    evaluate.add_argument("--sizes", nargs="+", default=[], metavar="NAME=SIZE", help="sizes that no array has")
    evaluate.add_argument("-o", "--out", metavar="FILE", help="write the value to an .npy file instead of printing it")
    check = _command(commands, "check", _check, "compare the derivative with a numerical one")
    _add_variables(check, required=True)
    check.add_argument("--seed", type=_natural, default=0, help="of the random numbers (default: 0)")
    return parser


def _natural(text: str) -> int:
    """A natural number from the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a natural number is needed, not {text!r}")
    return int(text)


def _new_parser(command: str, make: Callable[..., argparse.ArgumentParser], **options: Any) -> argparse.ArgumentParser:
    return make(
        epilog=_EXAMPLES[command], formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options
    )


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str) -> Any:
    def make(**options: Any) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, **options)
        return made

    command = _new_parser(name, make, help=summary, description=summary[0].upper() + summary[1:] + ".")
    command.add_argument("formula", metavar="TEXT", help='the formula, such as "x\'*A*x"')
    command.add_argument("--dims", metavar="DECLARATIONS", help='declared tensors, such as "A[n,n] sym, x[n], a"')
    command.set_defaults(run=run)
    return command


def _add_variables(command: argparse.ArgumentParser, required: bool = False) -> None:
    command.add_argument(
        "--wrt",
        metavar="NAME[,NAME]",
        action="append",
        required=required,
        help="differentiate by these, each for itself: --wrt U V, --wrt U,V or --wrt U --wrt V",
    )
    command.add_argument(
        "--order",
        type=_order,
        default=1,
        metavar="K",
        help="how often to differentiate by a variable; 2 gives the Hessian (default: 1)",
    )


def _order(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 8:
        raise argparse.ArgumentTypeError(f"the order is an integer from 1 to 8, not {text!r}")
    return number


class _Version(argparse.Action):
    """Prints the version; the package is imported only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from . import __version__

        print(f"tensordiag {__version__}")
        parser.exit()


def _read(options: argparse.Namespace) -> Expr:
    from .notation.language import parse

    return parse(options.formula, options.dims)


def _variables(options: argparse.Namespace) -> list[str]:
    names = [name.strip() for group in options.wrt or () for name in group.split(",")]
    if not all(names):
        raise _InputError(f"--wrt takes names separated by commas, not {options.wrt[-1]!r}")
    return list(dict.fromkeys(names))


def _differentiate(expr: Expr, name: str, order: int, layout: Any = "numerator") -> Expr:
    from .calculus import diff

    return diff(expr, name, *[name] * (order - 1), layout=layout)


def _chosen(options: argparse.Namespace) -> Expr:
    """The formula, or its derivative by the one variable of --wrt."""
    expr, names = _read(options), _variables(options)
    if len(names) > 1:
        raise _InputError(f"--wrt takes one variable here, not {', '.join(names)}")
    return _differentiate(expr, names[0], options.order) if names else expr


# -- commands ------------------------------------------------------------------------------------------


def _derive(options: argparse.Namespace) -> int:
    expr, names = _read(options), _variables(options)
    results = [_differentiate(expr, name, options.order, options.layout) for name in names]
    short = options.latex or options.text
    if not short:
        print(f"f = {' '.join(options.formula.split())}   with {_signatures(expr)}")
    for name, made in zip(names, results, strict=True):
        if options.text:
            print(_matrix_or_index(made))
        if options.latex:
            print(made.latex())
        if not short:
            _print_forms(expr, name, made, options.order)
        if options.draw:
            path = _picture_path(options.draw, name, len(names))
            made.draw(path)
            if not short:
                _print_entry("picture", str(path))
    return 0


def _signatures(expr: Expr) -> str:
    """The tensors as one declares them: a scalar is its name."""
    return ", ".join(tensor.signature.replace("[]", "") for tensor in expr.tensors)


def _picture_path(path: str, name: str, count: int) -> Path:
    """The path itself, or with the variable's name where there are several pictures."""
    given = Path(path)
    return given if count == 1 else given.with_name(f"{given.stem}-{name}{given.suffix}")


def _print_forms(expr: Expr, name: str, made: Expr, order: int) -> None:
    what = {1: "gradient", 2: "Hessian"}.get(order, "derivative") if expr.order == 0 else "derivative"
    if order > 1 and what == "derivative":
        what = f"derivative of order {order}"
    legs = f"[{', '.join(map(str, made.dims))}]" if made.dims else "a scalar"
    print(f"\n{what} by {name}: {legs}")
    _print_matrix(made)
    _print_entry("map", _linear_map(expr, name, order))
    _print_entry("index", made.index())
    try:
        _print_entry("einsum", str(made.einsum()))
    except ExportError as error:
        _print_entry("einsum", f"none: {error}")


def _print_matrix(made: Expr) -> None:
    """The matrix notation; of a result of order 4 the sum of Kronecker products that it is, where it is one."""
    if made.order <= 2:
        try:
            _print_entry("matrix", made.matrix())
        except ExportError as error:
            _print_entry("matrix", f"none: {error}")
        return
    _print_entry("matrix", f"none: the result has {made.order} legs")
    try:
        if made.order == 4:
            rows, columns = (" and ".join(map(str, dims)) for dims in (made.dims[:2], made.dims[2:]))
            _print_entry("kronecker", f"{made.kronecker()}   (rows count {rows}, columns {columns})")
    except ExportError:
        return  # the index notation says it


def _print_entry(label: str, text: str) -> None:
    first, *rest = text.splitlines() or [""]
    print(f"  {label:<10}{first}")
    for line in rest:
        print(f"  {'':<10}{line}")


def _linear_map(expr: Expr, name: str, order: int) -> str:
    """The last derivative as the map that it is: ``h ↦ h∘y∘z``."""
    from .calculus import jvp
    from .core.expressions import Tensor

    below = _differentiate(expr, name, order - 1) if order > 1 else expr
    taken = {tensor.name for tensor in expr.tensors}
    fresh = next(h for h in ("h", *(f"h{k}" for k in range(1, len(taken) + 2))) if h not in taken)
    return f"{fresh} ↦ {_matrix_or_index(jvp(below, name, Tensor(fresh, expr.tensor(name).dims)))}"


def _matrix_or_index(expr: Expr) -> str:
    try:
        return expr.matrix()
    except ExportError:
        return expr.index()


def _draw(options: argparse.Namespace) -> int:
    _chosen(options).draw(Path(options.out))
    print(options.out)
    return 0


def _einsum(options: argparse.Namespace) -> int:
    made = _chosen(options).einsum()
    print(str(made) if options.library == "numpy" else made.code(options.library))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    import numpy as np

    expr = _chosen(options)
    arrays = _load_arrays(options.arrays, {tensor.name for tensor in expr.tensors})
    value = np.asarray(expr.evaluate(arrays, sizes=_read_sizes(options.sizes)))
    if options.out:
        _save(Path(options.out), value)
        print(options.out)
    else:
        print(value.item() if value.ndim == 0 else np.array2string(value, threshold=1000))
    return 0


def _read_sizes(texts: Sequence[str]) -> dict[str, int]:
    sizes = {}
    for text in texts:
        name, _, size = text.partition("=")
        if not name or not size.isdigit():
            raise _InputError(f"a size is NAME=NUMBER, such as n=4, not {text!r}")
        sizes[name] = int(size)
    return sizes


def _load_arrays(texts: Sequence[str], known: set[str]) -> dict[str, Any]:
    """Arrays by name; of an .npz file only those that the formula knows."""
    arrays: dict[str, Any] = {}
    for text in texts:
        name, equals, source = text.strip().partition("=")
        if equals:
            found = {name: _load_one(name, source)}
        elif text.endswith(".npz"):
            found = {key: value for key, value in _load_file(text).items() if key in known}
        else:
            raise _InputError(f"an array is NAME=FILE.npy, NAME=NUMBER or FILE.npz, not {text!r}")
        for key in sorted(found.keys() & arrays.keys()):
            raise _InputError(f"the array {key} is given twice")
        arrays.update(found)
    return arrays


def _load_one(name: str, source: str) -> Any:
    try:
        return float(source)
    except ValueError:
        found = _load_file(source)
    if source.endswith(".npz"):
        raise _InputError(f"{source} holds arrays by name: give it without {name}=")
    return found[""]


def _load_file(path: str) -> dict[str, Any]:
    """The arrays of an .npz file, or the one of an .npy file under the empty name; never a pickle."""
    import zipfile

    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise _InputError(f"{path} is no .npy or .npz file of numbers") from None


def _save(path: Path, value: Any) -> None:
    """Write an .npy file whole or not at all: beside it, then renamed."""
    import numpy as np

    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _InputError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, value, allow_pickle=False)
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check(options: argparse.Namespace) -> int:
    from .testing import check_derivative

    expr, names = _read(options), _variables(options)
    failed = 0
    for name in names:
        try:
            error = check_derivative(expr, name, order=options.order, seed=options.seed)
        except AssertionError as report:
            failed = _fail(f"the derivative by {name} is wrong: {report}", 1)
        else:
            print(f"{name}: ok, largest relative error {error:.1e}")
    return failed
