"""The users' page in the language of whoever reads it (docs/spec.md#language-texts)."""

import msgspec
import pytest

from buildos_box.locales.catalogue_files import page_texts
from buildos_box.locales.tags import LANGUAGES, SOURCE, wanted


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if not tag.startswith("en")])
def test_the_page_is_whole_in_every_language(tag: str) -> None:
    made = msgspec.json.decode(page_texts(tag))
    assert made["tag"] == tag
    assert len(made["texts"]) > 350
    assert isinstance(made["texts"]["{count} task"], list)


def test_english_is_what_the_page_is_written_in() -> None:
    assert msgspec.json.decode(page_texts(SOURCE)) == {
        "tag": SOURCE,
        "direction": "ltr",
        "texts": {},
    }


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("sv-SE,sv;q=0.9,fr;q=0.5", "fr"),
        ("pt-PT", "pt-BR"),
        ("sv", "en-US"),
        ("", "en-US"),
        ("*;q=0", "en-US"),
    ],
)
def test_a_browser_says_what_it_wants(accepted: str, tag: str) -> None:
    assert wanted(accepted, "en-US-u-hc-h23") == tag
