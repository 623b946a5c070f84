"""Finds an account's calendars and task lists (RFC 6764, RFC 4791)."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from buildos_box.calendars.caldav.dav_client import Server, ServerRefused
from buildos_box.calendars.caldav.dav_xml import Element, Multistatus, Part, propfind

MAX_COLLECTIONS = 200
_NAME_CHARS = 200
_WHO = propfind("d:current-user-principal", "d:resourcetype", "c:calendar-home-set")
_HOME = propfind("c:calendar-home-set")
_LIST = propfind(
    "d:resourcetype",
    "d:displayname",
    "d:sync-token",
    "cs:getctag",
    "c:supported-calendar-component-set",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A calendar or task list, as the server lists it."""

    url: str
    name: str
    has_events: bool
    has_todos: bool
    mark: str
    """Changes whenever something inside does; empty if the server has no such mark."""
    sync_token: str = ""
    """The mark, if it is one by which changes can be asked for (RFC 6578)."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the calendars are; `is_single` if the address is that of one calendar itself."""

    url: str
    is_single: bool


async def find_home(server: Server, url: str) -> Home:
    """Where the account's calendars are, from whatever address its owner has.

    The address itself is asked first, then `/.well-known/caldav` and the root of the server. Raises
    what Server's methods raise.
    """
    parts = urlsplit(url)
    places = [url] + [
        urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        for path in ("/.well-known/caldav", "/")
    ]
    fault: ServerRefused | None = None
    for place in dict.fromkeys(places):
        try:
            home = await _home_at(server, place)
        except ServerRefused as error:
            fault = fault or error
            continue
        if home is not None:
            return home
    raise fault or ServerRefused("no calendars were found at that address")


async def _home_at(server: Server, place: str) -> Home | None:
    answer = await server.propfind(place, _WHO, depth=0)
    here = server.moved_to
    for part in answer.parts:
        if _is_calendar(part):
            return Home(here, is_single=True)
    home = _first_href(server, here, answer, "c:calendar-home-set")
    principal = _first_href(server, here, answer, "d:current-user-principal")
    if home is None and principal is not None:
        answer = await server.propfind(principal, _HOME, depth=0)
        home = _first_href(server, server.moved_to, answer, "c:calendar-home-set")
    return Home(home, is_single=False) if home is not None else None


def _first_href(server: Server, base: str, answer: Multistatus, name: str) -> str | None:
    for part in answer.parts:
        for element in part.props.all(name):
            for href in element.all("d:href"):
                found = server.absolute(base, href.text.strip())
                if found is not None:
                    return found
                raise ServerRefused(
                    "the account's calendars are on another server than its address"
                )
    return None


async def list_collections(server: Server, home: Home) -> list[Found]:
    """The calendars and task lists at an account's home, at most 200. Raises as `find_home`."""
    answer = await server.propfind(home.url, _LIST, depth=0 if home.is_single else 1)
    found: dict[str, Found] = {}
    for part in answer.parts:
        url = server.absolute(home.url, part.href)
        if url is not None and _is_calendar(part) and len(found) < MAX_COLLECTIONS:
            found.setdefault(url, _collection(url, part))
    return list(found.values())


def _is_calendar(part: Part) -> bool:
    return part.props.find("d:resourcetype", "c:calendar") is not None


def _collection(url: str, part: Part) -> Found:
    kinds = part.props.find("c:supported-calendar-component-set")
    # Without that property it takes every kind (RFC 4791, 5.2.3).
    named = {_kind(element) for element in kinds.all("c:comp")} if kinds is not None else set()
    name = " ".join(part.text("d:displayname").split())[:_NAME_CHARS]
    return Found(
        url=url,
        name=name or urlsplit(url).path.rstrip("/").rpartition("/")[2] or "Calendar",
        has_events=not named or "VEVENT" in named,
        has_todos=not named or "VTODO" in named,
        mark=part.text("d:sync-token") or part.text("cs:getctag"),
        sync_token=part.text("d:sync-token"),
    )


def _kind(element: Element) -> str:
    return element.attributes.get("name", "").upper()
