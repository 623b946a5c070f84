"""WebDAV's XML (RFC 4918): request bodies, and answers of many parts.

Answers come from servers that users name. They are read by expat alone, without document types and
so without entities, to a limited depth and number of elements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

DAV, CALDAV, CALENDARSERVER = (
    "DAV:",
    "urn:ietf:params:xml:ns:caldav",
    "http://calendarserver.org/ns/",
)
_PREFIXES = {"d": DAV, "c": CALDAV, "cs": CALENDARSERVER}
_MOST_ELEMENTS = 500_000
_DEEPEST = 30


class BadXml(Exception):
    """Not XML, or more of it than is read."""


@dataclass(slots=True)
class Element:
    """One element: its name as `{namespace}name`, its own text and what is inside."""

    name: str
    text: str = ""
    inside: list["Element"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def all(self, name: str) -> Iterator["Element"]:
        """The elements of that name (`d:href`) directly inside."""
        wanted = _full(name)
        return (element for element in self.inside if element.name == wanted)

    def find(self, *path: str) -> "Element | None":
        """The first element along these names."""
        here: Element | None = self
        for name in path:
            here = next(here.all(name), None) if here is not None else None
        return here

    def text_at(self, *path: str) -> str:
        """The text of the first element along these names, empty without one."""
        found = self.find(*path)
        return found.text.strip() if found is not None else ""


@dataclass(frozen=True, slots=True)
class Part:
    """One `response` of an answer: its address, its status, and the properties that were found."""

    href: str
    status: int
    props: Element

    def text(self, *path: str) -> str:
        """The text of a property, empty without it."""
        return self.props.text_at(*path)


@dataclass(frozen=True, slots=True)
class Multistatus:
    """An answer of many parts (207)."""

    parts: list[Part]
    sync_token: str

    @property
    def is_whole(self) -> bool:
        """Whether the server says nothing of having left something out (RFC 6578, 3.6)."""
        return all(part.status != 507 for part in self.parts)


def _full(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_PREFIXES[prefix]}}}{local}"


def read_xml(body: bytes) -> Element:
    """The root element. Raises BadXml."""
    root = Element("")
    open_elements, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ELEMENTS or len(open_elements) > _DEEPEST:
            raise BadXml("too much XML")
        element = Element(_clark(name), attributes=attributes)
        open_elements[-1].inside.append(element)
        open_elements.append(element)
        pieces.append([])

    def end(_name: str) -> None:
        open_elements.pop().text = "".join(pieces.pop())

    def refuse(*_: object) -> None:
        raise BadXml("XML with a document type")

    pieces: list[list[str]] = [[]]
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: pieces[-1].append(text)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadXml("not XML") from error
    return root.inside[0]


def _clark(name: str) -> str:
    namespace, separator, local = name.rpartition("}")
    return f"{{{namespace}}}{local}" if separator else f"{{}}{local}"


def read_multistatus(body: bytes) -> Multistatus:
    """An answer of many parts. Raises BadXml."""
    root = read_xml(body)
    if root.name != _full("d:multistatus"):
        raise BadXml("XML that is not a WebDAV answer")
    parts = [part for response in root.all("d:response") for part in _parts(response)]
    return Multistatus(parts, root.text_at("d:sync-token"))


def _parts(response: Element) -> Iterator[Part]:
    props = Element(_full("d:prop"))
    for propstat in response.all("d:propstat"):
        found = propstat.find("d:prop")
        if found is not None and _status(propstat) == 200:
            props.inside += found.inside
    for href in response.all("d:href"):
        yield Part(href.text.strip(), _status(response), props)


def _status(element: Element) -> int:
    words = element.text_at("d:status").split()
    return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 200


def _document(root: str, inside: str) -> bytes:
    names = " ".join(f'xmlns:{prefix}="{namespace}"' for prefix, namespace in _PREFIXES.items())
    return f'<?xml version="1.0" encoding="utf-8"?><{root} {names}>{inside}</{root}>'.encode()


def _prop(names: Iterable[str]) -> str:
    return f"<d:prop>{''.join(f'<{name}/>' for name in names)}</d:prop>"


def propfind(*names: str) -> bytes:
    """The body of a PROPFIND for these properties."""
    return _document("d:propfind", _prop(names))


def events_between(start: str, end: str) -> bytes:
    """A calendar-query (RFC 4791, 7.8) for the events in a span, given as UTC in basic format."""
    span = f'<c:time-range start="{start}" end="{end}"/>'
    events = f'<c:comp-filter name="VEVENT">{span}</c:comp-filter>'
    query = f'<c:filter><c:comp-filter name="VCALENDAR">{events}</c:comp-filter></c:filter>'
    return _document("c:calendar-query", _prop(("d:getetag", "c:calendar-data")) + query)


def all_todos() -> bytes:
    """A calendar-query for the ETags of all to-dos."""
    todos = '<c:comp-filter name="VTODO"/>'
    query = f'<c:filter><c:comp-filter name="VCALENDAR">{todos}</c:comp-filter></c:filter>'
    return _document("c:calendar-query", _prop(("d:getetag",)) + query)


def multiget(hrefs: Iterable[str]) -> bytes:
    """A calendar-multiget (RFC 4791, 7.9) for these addresses."""
    wanted = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return _document("c:calendar-multiget", _prop(("d:getetag", "c:calendar-data")) + wanted)


def sync_collection(token: str) -> bytes:
    """A sync-collection (RFC 6578) for what has changed since that token; empty for all."""
    inside = f"<d:sync-token>{escape(token)}</d:sync-token><d:sync-level>1</d:sync-level>"
    return _document("d:sync-collection", inside + _prop(("d:getetag",)))
