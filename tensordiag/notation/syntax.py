"""Syntax of the text language: from a text to a tree of nodes, with a helpful error for every other text."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import ParseError, did_you_mean

if TYPE_CHECKING:
    from lark import Lark, Token

__all__ = ["Node", "postorder", "read_tree"]

_LONGEST_TEXT = 1_000_000
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_ENDS_OPERAND = frozenset({"NUMBER", "NAME", "CONSTANT", "RPAR", "TRANSPOSE", "SUPERSCRIPT"})
_STARTS_OPERAND = frozenset({"NAME", "CONSTANT", "FUNCTION", "LPAR"})
_OPERATORS = frozenset({"PLUS", "MINUS", "TIMES", "DIVIDE", "DOT_TIMES", "DOT_DIVIDE", "DOT_CARET", "CARET", "KRON"})
_SPELLING = {
    "TIMES": "*",
    "DIVIDE": "/",
    "DOT_TIMES": ".*",
    "DOT_DIVIDE": "./",
    "DOT_CARET": ".^",
    "CARET": "^",
    "KRON": "⊗",
    "PLUS": "+",
    "MINUS": "-",
}
_CHARACTER_HINTS = {
    "@": "the product of the language is *",
    "=": "give the expression only, without an equals sign",
    "[": "group with round parentheses; indices need td.entry or td.einsum",
    "]": "group with round parentheses; indices need td.entry or td.einsum",
    "{": "group with round parentheses",
    "}": "group with round parentheses",
    "|": "write abs(…), det(…) or norm2(…)",
    "‖": "write norm2(…)",
    "\\": "write inv(A)*b for A\\b, and words without a backslash",
    "√": "write sqrt(…)",
    "∑": "write sum(…)",
    "⟨": "write x'*y for the inner product",
    "<": "comparisons have no derivative; step(…), relu(…), maximum(…) may help",
    ">": "comparisons have no derivative; step(…), relu(…), maximum(…) may help",
    "×": "the product is *, elementwise .*",
    "–": "the minus sign is -",
    ".": "elementwise operators are .*, ./ and .^",
    "_": "a name starts with a letter",
    '"': "transposition is '",
    "%": "there are no comments and no remainders here",
    "#": "there are no comments here",
}
_FUNCTION_HINTS = {
    "ln": "log",
    "trace": "tr",
    "norm": "norm2",
    "transpose": "'",
    "inverse": "inv",
    "dot": "x'*y",
    "outer": "x*y'",
    "hadamard": ".*",
    "pow": ".^",
    "log10": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "norminf": "normmax",
    "frobenius": "norm2",
    "frob": "norm2",
    "fro": "norm2",
    "eye": "eye or I_n without an argument",
    "ones": "vector(1), matrix(1) or 𝟏_n",
    "zeros": "vector(0) or matrix(0)",
    "inner": "x'*y",
    "prod": "exp(sum(log(x))) for positive entries",
    "sinc": "sin(x)./x",
    "logit": "log(x./(1-x))",
    "logistic": "sigmoid",
    "matmul": "*",
}

Kind: TypeAlias = Literal["number", "name", "constant", "call", "transpose", "negative", "binary"]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A place in the tree: `text` is the operator, name or number, `position` where errors put their caret.

    `start` and `end` are the span of the source, parentheses included.
    """

    kind: Kind
    text: str
    operands: tuple[Node, ...]
    position: int
    start: int
    end: int


def _widened(node: Node, start: int, end: int) -> Node:
    """The node with a wider span: the parentheses or the sign around it."""
    return replace(node, start=start, end=end)


class _Builder:
    """What each rule of the grammar makes; called by the parser as it reduces, so no tree is walked."""

    def number(self, parts: list[Any]) -> Node:
        return self._leaf("number", parts[0])

    def name(self, parts: list[Any]) -> Node:
        return self._leaf("name", parts[0])

    def constant(self, parts: list[Any]) -> Node:
        return self._leaf("constant", parts[0])

    def _leaf(self, kind: Kind, token: Token) -> Node:
        start = token.start_pos or 0
        return Node(kind, str(token), (), start, start, start + len(token))

    def binary(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        return Node("binary", _SPELLING[operator.type], (left, right), operator.start_pos, left.start, right.end)

    def signed(self, parts: list[Any]) -> Node:
        sign, operand = parts
        if sign.type == "PLUS":
            return _widened(operand, sign.start_pos, operand.end)
        return Node("negative", "-", (operand,), sign.start_pos, sign.start_pos, operand.end)

    def transpose(self, parts: list[Any]) -> Node:
        operand, mark = parts
        return Node("transpose", "'", (operand,), mark.start_pos, operand.start, mark.start_pos + len(mark))

    def superscript(self, parts: list[Any]) -> Node:
        base, mark = parts
        start, end = mark.start_pos, mark.start_pos + len(mark)
        digits = mark.translate(_SUPERSCRIPTS)
        exponent = Node("number", digits.lstrip("+-"), (), start, start, end)
        if digits.startswith("-"):
            exponent = Node("negative", "-", (exponent,), start, start, end)
        return Node("binary", "^", (base, exponent), start, base.start, end)

    def call(self, parts: list[Any]) -> Node:
        name, close = parts[0], parts[-1]
        operands = tuple(parts[2]) if len(parts) == 4 else ()
        return Node("call", str(name), operands, name.start_pos, name.start_pos, close.start_pos + 1)

    def group(self, parts: list[Any]) -> Node:
        return _widened(parts[1], parts[0].start_pos, parts[2].start_pos + 1)

    def arguments(self, parts: list[Any]) -> list[Node]:
        if len(parts) == 1:
            return [parts[0]]
        parts[0].append(parts[2])  # one growing list, so that many arguments cost linear time
        grown: list[Node] = parts[0]
        return grown


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark  # loaded with the first text: `import tensordiag` stays quick

    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    transformer: Any = _Builder()
    return Lark(grammar, parser="lalr", lexer="basic", transformer=transformer)


def postorder(root: Node) -> list[Node]:
    """Every node below (and with) the root, operands before their operator, left to right; iterative."""
    reverse: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        reverse.append(node)
        stack.extend(node.operands)
    return reverse[::-1]


def read_tree(text: str, functions: Callable[[str], bool], known: Sequence[str], declared: Container[str]) -> Node:
    """The tree of a text.

    `functions` says which names are functions, `known` lists them for did-you-means, `declared` has the names of
    declared tensors.  Raises `ParseError` with the place.  Cost: linear in the text; no recursion.
    """
    from lark.exceptions import UnexpectedToken

    if not isinstance(text, str):
        raise ParseError(f"the expression is a text, not {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        raise ParseError(f"the text has {len(text):,} characters; the longest that is read has {_LONGEST_TEXT:,}")
    if not text.strip():
        raise ParseError("the text is empty; write an expression such as x'*A*x")
    tokens = list(_juxtapose(_mark_functions(text, _lex(text), functions, known, declared)))
    state = _parser().parse_interactive()
    place = 0
    try:
        for place, token in enumerate(tokens):  # noqa: B007 the place is where the error is
            state.feed_token(token)
        place = len(tokens)
        end: Any = state.feed_eof
        tree: Node = end(tokens[-1])
    except UnexpectedToken:
        raise _explain(text, tokens, place) from None
    return tree


def _lex(text: str) -> list[Token]:
    from lark.exceptions import UnexpectedCharacters

    try:
        tokens = list(_parser().lex(text))
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        character = text[position]
        shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
        hint = _CHARACTER_HINTS.get(character)
        raise ParseError(f"{shown} is not in the language" + (f": {hint}" if hint else ""), text, position) from None
    for token in tokens:
        if token.type == "NAME" and not token[0].isalpha():
            raise ParseError(f"a name starts with a letter, not {token[0]!r}", text, token.start_pos)
    return tokens


def _mark_functions(
    text: str,
    tokens: list[Token],
    functions: Callable[[str], bool],
    known: Sequence[str],
    declared: Container[str],
) -> list[Token]:
    """NAME becomes FUNCTION where a known function is called; misused and unknown functions are errors."""
    following = [*(token.type for token in tokens[1:]), ""]
    called = [n.type == "NAME" and follows == "LPAR" for n, follows in zip(tokens, following, strict=True)]
    operands = {str(t) for t, call in zip(tokens, called, strict=True) if t.type == "NAME" and not call}
    marked = []
    for k, (token, call) in enumerate(zip(tokens, called, strict=True)):
        name = str(token)
        if token.type == "TRANSPOSE" and token.startswith("^") and ("T" in declared or "T" in operands):
            raise ParseError("^T is unclear where a tensor is called T; write ' to transpose", text, token.start_pos)
        if token.type != "NAME":
            marked.append(token)
        elif functions(name):
            if call and name in operands:
                raise ParseError(
                    f"{name} is used as a function and as a tensor; rename the tensor", text, token.start_pos
                )
            if not call and name not in declared:
                raise ParseError(f"{name} is a function: write {name}(…)", text, token.start_pos)
            marked.append(token.update(type="FUNCTION") if call else token)
        else:
            touching = call and token.end_pos == tokens[k + 1].start_pos
            if touching and name not in declared and name not in operands and len(name.rstrip("0123456789_")) > 1:
                raise ParseError(_unknown_function(name, known), text, token.start_pos)
            marked.append(token)
    return marked


def _unknown_function(name: str, known: Sequence[str]) -> str:
    hint = _FUNCTION_HINTS.get(name.lower())
    tail = f"; write {hint}" if hint else did_you_mean(name, known)
    return f"unknown function {name!r}{tail}; if it is a tensor, write {name}*(…)"


def _juxtapose(tokens: list[Token]) -> Iterator[Token]:
    """The tokens with the products that stand between two operands side by side."""
    from lark import Token

    before = ""
    for token in tokens:
        if before in _ENDS_OPERAND and token.type in _STARTS_OPERAND:
            yield Token("TIMES", "", start_pos=token.start_pos, end_pos=token.start_pos)
        yield token
        before = token.type


def _explain(text: str, tokens: list[Token], place: int) -> ParseError:
    """The error for a token that does not fit after those before it (or for the end of the text)."""
    opened: list[Token] = []
    for token in tokens[:place]:
        if token.type == "LPAR":
            opened.append(token)
        elif token.type == "RPAR":
            opened.pop()
    before = tokens[place - 1] if place else None
    if place == len(tokens):
        if before is not None and before.type in _ENDS_OPERAND and opened:
            return ParseError("this '(' is never closed", text, opened[-1].start_pos)
        return ParseError(f"the text ends after {str(before)!r}, where an operand is missing", text, len(text.rstrip()))
    return ParseError(_reason(tokens[place], before, bool(opened)), text, tokens[place].start_pos)


def _reason(token: Token, before: Token | None, nested: bool) -> str:
    after_operand = before is not None and before.type in _ENDS_OPERAND
    if token.type == "RPAR":
        if not nested:
            return "this ')' closes nothing"
        if before is not None and before.type == "LPAR":
            return "there is nothing between the parentheses"
        return f"an operand is missing between {str(before)!r} and ')'"
    if token.type == "COMMA":
        return (
            "a comma separates the arguments of a function only"
            if after_operand
            else "an operand is missing before the comma"
        )
    if token.type == "NUMBER":
        return f"an operator is missing between {str(before)!r} and {str(token)!r}; write * for a product"
    if token.type in ("CARET", "DOT_CARET") and after_operand:
        return "powers do not chain; write (a^b)^c or a^(b^c)"
    if token.type in ("TRANSPOSE", "SUPERSCRIPT") and after_operand:
        return "put parentheses around the power: (A^2)' or A^(t')"
    if token.type == "TIMES" and before is not None and before.type == "TIMES":
        return "an operand is missing between two *; a power is written ^ or .^"
    if token.type in _OPERATORS or token.type in ("TRANSPOSE", "SUPERSCRIPT"):
        where = f" between {str(before)!r} and {str(token)!r}" if before is not None else f" before {str(token)!r}"
        return f"an operand is missing{where}"
    if before is not None and before.type in ("CARET", "DOT_CARET"):
        return "the exponent is one signed number, name, call or parenthesis"
    return f"{str(token)!r} does not fit here"
