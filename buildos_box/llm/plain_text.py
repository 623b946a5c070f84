"""Text reduced to one plain line without links, images, markup or HTML.

The rules: docs/spec.md#llm-untrusted-text.
"""

import re
from collections.abc import Sequence

from buildos_box.llm.addresses import ADDRESS, revealed
from buildos_box.llm.untrusted_text import visible

_IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()]{0,1000}\)")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()]{0,1000}\)")
_TAG = re.compile(r"<[^<>]{0,1000}>")
_NO_TOP_DOMAIN = re.compile(
    r"[jt]sx?|[mc]js|json|ya?ml|toml|ini|[ct]sv|txt|pdf|docx?|xlsx?|pptx?|od[ts]|html|css|xml"
    r"|png|jpe?g|gif|svg|psd|sql|ics|vcf|eml|log|bak|exe|dll",
    re.IGNORECASE,
)
"""Ends of names of tools and files (Node.js, plan.pdf) that are not top-level domains."""
_MARKS = str.maketrans("", "", "<>`*[]#|~\\")


def plain(text: str, most: int, *, own: Sequence[str] = ()) -> str:
    """The text in one line of at most `most` characters, cut between words where there are any.

    Names such as Node.js stay. So does a name that looks like a domain (Monday.com, with a capital
    and without a path) if it is written like that in `own`, the user's own texts.
    """
    line = _without_markup(revealed(_without_markup(visible(text[: most * 8]))))
    line = _without_addresses(line, own)
    # Removing marks may join the rest to a new address, so addresses are removed once more.
    line = _without_addresses(line.translate(_MARKS), own)
    line = " ".join(line.split())
    if len(line) <= most:
        return line
    # A word that is cut may look like an address: Report.docx ends in .do.
    return _without_addresses(_cut(line, most - 1), own).rstrip(" ,;:") + "…"


def _cut(line: str, most: int) -> str:
    """The words that fit, or as many characters as fit of a script that does not separate words."""
    cut = line[:most]
    words = cut.rpartition(" ")[0]
    return words if len(words) >= most // 2 else cut


def _without_markup(line: str) -> str:
    for pattern, put in ((_IMAGE, " "), (_LINK, r"\1"), (_TAG, " ")):
        line = pattern.sub(put, line)
    return line


def _without_addresses(line: str, own: Sequence[str]) -> str:
    def put(found: re.Match[str]) -> str:
        name, rest = found["bare"], found["rest"] or ""
        if name is None:
            return " "
        if _NO_TOP_DOMAIN.fullmatch(name.rpartition(".")[2]):
            return name + rest[:1] + _without_addresses(rest[1:], own)
        spelt = name[0].isupper() and not rest.strip("/?#:") and any(_has(t, name) for t in own)
        return name + rest if spelt else " "

    return ADDRESS.sub(put, line)


def _has(text: str, name: str) -> bool:
    """Whether the name is in the text by itself, not as part of an address."""
    return re.search(rf"(?<![\w.@/:-]){re.escape(name)}(?![\w@/-]|\.\w)", text) is not None
