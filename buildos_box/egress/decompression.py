"""Decompresses gzip and deflate responses in pieces, under one limit."""

import zlib

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB, _RAW_DEFLATE = 47, -15
_PACKED = ("gzip", "x-gzip", "deflate")


class BrokenPacking(Exception):
    """The bytes are not in the encoding that the server named."""


class TooMuch(Exception):
    """There are more bytes than the limit."""


class Unpacker:
    """Decompresses a response's bytes as they arrive.

    `deflate` is read with and without its zlib header, since servers send both (RFC 9110, 8.4.1.2).
    Bytes that begin like gzip are decompressed even if the server does not name that encoding.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        """`encoding` is the Content-Encoding; `max_bytes` limits compressed and
        decompressed bytes.
        """
        self._packed = encoding.strip().lower() in _PACKED
        self._left = self._left_packed = max_bytes
        self._stream: zlib._Decompress | None = None
        self._head: bytes | None = b""
        """The first bytes, until there are enough to recognise the format; None afterwards."""
        self._between = b""
        """What came after the end of one gzip file, too little to recognise another."""

    def feed(self, chunk: bytes) -> bytes:
        """The next decompressed bytes. Raises BrokenPacking, TooMuch."""
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
        """The remaining bytes at the end. Raises BrokenPacking if the compressed data is
        incomplete.
        """
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
        chunk, self._between = self._between + chunk, b""
        while chunk:
            assert self._stream is not None
            if self._stream.eof:
                if len(chunk) < len(_GZIP_MAGIC):
                    self._between = chunk
                    break
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
