"""Decodes a calendar file into unfolded logical lines.

The file is read as a stream, so that a large one is never whole in memory. RFC 5545 asks for UTF-8
and for folds of CR LF and one blank; files have CR CR LF, an empty line inside a fold, UTF-16,
Windows-1252, or single wrong bytes. A fault costs only its own line.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from buildos_box.errors import TooLarge

MAX_BYTES = 32 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
"""Longer lines are cut; no property that is read needs as much."""

CONTROL_CHARS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but tab and line feed, and surrogates."""

_CHUNK = 64 * 1024
_END = re.compile(rb"\r*\n|\r")
_SOFT_BREAK = b"QUOTED-PRINTABLE"
_WHOLE = (b"BEGIN:", b"END:")
"""Lines too short to be folded: a following line with a blank is not their continuation."""
_HEAD_BYTES = 200
_UTF_8 = "utf-8"
_LATIN = {"iso8859-1": "cp1252", "ascii": ""}
"""As in browsers, Latin-1 means Windows-1252; ASCII says nothing about the encoding."""
_NO_CHARSET = frozenset({"utf-7", "unicode_escape", "raw_unicode_escape", "punycode", "idna"})


def one_line(text: str) -> str:
    """`text` on one line, without control characters."""
    return CONTROL_CHARS.sub("", " ".join(text.split()))


@dataclass(slots=True)
class Text:
    """A file's lines and what was guessed about them; both counts are final after the last line."""

    source: BinaryIO
    encoding: str
    is_guessed: bool
    """Whether neither the file nor its server named the encoding."""
    damaged: int = 0
    """Lines that are not valid UTF-8."""

    def lines(self) -> Iterator[str]:
        """The logical lines that are not empty, without blanks at their ends."""
        for line in _unfolded(_physical(_chunks(self.source, self.encoding))):
            try:
                text = line.decode(_UTF_8)
            except UnicodeDecodeError:
                self.damaged += 1
                text = line.decode(_UTF_8, errors="replace")
            if text := text.strip().lstrip("\ufeff"):
                yield text


def open_text(source: BinaryIO, charset: str | None = None) -> Text:
    """The lines of a seekable file; `charset` is the one that its server names.

    The file's own encoding has precedence: a server's `charset` is often its default. Raises
    TooLarge over 32 MiB.
    """
    if source.seek(0, 2) > MAX_BYTES:
        raise TooLarge(f"a calendar file may have at most {MAX_BYTES // 1024**2} MiB")
    utf_16 = _utf_16(source)
    if utf_16:
        return Text(source, utf_16, is_guessed=False)
    declared = _codec(charset)
    valid, broken = _count(source)
    if not broken and (valid or not declared):
        return Text(source, _UTF_8, is_guessed=False)
    if declared:
        return Text(source, declared, is_guessed=False)
    if valid >= broken:
        return Text(source, _UTF_8, is_guessed=False)
    return Text(source, "cp1252", is_guessed=True)


def _utf_16(source: BinaryIO) -> str | None:
    source.seek(0)
    head = source.read(2)
    if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return {b"B\0": "utf-16-le", b"\0B": "utf-16-be"}.get(head)


def _codec(charset: str | None) -> str | None:
    """The name of a known charset other than UTF-8; None otherwise."""
    try:
        name = codecs.lookup((charset or "").strip("\"' ")).name
        is_text = b"BEGIN:VCALENDAR".decode(name, errors="replace") != ""
    except (LookupError, ValueError, TypeError):
        return None
    if not is_text or name in _NO_CHARSET or name.startswith(_UTF_8):
        return None
    return _LATIN.get(name, name) or None


def _count(source: BinaryIO) -> tuple[int, int]:
    """The numbers of lines beyond ASCII that are valid UTF-8, and that are not.

    A file that is UTF-8 as a whole is not examined line by line: (1, 0), or (0, 0) for ASCII.
    """
    decoder = codecs.getincrementaldecoder(_UTF_8)()
    ascii_only = True
    try:
        for chunk in _chunks(source, _UTF_8):
            ascii_only = ascii_only and chunk.isascii()
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _count_lines(source)
    return (0 if ascii_only else 1), 0


def _count_lines(source: BinaryIO) -> tuple[int, int]:
    valid = broken = 0
    for line in _unfolded(_physical(_chunks(source, _UTF_8))):
        if line.isascii():
            continue
        try:
            line.decode(_UTF_8)
        except UnicodeDecodeError:
            broken += 1
        else:
            valid += 1
    return valid, broken


def _chunks(source: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The file from its start, converted to UTF-8."""
    source.seek(0)
    if encoding == _UTF_8:
        while chunk := source.read(_CHUNK):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    while chunk := source.read(_CHUNK):
        yield decoder.decode(chunk).encode(_UTF_8, errors="replace")
    yield decoder.decode(b"", final=True).encode(_UTF_8, errors="replace")


def _physical(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines between CR CR LF, CR LF, LF or CR, each cut at `MAX_LINE_BYTES`."""
    pieces: list[bytes] = []
    size = 0
    held = b""
    for chunk in chunks:
        data = held + chunk
        # A CR at the end may belong to a line end that continues in the next chunk.
        kept = data.rstrip(b"\r")
        held = data[len(kept) :]
        for number, part in enumerate(_END.split(kept)):
            if number:
                yield b"".join(pieces)
                pieces, size = [], 0
            if size < MAX_LINE_BYTES:
                pieces.append(part[: MAX_LINE_BYTES - size])
                size += len(part)
    yield b"".join(pieces)


def _unfolded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Folded lines joined; empty lines in between do not count."""
    current = bytearray()
    for line in lines:
        if not line:
            continue
        if current and line[0] in b" \t" and not current[:6].upper().startswith(_WHOLE):
            more = line[1:]
        elif current.endswith(b"=") and _SOFT_BREAK in current[:_HEAD_BYTES].upper():
            more = line
            del current[-1:]
        else:
            if current:
                yield bytes(current)
            current = bytearray(line)
            continue
        if len(current) < MAX_LINE_BYTES:
            current += more
    if current:
        yield bytes(current)
