"""Packed answers are unpacked however their bytes are cut, and under one limit."""

import gzip
import zlib

import pytest

from buildos_box.egress.decompression import BrokenPacking, TooMuch, Unpacker

TEXT = b"BEGIN:VCALENDAR " * 20
RAW = zlib.compressobj(wbits=-15)
PACKED = {
    "gzip": gzip.compress(TEXT, mtime=0),
    "deflate": zlib.compress(TEXT),
    "raw": RAW.compress(TEXT) + RAW.flush(),
    "twice": gzip.compress(TEXT[:30], mtime=0) + gzip.compress(TEXT[30:], mtime=0),
    "with more behind": gzip.compress(TEXT, mtime=0) + b"\0" * 40,
    "plain": TEXT,
    "one byte": b"a",
}
NAMED = {"raw": "deflate", "deflate": "deflate", "plain": "", "one byte": "identity"}


def unpacked(packed: bytes, *, encoding: str, size: int, limit: int = 10_000) -> bytes:
    unpacker = Unpacker(encoding, limit)
    chunks = [packed[at : at + size] for at in range(0, len(packed), size)]
    return b"".join(map(unpacker.feed, chunks)) + unpacker.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 17, 1000])
@pytest.mark.parametrize("name", PACKED)
def test_the_bytes_may_come_in_pieces_of_any_size(name: str, size: int) -> None:
    whole = b"a" if name == "one byte" else TEXT
    assert unpacked(PACKED[name], encoding=NAMED.get(name, " GZip"), size=size) == whole


@pytest.mark.parametrize("name", ["gzip", "deflate", "twice", "plain"])
def test_the_limit_holds_for_what_comes_and_for_what_it_unpacks_to(name: str) -> None:
    encoding = NAMED.get(name, "gzip")
    assert unpacked(PACKED[name], encoding=encoding, size=50, limit=len(TEXT)) == TEXT
    for limit in (len(TEXT) - 1, len(PACKED[name]) - 1):
        with pytest.raises(TooMuch):
            unpacked(PACKED[name], encoding=encoding, size=50, limit=limit)


@pytest.mark.parametrize("packed", [PACKED["gzip"][:-1], PACKED["gzip"][:1], b"no gzip at all"])
def test_what_is_not_packed_as_it_says_is_broken(packed: bytes) -> None:
    with pytest.raises(BrokenPacking):
        unpacked(packed, encoding="gzip", size=1000)
