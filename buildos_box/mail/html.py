"""Markdown → HTML in which nothing is dangerous, and the plain text beside it (spec 6)."""

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import bleach
import markdown

_INLINE = {"a", "b", "br", "code", "em", "i", "strong"}
_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = frozenset(_INLINE | _BLOCKS | _TABLES)
SCHEMES = frozenset({"http", "https", "mailto"})


def _link_is_safe(tag: str, name: str, value: str) -> bool:
    return tag == "a" and name == "href" and is_safe_link(value)


def is_safe_link(url: str) -> bool:
    """An absolute http(s) address with a host and no account in it, or mailto:."""
    if any(ord(c) <= 32 or c == "\\" for c in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return True
    return parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc


_CLEANER = bleach.Cleaner(
    tags=TAGS, attributes=_link_is_safe, protocols=SCHEMES, strip=True, strip_comments=True
)


def to_html(text: str) -> str:
    """The Markdown as HTML of a few known tags, with absolute http(s) and mailto links only."""
    rendered = markdown.markdown(text, extensions=["sane_lists", "tables"], output_format="html")
    return _CLEANER.clean(rendered)


def closed(html: str) -> str:
    """Cleaned HTML that was cut somewhere, with what the cut left open closed."""
    return _CLEANER.clean(html)


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


def to_text(html: str) -> str:
    """Cleaned HTML as plain text that reads well: headings, bullets, links as `text (address)`."""
    writer = _TextWriter()
    writer.feed(html)
    writer.close()
    return writer.text()


class _TextWriter(HTMLParser):
    """Writes blocks apart from each other and lists with bullets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._lists: list[int | None] = []
        self._href: str | None = None
        self._link_text = ""
        self._heading: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._block()
            self._heading = tag
        elif tag in ("p", "blockquote", "pre", "table", "hr"):
            if not self._lists:
                self._block()
        elif tag in ("ul", "ol"):
            if not self._lists:
                self._block()
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._bullet()
        elif tag in ("br", "tr"):
            self._lines.append("")
        elif tag in ("td", "th") and self._lines[-1]:
            self._lines[-1] += "  "
        elif tag == "a":
            self._href, self._link_text = dict(attrs).get("href"), ""

    def _bullet(self) -> None:
        indent = "  " * (len(self._lists) - 1)
        mark = "-"
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}."
        line = f"{indent}{mark} "
        if self._lines[-1].strip():
            self._lines.append(line)
        else:
            self._lines[-1] = line

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            if not self._lists:
                self._block()
        elif tag == "a" and self._href is not None:
            address = self._href.removeprefix("mailto:")
            if address not in self._link_text:
                self._lines[-1] += f" ({address})"
            self._href = None
        elif tag == self._heading:
            line = self._lines[-1]
            self._lines.append({"h1": "=", "h2": "-"}.get(tag, "") * min(len(line), 72))
            self._heading = None
            self._block()

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", data)
        if not self._lines[-1].strip():
            text = text.lstrip() if not self._lines[-1] else text
        self._lines[-1] += text
        if self._href is not None:
            self._link_text += text

    def _block(self) -> None:
        while len(self._lines) > 1 and not self._lines[-1].strip():
            self._lines.pop()
        if self._lines[-1].strip():
            self._lines += ["", ""]

    def text(self) -> str:
        """What was written, without trailing space and with at most one empty line in a row."""
        whole = "\n".join(line.rstrip() for line in self._lines)
        return re.sub(r"\n{3,}", "\n\n", whole).strip() + "\n"
