"""HTML of Markdown in the forms that briefs use, by one look at each line.

`markdown` takes most of the time of a brief's mail. What briefs hold nearly always are headings,
lines of text and flat lists, with emphasis and links in them. For these the answer is the same as
that of `markdown` and the sanitiser, which tests compare; anything beyond is left to them.
"""

import re
from collections.abc import Callable, Iterator

_ODD = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)
_HEADING = re.compile(r"(#{1,6}) (.+)")
_BULLET, _NUMBERED = re.compile(r"- (.+)"), re.compile(r"([0-9]{1,4})\. (.+)")
_BEGINS_TEXT = re.compile(r"(?!\d+\.)(?:\w|\*{1,2}\w|\[)")
_ESCAPED = r"\\[\\`*_{}\[\]()>#+.!-]"
_PLAIN = rf"(?:[^*_\[\]\\&<>`!]|!(?!\[)|&(?=[ ,])|{_ESCAPED})"
_EDGE = r"(?=[\s\]).,:;!?]|$)"
_EMPHASIS = rf"(?<![^\s\[(])\*\*(?!\s)(?P<strong>{_PLAIN}++)(?<!\s)\*\*{_EDGE}" + (
    rf"|(?<![^\s\[(])\*(?!\s)(?P<em>{_PLAIN}++)(?<!\s)\*{_EDGE}"
)
_LABEL = rf"(?:\*\*(?!\s){_PLAIN}++(?<!\s)\*\*|\*(?!\s){_PLAIN}++(?<!\s)\*|{_PLAIN}++)++"
_TOKEN = re.compile(
    rf"\[(?P<label>{_LABEL})\]\((?P<url>https?://[^\s()<>\"'\\`\[\]]+)\)"
    rf"|{_EMPHASIS}|(?P<plain>{_PLAIN}++)"
)
_IN_LABEL = re.compile(rf"{_EMPHASIS}|(?P<plain>{_PLAIN}++)")
_BACKSLASH = re.compile(r"\\(.)")
_AMPERSAND = re.compile(r"&(?!(?:#[0-9]+|#x[0-9a-f]+|[0-9a-z]+);)", re.IGNORECASE)
_OTHER_ENTITY = re.compile(r"&(?!amp;)")
"""In an address, that is for the sanitiser, which writes some of them anew."""


class _Beyond(Exception):
    """The text has something else in it."""


def simple_html(text: str, link_is_safe: Callable[[str], bool]) -> str | None:
    """The text as cleaned HTML; None if it is to be parsed as a whole.

    `link_is_safe` is asked for every link's address as it stands in that HTML, entities and all.
    """
    if _ODD.search(text):
        return None
    blocks: list[str] = []
    after_list = False
    try:
        for block in text.strip("\n").split("\n\n"):
            html, is_list = _block(block, link_is_safe)
            if is_list and after_list:
                return None  # it would be one list, with paragraphs in it
            blocks.append(html)
            after_list = is_list
    except _Beyond:
        return None
    return "\n".join(blocks)


def _block(block: str, link_is_safe: Callable[[str], bool]) -> tuple[str, bool]:
    """A block's HTML, and whether it is a list."""
    lines = block.split("\n")
    first = lines[0]
    if len(lines) == 1 and (heading := _HEADING.fullmatch(first)):
        level, said = len(heading[1]), heading[2]
        if said.endswith("#"):
            raise _Beyond
        return f"<h{level}>{_line(said, link_is_safe)}</h{level}>", False
    if first.startswith("- "):
        said_all = [_matched(_BULLET, line)[1] for line in lines]
        return _list("ul", said_all, link_is_safe), True
    if first.startswith("1. "):
        items = [_matched(_NUMBERED, line) for line in lines]
        if [item[1] for item in items] != [str(n) for n in range(1, len(lines) + 1)]:
            raise _Beyond
        return _list("ol", [item[2] for item in items], link_is_safe), True
    if len(lines) > 1 or not _BEGINS_TEXT.match(first):
        raise _Beyond
    return f"<p>{_line(first, link_is_safe)}</p>", False


def _matched(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if match is None or not _BEGINS_TEXT.match(match[match.re.groups]):
        raise _Beyond
    return match


def _list(tag: str, items: list[str], link_is_safe: Callable[[str], bool]) -> str:
    said = "\n".join([f"<li>{_line(item, link_is_safe)}</li>" for item in items])
    return f"<{tag}>\n{said}\n</{tag}>"


def _line(text: str, link_is_safe: Callable[[str], bool]) -> str:
    return "".join(
        [
            _said(token) if token["label"] is None else _link(token, link_is_safe)
            for token in _tokens(_TOKEN, text)
        ]
    )


def _link(token: re.Match[str], link_is_safe: Callable[[str], bool]) -> str:
    url = _AMPERSAND.sub("&amp;", token["url"])
    if _OTHER_ENTITY.search(url) or not link_is_safe(url):
        raise _Beyond
    label = "".join([_said(one) for one in _tokens(_IN_LABEL, token["label"])])
    return f'<a href="{url}">{label}</a>'


def _tokens(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The tokens that the text consists of. Raises _Beyond if there is anything else in it."""
    end = 0
    for token in pattern.finditer(text):
        if token.start() != end:
            raise _Beyond
        end = token.end()
        yield token
    if end != len(text) or text != text.strip():
        raise _Beyond


def _said(token: re.Match[str]) -> str:
    for tag in ("strong", "em"):
        if token[tag] is not None:
            return f"<{tag}>{_written(token[tag])}</{tag}>"
    return _written(token["plain"])


def _written(text: str) -> str:
    """Plain text as HTML."""
    said = text.replace("&", "&amp;") if "&" in text else text
    return _BACKSLASH.sub(_unescaped, said) if "\\" in said else said


def _unescaped(match: re.Match[str]) -> str:
    return "&gt;" if match[1] == ">" else match[1]
