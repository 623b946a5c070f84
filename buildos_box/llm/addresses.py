"""URLs, host names and the like in what a model says, in whatever characters they are written.

The rules: docs/spec.md#llm-untrusted-text.
"""

import re
import unicodedata

_TOP = r"(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})"
_NAME = rf"(?:[\w-]+\.)+{_TOP}"
ADDRESS = re.compile(
    r"(?P<url>(?:[a-z][a-z0-9+.-]{1,20}://|www\."
    r"|(?:javascript|data|vbscript|mailto|tel|sms|file):)\S+)"
    rf"|(?<![\w-])(?P<bare>{_NAME})(?P<rest>[/?#:]\S*)?(?![\w@])"
    rf"|(?<![\w-])[\w.+-]{{1,64}}@{_NAME}(?:[/?#:]\S*)?(?!\w)"
    r"|(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    r"(?:[/?#:]\S*)?(?![\w.])",
    re.IGNORECASE,
)
"""URLs, names with any number of labels, mail addresses and IPv4 addresses."""
_WIDE_DOT = re.compile(r"(?<=[a-z0-9-])\u3002(?=[a-z0-9-])", re.IGNORECASE)
"""An ideographic full stop stands for a dot in a name, but between sentences it is one."""
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: soft hyphens, joiners, variation selectors, fillers."""


def revealed(text: str) -> str:
    """The text; if more addresses show in its folded form, that form."""
    form = folded(text)
    return text if _found(form) == _found(text) else form


def folded(text: str) -> str:
    """The text as programs that look for addresses read it: NFKC, no ignorables, ASCII dots."""
    return _WIDE_DOT.sub(".", _IGNORABLE.sub("", unicodedata.normalize("NFKC", text)))


def _found(text: str) -> list[str]:
    return [match[0] for match in ADDRESS.finditer(text)]
