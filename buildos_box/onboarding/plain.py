"""Text made fit to show: one plain line without links, images, markup or HTML."""

import re

from buildos_box.llm.fence import visible

_IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()]{0,1000}\)")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()]{0,1000}\)")
_TAG = re.compile(r"<[^<>]{0,1000}>")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|(?:javascript|data|vbscript|mailto|tel|sms|file):)\S+"
    r"|(?<![\w.-])(?:[\w.+-]{1,64}@)?(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?:[/?#:]\S*)?(?!\w)",
    re.IGNORECASE,
)
_MARKS = str.maketrans("", "", "<>`*[]#|~\\")


def plain(text: str, most: int) -> str:
    """The text in one line of at most `most` characters, cut between words."""
    line = visible(text[: most * 8])
    for pattern, put in ((_IMAGE, " "), (_LINK, r"\1"), (_TAG, " "), (_ADDRESS, " ")):
        line = pattern.sub(put, line)
    # Taking marks away may join what is left to a new address, so look for those once more.
    line = _ADDRESS.sub(" ", line.translate(_MARKS))
    line = " ".join(line.split())
    if len(line) <= most:
        return line
    return line[: most - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
