"""Numbers of things in sentences."""

import ast
import re
from pathlib import Path

import pytest

from buildos_box.plural import plural

CODE = Path(__file__).parent.parent / "buildos_box"
GUESSED = re.compile(r"\b(?!https?\b)[a-z]+\(s\)")


@pytest.mark.parametrize(
    ("count", "noun", "many", "words"),
    [
        (0, "job", None, "0 jobs"),
        (1, "stale job", None, "1 stale job"),
        (1200, "job", None, "1,200 jobs"),
        (1, "dependency", "dependencies", "1 dependency"),
        (2, "dependency", "dependencies", "2 dependencies"),
    ],
)
def test_a_number_of_things(count: int, noun: str, many: str | None, words: str) -> None:
    assert plural(count, noun, many) == words


def test_no_sentence_leaves_the_plural_to_the_reader() -> None:
    found = [
        f"{path.relative_to(CODE)}:{text.lineno}: {text.value}"
        for path in CODE.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.Constant)
        and isinstance(text.value, str)
        and GUESSED.search(text.value)
    ]
    assert not found
