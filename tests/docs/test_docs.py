"""The documentation is true: its commands and steps really run."""

import re
import shlex
from pathlib import Path

import click
import pytest

from buildos_box.cli.main import main

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
ADDRESS = "http://127.0.0.1:8787"


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of that language, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    found = re.findall(r"\]\((?!https?:|mailto:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in found if not (page.parent / link).exists()] == []


def test_every_threat_has_its_tests() -> None:
    standard = (DOCS / "security.md").read_text("utf-8").partition("\n## ")[0]
    rows = re.findall(r"^\|(.*)\|$", standard, re.M)[2:]
    chapters = set(re.findall(r"\*\*V(\d+) ", "".join(rows)))
    assert chapters == {str(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16)}
    for row in rows:
        named = re.findall(r"`((?:tests|\.ci)/[^`]+)`", row.split("|")[-1])
        assert named, row
        assert [name for name in named if not (ROOT / name).is_file()] == []
    known = " ".join(rows)
    for rule in (
        "tracking-per-recipient",
        "signature-first",
        "own-data-only",
        "empty-filter-means-none",
        "masked-numbers",
    ):
        assert f"(spec.md#{rule})" in known


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES[1:] if f"(docs/{page.name})" not in readme] == []


def commands(text: str) -> list[list[str]]:
    """Every `buildos-box …` that a page names, as words."""
    found = re.findall(r"(?:^|[\s`/(])buildos-box ([a-z][^`\n|#;&>…]*)", text)
    return [shlex.split(line.replace("'", "")) for line in found]


def knows(words: list[str]) -> bool:
    """Whether the command line has that command, with those options."""
    command: click.Command = main
    rest = list(words)
    while rest and isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return command.invoke_without_command and not rest[0][0].isalpha()
        command = found
        rest.pop(0)
    options = [[*parameter.opts, *parameter.secondary_opts] for parameter in command.params]
    known = {option for names in options for option in names} | {"--help"}
    return all(word.partition("=")[0] in known for word in rest if word.startswith("--"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = [words for words in commands(page.read_text("utf-8")) if "|" not in "".join(words)]
    assert [" ".join(words) for words in named if not knows(words)] == []
