"""Values in quoted-printable, as in vCalendar 1.0; some programs still write them."""

import re
from quopri import decodestring

_CHARSET = re.compile(r';CHARSET="?([A-Za-z0-9_.:-]{1,40})"?(?=;|$)', re.IGNORECASE)
_ENCODING = re.compile(r';(?:ENCODING=)?"?QUOTED-PRINTABLE"?(?=;|$)', re.IGNORECASE)
_LOST_BREAK = re.compile(rb"=(?![0-9A-Fa-f]{2})")
"""A soft line break whose line end was removed by unfolding."""


def decoded(head: str, value: str) -> tuple[str, str]:
    """A property's name with its parameters, and its value as RFC 5545 writes it.

    A value that is not in quoted-printable is unchanged.
    """
    if _ENCODING.search(head) is None:
        return head, value
    charset = _CHARSET.search(head)
    raw = decodestring(_LOST_BREAK.sub(b"", value.encode(errors="replace")))
    try:
        text = raw.decode(charset[1] if charset else "utf-8", errors="replace")
    except (LookupError, ValueError):
        text = raw.decode(errors="replace")
    text = "\\n".join(re.split(r"\r\n|\r|\n", text))
    return _ENCODING.sub("", _CHARSET.sub("", head)), text
