"""Programs of thousands of statements: every form of statement compiled once, the program a list of calls.

Python takes some 20 µs to compile a statement, which is most of the time to the first result of a long program.  Its
statements have few forms, though: those that differ in their variables only share one compiled function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

__all__ = ["as_calls", "warmed"]

_VARIABLE = re.compile(r"\b(a\d+|v\d+(?:_\d+)?|t)\b")
_SHORTEST = 300
_MOST_FORMS = 0.25
_WORTH_COMPILING = 64
_Form: TypeAlias = tuple[Callable[[Any, Any], Any], bool, bool]
"""A function of two variables, or of all variables and the places of some; whether it gives a value; which it is."""
_NOTHING, _ALL, _FIRST = 0, 1, 2
"""The places of what is never read, of all variables, and of the first array."""


def as_calls(
    body: Sequence[str], scope: dict[str, Any], guards: Sequence[tuple[str, Any, Any, tuple[int, ...]]], miss: Any
) -> Callable[[Mapping[str, Any]], Any] | None:
    """A function from arrays by name to the results of a program's statements, or `miss` where a guard fails.

    `guards` are name, type, dtype and shape of every array, those of the program first.  None for a short program, and
    for one that has blocks or too many forms of statements.  Cost: linear; one compilation a form.
    """
    if len(body) < _SHORTEST:
        return None
    slots = {f"a{k}": _FIRST + k for k in range(len(guards))}
    tables: list[tuple[int, ...]] = []
    forms: dict[tuple[str, ...], _Form] = {}
    calls: list[tuple[Any, ...]] = []
    for line in body:
        parts = _VARIABLE.split(line)
        form = tuple(parts[::2])
        names = [slots.setdefault(name, _FIRST + len(slots)) for name in parts[1::2]]
        found = forms.get(form)
        if found is None:
            if len(forms) > _MOST_FORMS * len(body) or form[0].startswith((" ", "for ", "def ")):
                return None
            found = forms[form] = _function(form, scope)
        function, assigns, takes_all = found
        target = names.pop(0) if assigns else _NOTHING
        if takes_all:
            tables.append(tuple(names))
            names = [_ALL, -len(tables)]
        calls.append(
            (function, target, *names) if len(names) == 2 else (function, target, *names, _NOTHING, _NOTHING)[:4]
        )
    start: list[Any] = [None] * (_FIRST + len(slots)) + tables[::-1]
    *steps, (finish, _, *last) = calls

    def run(given: Mapping[str, Any]) -> Any:
        if len(given) != len(guards):
            return miss
        variables = start.copy()
        for place, (name, kind, dtype, shape) in enumerate(guards, _FIRST):
            array: Any = given.get(name)
            if type(array) is not kind or array.dtype is not dtype or array.shape != shape:
                return miss
            variables[place] = array
        variables[_ALL] = variables
        try:
            for function, target, first, second in steps:
                variables[target] = function(variables[first], variables[second])
            return finish(variables[last[0]], variables[last[1]])
        finally:
            variables.clear()  # it holds itself

    return run


def _forget(variables: list[Any], places: tuple[int, ...]) -> None:
    for place in places:
        variables[place] = None


def _collected(variables: list[Any], places: tuple[int, ...]) -> list[Any]:
    return [variables[place] for place in places]


_LISTS = {("del ", ""): _forget, ("return [", "]"): _collected}
"""Statements on a list of variables, whatever their number."""


def warmed(
    first: Callable[[Mapping[str, Any]], Any], make: Callable[[], Callable[[Mapping[str, Any]], Any]]
) -> Callable[[Mapping[str, Any]], Any]:
    """`first` for some calls, then what `make` gives: code that runs faster, once it is worth its compilation."""
    calls = 0
    ready: Callable[[Mapping[str, Any]], Any] | None = None

    def run(given: Mapping[str, Any]) -> Any:
        nonlocal calls, ready
        if ready is not None:
            return ready(given)
        calls += 1
        if calls > _WORTH_COMPILING:
            ready = make()
        return first(given)

    return run


def _function(form: tuple[str, ...], scope: dict[str, Any]) -> _Form:
    """What carries out a form."""
    ends = form[0], form[-1]
    if len(form) > 1 and ends in _LISTS and set(form[1:-1]) <= {", "}:
        return _LISTS[ends], False, True
    assigns = form[0] == "" and len(form) > 1 and form[1].startswith(" = ")
    texts = (form[1][3:], *form[2:]) if assigns else form
    count = len(texts) - 1
    names = [f"x[y[{k}]]" for k in range(count)] if count > 2 else ["x", "y"][:count]
    text = texts[0] + "".join([name + rest for name, rest in zip(names, texts[1:], strict=True)])
    found: dict[str, Any] = {}
    text = f"return {text}" if assigns else text
    exec(f"def form(x, y):\n    {text}", scope, found)  # generated names and numbers only
    return found["form"], assigns, count > 2
