"""Getting a calendar from its address: only if it is new, not too much, not too long.

Every hop goes through the one egress, so that a redirect leads to no address that the first could
not have been. Nothing that is raised or logged here names more of an address than its host.
"""

import asyncio
import base64
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from typing import BinaryIO

from buildos_box.calendars.feeds.address import next_hop, origin
from buildos_box.clock import Instant
from buildos_box.egress import Egress, Fetched
from buildos_box.errors import PermanentError, TransientError
from buildos_box.retry_after import retry_after

MAX_BYTES = 32 * 1024 * 1024
SECONDS = 60.0
"""For all hops together."""
MOST_REDIRECTS = 3
_IN_MEMORY_BYTES = 1024 * 1024
"""What is longer is put into a temporary file that has no name."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MARK_CHARS = 500
_HEADERS = {"Accept": "text/calendar, */*;q=0.1", "User-Agent": "BuildOS-Box"}
_EMPTY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
_MEANINGS = {
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
class Login:
    """A name and a password for the calendar's server (RFC 7617)."""

    username: str
    password: str

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Marks:
    """What the server gave to ask with next time: whether anything is new since."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A calendar as its server gave it; `file` is at its start and is closed by the reader."""

    file: BinaryIO
    charset: str | None
    marks: Marks


async def fetch(
    egress: Egress,
    url: str,
    *,
    user_id: str,
    now: Instant,
    login: Login | None = None,
    marks: Marks | None = None,
    seconds: float = SECONDS,
) -> Download | None:
    """The calendar; None if it is still the one with those marks (304). Raises FeedFault."""
    file: BinaryIO = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # type: ignore[assignment]  # noqa: SIM115
    try:
        async with asyncio.timeout(seconds):
            answer = await _at_the_end(egress, url, user_id, _headers(marks), login, file)
        if answer.status == 304 and marks != Marks() and marks is not None:
            file.close()
            return None
        _check(answer, login, now)
    except TimeoutError:
        file.close()
        raise FeedFault(f"the calendar has not come in {seconds:g} s") from None
    except (PermanentError, TransientError) as error:
        file.close()
        raise FeedFault(error.message) from error
    except OSError as error:
        file.close()
        raise FeedFault(f"the calendar could not be written to disk: {error.strerror}") from error
    except BaseException:
        file.close()
        raise
    if answer.status == 204:
        file.write(_EMPTY)
    file.seek(0)
    own = Marks(_mark(answer, "etag"), _mark(answer, "last-modified"))
    return Download(file, _charset(answer), own)


def _headers(marks: Marks | None) -> dict[str, str]:
    headers = dict(_HEADERS)
    if marks is not None and marks.etag:
        headers["If-None-Match"] = marks.etag
    if marks is not None and marks.last_modified:
        headers["If-Modified-Since"] = marks.last_modified
    return headers


async def _at_the_end(
    egress: Egress,
    url: str,
    user_id: str,
    headers: dict[str, str],
    login: Login | None,
    file: BinaryIO,
) -> Fetched:
    first = origin(url)
    for _ in range(MOST_REDIRECTS + 1):
        file.seek(0)
        file.truncate()
        # The password is for the server that it was given for, wherever that sends us.
        secret = {"Authorization": login.header} if login and origin(url) == first else {}
        answer = await egress.get(
            url,
            headers={**headers, **secret},
            max_bytes=MAX_BYTES,
            timeout=SECONDS,
            into=file,
            user_id=user_id,
        )
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        try:
            url = next_hop(url, location)
        except ValueError:
            raise FeedFault("the calendar's server sends to an address that cannot be") from None
    raise FeedFault("the calendar's server only sends from one address to the next")


def _check(answer: Fetched, login: Login | None, now: Instant) -> None:
    """Raises FeedFault for what is no calendar by its status."""
    if answer.status in (200, 204):
        return
    meaning = _MEANINGS.get(answer.status, "the calendar's server is in trouble")
    if answer.status == 401:
        meaning = _meaning_of_401(answer, login)
    raise FeedFault(
        f"{meaning} (HTTP {answer.status})", retry_after=retry_after(answer.headers, now)
    )


def _meaning_of_401(answer: Fetched, login: Login | None) -> str:
    offered = answer.headers.get("www-authenticate", "").lower()
    if offered and "basic" not in offered:
        return f"the calendar wants a sign-in of the kind {offered.split()[0]!r}, not a password"
    if login is None:
        return "the calendar wants a user name and a password"
    return "the calendar's server does not take that user name and password"


def _charset(answer: Fetched) -> str | None:
    message = Message()
    message["Content-Type"] = answer.headers.get("content-type", "")
    found = message.get_param("charset")
    return found if isinstance(found, str) else None


def _mark(answer: Fetched, name: str) -> str | None:
    found = answer.headers.get(name)
    return found if found and len(found) <= _MARK_CHARS and found.isascii() else None
