"""Functions of the text language: how each one is typed and what it builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..core.algebra import conj, diag, hadamard, khatri_rao, ones, sum_legs, trace, vec
from ..core.elementary import norm
from ..core.expressions import FUNCTIONS, Expr, one
from ..core.functions import apply, mean, reciprocal, sqrt
from ..core.selections import cumsum, tril, triu
from .inference import Site
from .kinds import Reading, Typed
from .operators import kronecker, same_shape
from .syntax import Node

__all__ = ["function_names", "is_function", "type_call"]

Rule = Callable[[Reading, Node, Sequence[Typed]], Typed]
Unary = Callable[[Expr], Expr]


class _Word(NamedTuple):
    """A function of the language: how many arguments it takes, and its typing rule."""

    arity: int
    rule: Rule


def _named(name: str, params: tuple[int, ...] = ()) -> Unary:
    return lambda arg: apply(name, arg, params=params)


def _entrywise(build: Callable[..., Expr]) -> Rule:
    """Keeps the kind of its arguments; scalars broadcast."""

    def rule(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
        row, column = args[0].row, args[0].column
        if len(args) == 2:
            row, column = same_shape(reading, node, f"take {node.text} of", args[0], args[1])
        return Typed(node, row, column, lambda exprs: build(*exprs))

    return rule


def _reduction(build: Unary) -> Rule:
    """Makes a scalar of anything."""
    return lambda reading, node, args: Typed(node, None, None, lambda exprs: build(exprs[0]))


def _square(of_matrix: Unary, of_scalar: Unary, *, scalar: bool) -> Rule:
    """Takes a square matrix, or a scalar as a matrix of one entry; `scalar` says which of both it gives."""

    def rule(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
        arg = args[0]
        if arg.is_scalar:
            return Typed(node, None, None, lambda exprs: of_scalar(exprs[0]))
        dim = reading.require_square(arg, node, f"take {reading.quote(node)}")
        kept = None if scalar else dim
        return Typed(node, kept, kept, lambda exprs: of_matrix(exprs[0]))

    return rule


def _of_vector(build: Unary, *, scalar: bool = False) -> Rule:
    def rule(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
        arg = args[0]
        if not arg.is_vector:
            hint = f"; for a matrix there are {node.text}rows and {node.text}cols"
            raise reading.error(node, f"{node.text} takes a vector, not {reading.say(arg)}{hint}")
        row, column = (None, None) if scalar else (arg.row, arg.column)
        return Typed(node, row, column, lambda exprs: build(exprs[0]))

    return rule


def _of_matrix(build: Unary, keep: tuple[bool, bool] = (True, True)) -> Rule:
    """Takes a matrix; `keep` says which of its legs the result has."""

    def rule(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
        arg = args[0]
        if not arg.is_matrix:
            raise reading.error(node, f"{node.text} takes a matrix, not {reading.say(arg)}")
        row, column = (arg.row if keep[0] else None, arg.column if keep[1] else None)
        return Typed(node, row, column, lambda exprs: build(exprs[0]))

    return rule


def _diag(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    """A vector as a diagonal matrix, a square matrix's diagonal as a column."""
    arg = args[0]
    if arg.is_vector:
        dim = arg.row if arg.row is not None else arg.column
        return Typed(node, dim, dim, lambda exprs: diag(exprs[0]))
    dim = reading.require_square(arg, node, f"take {reading.quote(node)}")
    return Typed(node, dim, None, lambda exprs: diag(exprs[0]))


def _pinv(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    arg = args[0]
    if arg.is_vector:
        raise reading.error(node, f"pinv takes a matrix, not {reading.say(arg)}")
    build = reciprocal if arg.is_scalar else _named("pinv")
    return Typed(node, arg.column, arg.row, lambda exprs: build(exprs[0]))


def _khatri_rao(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    a, b = args
    if a.row is None or a.column is None or b.row is None or b.column is None:
        raise reading.error(node, f"kr takes two matrices, not {reading.say(a)} and {reading.say(b)}")
    action = f"take {reading.quote(node)}, which needs equally many columns"
    site = Site(node.position, action, reading.leg(a, "column"), reading.leg(b, "column"))
    reading.inference.equate(a.column, b.column, site)
    return Typed(node, a.row * b.row, a.column, lambda exprs: khatri_rao(exprs[0], exprs[1]))


def _vec(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    """The columns of a matrix, one below the other."""
    arg = args[0]
    if arg.row is None or arg.column is None:
        raise reading.error(node, f"vec takes a matrix, not {reading.say(arg)}")
    return Typed(node, arg.column * arg.row, None, lambda exprs: vec(exprs[0]))


def _constant(order: int) -> Rule:
    """`vector(c)` and `matrix(c)`: one number everywhere, with sizes that the rest of the text fixes."""

    def rule(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
        if not args[0].is_scalar:
            raise reading.error(node, f"{node.text} takes a scalar, not {reading.say(args[0])}")
        dims = [reading.constant_dimension(node) for _ in range(order)]
        column = dims[1] if order == 2 else None
        return Typed(node, dims[0], column, lambda exprs: hadamard(exprs[0], ones([reading.final(d) for d in dims])))

    return rule


def _log_magnitude(arg: Expr) -> Expr:
    return apply("log", apply("abs", arg))


_WORDS: dict[str, _Word] = {
    "sqrt": _Word(1, _entrywise(sqrt)),
    "conj": _Word(1, _entrywise(conj)),
    "argmax": _Word(1, _entrywise(_named("argmax"))),
    "sum": _Word(1, _reduction(sum_legs)),
    "mean": _Word(1, _reduction(mean)),
    "max": _Word(1, _reduction(_named("max"))),
    "norm1": _Word(1, _reduction(lambda arg: norm(arg, 1))),
    "norm2": _Word(1, _reduction(norm)),
    "normmax": _Word(1, _reduction(lambda arg: norm(arg, "max"))),
    "tr": _Word(1, _square(trace, trace, scalar=True)),
    "det": _Word(1, _square(_named("det"), lambda arg: arg, scalar=True)),
    "logdet": _Word(1, _square(_named("logdet"), _log_magnitude, scalar=True)),
    "inv": _Word(1, _square(_named("inv"), reciprocal, scalar=False)),
    "adj": _Word(1, _square(_named("adj"), lambda arg: one(), scalar=False)),
    "pinv": _Word(1, _pinv),
    "expm": _Word(1, _square(_named("expm"), _named("exp"), scalar=False)),
    "logm": _Word(1, _square(_named("logm"), _named("log"), scalar=False)),
    "sqrtm": _Word(1, _square(_named("sqrtm"), sqrt, scalar=False)),
    "sinm": _Word(1, _square(_named("sinm"), _named("sin"), scalar=False)),
    "cosm": _Word(1, _square(_named("cosm"), _named("cos"), scalar=False)),
    "cumsum": _Word(1, _of_vector(cumsum)),
    "tril": _Word(1, _of_matrix(tril)),
    "triu": _Word(1, _of_matrix(triu)),
    "diag": _Word(1, _diag),
    "Diag": _Word(1, _diag),
    "kron": _Word(2, lambda reading, node, args: kronecker(reading, node, args[0], args[1])),
    "kr": _Word(2, _khatri_rao),
    "vec": _Word(1, _vec),
    "vector": _Word(1, _constant(1)),
    "matrix": _Word(1, _constant(2)),
    "softmax": _Word(1, _of_vector(_named("softmax", (0,)))),
    "softmaxrows": _Word(1, _of_matrix(_named("softmax", (1,)))),
    "softmaxcols": _Word(1, _of_matrix(_named("softmax", (0,)))),
    "logsoftmax": _Word(1, _of_vector(_named("logsoftmax", (0,)))),
    "logsoftmaxrows": _Word(1, _of_matrix(_named("logsoftmax", (1,)))),
    "logsoftmaxcols": _Word(1, _of_matrix(_named("logsoftmax", (0,)))),
    "logsumexp": _Word(1, _of_vector(_named("logsumexp", (0,)), scalar=True)),
    "logsumexprows": _Word(1, _of_matrix(_named("logsumexp", (1,)), keep=(True, False))),
    "logsumexpcols": _Word(1, _of_matrix(_named("logsumexp", (0,)), keep=(False, True))),
}
_ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_WITH_PARAMS = frozenset({"power", "pow"})  # written ^ and .^


def is_function(name: str) -> bool:
    """Whether a name is a function of the language (elementwise ones of `td.function` are, too)."""
    return _word(name) is not None


def function_names() -> list[str]:
    """All functions of the language, sorted."""
    return sorted({*_WORDS, *_ALIASES, *(name for name in FUNCTIONS if is_function(name))})


def _word(name: str) -> _Word | None:
    known = _WORDS.get(name)
    if known is not None:
        return known
    name = _ALIASES.get(name, name)
    function = FUNCTIONS.get(name)
    if function is None or not function.elementwise or name in _WITH_PARAMS or function.arity not in (1, 2):
        return None
    return _Word(function.arity, _entrywise(lambda *args: apply(name, *args)))


def type_call(reading: Reading, node: Node, args: Sequence[Typed]) -> Typed:
    """The typed call of a function; `ParseError` for a wrong number or kind of arguments."""
    word = _word(node.text)
    assert word is not None  # the syntax only makes calls of known functions
    if len(args) != word.arity:
        expected = f"{word.arity} argument{'s' * (word.arity != 1)}"
        raise reading.error(node, f"{node.text} takes {expected}, not {len(args)}")
    return word.rule(reading, node, args)
