"""Every mutant of a file: one place changed, with the lines of the statement it stands in."""

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutation.operators import OPERATORS

_ATTRIBUTES_LEFT_ALONE = {"annotation", "returns", "decorators", "bases", "keywords"}
_LEFT_ALONE = (cst.Import, cst.ImportFrom, cst.Assert, cst.TypeAlias)
_LOGGERS = {"log", "logger"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    """Of the file, from the root of the tree."""
    line: int
    lines: range
    """Of its statement, or of the head of a compound one."""
    at_import: bool
    """Whether it stands outside functions, so that no test's own lines reach it."""
    module: cst.Module
    before: cst.CSTNode
    after: cst.CSTNode

    def text(self) -> str:
        """The whole file with that change."""
        changed = self.module.deep_replace(self.before, self.after)
        assert isinstance(changed, cst.Module)
        return changed.code

    def diff(self) -> str:
        """The lines that differ."""
        lines = difflib.unified_diff(
            self.module.code.splitlines(), self.text().splitlines(), lineterm="", n=0
        )
        return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path: str, module: cst.Module) -> None:
        super().__init__()
        self.path = path
        self.module = module
        self.found: list[Mutant] = []
        self._functions = 0
        self._left_alone = 0
        self._statements: list[range] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if self._left_alone or isinstance(node, _LEFT_ALONE) or _is_words(node):
            return False
        if isinstance(node, cst.BaseStatement):
            self._statements.append(self._span(node))
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self._functions += 1
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                self.found.extend(self._mutant(node, after) for after in operator(node))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._left_alone or isinstance(original_node, _LEFT_ALONE) or _is_words(original_node):
            return
        if isinstance(original_node, cst.BaseStatement):
            self._statements.pop()
        if isinstance(original_node, cst.FunctionDef | cst.Lambda):
            self._functions -= 1

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        self._left_alone += attribute in _ATTRIBUTES_LEFT_ALONE

    def on_leave_attribute(self, original_node: cst.CSTNode, attribute: str) -> None:
        self._left_alone -= attribute in _ATTRIBUTES_LEFT_ALONE

    def _mutant(self, node: cst.CSTNode, after: cst.CSTNode) -> Mutant:
        lines = self._statements[-1]
        position = self.get_metadata(PositionProvider, node, None)
        line = position.start.line if position is not None else lines.start
        return Mutant(self.path, line, lines, self._functions == 0, self.module, node, after)

    def _span(self, node: cst.BaseStatement) -> range:
        place = self.get_metadata(PositionProvider, node)
        end = place.end.line
        body = getattr(node, "body", None)
        if isinstance(body, cst.IndentedBlock) and body.body:
            end = self.get_metadata(PositionProvider, body.body[0]).start.line - 1
        return range(place.start.line, max(end, place.start.line) + 1)


def _is_words(node: cst.CSTNode) -> bool:
    """Whether that is a docstring or a log line: nothing that a test should hold to the letter."""
    match node:
        case cst.SimpleStatementLine(body=[cst.Assign(value=cst.Subscript(value=cst.Name()))]):
            return _is_type_alias(node)
        case cst.SimpleStatementLine(body=[cst.Expr(value=said)]):
            if isinstance(said, cst.SimpleString | cst.ConcatenatedString):
                return True
            call = said.func if isinstance(said, cst.Call) else None
            return isinstance(call, cst.Attribute) and (
                isinstance(call.value, cst.Name) and call.value.value in _LOGGERS
            )
    return False


def _is_type_alias(node: cst.SimpleStatementLine) -> bool:
    """Whether that gives a generic type a name, which means nothing when it runs."""
    assigned = cst.ensure_type(node.body[0], cst.Assign)
    generic = cst.ensure_type(cst.ensure_type(assigned.value, cst.Subscript).value, cst.Name)
    return generic.value[0].isupper()


def mutants_of(root: Path, files: Sequence[str]) -> list[Mutant]:
    """Every mutant of those files, in their order."""
    found: list[Mutant] = []
    for path in files:
        wrapper = MetadataWrapper(cst.parse_module((root / path).read_text("utf-8")))
        finder = _Finder(path, wrapper.module)
        wrapper.visit(finder)
        found += finder.found
    return found


def sampled(mutants: list[Mutant], count: int | None, seed: int) -> list[Mutant]:
    """As many of them as asked for, chosen by the seed alone, in their order."""
    if count is None or count >= len(mutants):
        return mutants
    chosen = random.Random(seed).sample(range(len(mutants)), count)
    return [mutants[n] for n in sorted(chosen)]
