"""The library's own code as it stands in its files, for lessons, with the places that belong to a formula's terms.

Read without importing it: the modules themselves import torch.
"""

import ast
import textwrap
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, String, Token

from gan_core import paths

SHOWN_AS = {
    Comment: "comment",
    String: "string",
    Number: "number",
    Keyword: "keyword",
    Name.Decorator: "keyword",
    Name.Function: "name",
    Name.Class: "name",
}
"""Kinds of token that have a colour."""


class Source(NamedTuple):
    """A function or class of the library: the file it is in, its first line there, and its text."""

    file: str
    line: int
    text: str


class Piece(NamedTuple):
    """Text of one colour that belongs to one term of a formula, or to none ("")."""

    text: str
    kind: str
    term: str


@cache
def source_of(place: str) -> Source:
    """The source of "training.losses:Minimax.discriminator", a name in a module of gan_core.

    Raises LookupError if there is none.
    """
    module, _, name = place.partition(":")
    path = paths.PROJECT / "gan_core" / f"{module.replace('.', '/')}.py"
    text = path.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = _child(node, part, place)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return Source(path.relative_to(paths.PROJECT).as_posix(), first, textwrap.dedent("\n".join(lines)))


def _child(node: ast.AST, name: str, place: str) -> ast.AST:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == name:
            return child
    raise LookupError(f"gan_core has no {place}")


@cache
def pieces(place: str, marked: tuple[tuple[str, str], ...] = ()) -> list[Piece]:
    """The source of `place` in pieces, in their order.

    Args:
        marked: terms, and the text that belongs to each: once in this source, and not within another's.

    Raises LookupError for a text that does not stand there exactly once.
    """
    text = source_of(place).text
    spans = [(*_only_place(text, wanted, place), term) for term, wanted in marked]
    borders = {border for start, end, _ in spans for border in (start, end)}
    found: list[Piece] = []
    at = 0
    for token, value in lex(text, PythonLexer(stripnl=False, ensurenl=False)):
        kind = _kind(token)
        cuts = [at, *sorted(border for border in borders if at < border < at + len(value)), at + len(value)]
        for start, end in pairwise(cuts):
            term = next((term for first, last, term in spans if first <= start < last), "")
            found.append(Piece(text[start:end], kind, term))
        at += len(value)
    return _joined(found)


def _only_place(text: str, wanted: str, place: str) -> tuple[int, int]:
    if text.count(wanted) != 1:
        raise LookupError(f"{wanted!r} stands {text.count(wanted)} times in gan_core's {place}, not once")
    start = text.index(wanted)
    return start, start + len(wanted)


def _kind(token: object) -> str:
    while token is not Token:
        if token in SHOWN_AS:
            return SHOWN_AS[token]  # type: ignore[index]
        token = token.parent  # type: ignore[attr-defined]
    return ""


def _joined(found: list[Piece]) -> list[Piece]:
    """Neighbours of the same kind and term as one."""
    joined: list[Piece] = []
    for piece in found:
        if joined and joined[-1][1:] == piece[1:]:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.kind, piece.term)
        else:
            joined.append(piece)
    return joined
