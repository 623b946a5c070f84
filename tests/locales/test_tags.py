"""Which language tags are known, and what is said of the others (docs/spec.md#languages)."""

import pytest

from buildos_box.locales.tags import LANGUAGES, Tag, catalogue_tag, known, nearest, tag_of


@pytest.mark.parametrize("tag", [*LANGUAGES, "en", "en-AU", "en-001"])
def test_a_language_is_known_alone_and_with_its_regions(tag: str) -> None:
    assert known(tag) == tag


def test_a_tag_is_stored_as_it_is_spelled() -> None:
    assert known("EN-gb") == "en-GB"


ALL = f"must be one of {', '.join(sorted(LANGUAGES))}, or with a region, like de-CH"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("en_GB", "en-GB"),
        ("en-UK", "en-GB"),
        ("en-Xx", "en-US"),
        ("english", "en-US"),
        ("portugues", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("Deutsch", "de"),
        ("German", "de"),
        ("pl ", "pl"),
        ("../en-US", "en-US"),
    ],
)
def test_a_wrong_tag_is_refused_with_all_and_what_was_meant(wrong: str, meant: str) -> None:
    assert nearest(wrong) == meant
    with pytest.raises(ValueError, match="must be") as refused:
        known(wrong)
    assert str(refused.value) == f"{ALL}; did you mean {meant}?"


@pytest.mark.parametrize("wrong", ["", "x", "tlh", "e" * 40, "Klingon"])
def test_what_is_like_none_is_refused_with_all(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        known(wrong)
    assert str(refused.value) == ALL


@pytest.mark.parametrize("wrong", ["en-US ", "en-US\n"])
def test_a_tag_has_no_space(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        known(wrong)


def test_a_tag_may_say_how_clocks_and_weeks_go() -> None:
    plain = tag_of("de")
    assert (plain.hour_cycle, plain.week_start) == (None, None)
    assert tag_of("en-us-u-fw-mon-hc-h23") == Tag("en-US", 24, 1)
    assert tag_of("en-GB-u-hc-h12") == Tag("en-GB", 12, None)
    assert tag_of("en-GB-u-fw-sun") == Tag("en-GB", None, 0)
    with pytest.raises(ValueError, match="must end like"):
        tag_of("en-GB-u-hc-h99")
    with pytest.raises(ValueError, match="must be one of"):
        tag_of("en-GB-u-ca-buddhist")


def test_a_region_reads_the_texts_of_its_own_english() -> None:
    assert [catalogue_tag(tag) for tag in ("en", "en-US", "en-PH")] == ["en-US"] * 3
    assert [catalogue_tag(tag) for tag in ("en-GB", "en-AU", "en-IN")] == ["en-GB"] * 3
