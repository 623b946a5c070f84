"""The docstring of a public function names every error that it raises.

Followed are its own `raise`, and those of the module's private functions that it calls, as far as
no handler around them takes the error. A name counts wherever it stands in the function's, class's
or module's docstring; so does that of a base class.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent.parent / "buildos_box"
AS_DOCUMENTED_THERE = re.compile(r"\b[Rr]aises? (?:what|as|whatever)\b")
READ_BY_A_MODEL = PACKAGE / "mcp"
"""Docstrings of tools go to language models, which get refusals as answers."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def bases() -> dict[str, list[str]]:
    """The names of the bases of every class of the program."""
    return {
        node.name: [part.id for part in node.bases if isinstance(part, ast.Name)]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef)
    }


def ancestors(error: str) -> set[str]:
    """The class and all above it, by name."""
    known = getattr(builtins, error, None)
    above = {kind.__name__ for kind in known.__mro__} if isinstance(known, type) else set()
    return {error} | above | {name for base in bases().get(error, []) for name in ancestors(base)}


def is_error(name: str) -> bool:
    return "Exception" in ancestors(name) and name not in vars(builtins)


class Raising(NamedTuple):
    """What a function raises: `private` are the module's functions that are followed."""

    private: dict[str, Function]
    seen: frozenset[str] = frozenset()

    def errors(self, node: ast.AST, caught: frozenset[str] = frozenset()) -> Iterator[str]:
        """Names of errors raised inside of `node` that none of `caught` takes."""
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            return
        if isinstance(node, ast.Try):
            taken = caught.union(*(_names(handler.type) for handler in node.handlers))
            for part in node.body:
                yield from self.errors(part, taken)
            for rest in (*node.handlers, *node.orelse, *node.finalbody):
                yield from self.errors(rest, caught)
            return
        found = self._here(node)
        yield from (error for error in found if not ancestors(error) & caught)
        for child in ast.iter_child_nodes(node):
            yield from self.errors(child, caught)

    def _here(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = next(iter(_names(node.exc)), "")
            if is_error(name):
                yield name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in self.private and name not in self.seen:
                yield from self._replaced(name)

    def _replaced(self, name: str) -> Iterator[str]:
        inner = Raising(self.private, self.seen | {name})
        for part in self.private[name].body:
            yield from inner.errors(part)


def _names(node: ast.AST | None) -> frozenset[str]:
    """The classes of a handler or of a `raise`; of `Unprocessable.field(…)` the class."""
    if node is None:
        return frozenset({"BaseException"})
    if isinstance(node, ast.Call):
        return _names(node.func)
    if isinstance(node, ast.Attribute):
        return _names(node.value)
    if isinstance(node, ast.Tuple):
        return frozenset[str]().union(*(_names(part) for part in node.elts))
    return frozenset({node.id}) if isinstance(node, ast.Name) else frozenset()


def public_functions(tree: ast.Module) -> Iterator[tuple[Function, str]]:
    """Functions and methods without an underscore, each with the docstrings that speak for it."""
    module = ast.get_docstring(tree) or ""
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            yield node, module
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            about = f"{module} {ast.get_docstring(node) or ''}"
            yield from ((part, about) for part in node.body if isinstance(part, FUNCTIONS))


def unnamed(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Public functions of a module with an error that no docstring names."""
    private = {n.name: n for n in tree.body if isinstance(n, FUNCTIONS) and n.name.startswith("_")}
    for function, about in public_functions(tree):
        text = f"{about} {ast.get_docstring(function) or ''}"
        if function.name.startswith("_") or AS_DOCUMENTED_THERE.search(text):
            continue
        words = set(re.findall(r"\w+", text))
        for part in function.body:
            for error in Raising(private).errors(part):
                named = ancestors(error) - {"Exception", "BaseException", "object"}
                if not named & words and not error.startswith("_"):
                    yield function.name, error


def test_every_error_that_a_public_function_raises_is_named() -> None:
    missing = {
        str(path.relative_to(PACKAGE)): sorted(found)
        for path in sorted(PACKAGE.rglob("*.py"))
        if READ_BY_A_MODEL not in path.parents and (found := set(unnamed(tree_of(path))))
    }
    assert missing == {}


def test_an_error_that_is_not_named_is_found() -> None:
    text = '''
def public():
    """Does it."""
    try:
        _private()
    except Conflict:
        raise NotFound from None


def _private():
    raise Conflict if 1 else LeaseLost
    raise LeaseLost("gone")
'''
    assert set(unnamed(ast.parse(text))) == {("public", "NotFound"), ("public", "LeaseLost")}
