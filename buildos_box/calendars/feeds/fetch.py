"""Getting a calendar from its address: only if it is new, not too much, not too long.

Every hop goes through the one egress, so that a redirect leads to no address that the first could
not have been. Nothing that is raised or logged here names more of an address than its host.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin

from buildos_box.clock import Instant
from buildos_box.egress import Egress, Fetched
from buildos_box.errors import PermanentError, TransientError
from buildos_box.retry_after import retry_after

MAX_BYTES = 5 * 1024 * 1024
SECONDS = 20.0
"""For all hops together."""
MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_MARK_CHARS = 500
_HEADERS = {"Accept": "text/calendar, */*;q=0.1", "User-Agent": "BuildOS-Box"}
_TOLD = {
    401: "the calendar wants a sign-in",
    403: "the calendar may not be read",
    404: "there is no calendar at that address",
    410: "there is no calendar at that address any more",
    429: "the calendar's server wants to be asked less often",
}


class FeedFault(Exception):
    """The calendar could not be had; `message` is for its owner, without the address."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Text:
    """A calendar as its server gave it, and the marks to ask with next time."""

    body: bytes
    etag: str | None
    last_modified: str | None


async def fetch(
    egress: Egress,
    url: str,
    *,
    user_id: str,
    etag: str | None,
    last_modified: str | None,
    now: Instant,
) -> Text | None:
    """The calendar; None if it is still the one with those marks (304). Raises FeedFault."""
    headers = dict(_HEADERS)
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _at_the_end(egress, url, headers, user_id)
    except TimeoutError:
        raise FeedFault(f"the calendar has not come in {SECONDS:g} s") from None
    except (PermanentError, TransientError) as error:
        raise FeedFault(error.message) from error
    if answer.status == 304 and (etag or last_modified):
        return None
    if answer.status != 200:
        told = _TOLD.get(answer.status, "the calendar's server is in trouble")
        raise FeedFault(
            f"{told} (HTTP {answer.status})", retry_after=retry_after(answer.headers, now)
        )
    body = answer.body.strip()
    if not body[-20:].upper().endswith(b"END:VCALENDAR"):
        begins = body[:200].lstrip(b"\xef\xbb\xbf").upper().startswith(b"BEGIN:VCALENDAR")
        raise FeedFault("the calendar breaks off" if begins else "that is no calendar")
    return Text(body, _mark(answer, "etag"), _mark(answer, "last-modified"))


async def _at_the_end(egress: Egress, url: str, headers: dict[str, str], user_id: str) -> Fetched:
    for _ in range(MOST_REDIRECTS + 1):
        answer = await egress.get(
            url, headers=headers, max_bytes=MAX_BYTES, timeout=SECONDS, user_id=user_id
        )
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        url = urljoin(url, location)
    raise FeedFault("the calendar's server only sends from one address to the next")


def _mark(answer: Fetched, name: str) -> str | None:
    found = answer.headers.get(name)
    return found if found and len(found) <= _MARK_CHARS and found.isascii() else None
