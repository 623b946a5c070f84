"""The text of an SMS: plain characters, few segments, whole words (docs/spec.md#sms-text)."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.sms.graphemes import graphemes, without_format_characters

_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = set("^{}\\[~]|€\f")
"""Characters that take two septets in GSM-7."""
_WRITABLE = _BASIC | _EXTENDED
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
ONE_GSM_SEGMENT, JOINED_GSM_SEGMENT = 160, 153
ONE_WIDE_SEGMENT, JOINED_WIDE_SEGMENT = 70, 67
"""The size of a single segment, and of each segment of a longer message: septets of GSM-7, or
16-bit units of UCS-2.
"""


def plain(text: str, *, links: bool = False) -> str:
    """The text without curly quotes, dashes, ellipses and control characters.

    Links are kept only with `links`.
    """
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    text = text if links else _LINK.sub("", text)
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    spaced = "".join(" " if char.isspace() else char for char in text)
    shown = "".join(
        char
        for char in without_format_characters(spaced)
        if unicodedata.category(char) not in ("Cc", "Cs", "Co")
    )
    return " ".join(shown.split())


def is_gsm(text: str) -> bool:
    """Whether GSM-7 can write all of it."""
    return _WRITABLE.issuperset(text)


_COMPARED = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd"})
"""Kinds of characters that smart encoding leaves alone; modifier letters are among its signs."""


def same_text(sent: str, kept: str) -> bool:
    """Whether Twilio keeps that text, maybe behind words of its own, as in a trial account.

    Its smart encoding replaces signs by others that look alike (½ by 1/2), and its list of them
    changes. So letters and digits alone are compared, or all of a text that has none.
    """
    letters = _letters(sent)
    return _letters(kept).endswith(letters) if letters else kept.endswith(sent)


def _letters(text: str) -> str:
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", text)
        if unicodedata.category(char) in _COMPARED
    )


def segments(text: str) -> int:
    """The number of segments that are billed.

    A character of two units is never split, nor an emoji of several characters: what does not fit
    begins the next segment.
    """
    single, joined = (
        (ONE_GSM_SEGMENT, JOINED_GSM_SEGMENT)
        if is_gsm(text)
        else (ONE_WIDE_SEGMENT, JOINED_WIDE_SEGMENT)
    )
    places = list(_places(text))
    if sum(places) <= single:
        return 1
    count, used = 1, 0
    for size in places:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return count


def _places(text: str) -> Iterator[int]:
    """The sizes of the indivisible pieces of the text."""
    if is_gsm(text):
        yield from (2 if char in _EXTENDED else 1 for char in text)
        return
    for piece in graphemes(text):
        size = _units(piece)
        if size <= JOINED_WIDE_SEGMENT:
            yield size
        else:
            yield from map(_units, piece)


def _units(text: str) -> int:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def fits(text: str) -> bool:
    """Whether it fits one GSM-7 segment, or two segments where it needs UCS-2."""
    return segments(text) <= (1 if is_gsm(text) else 2)


def shorten(title: str, around: str) -> str:
    """`around` with `title` in place of its `{}`, shortened by whole words until it fits."""
    whole = around.replace("{}", title)
    if fits(whole):
        return whole
    words = title.split(" ")
    for count in range(len(words) - 1, 0, -1):
        cut = around.replace("{}", " ".join(words[:count]) + "...")
        if fits(cut):
            return cut
    # A single word is longer than a message, so it has to be cut.
    pieces = list(graphemes(words[0]))
    while pieces and not fits(around.replace("{}", "".join(pieces) + "...")):
        pieces.pop()
    return around.replace("{}", "".join(pieces) + "...")


_REMINDERS = {
    (False, False): N_("{event} at {time}"),
    (False, True): N_("{event} at {time}, in {minutes} min"),
    (True, False): N_("{event} on {day} at {time}"),
    (True, True): N_("{event} on {day} at {time}, in {minutes} min"),
}
"""By whether the event is on another day, and whether it is soon."""
NO_TITLE = N_("Event")


def signature(sender: str) -> str:
    """What a message begins with, so that its reader knows whom it is from."""
    return f"{plain(sender).replace('{}', '')}: "


def reminder_text(
    title: str,
    start: Instant,
    zone: ZoneInfo,
    send_at: Instant,
    *,
    sender: str,
    language: Language,
) -> str:
    """The reminder by template; it always has the sender, the event's title and local time."""
    day = start.astimezone(zone).date()
    minutes = round((start - send_at) / timedelta(minutes=1))
    text = _REMINDERS[day != send_at.astimezone(zone).date(), 0 < minutes <= 90]
    said = language.say(
        text,
        event="{}",
        time=language.clock_time(start, zone),
        day=language.short_day(day),
        minutes=minutes,
    )
    named = plain(title) or language.say(NO_TITLE)
    return shorten(named, signature(sender) + plain(said))
