"""What an SMS says: plain characters, few segments, words whole (docs/spec.md#sms-text)."""

import re
import unicodedata
from datetime import timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant

_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = set("^{}\\[~]|€\f")
"""Of these each takes two places."""
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000\t", " "),
        **dict.fromkeys("\u2022\u00b7", "*"),
        "\u2026": "...",
    }
)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
ONE_SEGMENT = 160
TWO_WIDE_SEGMENTS = 134


def plain(text: str, *, links: bool = False) -> str:
    """Without curly quotes, dashes, ellipses and control characters; links only if wanted."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    text = text if links else _LINK.sub("", text)
    shown = "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")
    )
    return " ".join(shown.split())


def is_gsm(text: str) -> bool:
    """Whether GSM-7 can write all of it."""
    return all(char in _BASIC or char in _EXTENDED for char in text)


def size(text: str) -> int:
    """Places taken: septets in GSM-7, else 16-bit units."""
    if is_gsm(text):
        return sum(2 if char in _EXTENDED else 1 for char in text)
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """How many segments the network will bill."""
    single, joined = (160, 153) if is_gsm(text) else (70, 67)
    return 1 if size(text) <= single else -(-size(text) // joined)


def fits(text: str) -> bool:
    """Within one GSM-7 segment, or two where the text needs UCS-2."""
    return size(text) <= (ONE_SEGMENT if is_gsm(text) else TWO_WIDE_SEGMENTS)


def shorten(title: str, around: str) -> str:
    """`around` with `title` in place of its `{}`, whole words left out until it fits."""
    whole = around.replace("{}", title)
    if fits(whole):
        return whole
    words = title.split(" ")
    for count in range(len(words) - 1, 0, -1):
        cut = around.replace("{}", " ".join(words[:count]) + "...")
        if fits(cut):
            return cut
    # A single word longer than a message: nothing whole is left to keep.
    word = words[0]
    while word and not fits(around.replace("{}", word + "...")):
        word = word[:-1]
    return around.replace("{}", word + "...")


def reminder_text(title: str, start: Instant, zone: ZoneInfo, send_at: Instant) -> str:
    """The reminder by template: the event's name and local time always in it."""
    local = start.astimezone(zone)
    when = f"at {local:%H:%M}"
    if local.date() != send_at.astimezone(zone).date():
        when = f"on {local:%a %d %b} {when}"
    minutes = round((start - send_at) / timedelta(minutes=1))
    soon = f", in {minutes} min" if 0 < minutes <= 90 else ""
    return shorten(plain(title) or "Event", f"Reminder: {{}} {when}{soon}")
