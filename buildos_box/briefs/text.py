"""Users' text inside Markdown: cleaned, shortened, and escaped so that it stays text.

`escape` makes any title read the same in every Markdown renderer and never become a heading, a
link, HTML or a list. The rest makes notes readable in a line or two.
"""

import re
import unicodedata
from urllib.parse import quote

from buildos_box.mail.html import is_safe_in_markdown

UNTITLED = "(untitled)"

TITLE_CHARS = 80
TITLE_WORDS = 14

_BACKSLASHED = {mark: "\\" + mark for mark in "\\`*_{}[]#"}
# Entities for characters that Python-Markdown cannot escape by a backslash, or that HTML gives a
# meaning.
_ENTITIES = {"<": "&lt;", ">": "&gt;", "|": "&#124;", "~": "&#126;"}
_ESCAPES = str.maketrans(_BACKSLASHED | _ENTITIES)
_AMPERSAND = re.compile(r"&(?=[#A-Za-z0-9])")
_LEADING_ENTITIES = {":": "&#58;", "=": "&#61;"}
_ORDERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")

_JOINERS = {"\u200c", "\u200d"}
_DROPPED_CATEGORIES = {"Cc", "Cf", "Cs"}

_SOURCE_CHARS = 4000
_NAME_SOURCE_CHARS = 1000
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_RULE = re.compile(r"^\s*([-*_=]\s*){3,}$|^[\s|:-]*\|[\s|:-]*$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")
_DONE_ITEM = re.compile(r"^\s*[-*+]\s+\[[xX]\]\s")
_MARKER = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?")
_QUOTE = re.compile(r"^(?:\s{0,3}>\s?)+")
_IMAGE = re.compile(r"!\[([^\[\]]{0,200})\]\([^()]{0,700}\)")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()]{0,700}\)")
_ANY_LINK = re.compile(
    r"\[(?P<shown>[^\[\]]{1,300})\]\(<?(?P<url>(?:https?://|mailto:)[^\s()<>]{1,700})>?\)"
    r"|<?(?P<bare>https?://[^\s()<>\[\]]{1,700}[^\s()<>\[\].,;:!?'\"])>?"
)
_LINK_STARTS, _LINK_ENDS, _LINK_OVER = "\ue000", "\ue001", "\ue002"
"""Stand for a link while its note is shortened; no text of a user keeps them."""
_NO_MARKS = dict.fromkeys(map(ord, (_LINK_STARTS, _LINK_ENDS, _LINK_OVER)))
_KEPT = re.compile(f"{_LINK_STARTS}([^{_LINK_STARTS}{_LINK_ENDS}]+){_LINK_ENDS}(\\d+){_LINK_OVER}")
_IN_URL = "!#$%&'*+,/:;=?@~"
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,500}>")
_EMPHASIS = re.compile(r"(?<!\w)([*_]{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)")
_CODE = re.compile(r"`{1,3}([^`]{1,300})`{1,3}")
_BACKSLASH = re.compile(r"\\([\\`*_{}\[\]()#+\-.!>|~])")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def clean(text: str) -> str:
    """One line without control, bidirectional, invisible or tag characters; spaces collapsed.

    Joiners stay, because emoji and several scripts need them.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    kept = (
        character
        for character in line
        if character in _JOINERS or unicodedata.category(character) not in _DROPPED_CATEGORIES
    )
    return " ".join("".join(kept).split())


def shorten(text: str, chars: int, words: int | None = None) -> str:
    """`text` in at most `chars` characters and `words` words, cut between words, with `…`."""
    parts = text.split(" ")
    cut = text
    if words is not None and len(parts) > words:
        cut = " ".join(parts[:words])
    if len(cut) > chars - (cut != text):
        cut = cut[: chars - 1]
        head, space, _ = cut.rpartition(" ")
        if space and len(head) >= chars // 2:
            cut = head
    if cut == text:
        return text
    return cut.rstrip(" ,;:–-") + "…"


def escape(text: str) -> str:
    """Markdown for exactly this one line of text, without markup or HTML."""
    line = clean(text)
    escaped = _AMPERSAND.sub("&amp;", line).translate(_ESCAPES)
    if not line:
        return ""
    if line[0] in "-+!":
        return "\\" + escaped
    if line[0] in _LEADING_ENTITIES:
        return _LEADING_ENTITIES[line[0]] + escaped[1:]
    ordered = _ORDERED.match(line)
    if ordered:
        return f"{ordered[1]}\\{ordered[2]}{escaped[ordered.end() :]}"
    return escaped


def name(text: str, chars: int = TITLE_CHARS, words: int = TITLE_WORDS) -> str:
    """A title as plain text: one line of at most so many characters and words, never empty."""
    return shorten(clean(text[:_NAME_SOURCE_CHARS]) or UNTITLED, chars, words)


def title(text: str, chars: int = TITLE_CHARS, words: int = TITLE_WORDS) -> str:
    """A title as Markdown: `name`, escaped."""
    return escape(name(text, chars, words))


def quoted(text: str) -> str:
    """A title inside a sentence, as plain text: “Send the contract”."""
    return f"“{name(text, 60)}”"


def plain(markdown: str) -> str:
    """A note as one line of plain text; headings only if there is nothing else.

    Reads the first 4,000 characters; code blocks, images, rules and ticked items are left out.
    """
    blocks, headings = _blocks(markdown[:_SOURCE_CHARS])
    said = ""
    for block in blocks or headings:
        if not said:
            said = block
        elif said[-1] in ".!?…":
            said = f"{said} {block[0].upper()}{block[1:]}"
        else:
            said = f"{said} {block}" if said[-1] in ":;," else f"{said}; {block}"
    return said


def gist(markdown: str, words: int) -> str:
    """The first sentences of a note, plain, in at most `words` words; empty if it has no text."""
    sentences = _SENTENCE_END.split(plain(markdown))
    taken: list[str] = []
    for sentence in sentences:
        if len(" ".join([*taken, sentence]).split()) > words:
            break
        taken.append(sentence)
    said = " ".join(taken) or sentences[0]
    return shorten(said, words * 10, words)


def linked_gist(markdown: str, words: int) -> str:
    """`gist` as Markdown, in which the note's links to the web and to mail still are links."""
    found: list[str] = []

    def kept(shown: str, url: str) -> str:
        if not is_safe_in_markdown(url) or not clean(shown):
            return shown
        found.append(url)
        return f"{_LINK_STARTS}{shown}{_LINK_ENDS}{len(found) - 1}{_LINK_OVER}"

    source = markdown[:_SOURCE_CHARS].translate(_NO_MARKS)
    source = _IMAGE.sub(" ", source)
    source = _ANY_LINK.sub(
        lambda m: kept(m["shown"], m["url"]) if m["url"] else kept(_host_of(m["bare"]), m["bare"]),
        source,
    )
    said = escape(gist(source, words))
    said = _KEPT.sub(lambda m: f"[{m[1]}]({quote(found[int(m[2])], safe=_IN_URL)})", said)
    return said.translate(_NO_MARKS)


def _host_of(url: str) -> str:
    """The address without its scheme, shortened: what a bare link is shown as."""
    return shorten(url.partition("://")[2].rstrip("/"), 40)


def unmarked(line: str) -> str:
    """One line of Markdown without markup: link texts stay; targets, images and
    tags are removed.
    """
    line = _TAG.sub(" ", _IMAGE.sub(" ", line))
    line = _LINK.sub(r"\1", line)
    line = _CODE.sub(r"\1", line)
    for _ in range(2):
        line = _EMPHASIS.sub(r"\2", line)
    return clean(_BACKSLASH.sub(r"\1", line))


def _blocks(markdown: str) -> tuple[list[str], list[str]]:
    """A note's paragraphs and list items, and separately its headings, as plain text."""
    blocks: list[str] = []
    headings: list[str] = []
    fenced = open_paragraph = False
    for raw in markdown.splitlines():
        line = _QUOTE.sub("", raw)
        if _FENCE.match(line):
            fenced, open_paragraph = not fenced, False
            continue
        marker, heading = _MARKER.match(line), _HEADING.match(line)
        silent = fenced or _RULE.match(line) or _DONE_ITEM.match(line)
        said = "" if silent else unmarked(_without_marks(line))
        if not said:
            open_paragraph = False
        elif heading:
            headings.append(said)
            open_paragraph = False
        elif open_paragraph and not marker:
            blocks[-1] = f"{blocks[-1]} {said}"
        else:
            blocks.append(said)
            open_paragraph = True
    return blocks, headings


def _without_marks(line: str) -> str:
    return _MARKER.sub("", _HEADING.sub("", line)).strip(" #|").replace(" | ", ", ")
