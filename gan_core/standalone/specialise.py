"""A part of the library as it is for one config: branches that this config does not take are left out.

That is partial evaluation (Jones, Gomard & Sestoft 1993): what follows from the known settings is computed now, and what
is left is the program for these settings. A class is put together with those of the library that it is derived from.
"""

import ast
import copy
from collections import Counter
from types import SimpleNamespace
from typing import Any, NamedTuple

from gan_core.standalone.library import Library

UNKNOWN = object()
SOMETHING = SimpleNamespace()
"""Stands for any object of which no more is known than that it is there."""
PASSES = 3
"""What one pass leaves out, the next one need not look at."""
FUNCTIONS = {"len": len, "isinstance": isinstance, "int": int}
"""What may be called while a value is computed."""


class Facts(NamedTuple):
    """What is known of a config beyond what the source shows.

    Args:
        names: values of names, wherever they stand; objects of settings are left out where they are handed on.
        texts: values of expressions, as ast.unparse writes them.
        instead: expressions in place of others, as ast.unparse writes them; "" leaves a statement out.
        parameters: of a function or Class.method, expressions in place of parameters.
        constants: the names of constants in place of an attribute of an object of settings.
        inlined: functions of the library whose value stands where they are called.
        left_out: methods that are not needed.
        without_labels: networks' modules that are given no labels.
    """

    names: dict[str, Any]
    texts: dict[str, Any]
    instead: dict[str, str]
    parameters: dict[str, dict[str, str]]
    constants: dict[str, Any]
    inlined: frozenset[str]
    left_out: frozenset[str]
    without_labels: frozenset[str]

    def is_settings(self, value: Any) -> bool:
        """Whether a value is the config or the pictures' spec, which a script has as constants."""
        return value is not UNKNOWN and any(value is self.names[name] for name in ("config", "spec"))


class Specialiser:
    """Gives the library's definitions as they are for a config."""

    def __init__(self, library: Library, facts: Facts):
        self.library = library
        self.facts = facts
        self._done: dict[str, ast.stmt] = {}
        self._classes: dict[str, _Class] = {}

    def definition(self, name: str) -> ast.stmt:
        """The class, function or constant of that name."""
        if name not in self._done:
            node = copy.deepcopy(self.library.definitions[name])
            self._done[name] = node  # a recursive function finds itself as it was
            if isinstance(node, ast.ClassDef):
                self._done[name] = self._class(name).whole()
            elif isinstance(node, ast.FunctionDef):
                self._done[name] = Scope(self, "", {}).function(node, name)
        return self._done[name]

    def _class(self, name: str) -> "_Class":
        if name not in self._classes:
            self._classes[name] = _Class(self, name)
            self._classes[name].prepare()
        return self._classes[name]

    def method(self, class_name: str, name: str) -> ast.FunctionDef | None:
        """A method as it is for the config, or None while that is not known."""
        return self._class(class_name).method(name) if class_name in self.library.definitions else None

    def table_entry(self, name: str, key: Any) -> ast.expr | None:
        """What a table of the library has under a key, if that is more than a value."""
        table = getattr(self.library.definitions.get(name), "value", None)
        if not isinstance(table, ast.Dict):
            return None
        for at, value in zip(table.keys, table.values, strict=True):
            if isinstance(at, ast.Constant) and at.value == key and not isinstance(value, ast.Constant):
                return copy.deepcopy(value)
        return None

    def literal(self, name: str) -> Any:
        """The value of a constant of the library, as far as it is written out."""
        try:
            return ast.literal_eval(self.library.definitions[name].value)  # type: ignore[attr-defined]
        except (KeyError, AttributeError, ValueError):
            return UNKNOWN


class _Class:
    """A class of the library and its bases there, as one class."""

    def __init__(self, program: Specialiser, name: str):
        self.program = program
        self.name = name
        self.known = SimpleNamespace(**vars(program.facts.names.get(name, SimpleNamespace())))
        self.is_network = self._base() not in ("", "NamedTuple", "Protocol") and name not in program.facts.names
        self._methods: dict[str, ast.FunctionDef] = {}
        self._others: dict[str, ast.stmt] = {}
        self._ready: dict[str, ast.FunctionDef] = {}
        self._is_prepared = False

    def _base(self) -> str:
        last = self.program.library.class_of(self.program.library.bases(self.name)[-1])
        return ast.unparse(last.bases[0]) if last.bases else ""

    def prepare(self) -> None:
        """Collect the parts, and find what `__init__` makes known."""
        for name in reversed(self.program.library.bases(self.name)):
            for part in copy.deepcopy(self.program.library.class_of(name)).body:
                if isinstance(part, ast.FunctionDef):
                    if part.name == "__init__" and part.name in self._methods:
                        part = _with_base(part, self._methods[part.name])
                    self._methods[part.name] = part
                elif isinstance(part, ast.Assign | ast.AnnAssign):
                    self._others[ast.unparse(part.targets[0] if isinstance(part, ast.Assign) else part.target)] = part
        for name in self.program.facts.left_out:
            self._methods.pop(name, None)
        for name, part in self._others.items():
            if self.is_network and isinstance(part.value, ast.Constant):  # type: ignore[attr-defined]
                setattr(self.known, name, part.value.value)  # type: ignore[attr-defined]
        if "__init__" in self._methods:
            for _ in range(PASSES):
                self._transform("__init__")
        self._is_prepared = True

    def _transform(self, name: str) -> ast.FunctionDef:
        scope = Scope(self.program, self.name, {"self": self.known}, self.is_network)
        return scope.function(copy.deepcopy(self._methods[name]), f"{self.name}.{name}")

    def method(self, name: str) -> ast.FunctionDef | None:
        if not self._is_prepared or name not in self._methods:
            return None
        if name not in self._ready:
            self._ready[name] = self._methods[name]
            self._ready[name] = self._transform(name)
        return self._ready[name]

    def whole(self) -> ast.ClassDef:
        node = copy.copy(self.program.library.class_of(self.name))
        node.bases = [ast.parse(base, mode="eval").body for base in [self._base()] if base]
        documentation = [_first_paragraph(part) for part in node.body[:1] if _is_documentation(part)]
        fields = [part for name, part in self._others.items() if not self._is_settings(part, name)]
        methods = [self.method(name) for name in self._methods]
        node.body = [*documentation, *copy.deepcopy(fields), *(method for method in methods if method)]
        return node

    def _is_settings(self, part: ast.stmt, name: str) -> bool:
        facts = self.program.facts
        text = ast.unparse(part)
        return facts.instead.get(text) == "" or facts.is_settings(getattr(self.known, name, UNKNOWN))


class Scope(ast.NodeTransformer):
    """Transforms one function.

    Args:
        values: what is known of local names.
        keeps: whether what `self` is given is known from then on.
    """

    def __init__(self, program: Specialiser, class_name: str, values: dict[str, Any], keeps: bool = False):
        self.program = program
        self.facts = program.facts
        self.class_name = class_name
        self.values = dict(values)
        self.nodes: dict[str, ast.expr] = {}
        self.keeps = keeps
        self.stores: Counter[str] = Counter()
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

    # Functions

    def function(self, node: ast.FunctionDef, path: str) -> ast.FunctionDef:
        """The function with what is known left out; its docstring's first paragraph stays."""
        self._bind(node, path)
        for _ in range(PASSES):
            self.stores = Counter(_stores(node))
            node.body = self._block(node.body)
            leave_out_unused(node)
        node.body = [_first_paragraph(part) if _is_documentation(part) else part for part in node.body]
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
        return found

    def visit(self, node: ast.AST) -> Any:
        instead = self.facts.instead.get(ast.unparse(node)) if isinstance(node, ast.expr | ast.stmt) else None
        if instead is not None:
            return ast.parse(instead, mode="eval").body if instead else None
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:  # noqa: N802
        node.body = self._block(node.body)
        return node

    # Statements

    def visit_If(self, node: ast.If) -> Any:  # noqa: N802
        truth = self.truth(node.test)
        if truth is not None:
            chosen = self._block(node.body if truth else node.orelse)
            if chosen and getattr(node, "above", []):
                chosen[0].above = node.above + chosen[0].above  # type: ignore[attr-defined]
            return chosen
        node.test = self.visit(node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        if not node.body and not node.orelse:
            return None
        node.body = node.body or [ast.Pass()]
        return node

    def visit_For(self, node: ast.For) -> Any:  # noqa: N802
        if self.truth(node.iter) is False:
            return None
        node.iter = self.visit(node.iter)
        node.body = self._block(node.body)
        return node if node.body else None

    def visit_While(self, node: ast.While) -> Any:  # noqa: N802
        node.test, node.body = self.visit(node.test), self._block(node.body)
        return node

    def visit_With(self, node: ast.With) -> Any:  # noqa: N802
        node.items = [self.visit(item) for item in node.items]
        node.items = [item for item in node.items if ast.unparse(item.context_expr) != "nullcontext()"]
        node.body = self._block(node.body)
        return node if node.items else node.body

    def visit_Expr(self, node: ast.Expr) -> Any:  # noqa: N802
        if _is_documentation(node):
            return node
        value = self.visit(node.value)
        if isinstance(value, ast.YieldFrom) and isinstance(value.value, ast.List):
            return [ast.copy_location(ast.Expr(ast.Yield(part)), node) for part in value.value.elts]
        node.value = value
        return None if value is None or isinstance(value, ast.Constant) else node

    def visit_Return(self, node: ast.Return) -> ast.stmt:  # noqa: N802
        node.value = self.visit(node.value) if node.value else None
        if isinstance(node.value, ast.Name) and isinstance(self.values.get(node.value.id), float):
            node.value = ast.Constant(self.values[node.value.id])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:  # noqa: N802
        node.value = self.visit(node.value)
        nothing = isinstance(node.op, ast.Add) and self.truth(node.value) is False
        return None if nothing else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:  # noqa: N802
        if node.value and isinstance(node.target, ast.Name):
            node.value = self.visit(node.value)
            self._learn(node.target, node.value)
        elif node.value:
            node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:  # noqa: N802
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            return self._pairs(node, target, node.value)
        is_settings = self.facts.is_settings(self.known(node.value))
        node.value = self.visit(node.value)
        self._learn(target, node.value)
        if self.keeps and isinstance(target, ast.Attribute) and self.known(node.value) is None:
            return None
        return None if is_settings or self._is_alias(target, node.value) or _same(target, node.value) else node

    def _pairs(self, node: ast.Assign, target: ast.Tuple, value: ast.Tuple) -> Any:
        kept = []
        for name, part in zip(target.elts, value.elts, strict=True):
            is_settings = self.facts.is_settings(self.known(part))
            part = self.visit(part)
            if not (is_settings or self._is_alias(name, part) or _same(name, part)):
                kept.append((name, part))
        if len(kept) < 2:
            return [_assign(name, part, node) for name, part in kept] or None
        target.elts, value.elts = [name for name, _ in kept], [part for _, part in kept]
        return node

    def _learn(self, target: ast.expr, value: ast.expr) -> None:
        """Note what is known of a local name, or of an attribute of a network, that is given a value once."""
        found = self.known(value)
        is_call = isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2][:1].isupper()
        if isinstance(target, ast.Name) and self.stores[target.id] == 1 and found is not UNKNOWN:
            self.values[target.id] = found
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and self.keeps:
            if found is not UNKNOWN or is_call:
                setattr(self.values["self"], target.attr, SOMETHING if found is UNKNOWN else found)

    def _is_alias(self, target: ast.expr, value: ast.expr) -> bool:
        """Another name of a class or function of the library is not needed."""
        if isinstance(target, ast.Name) and isinstance(value, ast.Name) and self.stores[target.id] == 1:
            if value.id in self.program.library.definitions:
                self.nodes[target.id] = value
                return True
        return False

    # Expressions

    def visit_Name(self, node: ast.Name) -> ast.expr:  # noqa: N802
        is_bound = isinstance(node.ctx, ast.Load) and node.id in self.nodes
        return copy.deepcopy(self.nodes[node.id]) if is_bound else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:  # noqa: N802
        name = node.attr.upper()
        if name in self.facts.constants and self.facts.is_settings(self.known(node.value)):
            return ast.Name(name, ast.Load())
        self.generic_visit(node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:  # noqa: N802
        truth = self.truth(node.test)
        if truth is not None:
            self.has_folded = True
            return self.visit(node.body if truth else node.orelse)
        self.generic_visit(node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:  # noqa: N802
        truths = [self.truth(part) for part in node.values]
        deciding = isinstance(node.op, ast.Or)
        if deciding in truths:
            return ast.Constant(deciding)
        left = [self.visit(part) for part, truth in zip(node.values, truths, strict=True) if truth is None]
        if len(left) < 2:
            return left[0] if left else ast.Constant(not deciding)
        node.values = left
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:  # noqa: N802
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add):
            for nothing, other in ((node.left, node.right), (node.right, node.left)):
                if not isinstance(nothing, ast.Name) and self.known(nothing) in (0, []):
                    return other
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:  # noqa: N802
        self.generic_visit(node)
        key = self.known(node.slice)
        if isinstance(node.value, ast.Tuple) and isinstance(key, int):
            return node.value.elts[key]
        if isinstance(node.value, ast.Name) and key is not UNKNOWN:
            return self.program.table_entry(node.value.id, key) or node
        return node

    def visit_List(self, node: ast.List) -> ast.expr:  # noqa: N802
        node.elts = self._spliced(node.elts)
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:  # noqa: N802
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

    def visit_Call(self, node: ast.Call) -> ast.expr:  # noqa: N802
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

    def _without_call(self, node: ast.Call) -> ast.expr:
        """The call, or what it comes to if the function does next to nothing."""
        function = self._called(node)
        if function is None:
            return node
        body = [part for part in function.body if not _is_documentation(part) and not isinstance(part, ast.Pass)]
        if not body or (isinstance(body[0], ast.Return) and body[0].value is None):
            return ast.Constant(None)
        value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
        if isinstance(value, ast.Constant) or (value and ast.unparse(value) == "nullcontext()"):
            return copy.deepcopy(value)
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        if isinstance(value, ast.Name) and value.id in names and names.index(value.id) < len(node.args):
            return node.args[names.index(value.id)]
        return node

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
        given = _arguments(function, node)
        values = {name: self.known(part) for name, part in given.items()}
        inner = Scope(self.program, self.class_name, {n: v for n, v in values.items() if v is not UNKNOWN})
        inner.nodes = {name: self.visit(part) for name, part in given.items()}
        for statement in function.body:
            if isinstance(statement, ast.If) and inner.truth(statement.test):
                statement = statement.body[0]
            if isinstance(statement, ast.Assign):
                inner.nodes[ast.unparse(statement.targets[0])] = inner.visit(statement.value)
            if isinstance(statement, ast.Return) and statement.value:
                return inner.visit(statement.value)
        raise AssertionError(f"{function.name} has no value")


def _with_base(own: ast.FunctionDef, base: ast.FunctionDef) -> ast.FunctionDef:
    """A constructor with its base's in place of the call of it."""
    body: list[ast.stmt] = []
    for statement in own.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            given = _arguments(base, call)
            body += [_Replacing(given).visit(part) for part in copy.deepcopy(base.body)]
        else:
            body.append(statement)
    own.body = body
    return own


class _Replacing(ast.NodeTransformer):
    """Puts expressions in place of names."""

    def __init__(self, nodes: dict[str, ast.expr]):
        self.nodes = nodes

    def visit_Name(self, node: ast.Name) -> ast.expr:  # noqa: N802
        return copy.deepcopy(self.nodes.get(node.id, node))


def _arguments(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    """The expression that each parameter but self is given, its default included."""
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    defaults = function.args.defaults
    found = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    found |= dict(zip(names, call.args, strict=False))
    return found | {word.arg: word.value for word in call.keywords if word.arg}


def leave_out_unused(function: ast.FunctionDef) -> None:
    """What is assigned to local names, or defined, and never read."""
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for node in ast.walk(function):
        for field in ("body", "orelse"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, [part for part in block if not _is_unused(part, read)])
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.NamedExpr) and node.left.target.id not in read:
            node.left = node.left.value


def _is_unused(statement: ast.stmt, read: set[str]) -> bool:
    if isinstance(statement, ast.FunctionDef):
        return statement.name not in read and not statement.name.startswith("__")
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        return isinstance(target, ast.Name) and target.id not in read
    return False


def _stores(function: ast.FunctionDef) -> list[str]:
    return [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _assign(target: ast.expr, value: ast.expr, like: ast.stmt) -> ast.Assign:
    node = ast.Assign([target], value)
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset", "above", "behind", "is_apart"):
        setattr(node, name, getattr(like, name))
    return node


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.unparse(one) == ast.unparse(other)


def _is_documentation(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _first_paragraph(statement: ast.stmt) -> ast.stmt:
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    text = str(statement.value.value).strip().partition("\n\n")[0]
    return ast.copy_location(ast.Expr(ast.Constant(text)), statement)
