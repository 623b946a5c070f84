"""What was probably meant."""

import pytest

from buildos_box.did_you_mean import hint, nearest_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [("pt-br", "pt-BR"), ("dee", "de"), ("xx", None), ("", None), ("portugues", None)],
)
def test_the_nearest_word_is_named_if_one_is_near(written: str, meant: str | None) -> None:
    assert nearest_of(written, iter(["de", "fr", "pt-BR"])) == meant


def test_six_tenths_alike_are_alike() -> None:
    assert nearest_of("abcde", ["abcxy"]) == "abcxy"
    assert nearest_of("abcdef", ["abcxyz"]) is None


def test_the_hint_ends_a_refusal() -> None:
    assert hint("pt-BR") == "; did you mean pt-BR?"
    assert hint(None) == ""
