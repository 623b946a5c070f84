"""The version, and the commit that a build was made from."""

from pathlib import Path

from buildos_box.version import COMMIT_FILE, VERSION, commit

CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"


def test_the_version_is_the_newest_one_of_the_changelog() -> None:
    heads = [line for line in CHANGELOG.read_text("utf-8").splitlines() if line.startswith("## ")]
    newest = next(head for head in heads if head != "## Unreleased")
    assert newest == f"## {VERSION}"


def test_a_build_says_its_commit_and_a_checkout_none(tmp_path: Path) -> None:
    file = tmp_path / "commit"
    assert commit(file) is None
    file.write_text("0c0ffee\n", "utf-8")
    assert commit(file) == "0c0ffee"
    file.write_text("\n", "utf-8")
    assert commit(file) is None


def test_it_lies_beside_the_code() -> None:
    assert COMMIT_FILE.parent.name == "buildos_box"
    assert COMMIT_FILE.name == "commit"
