"""A function of the library as it is for one config: branches that this config does not take are left out.

That is partial evaluation (Jones, Gomard & Sestoft 1993): what follows from the known settings is computed now, and
what is left is the program for these settings.
"""

# ruff: noqa: N802 (ast.NodeVisitor names methods by classes)

import ast
import copy
from collections import Counter
from typing import Any

from gan_core.standalone.expressions import SHORT, Expressions
from gan_core.standalone.facts import SOMETHING, UNKNOWN
from gan_core.standalone.nodes import (
    Replacing,
    assignment,
    is_documentation,
    leave_out_unused,
    same,
    shortened,
    stores_of,
    uses_of,
)

PASSES = 3
"""What one pass leaves out, the next one need not look at."""


class Scope(Expressions):
    """Transforms one function."""

    def function(self, node: ast.FunctionDef, path: str) -> ast.FunctionDef:
        """The function with what is known left out; of its docstring the beginning stays."""
        self._bind(node, path)
        for _ in range(PASSES):
            self.stores, self.uses = Counter(stores_of(node)), uses_of(node)
            node.body = self._block(node.body)
            leave_out_unused(node)
        documentation = [shortened(part, self.facts.words) for part in node.body[:1] if is_documentation(part)]
        begin = ast.parse(self.facts.beginnings.get(path, "")).body
        node.body = [*documentation, *begin, *node.body[len(documentation) :]]
        self.nodes = {}
        for part in ast.walk(node.args):
            if isinstance(part, ast.arg) and part.annotation:
                part.annotation = self.visit(part.annotation)
        node.returns = self.visit(node.returns) if node.returns else None
        node.body = node.body or [ast.Pass()]
        return node

    def _bind(self, node: ast.FunctionDef, path: str) -> None:
        """Take the parameters away that are known."""
        bound = {name: ast.parse(text, mode="eval").body for name, text in self.facts.parameters.get(path, {}).items()}
        self.nodes |= bound
        arguments = node.args
        positional = arguments.args
        defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
        kept = [
            (argument, default)
            for argument, default in zip(positional, defaults, strict=True)
            if argument.arg not in bound and not self.facts.is_settings(self.facts.names.get(argument.arg, UNKNOWN))
        ]
        arguments.args = [argument for argument, _ in kept]
        arguments.defaults = [default for _, default in kept if default is not None]

    def _block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            self.has_folded = False
            given = self.visit(statement)
            if self.has_folded and isinstance(given, ast.Assign | ast.AnnAssign):
                given.above, given.behind = [], ""  # type: ignore[union-attr]  # they say why there was a choice
            found += given if isinstance(given, list) else [given] if given is not None else []
            if found and isinstance(found[-1], ast.Return | ast.Raise | ast.Continue):
                break
        return self._with_short_return(found) if self.class_name else found

    def _with_short_return(self, block: list[ast.stmt]) -> list[ast.stmt]:
        """Without a name that only the return in the next line reads."""
        if len(block) < 2 or not isinstance(block[-1], ast.Return) or not isinstance(block[-2], ast.Assign):
            return block
        target, value = block[-2].targets[0], block[-1].value
        if not isinstance(target, ast.Name) or value is None or len(self.uses.get(target.id, [])) != 1:
            return block
        together = Replacing({target.id: block[-2].value}).visit(copy.deepcopy(value))
        return [*block[:-2], ast.Return(together)] if len(ast.unparse(together)) <= SHORT else block

    def visit(self, node: ast.AST) -> Any:
        instead = self.facts.instead.get(ast.unparse(node)) if isinstance(node, ast.expr | ast.stmt) else None
        if instead is not None:
            given = ast.parse(instead, mode="eval").body if instead else None
            if isinstance(node, ast.Name) and isinstance(given, ast.Name):
                given.ctx = node.ctx
            return given
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        node.body = self._block(node.body)
        return node

    # Statements

    def visit_If(self, node: ast.If) -> Any:
        truth = self.truth(node.test)
        if truth is not None:
            chosen = self._block(node.body if truth else node.orelse)
            if chosen and getattr(node, "above", []):
                chosen[0].above = node.above + getattr(chosen[0], "above", [])  # type: ignore[attr-defined]
            return chosen
        node.test = self.visit(node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        if not node.body and not node.orelse:
            return None
        node.body = node.body or [ast.Pass()]
        return node

    def visit_For(self, node: ast.For) -> Any:
        if self.truth(node.iter) is False:
            return None
        node.iter = self.visit(node.iter)
        node.body = self._block(node.body)
        return node if node.body else None

    def visit_While(self, node: ast.While) -> Any:
        node.test, node.body = self.visit(node.test), self._block(node.body)
        return node

    def visit_With(self, node: ast.With) -> Any:
        node.items = [self.visit(item) for item in node.items]
        node.items = [item for item in node.items if ast.unparse(item.context_expr) != "nullcontext()"]
        node.body = self._block(node.body)
        return node if node.items else node.body

    def visit_Expr(self, node: ast.Expr) -> Any:
        if is_documentation(node):
            return node
        value = self.visit(node.value)
        if self.class_name and isinstance(value, ast.Call) and ast.unparse(value) in self.facts.spliced:
            method = self._called(value)
            return copy.deepcopy([part for part in method.body if not is_documentation(part)]) if method else node
        if isinstance(value, ast.YieldFrom) and isinstance(value.value, ast.List):
            return [ast.copy_location(ast.Expr(ast.Yield(part)), node) for part in value.value.elts]
        node.value = value
        return None if value is None or isinstance(value, ast.Constant) else node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        node.value = self.visit(node.value) if node.value else None
        if isinstance(node.value, ast.Name) and isinstance(self.values.get(node.value.id), float):
            node.value = ast.Constant(self.values[node.value.id])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        node.value = self.visit(node.value)
        nothing = isinstance(node.op, ast.Add) and self.truth(node.value) is False
        return None if nothing else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value and isinstance(node.target, ast.Name):
            node.value = self.visit(node.value)
            self._learn(node.target, node.value)
        elif node.value:
            node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            return self._pairs(node, target, node.value)
        is_settings = self.facts.is_settings(self.known(node.value))
        node.value = self.visit(node.value)
        node.targets = [target := self.visit(target)]
        self._learn(target, node.value)
        if self.keeps and isinstance(target, ast.Attribute) and self.known(node.value) is None:
            return None
        return None if is_settings or self._is_alias(target, node.value) or same(target, node.value) else node

    def _pairs(self, node: ast.Assign, target: ast.Tuple, value: ast.Tuple) -> Any:
        kept = []
        for name, part in zip(target.elts, value.elts, strict=True):
            is_settings = self.facts.is_settings(self.known(part))
            part = self.visit(part)
            if not (is_settings or self._is_alias(name, part) or same(name, part)):
                kept.append((name, part))
        if len(kept) < 2:
            return [assignment(name, part, node) for name, part in kept] or None
        target.elts, value.elts = [name for name, _ in kept], [part for _, part in kept]
        return node

    def _learn(self, target: ast.expr, value: ast.expr) -> None:
        """Note what is known of a local name, or of an attribute of a network, that is given a value once."""
        found = self.known(value)
        is_call = isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2][:1].isupper()
        if isinstance(target, ast.Name) and self.stores[target.id] == 1 and found is not UNKNOWN:
            self.values[target.id] = found
        of_self = self.keeps and isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
        if isinstance(target, ast.Attribute) and of_self and (found is not UNKNOWN or is_call):
            setattr(self.values["self"], target.attr, SOMETHING if found is UNKNOWN else found)

    def _is_alias(self, target: ast.expr, value: ast.expr) -> bool:
        """Another name of a constant, function or class is not needed, nor of a list that is read once, after a *."""
        if not isinstance(target, ast.Name) or self.stores[target.id] != 1:
            return False
        is_spliced = isinstance(value, ast.List) and self.uses.get(target.id) == ["Starred"]
        is_name = isinstance(value, ast.Name) and (
            value.id in self.program.library.definitions or value.id in self.facts.constants
        )
        if is_spliced or is_name:
            self.nodes[target.id] = value
        return is_spliced or is_name
