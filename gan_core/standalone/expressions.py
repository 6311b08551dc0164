"""Expressions of the library as they are for one config: known values are computed, short functions put in place."""

import ast
import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

from gan_core.standalone.facts import UNKNOWN
from gan_core.standalone.nodes import Replacing, arguments_of, is_documentation, same

if TYPE_CHECKING:
    from gan_core.standalone.specialise import Specialiser

FUNCTIONS = {"len": len, "isinstance": isinstance, "int": int}
"""What may be called while a value is computed."""
SHORT = 88
"""How many letters an expression may have that is put in place of a name or a call."""


class Expressions(ast.NodeTransformer):
    """Transforms expressions within one function.

    Args:
        class_name: of which the function is a method, or "".
        values: what is known of local names.
        keeps: whether what `self` is given is known from then on.
    """

    def __init__(self, program: "Specialiser", class_name: str, values: dict[str, Any], keeps: bool = False):
        self.program = program
        self.facts = program.facts
        self.class_name = class_name
        self.values = dict(values)
        self.nodes: dict[str, ast.expr] = {}
        self.keeps = keeps
        self.stores: Counter[str] = Counter()
        self.uses: dict[str, list[str]] = {}
        self.has_folded = False

    def known(self, node: ast.expr) -> Any:
        """The value of an expression, or UNKNOWN."""
        text = ast.unparse(node)
        if text in self.facts.texts:
            return self.facts.texts[text]
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        literals = {name: self.program.literal(name) for name in names}
        found = {name: value for name, value in literals.items() if value is not UNKNOWN}
        environment = {"__builtins__": FUNCTIONS} | found | self.facts.constants | self.facts.names | self.values
        try:
            # The library's own source, with values of a checked config.
            return eval(text, environment)
        except Exception:  # whatever is not known raises one of many
            return UNKNOWN

    def truth(self, node: ast.expr) -> bool | None:
        value = self.known(node)
        return None if value is UNKNOWN else bool(value)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        is_bound = isinstance(node.ctx, ast.Load) and node.id in self.nodes
        return copy.deepcopy(self.nodes[node.id]) if is_bound else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if self.keeps and node.attr in self.facts.folded and isinstance(node.ctx, ast.Load):
            return ast.Constant(self.known(node))
        name = node.attr.upper()
        if name in self.facts.constants and self.facts.is_settings(self.known(node.value)):
            return ast.Name(name, ast.Load())
        self.generic_visit(node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        truth = self.truth(node.test)
        if truth is not None:
            self.has_folded = True
            return self.visit(node.body if truth else node.orelse)
        self.generic_visit(node)
        return node.body if same(node.body, node.orelse) else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        truths = [self.truth(part) for part in node.values]
        deciding = isinstance(node.op, ast.Or)
        if deciding in truths:
            return ast.Constant(deciding)
        left = [self.visit(part) for part, truth in zip(node.values, truths, strict=True) if truth is None]
        if len(left) < 2:
            return left[0] if left else ast.Constant(not deciding)
        node.values = left
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add):
            for nothing, other in ((node.left, node.right), (node.right, node.left)):
                if not isinstance(nothing, ast.Name) and self.known(nothing) in (0, []):
                    return other
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        key = self.known(node.slice)
        if isinstance(node.value, ast.Tuple) and isinstance(key, int):
            return node.value.elts[key]
        if isinstance(node.value, ast.Name) and key is not UNKNOWN:
            return self.program.table_entry(node.value.id, key) or node
        return node

    def visit_List(self, node: ast.List) -> ast.expr:
        node.elts = self._spliced(node.elts)
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        node.elts = self._spliced(node.elts)
        return node

    def _spliced(self, parts: list[ast.expr]) -> list[ast.expr]:
        """With the lists that are written out after a * in their places."""
        found: list[ast.expr] = []
        for part in parts:
            part = self.visit(part)
            inside = part.value if isinstance(part, ast.Starred) else None
            if isinstance(inside, ast.List):
                found += inside.elts
            elif inside is None or self.known(inside) != []:
                found.append(part)
        return found

    # Calls

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self._leave_out_bound(node)
        handed_on = [part for part in node.args if not self.facts.is_settings(self.known(part))]
        if isinstance(node.func, ast.Name) and node.func.id in self.facts.inlined:
            return self._inlined(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in self.facts.without_labels:
            handed_on = handed_on[:1]
        node.func = self.visit(node.func)
        node.args = self._spliced(handed_on)
        node.keywords = [
            ast.keyword(word.arg, self.visit(word.value))
            for word in node.keywords
            if not self.facts.is_settings(self.known(word.value))
        ]
        if isinstance(node.func, ast.Lambda) and not node.args:
            return node.func.body
        return self._without_call(node)

    def _leave_out_bound(self, node: ast.Call) -> None:
        """Leave out the arguments for parameters that are known."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        bound = self.facts.parameters.get(name) or self.facts.parameters.get(f"{name}.__init__")
        if not bound or hasattr(node, "is_short"):  # in an earlier pass
            return
        node.is_short = True  # type: ignore[attr-defined]
        function = self.program.library.constructor(name)
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        node.args = [part for part, of in zip(node.args, names, strict=False) if of not in bound]
        node.keywords = [word for word in node.keywords if word.arg not in bound]

    def _without_call(self, node: ast.Call) -> ast.expr:
        """The call, or what it comes to if the function does next to nothing."""
        function = self._called(node)
        if function is None:
            return node
        body = [part for part in function.body if not is_documentation(part) and not isinstance(part, ast.Pass)]
        if not body or (isinstance(body[0], ast.Return) and body[0].value is None):
            return ast.Constant(None)
        value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
        if isinstance(value, ast.Constant) or (value and ast.unparse(value) == "nullcontext()"):
            return copy.deepcopy(value)
        return self._short(node, function, value) or node

    def _short(self, node: ast.Call, function: ast.FunctionDef, value: ast.expr | None) -> ast.expr | None:
        """What stands in place of a call of a function that has but one expression, if that is short."""
        given = arguments_of(function, node)
        if isinstance(value, ast.Name):
            return given.get(value.id)
        if value is None or not ast.unparse(node.func).startswith("self."):
            return None
        read = Counter(n.id for n in ast.walk(value) if isinstance(n, ast.Name))
        if any(read[name] > 1 and not isinstance(part, ast.Name) for name, part in given.items()):
            return None
        written = Replacing(given).visit(copy.deepcopy(value))
        return written if len(ast.unparse(written)) <= SHORT else None

    def _called(self, node: ast.Call) -> ast.FunctionDef | None:
        """The function or method of the library that is called, as it is for the config."""
        if isinstance(node.func, ast.Name):
            if not isinstance(self.program.library.definitions.get(node.func.id), ast.FunctionDef):
                return None
            function = self.program.definition(node.func.id)
            return function if isinstance(function, ast.FunctionDef) else None
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            owner = {"self": self.class_name, "gan": "Gan"}.get(node.func.value.id, "")
            return self.program.method(owner, node.func.attr) if owner else None
        return None

    def _inlined(self, node: ast.Call) -> ast.expr:
        """The value of a function of the library, with these arguments."""
        assert isinstance(node.func, ast.Name)
        function = copy.deepcopy(self.program.library.definitions[node.func.id])
        assert isinstance(function, ast.FunctionDef)
        given = arguments_of(function, node)
        values = {name: self.known(part) for name, part in given.items()}
        inner = Expressions(self.program, self.class_name, {n: v for n, v in values.items() if v is not UNKNOWN})
        inner.nodes = {name: self.visit(part) for name, part in given.items()}
        for statement in function.body:
            if isinstance(statement, ast.If) and inner.truth(statement.test):
                statement = statement.body[0]
            if isinstance(statement, ast.Assign):
                inner.nodes[ast.unparse(statement.targets[0])] = inner.visit(statement.value)
            if isinstance(statement, ast.Return) and statement.value:
                return inner.visit(statement.value)
        raise AssertionError(f"{function.name} has no value")
