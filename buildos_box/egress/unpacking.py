"""Answers in gzip or deflate, unpacked piece by piece under one limit."""

import zlib

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB, _RAW_DEFLATE = 47, -15
_PACKED = ("gzip", "x-gzip", "deflate")


class BrokenPacking(Exception):
    """The bytes are not what the server says they are."""


class TooMuch(Exception):
    """There is more than the limit."""


class Unpacker:
    """Takes an answer's bytes as they come and gives them unpacked.

    `deflate` is read with and without its zlib header (RFC 9110, 8.4.1.2, notes that both are
    sent). Bytes that begin like gzip are unpacked even if the server does not say so.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        """`encoding` is the answer's Content-Encoding; `max_bytes` holds packed and unpacked."""
        self._packed = encoding.strip().lower() in _PACKED
        self._left = self._left_packed = max_bytes
        self._stream: zlib._Decompress | None = None
        self._head: bytes | None = b""
        """What came until there was enough to know its form by; None once it is known."""

    def feed(self, chunk: bytes) -> bytes:
        """The next bytes, unpacked. Raises BrokenPacking, TooMuch."""
        self._left_packed -= len(chunk)
        if self._left_packed < 0:
            raise TooMuch
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < len(_GZIP_MAGIC):
                self._head = chunk
                return b""
            self._head = None
            if self._packed or chunk.startswith(_GZIP_MAGIC):
                return self._first(chunk)
        return self._taken(chunk) if self._stream is None else self._unpacked(chunk)

    def finish(self) -> bytes:
        """All has come; what was held back. Raises BrokenPacking if packed bytes have no end."""
        if self._stream is not None and not self._stream.eof:
            raise BrokenPacking
        if self._head and self._packed:
            raise BrokenPacking
        return self._head or b""

    def _first(self, chunk: bytes) -> bytes:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            return self._unpacked(chunk)
        except BrokenPacking:
            self._stream = zlib.decompressobj(_RAW_DEFLATE)
            return self._unpacked(chunk)

    def _unpacked(self, chunk: bytes) -> bytes:
        found = []
        while chunk:
            assert self._stream is not None
            if self._stream.eof:
                if not chunk.startswith(_GZIP_MAGIC):
                    break
                self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                found.append(self._taken(self._stream.decompress(chunk, self._left + 1)))
            except zlib.error:
                raise BrokenPacking from None
            chunk = self._stream.unused_data
        return b"".join(found)

    def _taken(self, plain: bytes) -> bytes:
        self._left -= len(plain)
        if self._left < 0:
            raise TooMuch
        return plain
