"""What a script needs of the library, and nothing else: no class, method or value that nothing reads."""

import ast
import copy

from gan_core.standalone.nodes import leave_out_unused
from gan_core.standalone.specialise import Specialiser

ROOTS = ("Gan", "Dataset", "train", "training_step")
ALWAYS = {"__init__", "forward"}
"""Methods that are called by none of the library's lines."""


def needed(program: Specialiser, main: ast.Module) -> dict[str, ast.stmt]:
    """What main needs of the library, in the library's order, without methods and values that nothing reads."""
    known = program.library.definitions
    names, found = set(ROOTS), {}
    while True:
        whole = {name: program.definition(name) for name in known if name in names}
        attributes = {n.attr for n in ast.walk(main) if isinstance(n, ast.Attribute)}
        found = _shaken(whole, attributes)
        more = {name for part in found.values() for name in loads(part)} & known.keys()
        if more <= names:
            return {name: found[name] for name in known if name in more | set(ROOTS)}
        names |= more


def _shaken(whole: dict[str, ast.stmt], attributes: set[str]) -> dict[str, ast.stmt]:
    """Without methods that nothing calls."""
    while True:
        found = {name: _with_methods(part, attributes) for name, part in whole.items()}
        read = attributes | {
            n.attr
            for part in found.values()
            for n in ast.walk(part)
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)
        }
        if read == attributes:
            return found
        attributes = read


def _with_methods(part: ast.stmt, attributes: set[str]) -> ast.stmt:
    if not isinstance(part, ast.ClassDef):
        return part
    body = [copy.deepcopy(member) for member in part.body if _is_read(member, attributes | ALWAYS)]
    for method in body:
        if isinstance(method, ast.FunctionDef):
            method.body = [statement for statement in method.body if not _sets_unread(statement, attributes)]
            leave_out_unused(method)
    node = copy.copy(part)
    node.body = body
    return node


def _sets_unread(statement: ast.stmt, attributes: set[str]) -> bool:
    """Whether it gives `self` what nothing reads."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and target.attr not in attributes


def _is_read(member: ast.stmt, names: set[str]) -> bool:
    if isinstance(member, ast.FunctionDef):
        return member.name in names
    target = member.targets[0] if isinstance(member, ast.Assign) else getattr(member, "target", None)
    is_field = isinstance(member, ast.AnnAssign) and member.value is None
    return is_field or not isinstance(target, ast.Name) or target.id in names


def loads(part: ast.AST) -> set[str]:
    """Names that stand for something outside."""
    found = {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(part, ast.FunctionDef):
        own = {n.arg for n in ast.walk(part) if isinstance(n, ast.arg)}
        own |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return found - own
    if isinstance(part, ast.ClassDef | ast.Module):
        return {name for child in ast.iter_child_nodes(part) for name in loads(child)}
    return found
