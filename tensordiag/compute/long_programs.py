"""Programs of thousands of statements: every form of statement compiled once, the program a list of calls.

Python takes some 20 µs to compile a statement, which is most of the time to the first result of a long program.  Its
statements have few forms, though: those that differ in their variables only share one compiled function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["as_calls", "warmed"]

_VARIABLE = re.compile(r"\b(a\d+|v\d+(?:_\d+)?|t)\b")
_SHORTEST = 300
_MOST_FORMS = 0.25
_WORTH_COMPILING = 64


def as_calls(
    body: Sequence[str], scope: dict[str, Any], guards: Sequence[tuple[str, Any, Any, tuple[int, ...]]], miss: Any
) -> Callable[[Mapping[str, Any]], Any] | None:
    """A function from arrays by name to the results of a program's statements, or `miss` where a guard fails.

    `guards` are name, type, dtype and shape of every array, those of the program first.  None for a short program, and
    for one that has blocks or too many forms of statements.  Cost: linear; one compilation a form.
    """
    if len(body) < _SHORTEST:
        return None
    statements = [_VARIABLE.split(line) for line in body]
    forms = [tuple(parts[::2]) for parts in statements]
    distinct = set(forms)
    if len(distinct) > _MOST_FORMS * len(body) or any(form[0].startswith((" ", "for ", "def ")) for form in distinct):
        return None
    slots = {f"a{k}": k for k in range(len(guards))}
    for parts in statements:
        for name in parts[1::2]:
            slots.setdefault(name, len(slots))
    functions = {form: _forget if form[0] == "del " else _function(form, scope) for form in distinct}
    unused = len(slots)
    calls: list[tuple[Any, ...]] = []
    start: list[Any] = [None] * (unused + 1)
    own = unused + 1
    start.append(None)
    for form, parts in zip(forms, statements, strict=True):
        names = [slots[name] for name in parts[1::2]]
        target = names.pop(0) if _is_assignment(form) else unused
        if len(names) > 2 or form[0] == "del ":
            start.append(tuple(names))
            names = [own, len(start) - 1]
        calls.append((functions[form], target, *[*names, unused, unused][:2]))
    *steps, (finish, _, *last) = calls

    def run(given: Mapping[str, Any]) -> Any:
        if len(given) != len(guards):
            return miss
        variables = start.copy()
        for place, (name, kind, dtype, shape) in enumerate(guards):
            array: Any = given.get(name)
            if type(array) is not kind or array.dtype is not dtype or array.shape != shape:
                return miss
            variables[place] = array
        variables[own] = variables
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


def _is_assignment(form: tuple[str, ...]) -> bool:
    return form[0] == "" and len(form) > 1 and form[1].startswith(" = ")


def _function(form: tuple[str, ...], scope: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """The function of two variables that carries out a form, or of (all variables, their places) for more of them."""
    assigns = _is_assignment(form)
    texts = (form[1][3:], *form[2:]) if assigns else form
    count = len(texts) - 1
    names = [f"x[y[{k}]]" for k in range(count)] if count > 2 else ["x", "y"][:count]
    text = texts[0] + "".join([name + rest for name, rest in zip(names, texts[1:], strict=True)])
    found: dict[str, Any] = {}
    text = f"return {text}" if assigns else text
    exec(f"def form(x, y):\n    {text}", scope, found)  # generated names and numbers only
    made: Callable[[Any, Any], Any] = found["form"]
    return made
