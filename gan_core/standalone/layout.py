"""Statements as well formatted text: what `ruff format` would leave as it is. Comments stand where they stood."""

import ast
import copy
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

WIDTH = 120
OPENING, CLOSING = "([{", ")]}"
Compound = ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.While | ast.With


def note_comments(tree: ast.Module, text: str) -> None:
    """Let each statement know its comments, which a syntax tree leaves out: `above`, `behind`, and `is_apart`."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    lines = text.splitlines()
    alone = {line for line in comments if lines[line - 1].lstrip().startswith("#")}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            first = node.lineno
            while first - 1 in alone:
                first -= 1
            last = node.body[0].lineno - 1 if isinstance(node, Compound) else node.end_lineno or node.lineno
            written = range(node.lineno, max(last, node.lineno) + 1)
            beside = [line for line in written if line in comments and line not in alone]
            # One that belongs to a line within a statement goes above it: the lines may be joined.
            is_within = not isinstance(node, Compound) and bool(beside) and beside[-1] < last
            above = [*range(first, node.lineno), *(beside if is_within else [])]
            behind = "" if is_within or not beside or isinstance(node, ast.ClassDef) else comments[beside[-1]]
            node.above = [comments[line] for line in above]  # type: ignore[attr-defined]
            node.behind = behind  # type: ignore[attr-defined]
            node.is_apart = first > 1 and not lines[first - 2].strip()  # type: ignore[attr-defined]


def text_of(statements: list[ast.stmt], indent: int = 0) -> list[str]:
    """The lines of statements that follow each other."""
    lines: list[str] = []
    for before, statement in pairwise([None, *statements]):
        assert statement is not None
        if before is not None and _is_blank_between(before, statement):
            lines.append("")
        margin = " " * indent
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            lines += [margin + comment for comment in getattr(statement, "above", [])]
        lines += _lines_of(statement, indent)
    return lines


def _is_blank_between(before: ast.stmt, statement: ast.stmt) -> bool:
    definitions = ast.FunctionDef | ast.ClassDef
    if isinstance(before, definitions) or isinstance(statement, definitions):
        return True
    return getattr(statement, "is_apart", False) or getattr(before, "ends_a_class_docstring", False)


def _lines_of(statement: ast.stmt, indent: int) -> list[str]:
    if docstring := _docstring(statement):
        return [f"{' ' * indent}{line}" if line else "" for line in f'"""{docstring}"""'.splitlines()]
    if not isinstance(statement, Compound):
        return _with_comment(wrapped(_plain(statement), indent), getattr(statement, "behind", ""))
    lines = _with_comment(_header(statement, indent), getattr(statement, "behind", ""))
    if isinstance(statement, ast.ClassDef) and _docstring(statement.body[0]):
        statement.body[0].ends_a_class_docstring = True  # type: ignore[attr-defined]
    lines += text_of(statement.body, indent + 4)
    if isinstance(statement, ast.If) and statement.orelse:
        if len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
            first, *others = _lines_of(statement.orelse[0], indent)
            return [*lines, f"{' ' * indent}el{first.lstrip()}", *others]
        return [*lines, f"{' ' * indent}else:", *text_of(statement.orelse, indent + 4)]
    return lines


def _docstring(statement: ast.stmt) -> str:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return inspect.cleandoc(statement.value.value) if is_text and isinstance(statement.value.value, str) else ""  # type: ignore[attr-defined]


def _header(statement: Compound, indent: int) -> list[str]:
    alone = copy.copy(statement)
    alone.body = [ast.Pass()]
    if isinstance(alone, ast.If | ast.For | ast.While):
        alone.orelse = []
    *decorators, header, _ = _plain(alone).strip().splitlines()
    return [*(" " * indent + line for line in decorators), *wrapped(header, indent)]


def _with_comment(lines: list[str], comment: str) -> list[str]:
    return [*lines[:-1], f"{lines[-1]}  {comment}"] if comment else lines


# One line


class _AsWritten(ast.NodeTransformer):
    """Puts names that are whole expressions where `ast.unparse` has other spaces and brackets than ruff."""

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        self.generic_visit(node)
        for argument, default in zip(reversed(node.args), reversed(node.defaults), strict=False):
            if argument.annotation:
                argument.annotation = ast.Name(
                    f"{ast.unparse(argument.annotation)} = {ast.unparse(default)}", ast.Load()
                )
                node.defaults.remove(default)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and not node.keywords:
            node.args = [ast.Name(ast.unparse(node.args[0]).removeprefix("(").removesuffix(")"), ast.Load())]
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        self.generic_visit(node)
        node.value = _bare(node.value)
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Store) and len(node.elts) == 1:
            return ast.Name(f"({ast.unparse(node.elts[0])},)", node.ctx)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            parts = (node.left, node.right)
            sign = " ** " if any(isinstance(part, ast.Subscript | ast.Call) for part in parts) else "**"
            return ast.Name(sign.join(map(ast.unparse, parts)), ast.Load())
        return node

    def visit_Slice(self, node: ast.Slice) -> ast.expr:
        self.generic_visit(node)
        parts = [part for part in (node.lower, node.upper) if part]
        if node.step or all(isinstance(part, ast.Name | ast.Constant | ast.UnaryOp) for part in parts):
            return node
        lower, upper = (ast.unparse(part) if part else "" for part in (node.lower, node.upper))
        return ast.Name(f"{lower} : {upper}".strip(), ast.Load())


def _plain(statement: ast.stmt) -> str:
    """On one line, however long."""
    statement = _AsWritten().visit(copy.deepcopy(statement))
    if isinstance(statement, ast.Return) or (
        isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple)
    ):
        statement.value = _bare(statement.value)
    text = ast.unparse(ast.fix_missing_locations(statement))
    return re.sub(r"'([^'\"\\\n]*)'", r'"\1"', text)


def _bare(value: ast.expr | None) -> Any:
    """A tuple without brackets."""
    return ast.Name(", ".join(map(ast.unparse, value.elts)), ast.Load()) if isinstance(value, ast.Tuple) else value


def wrapped(text: str, indent: int) -> list[str]:
    """A statement in as many lines as it needs: what is in its last brackets gets lines of its own."""
    margin = " " * indent
    if len(margin + text) <= WIDTH:
        return [margin + text]
    pairs = [pair for pair in _brackets(text) if pair[1] - pair[0] > 1]
    start, end = pairs[0] if text.startswith("def ") else pairs[-1]
    inside = text[start + 1 : end]
    if len(margin) + 4 + len(inside) <= WIDTH:
        return [margin + text[: start + 1], f"{margin}    {inside}", margin + text[end:]]
    parts = [line for part in _parts(inside) for line in _wrapped_part(f"{part},", indent + 4)]
    return [margin + text[: start + 1], *parts, margin + text[end:]]


def _wrapped_part(text: str, indent: int) -> list[str]:
    """One of several expressions within brackets; a long choice in three lines."""
    cuts = [place for word in (" if ", " else ") for place in _places(text, word)]
    if len(text) + indent <= WIDTH or len(cuts) != 2:
        return wrapped(text, indent)
    parts = text[: cuts[0]], text[cuts[0] + 1 : cuts[1]], text[cuts[1] + 1 :]
    return [" " * indent + part for part in parts]


def _places(text: str, word: str) -> list[int]:
    """Where a word stands outside brackets."""
    depth, found = 0, []
    for place, letter in _outside_strings(text):
        depth += (letter in OPENING) - (letter in CLOSING)
        if not depth and text.startswith(word, place):
            found.append(place)
    return found


def _brackets(text: str) -> list[tuple[int, int]]:
    """Where the outermost brackets open and close."""
    found, opened = [], []
    for place, letter in _outside_strings(text):
        if letter in OPENING:
            opened.append(place)
        elif letter in CLOSING:
            start = opened.pop()
            if not opened:
                found.append((start, place))
    return found


def _parts(inside: str) -> list[str]:
    """What stands between the outermost commas."""
    depth, cuts = 0, [-1]
    for place, letter in _outside_strings(inside):
        depth += (letter in OPENING) - (letter in CLOSING)
        if letter == "," and not depth:
            cuts.append(place)
    return [inside[start + 1 : end].strip() for start, end in pairwise([*cuts, len(inside)])]


def _outside_strings(text: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for place, letter in enumerate(text):
        if letter in "\"'" and quote in ("", letter):
            quote = "" if quote else letter
        elif not quote:
            yield place, letter
