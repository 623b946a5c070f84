"""What the mutation tool changes, and what it leaves alone."""

from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants_of, sampled


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
