"""Links into the documentation lead to an anchor; nothing refers to documents elsewhere."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
NAMED = re.compile(r"docs/([\w-]+\.md)#([\w-]+)")
"""A link as code, tests and other folders write it, from the root of the repository."""
RELATIVE = re.compile(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)")
"""A link between two pages of `docs`, or inside one."""
MODULE = re.compile(r"(?<![\w/.{*<-])((?:[\w-]+/)+\w+\.py)\b")
"""A Python file, named with a folder at least."""
GUIDE = frozenset(
    f"buildos_box/greetings/{name}.py" for name in ("__init__", "job", "routes", "feature")
)
"""What docs/job-types.md makes."""
HEADING = re.compile(r"^#{1,6} +(.*)$", re.M)
FILES = ("*.py", "*.md", "*.toml", "*.js", "*.html", "*.sql", "*.sh", "*.yaml", "*.service")


@cache
def anchors(page: Path) -> frozenset[str]:
    """The explicit anchors of a page, and the slugs that GitHub makes of its headings."""
    text = page.read_text("utf-8")
    headings = (re.sub(r"[^\w\s-]", "", title).strip().lower() for title in HEADING.findall(text))
    return frozenset(ANCHOR.findall(text)) | {title.replace(" ", "-") for title in headings}


def files() -> list[Path]:
    """Every text file of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *FILES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.split() if (path := ROOT / name).is_file()]


def dangling(text: str) -> list[str]:
    """Links of a text that lead to no page or to no anchor of it."""
    return [
        f"{page}#{anchor}"
        for page, anchor in NAMED.findall(text)
        if not (DOCS / page).is_file() or anchor not in anchors(DOCS / page)
    ]


def test_the_anchors_of_the_specification_are_unique() -> None:
    found = ANCHOR.findall((DOCS / "spec.md").read_text("utf-8"))
    assert len(found) > 100
    assert sorted(name for name in set(found) if found.count(name) > 1) == []


def test_every_link_to_an_anchor_leads_to_one() -> None:
    wrong = {str(path.relative_to(ROOT)): dangling(path.read_text("utf-8")) for path in files()}
    assert {name: links for name, links in wrong.items() if links} == {}


def test_a_link_to_an_anchor_that_is_missing_is_found() -> None:
    text = "see docs/spec" + ".md#no-such-rule and docs/spec" + ".md#retry-backoff"
    assert dangling(text) == ["spec.md#no-such-rule"]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_anchor_that_a_page_links_to_exists(page: Path) -> None:
    wrong = [
        f"{other}#{anchor}"
        for other, anchor in RELATIVE.findall(page.read_text("utf-8"))
        if anchor not in anchors(DOCS / other if other else page)
    ]
    assert wrong == []


def test_every_test_that_the_specification_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (DOCS / "spec.md").read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


UNRESOLVED = re.compile(
    r"\b[Ss]pec \d|\(spec \d|\(design\)|\bdesign: [a-z]|\b[Pp]ractice (?:\d|T\d)|\(practice: "
    r"|[(;] ?reference: |\b[Ff]ault \d|\b[Ii]ssue \d|\(T\d"
)
"""References to documents that the repository does not hold, in the forms that it once had."""
UNTOUCHED = ("static/docs/", "tests/docs/test_anchors.py")
"""`static/docs` is another project's; and this test."""


def unresolved(text: str) -> list[str]:
    """Lines of a text that refer to a document by a number or name instead of a link."""
    return [line.strip() for line in text.splitlines() if UNRESOLVED.search(line)]


def test_no_reference_leads_out_of_the_repository() -> None:
    found = {
        name: lines
        for path in files()
        if not (name := str(path.relative_to(ROOT))).startswith(UNTOUCHED)
        and (lines := unresolved(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "Retries wait (spec 3.5).",
        "one writer (design: the engine)",
        "its storage (design).",
        "What an answer means (practice 4.3).",
        "checked where they are made (practice: SSRF)",
        "One job (reference: Get Job Status)",
        "a re-run adds nothing (fault 9)",
        "what a browser shows (issue 8)",
        "no header talks its way past (T13)",
    ],
)
def test_each_form_of_such_a_reference_is_found(line: str) -> None:
    assert unresolved(f"first\n{line}\nlast") == [line]


def test_other_uses_of_these_words_are_not() -> None:
    assert unresolved("default 5, a preference: one, Unfinished for longer, best practices") == []


def missing_modules(name: str, text: str) -> list[str]:
    """Python files that a text names with their folder and that are not there."""
    places = (ROOT, ROOT / "buildos_box", ROOT / "tests", (ROOT / name).parent)
    return [
        path
        for path in MODULE.findall(text)
        if not any((place / path).is_file() for place in places) and path not in GUIDE
    ]


def test_every_module_that_is_named_is_there() -> None:
    wrong = {
        name: missing
        for path in files()
        if (name := str(path.relative_to(ROOT))) != "CHANGELOG.md"
        and (missing := missing_modules(name, path.read_text("utf-8")))
    }
    assert wrong == {}
    assert missing_modules("README.md", "as `jobs/no_such" + ".py` does") == [
        "jobs/no_such" + ".py"
    ]
