"""Whether HTML is as the sanitiser would leave it, told by one look at each of its tags.

The sanitiser parses and writes HTML anew as a browser understands it, which takes most of the time
of a brief's mail. What Markdown makes of most texts holds nothing that it would change: known tags
without attributes, safe links, blocks and lines properly within each other. Anything beyond that is
left to the sanitiser.
"""

import re
from collections.abc import Callable

TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?: href="([^"<>]*)")?>')
"""A plain tag: whether it closes, its name, and the address if it has one."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
# What an HTML parser replaces, drops or takes for a line end.
_ODD = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_LINES = frozenset({"a", "b", "code", "em", "i", "strong"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HOLDS_LINES = _HEADINGS | {"p", "li"}
_HOLDS_BLOCKS = frozenset({"", "blockquote", "li"})
_BLOCKS = _HEADINGS | {"p", "ul", "ol", "blockquote"}
_LISTS = frozenset({"ul", "ol"})


def is_clean(html: str, link_is_safe: Callable[[str], bool]) -> bool:
    """Whether the sanitiser would return it unchanged; False may also be said of what it would.

    `link_is_safe` is asked for every link's address as it stands, entities and all.
    """
    if _ODD.search(html) or _ENTITY.search(html):
        return False
    open_tags = [""]
    end = 0
    for tag in TAG.finditer(html):
        if not _is_text(html[end : tag.start()], open_tags[-1]):
            return False
        end = tag.end()
        closing, name, address = tag.groups()
        if closing:
            if address is not None or open_tags.pop() != name:
                return False
        elif not _may_open(name, open_tags) or not _may_have(name, address, link_is_safe):
            return False
        elif name not in ("br", "hr"):
            open_tags.append(name)
    return open_tags == [""] and _is_text(html[end:], "")


def _is_text(text: str, inside: str) -> bool:
    if "<" in text or ">" in text:
        return False
    return inside not in _LISTS or not text.strip()


def _may_open(name: str, open_tags: list[str]) -> bool:
    inside = open_tags[-1]
    if name == "li":
        return inside in _LISTS
    if name in _BLOCKS or name == "hr":
        return inside in _HOLDS_BLOCKS
    if name == "br" or name in _LINES:
        return (inside in _HOLDS_LINES or inside in _LINES) and name not in open_tags
    return False


def _may_have(name: str, address: str | None, link_is_safe: Callable[[str], bool]) -> bool:
    if name == "a":
        return address is not None and link_is_safe(address)
    return address is None
