"""Every anchor of the specification is unique, and every link to one leads to one that exists."""

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
