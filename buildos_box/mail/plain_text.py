"""Plain text from cleaned HTML, for readers without HTML (docs/spec.md#mail-format)."""

from html import unescape
from html.parser import HTMLParser

from buildos_box.mail.clean_html import TAG

_HEADINGS = {"h1": "=", "h2": "-", "h3": "", "h4": "", "h5": "", "h6": ""}
_BLOCKS = {"p", "blockquote", "pre", "table", "hr", "ul", "ol", *_HEADINGS}
_WIDEST_LINE = 72


def to_text(html: str) -> str:
    """The text of the HTML: headings, bullets, quotes, links as `text <address>`.

    Links are in angle brackets, because an address may contain parentheses (RFC 3986, appendix C).
    """
    writer = _TextWriter()
    if not _feed_clean(writer, html):
        writer = _TextWriter()
        writer.feed(html)
        writer.close()
    return writer.text()


def _feed_clean(writer: "_TextWriter", html: str) -> bool:
    """Feed HTML that has no tags but plain ones; False, perhaps halfway, if it has others.

    `HTMLParser` looks at each character of a tag, which takes three times as long.
    """
    end = 0
    for tag in TAG.finditer(html):
        said = html[end : tag.start()]
        if "<" in said or (tag[1] and tag[3] is not None):
            return False
        if said:
            writer.handle_data(unescape(said) if "&" in said else said)
        end = tag.end()
        if tag[1]:
            writer.handle_endtag(tag[2])
        else:
            address = tag[3]
            writer.handle_starttag(tag[2], [] if address is None else [("href", unescape(address))])
    rest = html[end:]
    if "<" in rest:
        return False
    if rest:
        writer.handle_data(unescape(rest))
    return True


class _TextWriter(HTMLParser):
    """Collects the words of one block, then writes them with the prefix of each line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._words: list[str] = []
        self._lists: list[int | None] = []
        self._bullet: str | None = None
        self._quotes = 0
        self._cells = 0
        self._in_pre = False
        self._apart = False
        self._href: str | None = None
        self._link_text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._block(tag)
        elif tag == "li":
            self._flush()
            self._bullet = self._next_bullet()
        elif tag == "tr":
            self._flush()
            self._cells = 0
        elif tag in ("td", "th"):
            self._words.append(" | " if self._cells else "")
            self._cells += 1
        elif tag == "br":
            self._words.append("\n")
        elif tag == "a":
            self._href, self._link_text = dict(attrs).get("href"), []

    def _block(self, tag: str) -> None:
        self._flush()
        self._apart = self._apart or not self._lists
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._in_pre = True
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "hr":
            self._write(["* * *"])
            self._apart = not self._lists

    def _next_bullet(self) -> str:
        count = self._lists[-1] if self._lists else None
        if count is None:
            return "- "
        self._lists[-1] = count + 1
        return f"{count + 1}. "

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            self._flush(underline=_HEADINGS.get(tag, ""))
            if tag == "blockquote":
                self._quotes = max(0, self._quotes - 1)
            elif tag == "pre":
                self._in_pre = False
            elif tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            self._apart = self._apart or not self._lists
        elif tag in ("li", "tr"):
            self._flush()
            if tag == "li":
                self._bullet = None

    def _end_link(self) -> None:
        if self._href is not None:
            address = self._href.removeprefix("mailto:")
            if address not in "".join(self._link_text):
                self._words.append(f" <{address}>")
        self._href = None

    def handle_data(self, data: str) -> None:
        if not self._in_pre:
            # A line break of the source is not one of the text.
            data = data.replace("\n", " ")
        self._words.append(data)
        if self._href is not None:
            self._link_text.append(data)

    def _flush(self, underline: str = "") -> None:
        said = "".join(self._words)
        self._words = []
        if not said.strip():
            return
        if self._in_pre:
            self._write(said.strip("\n").replace("\xa0", " ").split("\n"))
            return
        lines = [" ".join(line.split()) for line in said.strip().split("\n")]
        if underline:
            lines.append(underline * min(len(lines[-1]), _WIDEST_LINE))
        self._write(lines)

    def _write(self, lines: list[str]) -> None:
        if self._apart and self._lines:
            self._lines.append("")
        self._apart = False
        quote, indent = "> " * self._quotes, "  " * max(0, len(self._lists) - 1)
        bullet = self._bullet
        self._bullet = None
        hanging = "  " if self._lists else ""
        for number, line in enumerate(lines):
            start = bullet if number == 0 and bullet is not None else hanging
            self._lines.append(f"{quote}{indent}{start}{line}".rstrip())

    def text(self) -> str:
        """The text so far."""
        self._flush()
        return "\n".join(self._lines).strip("\n") + "\n"
