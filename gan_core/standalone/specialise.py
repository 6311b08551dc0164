"""The library's definitions as they are for one config. A class is put together with those that it is derived from."""

import ast
import copy
from types import SimpleNamespace
from typing import Any

from gan_core.standalone.facts import UNKNOWN, Facts
from gan_core.standalone.library import Library
from gan_core.standalone.nodes import Replacing, arguments_of, is_documentation, shortened
from gan_core.standalone.scope import PASSES, Scope


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
            else:
                Scope(self, "", {}).generic_visit(node)
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
            self._methods.pop(name.removeprefix(f"{self.name}."), None)
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
        facts = self.program.facts
        node = copy.copy(self.program.library.class_of(self.name))
        node.bases = [ast.parse(base, mode="eval").body for base in [self._base()] if base]
        documentation = [shortened(part, facts.words) for part in node.body[:1] if is_documentation(part)]
        fields = [part for name, part in self._others.items() if not self._is_settings(part, name)]
        methods = [self.method(name) for name in self._methods]
        node.body = [*documentation, *copy.deepcopy(fields), *(method for method in methods if method)]
        return node

    def _is_settings(self, part: ast.stmt, name: str) -> bool:
        facts = self.program.facts
        text = ast.unparse(part)
        return facts.instead.get(text) == "" or facts.is_settings(getattr(self.known, name, UNKNOWN))


def _with_base(own: ast.FunctionDef, base: ast.FunctionDef) -> ast.FunctionDef:
    """A constructor with its base's in place of the call of it."""
    body: list[ast.stmt] = []
    for statement in own.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            given = arguments_of(base, call)
            body += [Replacing(given).visit(part) for part in copy.deepcopy(base.body)]
        else:
            body.append(statement)
    own.body = body
    return own
