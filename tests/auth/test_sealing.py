"""Secrets at rest: nothing of them shows, and they open in their own place only."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.auth.sealing import CannotUnseal, seal, unseal

KEY, OTHER = bytes(32), bytes(31) + b"\x01"


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_what_is_sealed_can_be_opened(text: str) -> None:
    sealed = seal(KEY, "place", text)
    assert unseal(KEY, "place", sealed) == text


def test_what_is_sealed_shows_nothing_and_differs_each_time() -> None:
    sealed = {seal(KEY, "place", "a long secret") for _ in range(10)}
    assert len(sealed) == 10
    assert not any("secret" in text + str(base64.b64decode(text)) for text in sealed)


def changed(sealed: str, at: int) -> str:
    raw = bytearray(base64.b64decode(sealed))
    raw[at] ^= 1
    return base64.b64encode(raw).decode()


def test_another_key_another_place_or_a_changed_byte_opens_nothing() -> None:
    sealed = seal(KEY, "place", "secret")
    short = base64.b64encode(b"\x01short").decode()
    attempts = [(OTHER, "place", sealed), (KEY, "elsewhere", sealed)]
    attempts += [(KEY, "place", text) for text in ("no base64", "", short)]
    attempts += [(KEY, "place", changed(sealed, at)) for at in range(len(base64.b64decode(sealed)))]
    for key, place, text in attempts:
        with pytest.raises(CannotUnseal):
            unseal(key, place, text)
