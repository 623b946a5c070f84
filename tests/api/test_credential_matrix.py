"""Every route × every way to present a credential × every scope, with the status that is right.

The rows are those of the table of routes, which fails for a route without one. What is expected is
worked out from a row and from whom a credential stands for; nothing is copied from what happened.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.settings import Settings
from buildos_box.settings.model import ServerSettings
from tests.api.test_route_table import ALLOWED, TABLE, Row, _ada
from tests.world import BoxWorld, open_world

PAGE = {"X-Box-Page": "1"}
SCOPES = {
    "admin": "admin",
    "service": "service",
    "viewer": "viewer",
    "own": "user:ada",
    "other": "user:mallory",
    "revoked": "admin",
    "revoked user": "user:ada",
    "expired": "service",
    "expired user": "user:ada",
}
GONE = ("revoked", "revoked user", "expired", "expired user")
NOTHING = 401
STREAM, DONE = "GET /users/{user_id}/events", (200, 201, 204)
BODY_NAMES_ANOTHER = {
    f"POST /{things}": 422 for things in ("calendar-events", "notes", "projects", "tasks")
}
"""It is a field of the body that is refused: whose it is, or the project it is for."""


@dataclass
class Presented:
    """What a request carries, and whom that stands for: a holder of the table, or nobody."""

    stands_for: str
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


@dataclass
class Holders:
    """Tokens of every scope; those that are over have been revoked, or their time has come."""

    box: BoxWorld
    known: dict[str, str]
    tokens: dict[str, str]
    tickets: dict[str, str]
    sessions: dict[str, str]

    async def session(self, holder: str) -> str:
        """`name=value` of a cookie that the holder's token has opened for Ada, or for Mallory."""
        if holder in GONE:
            return self.sessions[holder]
        # The oldest of too many sessions end, and which is the oldest is told by their times.
        self.box.clock.advance(timedelta(milliseconds=1))
        return await open_session(self.box, holder, self.tokens[holder])

    async def ticket(self, name: str, holder: str) -> str:
        """A new one where it will be used up, else the one that the holder has."""
        if name != STREAM or holder in GONE or holder == "viewer":
            return self.tickets[holder]
        return await ask_ticket(self.box, holder, self.tokens[holder])


async def open_session(box: BoxWorld, holder: str, token: str) -> str:
    whose = "mallory" if holder == "other" else "ada"
    body = {"token": token, "userId": whose}
    answer = await box.api.post("/app/session", json=body, headers=PAGE)
    box.api.cookies.clear()
    if answer.status_code != 200:
        assert (holder, answer.status_code) == ("viewer", 403)
        return "none=none"
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return f"{cookie.key}={cookie.value}"


async def ask_ticket(box: BoxWorld, holder: str, token: str) -> str:
    whose = "mallory" if holder == "other" else "ada"
    answer = await box.call("POST", f"/users/{whose}/events/ticket", token=token)
    if answer.status_code != 201:
        assert (holder, answer.status_code) == ("viewer", 403)
        return "none"
    return str(answer.json()["ticket"])


@pytest.fixture
async def holders(tmp_path: Path) -> AsyncIterator[Holders]:
    # Not the limits on how often are looked at here.
    server = ServerSettings(wrong_tokens_per_minute=0, user_requests_per_minute=0)
    async with open_world(tmp_path / "data", settings=Settings(server=server)) as box:
        known = await _ada(box)
        tokens, ids = {}, {}
        for holder, scope in SCOPES.items():
            until = "2024-10-23T08:01:00Z" if holder.startswith("expired") else None
            body = {"name": holder, "scope": scope, "expiresAt": until}
            made = await box.post("/tokens", body)
            tokens[holder], ids[holder] = made["token"], made["id"]
        found = Holders(box, known, tokens, {}, {})
        for holder in GONE:
            found.sessions[holder] = await open_session(box, holder, tokens[holder])
            found.tickets[holder] = await ask_ticket(box, holder, tokens[holder])
        for holder in ("revoked", "revoked user"):
            await box.call("DELETE", f"/tokens/{ids[holder]}")
        box.clock.set("2024-10-23T08:01:00Z")
        for holder in set(SCOPES) - set(GONE):
            found.tickets[holder] = await ask_ticket(box, holder, tokens[holder])
        yield found


Way = Callable[[Holders, str, str], Awaitable[Presented]]


def _bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def by_header(holders: Holders, holder: str, _name: str) -> Presented:
    who = "nobody" if holder in GONE else holder
    return Presented(who, _bearer(holders.tokens[holder]))


async def by_page_cookie(holders: Holders, holder: str, _name: str) -> Presented:
    """Whoever opened it, a session is one user's."""
    who = {"admin": "own", "service": "own", "own": "own", "other": "other"}.get(holder, "nobody")
    return Presented(who, {"Cookie": await holders.session(holder), **PAGE})


async def by_cookie_without_the_pages_header(
    holders: Holders, holder: str, _name: str
) -> Presented:
    return Presented("nobody", {"Cookie": await holders.session(holder)})


async def by_token_in_the_cookie(holders: Holders, holder: str, _name: str) -> Presented:
    name = (await holders.session("own")).partition("=")[0]
    return Presented("nobody", {"Cookie": f"{name}={holders.tokens[holder]}", **PAGE})


async def by_session_as_bearer(holders: Holders, holder: str, _name: str) -> Presented:
    return Presented("nobody", _bearer((await holders.session(holder)).partition("=")[2]))


async def by_ticket(holders: Holders, holder: str, name: str) -> Presented:
    """Good for the one stream of the one user that it was issued for."""
    good = name == STREAM and holder in ("admin", "service", "own")
    ticket = await holders.ticket(name, holder)
    return Presented("own" if good else "nobody", query=f"ticket={ticket}")


async def by_ticket_as_bearer(holders: Holders, holder: str, name: str) -> Presented:
    return Presented("nobody", _bearer(await holders.ticket("", holder)))


async def by_query(holders: Holders, holder: str, _name: str) -> Presented:
    token = holders.tokens[holder]
    return Presented("nobody", query=f"token={token}&access_token={token}&apiKey={token}")


async def by_other_schemes(holders: Holders, holder: str, _name: str) -> Presented:
    token = holders.tokens[holder]
    return Presented("nobody", {"Authorization": f"Basic {token}", "X-Api-Key": token})


async def by_a_bad_header_beside_a_good_cookie(
    holders: Holders, holder: str, _name: str
) -> Presented:
    """What is said outright counts, and nothing is tried instead of it."""
    cookie = {"Cookie": await holders.session(holder), **PAGE}
    return Presented("nobody", {"Authorization": "Bearer nonsense", **cookie})


WAYS: list[Way] = [
    by_header,
    by_page_cookie,
    by_cookie_without_the_pages_header,
    by_token_in_the_cookie,
    by_session_as_bearer,
    by_ticket,
    by_ticket_as_bearer,
    by_query,
    by_other_schemes,
    by_a_bad_header_beside_a_good_cookie,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_each_way_lets_in_whom_it_should_and_nobody_else(holders: Holders, way: Way) -> None:
    wrong = []
    # What a row deletes is not there for the rows after it.
    for name, row in sorted(TABLE.items(), key=lambda item: item[0].startswith("DELETE ")):
        if row.who == "public":
            continue
        cells = [(holder, await way(holders, holder, name)) for holder in SCOPES]
        # Refusals first: whoever may, may also delete what the others are refused.
        for holder, presented in sorted(cells, key=lambda cell: _is_allowed(name, row, cell[1])):
            status = await _status(holders, name, row, presented)
            if not _is_right(name, row, presented, status):
                wrong.append(f"{name} by {holder} as {presented.stands_for}: {status}")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_is_public_is_so_alike_for_everybody(holders: Holders, way: Way) -> None:
    wrong = []
    for name, row in TABLE.items():
        if row.who != "public":
            continue
        bare = await _status(holders, name, row, Presented("nobody"))
        for holder in SCOPES:
            presented = await way(holders, holder, name)
            status = await _status(holders, name, row, presented)
            expected = SESSION_ROUTES.get(name, bare) if PAGE.keys() & presented.headers else bare
            if status != expected or status == 500:
                wrong.append(f"{name} by {holder}: {status}, not {expected}")
    assert wrong == [], "\n".join(wrong)


SESSION_ROUTES = {"POST /app/session": 400, "POST /app/sign-in-link": 400}
"""From the page itself a body is read, and there is none; from elsewhere nothing is."""


def _is_allowed(name: str, row: Row, presented: Presented) -> bool:
    if presented.stands_for == "viewer":
        return row.only_reads(name) and "service" in ALLOWED[row.who]
    return row.who != "public" and presented.stands_for in ALLOWED[row.who]


def _is_right(name: str, row: Row, presented: Presented, status: int) -> bool:
    if presented.stands_for == "nobody":
        return status == NOTHING
    if _is_allowed(name, row, presented):
        # What one of them has deleted or finished is not there, or finished, for the next.
        return status in DONE or (not row.only_reads(name) and status in (404, 409, 422, 503))
    if presented.stands_for == "viewer" or row.refused == 403:
        return status == 403
    return status == BODY_NAMES_ANOTHER.get(name, row.refused)


async def _status(holders: Holders, name: str, row: Row, presented: Presented) -> int:
    method, _, path = name.partition(" ")
    path = re.sub(r"{(\w+)}", lambda found: holders.known.get(found[1], "x"), path)
    asked = replace(presented, query="&".join(filter(None, (presented.query, row.query))))
    return await head_of_answer(holders.box, method, path, row.body, asked)


async def head_of_answer(
    box: BoxWorld, method: str, path: str, body: Any, presented: Presented
) -> int:
    """The status, as soon as it is there: some answers have no end."""
    sent = b"" if body is None else msgspec.json.encode(body)
    headers = [(b"host", b"box.test"), (b"accept", b"*/*")]
    headers.append((b"content-length", str(len(sent)).encode()))
    if body is not None:
        headers.append((b"content-type", b"application/json"))
    headers += [(k.lower().encode(), v.encode()) for k, v in presented.headers.items()]
    seen: list[int] = []
    parts = iter([{"type": "http.request", "body": sent, "more_body": False}])

    async def receive() -> Any:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    scope: Any = {
        "type": "http", "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": presented.query.encode(), "server": ("box.test", 80),
        "headers": headers, "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip
    await box.box.api(scope, receive, send)
    return seen[0]
