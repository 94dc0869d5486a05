"""Programs of thousands of statements: every form of statement compiled once, the program a list of calls.

Python takes some 20 µs to compile a statement, which is most of the time to the first result of a long program.  Its
statements have few forms, though: those that differ in their variables only share one compiled function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from .product_source import factors, product_call
from .values import Value

__all__ = ["WORTH_DELETING", "Run", "as_calls", "as_products", "warmed"]

_VARIABLE = re.compile(r"\b(a\d+|v\d+(?:_\d+)?|t)\b")
_SHORTEST = 300
_MOST_FORMS = 0.25
_WORTH_COMPILING = 64
WORTH_DELETING = 64
"""The entries of an array that is let go of before the program ends."""
Guards: TypeAlias = Sequence[tuple[str, Any, Any, tuple[int, ...]]]
"""Name, type, dtype and shape of every array, those that the program reads first."""
Run: TypeAlias = Callable[[Mapping[str, Any]], Any]
_Form: TypeAlias = tuple[Callable[[Any, Any], Any], bool, bool]
"""A function of two variables, or of all variables and the places of some; whether it gives a value; which it is."""
_Call: TypeAlias = tuple[Callable[[Any, Any], Any], int, int, int]
"""A function, the place of its value, the places of its variables."""
_NOTHING, _ALL, _FIRST = 0, 1, 2
"""The places of what is never read, of all variables, and of the first array."""


def as_products(
    order: Sequence[Value], results: Sequence[Value], single: bool, scope: dict[str, Any], guards: Guards, miss: Any
) -> Run | None:
    """`as_calls` of a plan that has products only, which for these needs no statements; `single`: of one result.

    None for a short plan, and for one that has other values.  Cost: linear; one compilation a form.
    """
    products = [value for value in order if value.kind == "pair"]
    if len(products) < _SHORTEST or any(value.kind not in ("pair", "input") for value in order):
        return None
    needed = {result.number for result in results}
    if len(needed) < len(results) or any(result.kind != "pair" for result in results):
        return None
    place = {guard[0]: k for k, guard in enumerate(guards, _FIRST)}
    slots = {value.number: place[value.data] for value in order if value.kind == "input"}
    slots.update({value.number: k for k, value in enumerate(products, _FIRST + len(guards))})
    returned = tuple([slots[result.number] for result in results])
    tables = [returned]
    forms: dict[Any, Callable[[Any, Any], Any]] = {}
    calls: list[_Call] = [(_itself, _NOTHING, returned[0], _NOTHING) if single else (_collected, _NOTHING, _ALL, -1)]
    for value in reversed(products):
        a, b = value.operands
        gone = [x for x in (a, b) if x.number not in needed and x.kind == "pair" and x.entries >= WORTH_DELETING]
        if gone:
            tables.append(tuple([slots[x.number] for x in gone]))
            calls.append((_forget, _NOTHING, _ALL, -len(tables)))
        needed.add(a.number)
        needed.add(b.number)
        form = value.data, a.shape, b.shape, a is b
        if form not in forms:
            forms[form] = _compiled(f"return {_product_text(value)}", scope)
        calls.append((forms[form], slots[value.number], slots[a.number], slots[b.number]))
    start = [None] * (_FIRST + len(guards) + len(products)) + tables[::-1]
    return _runner(calls[::-1], start, guards, miss)


def _product_text(value: Value) -> str:
    (rows, order), (a, b) = value.data, value.operands
    call = product_call(rows, order, (a.shape, b.shape), a is b)
    return " * ".join(factors(rows, order, "x", "y")) if call is None else call.text("x", "y")


def as_calls(body: Sequence[str], scope: dict[str, Any], guards: Guards, miss: Any) -> Run | None:
    """A function from arrays by name to the results of a program's statements, or `miss` where a guard fails.

    None for a short program, and for one that has blocks or too many forms of statements.  Cost: linear; one
    compilation a form.
    """
    if len(body) < _SHORTEST:
        return None
    slots = {f"a{k}": _FIRST + k for k in range(len(guards))}
    tables: list[tuple[int, ...]] = []
    forms: dict[tuple[str, ...], _Form] = {}
    calls: list[_Call] = []
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
        first, second = [*names, _NOTHING, _NOTHING][:2]
        calls.append((function, target, first, second))
    start: list[Any] = [None] * (_FIRST + len(slots)) + tables[::-1]
    return _runner(calls, start, guards, miss)


def _runner(calls: Sequence[_Call], start: Sequence[Any], guards: Guards, miss: Any) -> Run:
    """What carries out calls (function, place of its value, places of two variables), the last one for the results.

    `start` are the variables and, behind them, tables of their places.
    """
    *steps, (finish, _, *last) = calls

    def run(given: Mapping[str, Any]) -> Any:
        if len(given) != len(guards):
            return miss
        variables = list(start)
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


def _itself(value: Any, nothing: Any) -> Any:
    return value


def _forget(variables: list[Any], places: tuple[int, ...]) -> None:
    for place in places:
        variables[place] = None


def _collected(variables: list[Any], places: tuple[int, ...]) -> list[Any]:
    return [variables[place] for place in places]


_LISTS = {("del ", ""): _forget, ("return [", "]"): _collected}
"""Statements on a list of variables, whatever their number."""


def warmed(first: Run, make: Callable[[], Run]) -> Run:
    """`first` for some calls, then what `make` gives: code that runs faster, once it is worth its compilation."""
    calls = 0
    ready: Run | None = None

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
    return _compiled(f"return {text}" if assigns else text, scope), assigns, count > 2


def _compiled(statement: str, scope: dict[str, Any]) -> Callable[[Any, Any], Any]:
    found: dict[str, Any] = {}
    exec(f"def form(x, y):\n    {statement}", scope, found)  # generated names and numbers only
    made: Callable[[Any, Any], Any] = found["form"]
    return made
