from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.untrusted_json import read_json


@pytest.mark.parametrize(
    "content", [b"", b"{", b'"\xff"', b'{"id": "\xc3\x28"}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_cannot_be_read_is_no_json(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_json(content)


class Place(msgspec.Struct):
    name: str


def test_what_can_be_read_has_the_wanted_type() -> None:
    assert read_json(b'{"name": "Berlin"}') == {"name": "Berlin"}
    assert read_json('{"name": "Berlin"}', Place) == Place("Berlin")
    with pytest.raises(msgspec.DecodeError):
        read_json(b'{"name": 1}', Place)


@given(st.binary())
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with suppress(msgspec.DecodeError):
        read_json(content)
