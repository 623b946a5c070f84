"""The page of the configuration is made from the settings."""

from pathlib import Path

from buildos_box.settings.keys import NAMED, all_keys
from buildos_box.settings.reference import reference_markdown

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text("utf-8")
    assert page == reference_markdown(), "run: buildos-box config docs > docs/configuration.md"


def test_every_key_is_on_the_page() -> None:
    page = reference_markdown()
    for name in all_keys():
        if name not in NAMED:
            table, _, key = name.rpartition(".")
            section = page.split(f"## `[{table}]`\n")[1].split("\n## ")[0]
            assert f"| `{key}` |" in section, name
