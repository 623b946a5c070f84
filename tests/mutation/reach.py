"""Which tests of a package reach which of its lines, measured once and kept until it changes."""

import ast
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant
from tests.mutation.plugin import Measuring
from tests.mutation.tree import ROOT, Tree

KEPT = ROOT / ".mutation"
_STARTS_PROCESSES = re.compile(
    r"\b(served_box|serve_command|serve_and_fail|BoxProcess|StdioServerParameters|Terminal|subprocess|pty)\b"
)


class TestsFail(Exception):
    """The package's own tests fail without any change."""


@dataclass
class Reach:
    """Tests by the lines that they reach, and the seconds that each takes."""

    seconds: dict[str, float] = field(default_factory=dict)
    _by_line: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    _mentions: dict[str, str] = field(default_factory=dict)

    def add(self, found: dict[str, Any]) -> None:
        """Take in what one file of tests was measured to reach."""
        self.seconds |= found["seconds"]
        for path, lines in found["lines"].items():
            of_file = self._by_line.setdefault(path, defaultdict(set))
            for line, tests in lines.items():
                of_file[int(line)].update(filter(None, tests))

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests that reach the mutant: those that reach its file first, then the quickest.

        What stands outside functions is reached by all that reach its file or one that names it,
        and by the tests of a file that imports it; what no test runs in its own process, perhaps
        by those that start others.
        """
        own = self._all_of(mutant.path)
        if mutant.at_import:
            stem = Path(mutant.path).stem
            named = [p for p in self._by_line if stem in (ROOT / p).read_text("utf-8")]
            tests = set().union(*(self._all_of(path) for path in {mutant.path, *named}))
            own = own | self._tests_importing(Path(mutant.path).parent.name, stem)
            tests |= own
        else:
            lines = self._by_line.get(mutant.path, {})
            tests = set().union(*(lines.get(line, set()) for line in mutant.lines))
            tests = tests or self._tests_with_processes()
        return sorted(tests, key=lambda test: (test not in own, self.seconds[test]))

    def _tests_importing(self, package: str, stem: str) -> set[str]:
        """Those of files of tests that import a module: they may read what importing it makes."""
        importing = re.compile(rf"\b{package}(\.| import [\w, ]*\b){stem}\b")
        files = {test.partition("::")[0] for test in self.seconds}
        found = {file for file in files if importing.search((ROOT / file).read_text("utf-8"))}
        return {test for test in self.seconds if test.partition("::")[0] in found}

    def _tests_with_processes(self) -> set[str]:
        """Those that start a process, by themselves or by what else stands in their file."""
        files = {test.partition("::")[0] for test in self.seconds}
        starting = {file: _starting((ROOT / file).read_text("utf-8")) for file in files}
        return {
            test
            for test in self.seconds
            if re.split(r"::|\[", test)[1] in starting[test.partition("::")[0]]
        }

    def _all_of(self, path: str) -> set[str]:
        return set().union(*self._by_line.get(path, {}).values())


def _starting(text: str) -> set[str]:
    """The functions and classes of a file that start a process, or use one that does."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    made = {one.name: ast.unparse(one) for one in ast.parse(text).body if isinstance(one, kinds)}
    found = {name for name, body in made.items() if _STARTS_PROCESSES.search(body)}
    while True:
        words = re.compile("|".join(rf"\b{name}\b" for name in found) or r"(?!)")
        more = {name for name, body in made.items() if words.search(body)} | found
        if more == found:
            return found
        found = more


def measure(tree: Tree, package: Path, test_files: list[str]) -> Reach:
    """Measure what was not measured before. Raises TestsFail."""
    KEPT.mkdir(exist_ok=True)
    sources = sorted(package.rglob("*.py")) if package.is_dir() else [package]
    code = _digest(source.read_bytes() for source in sources)
    kept = {
        name: KEPT / f"{_digest([code.encode(), (ROOT / name).read_bytes()])}.json"
        for name in test_files
    }
    if missing := [name for name, file in kept.items() if not file.exists()]:
        out = tree.scratch.with_name("reached.json")
        measured = tree.root / package.relative_to(ROOT)
        tree.run(missing, Measuring, measured if package.is_dir() else measured.parent, out)
        if not out.exists():
            raise TestsFail(tree.said.read_text("utf-8")[-4000:])
        found = json.loads(out.read_text("utf-8"))
        if found["failed"]:
            raise TestsFail("\n".join(found["failed"]))
        for name in missing:
            kept[name].write_text(json.dumps(_part(found, name, tree.root)), "utf-8")
    reach = Reach()
    for file in kept.values():
        reach.add(json.loads(file.read_text("utf-8")))
    return reach


def _part(found: dict[str, Any], name: str, root: Path) -> dict[str, Any]:
    """What the tests of one file reached, with paths from the root."""

    def ours(test: str) -> bool:
        return test.partition("::")[0] == name

    return {
        "seconds": {test: took for test, took in found["seconds"].items() if ours(test)},
        "lines": {
            str(Path(path).relative_to(root)): {
                line: [test for test in tests if ours(test)] for line, tests in lines.items()
            }
            for path, lines in found["lines"].items()
        },
    }


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]
