"""What the mutation tool changes, and what it leaves alone."""

import dataclasses
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants_of, sampled
from tests.mutation.reach import Reach


def mutants(folder: Path, text: str) -> list[Mutant]:
    (folder / "code.py").write_text(text, "utf-8")
    return mutants_of(folder, ["code.py"])


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("f(one in two)", {"pass", "f(one not in two)"}),
        ("return a < 5", {"return a <= 5", "return a < 6"}),
        ("f(a, b=c)", {"pass", "f(a, )"}),
        ("raise Gone", {"pass"}),
        ("return x if [i for i in y if i.z] else w", {
            "return x if ([i for i in y if i.z]) and False else w",
            "return x if ([i for i in y if i.z]) or True else w",
            "return x if [i for i in y if not (i.z)] else w",
        }),
        ("return tx.one('SELECT a FROM b WHERE c = ? AND d < 3')", {
            "return tx.one('SELECT a FROM b WHERE c != ? AND d < 3')",
            "return tx.one('SELECT a FROM b WHERE c = ? OR d < 3')",
            "return tx.one('SELECT a FROM b WHERE c = ? AND d <= 3')",
            "return tx.one('SELECT a FROM b WHERE c = ? AND d < 4')",
        }),
    ],
)  # fmt: skip
def test_a_line_has_these_mutants(tmp_path: Path, line: str, changed: set[str]) -> None:
    found = mutants(tmp_path, f"def g():\n    {line}\n")
    assert {one.text().splitlines()[1].strip() for one in found} == changed


@pytest.mark.parametrize(
    "line",
    [
        "'''A docstring.'''",
        "log.info('said', a=1 + 1)",
        "import a",
        "assert a",
        "a: b | c",
        "A = Request[B, C]",
    ],
)
def test_words_types_and_imports_are_left_alone(tmp_path: Path, line: str) -> None:
    assert mutants(tmp_path, f"def g(a: b | c = d) -> b | c:\n    {line}\n") == []


def test_a_mutant_knows_the_lines_of_its_statement(tmp_path: Path) -> None:
    lines = ["def g():", "    if (", "        a", "        and b", "    ):"]
    lines += ["        f(", "            1", "        )"]
    found = mutants(tmp_path, "\n".join(lines))
    assert {(one.line, one.lines, one.at_import) for one in found} == {
        (3, range(2, 6), False),
        (6, range(6, 9), False),
        (7, range(6, 9), False),
    }  # fmt: skip


def test_what_stands_outside_functions_is_known(tmp_path: Path) -> None:
    (found,) = mutants(tmp_path, "LIMIT = f(3)\n")[1:]
    assert found.at_import
    assert found.diff() == "-LIMIT = f(3)\n+LIMIT = f(4)"


def test_a_sample_is_chosen_by_its_seed(tmp_path: Path) -> None:
    found = mutants(tmp_path, "".join(f"X{n} = {n}\n" for n in range(40)))
    assert sampled(found, 5, 1) == sampled(found, 5, 1) != sampled(found, 5, 2)
    assert sampled(found, None, 1) == found


def test_a_test_that_only_reads_what_an_import_makes_reaches_it(tmp_path: Path) -> None:
    (found,) = mutants(tmp_path, "LIMIT = f(3)\n")[1:]
    test = "tests/mutation/test_mutants.py::test_it"
    reach = Reach()
    reach.add({"seconds": {test: 0.1}, "lines": {}})
    assert reach.tests_of(dataclasses.replace(found, path="tests/mutation/mutants.py")) == [test]
    reach = Reach()
    reach.add({"seconds": {"tests/mutation/__init__.py::test_it": 0.1}, "lines": {}})
    assert reach.tests_of(found) == []


def test_what_runs_in_no_tests_own_process_is_given_those_that_start_others(
    tmp_path: Path,
) -> None:
    (found,) = mutants(tmp_path, "def g():\n    f()\n")
    file, name = "tests/cli/test_demo.py", "test_the_link_of_the_demos_mail_opens_the_brief"
    starts, other = f"{file}::{name}", f"{file}::test_no_daily_brief_is_due_soon[3]"
    reach = Reach()
    reach.add({"seconds": {starts: 0.1, other: 0.1}, "lines": {}})
    assert reach.tests_of(found) == [starts]
    reach.add({"seconds": {}, "lines": {"code.py": {"2": [other]}}})
    assert reach.tests_of(found) == [other]
