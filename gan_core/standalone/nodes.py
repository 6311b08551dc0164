"""Small questions about syntax trees, and small changes of them."""

import ast
import copy


class Replacing(ast.NodeTransformer):
    """Puts expressions in place of names."""

    def __init__(self, nodes: dict[str, ast.expr]):
        self.nodes = nodes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.nodes.get(node.id, node))


def arguments_of(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
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


def stores_of(function: ast.FunctionDef) -> list[str]:
    return [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def uses_of(function: ast.FunctionDef) -> dict[str, list[str]]:
    """Within what kind of expression each name is read."""
    found: dict[str, list[str]] = {}
    for parent in ast.walk(function):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
                found.setdefault(child.id, []).append(type(parent).__name__)
    return found


def assignment(target: ast.expr, value: ast.expr, like: ast.stmt) -> ast.Assign:
    node = ast.Assign([target], value)
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset", "above", "behind", "is_apart"):
        setattr(node, name, getattr(like, name))
    return node


def same(one: ast.expr, other: ast.expr) -> bool:
    return ast.unparse(one) == ast.unparse(other)


def is_documentation(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def shortened(statement: ast.stmt, words: dict[str, str]) -> ast.stmt:
    """A docstring's first paragraph, or its first sentence if that is more than a line, with words replaced."""
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    text = str(statement.value.value).strip().partition("\n\n")[0]
    if "\n" in text:
        text = " ".join(text.split()).partition(". ")[0].removesuffix(".") + "."
    for old, new in words.items():
        text = text.replace(old, new)
    return ast.copy_location(ast.Expr(ast.Constant(text)), statement)
