"""Splits text into what readers see as one character (UAX 29, as far as messages need it).

An emoji of several characters, such as a family or a flag, is one piece.
"""

import unicodedata
from collections.abc import Iterator

JOINER = "\u200d"
BLACK_FLAG = "\U0001f3f4"
"""Followed by tag characters it is the flag of a region."""
_ARROWS = "\u2194\u2195"
"""The second character of gestures such as nodding, whose category is that of a sign."""


def graphemes(text: str) -> Iterator[str]:
    """The pieces, in order; together they are the text."""
    piece = ""
    for char in text:
        if piece and not _continues(piece, char):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def without_format_characters(text: str) -> str:
    """The text without invisible format characters, save those that hold an emoji together."""
    return "".join(map(_shown, graphemes(text)))


def _continues(piece: str, char: str) -> bool:
    if char == JOINER or _extends(char):
        return True
    if _is_regional(char):
        return len(piece) == 1 and _is_regional(piece)
    return piece[-1] == JOINER and _is_picture(piece[0]) and _is_picture(char)


def _shown(piece: str) -> str:
    if not _is_picture(piece[0]):
        return "".join(char for char in piece if unicodedata.category(char) != "Cf")
    parts = (_shown_part(part) for part in piece.split(JOINER))
    return JOINER.join(part for part in parts if part)


def _shown_part(part: str) -> str:
    tagged = part.startswith(BLACK_FLAG)
    return "".join(
        char for char in part if unicodedata.category(char) != "Cf" or (tagged and _is_tag(char))
    )


def _extends(char: str) -> bool:
    return (
        unicodedata.category(char)[0] == "M"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or _is_tag(char)
    )


def _is_tag(char: str) -> bool:
    return "\U000e0020" <= char <= "\U000e007f"


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_picture(char: str) -> bool:
    if "\U0001f000" <= char <= "\U0001faff":
        return not _is_regional(char)
    return char in _ARROWS or unicodedata.category(char) == "So"
