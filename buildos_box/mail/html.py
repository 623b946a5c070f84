"""Safe HTML from Markdown, and the links in it (docs/spec.md#mail-format)."""

import re
import threading
from collections.abc import Callable
from functools import cache, cached_property
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from buildos_box.mail.clean_html import is_clean
from buildos_box.mail.simple_markdown import simple_html

if TYPE_CHECKING:
    import bleach
    import markdown

_INLINE = {"a", "b", "br", "code", "em", "i", "strong"}
_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = frozenset(_INLINE | _BLOCKS | _TABLES)
SCHEMES = frozenset({"http", "https", "mailto"})


def _link_is_safe(tag: str, name: str, value: str) -> bool:
    return tag == "a" and name == "href" and is_safe_in_html(value)


def is_safe_in_html(address: str) -> bool:
    """Whether an address is safe that stands in HTML, where programs replace its entities.

    `https://good.org&#64;evil.org` leads to `evil.org`.
    """
    return is_safe_link(unescape(address))


def is_safe_in_markdown(address: str) -> bool:
    """Whether an address is safe that stands in Markdown: some renderers replace its entities,
    others do not.
    """
    return is_safe_link(address) and is_safe_in_html(address)


_PLAIN_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[\w./~%?=&;#,+-]*)?", re.ASCII
)
"""What needs no closer look: a host of plain characters, and a path of them."""
_NEVER_IN_LINKS = frozenset('"<>\\`')


def is_safe_link(url: str) -> bool:
    """Whether it is an absolute http(s) address with a host and without credentials, or mailto:.

    Taken as it is; what stands in HTML or Markdown is for the two above.
    """
    if _PLAIN_LINK.fullmatch(url):
        return True
    if not url.isprintable() or any(c in _NEVER_IN_LINKS or c.isspace() for c in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return True
    return parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc


@cache
def _cleaner() -> "bleach.Cleaner":
    # Imported here, as is markdown: a server at rest needs neither.
    import bleach

    return bleach.Cleaner(
        tags=TAGS, attributes=_link_is_safe, protocols=SCHEMES, strip=True, strip_comments=True
    )


_RARE = re.compile(r"[<`]|!\[|\]:")
"""Without any of these in a text, what `_RARE_SYNTAX` names finds nothing in it."""
_RARE_SYNTAX = (
    *("backtick", "html", "autolink", "automail", "image_link", "image_reference"),
    *("reference", "short_reference", "short_image_ref"),
)


class _PerThread(threading.local):
    """Caches the parsers, which take longer to create than a short text takes to parse."""

    @cached_property
    def parser(self) -> "markdown.Markdown":
        return _new_parser()

    @cached_property
    def parser_of_usual(self) -> "markdown.Markdown":
        parser = _new_parser()
        parser.preprocessors.deregister("html_block")
        for name in _RARE_SYNTAX:
            parser.inlinePatterns.deregister(name)
        return parser


def _new_parser() -> "markdown.Markdown":
    import markdown

    return markdown.Markdown(extensions=["sane_lists", "tables"], output_format="html")


_OWN = _PerThread()


def to_html(text: str) -> str:
    """The Markdown as HTML of a few allowed tags, with absolute http(s) and mailto links only."""
    simple = simple_html(text, is_safe_in_html)
    if simple is not None:
        return simple
    parser = _OWN.parser if _RARE.search(text) else _OWN.parser_of_usual
    html = parser.reset().convert(text)
    return html if is_clean(html, is_safe_in_html) else _cleaner().clean(html)


def closed(html: str) -> str:
    """Cleaned HTML that was cut somewhere, with the open tags closed."""
    return _cleaner().clean(html)


_HREF = re.compile(r'<a href="([^"]*)"')


def links_in(html: str) -> list[str]:
    """The http(s) links of cleaned HTML, each once, in order."""
    found = [unescape(match[1]) for match in _HREF.finditer(html)]
    return list(dict.fromkeys(url for url in found if url.startswith(("http://", "https://"))))


def rewrite_links(html: str, rewrite: Callable[[str], str]) -> str:
    """Cleaned HTML with every http(s) link replaced."""

    def replaced(match: re.Match[str]) -> str:
        url = unescape(match[1])
        if not url.startswith(("http://", "https://")):
            return match[0]
        return f'<a href="{_attribute(rewrite(url))}"'

    return _HREF.sub(replaced, html)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
