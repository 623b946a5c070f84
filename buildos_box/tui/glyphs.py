"""The signs that a terminal can show: Braille, blocks, or plain ASCII."""

import locale
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

Glyphs = Literal["braille", "blocks", "ascii"]
CHOICES: tuple[Glyphs, ...] = ("braille", "blocks", "ascii")
CONSOLES = ("linux", "vt", "sun", "cons25")
"""Terminals whose fonts have no Braille."""
_AS_ASCII = str.maketrans(
    {
        "✓": "+", "✗": "x", "▶": ">", "▸": ">", "↻": "~", "●": "*", "○": "o", "·": ".", "–": "-",
        "—": "-", "…": "~", "→": ">", "←": "<", "↑": "^", "↓": "v", "×": "x", "█": "#", "░": ".",
        "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#", "▀": "'", "▔": "-",
        "▌": "|", "▐": "|", "▊": "|", "▎": "|", "▍": "|", "▋": "|", "▏": "|", "▕": "|",
        "─": "-", "━": "-", "│": "|", "┃": "|", "┆": "|", "┊": "|", "╎": "|", "╏": "|",
        "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+",
        "╭": "+", "╮": "+", "╰": "+", "╯": "+", "╸": "-", "╺": "-", "╴": "-", "╶": "-", "╵": "|",
        "╷": "|", "╋": "+", "•": "*", "“": '"', "”": '"', "‘": "'", "’": "'", "„": '"',
        "\u00a0": " ", "🔎": "/ ",
    }
)  # fmt: skip


def glyphs_for(env: Mapping[str, str], encoding: str | None = None) -> tuple[Glyphs, str]:
    """The signs for a terminal, and why: by the locale's encoding, then by the kind of terminal."""
    name = (encoding or locale.getencoding()).upper().replace("-", "").replace("_", "")
    if name != "UTF8":
        return "ascii", f"the locale's encoding is {encoding or locale.getencoding()}"
    term = env.get("TERM", "")
    if term == "dumb" or not term:
        return "ascii", f"TERM is {term or 'not set'}"
    if term.startswith(CONSOLES):
        return "blocks", f"TERM is {term}"
    return "braille", "the locale's encoding is UTF-8"


@lru_cache(maxsize=4096)
def as_ascii(text: str) -> str:
    """The text in ASCII, in as many cells: known signs by like ones, all else as `?`."""
    if text.isascii():
        return text
    found = text.translate(_AS_ASCII)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in found)


class AsciiLines(LineFilter):
    """Draws everything, borders and footers too, in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with their signs replaced."""
        return [
            Segment(as_ascii(text), style, control) if not text.isascii() else segment
            for segment in segments
            for text, style, control in [segment]
        ]
