"""Downloads a calendar, within limits of size and time, and only if it has changed.

Every redirect goes through the egress, which refuses addresses of the own network. No error or log
line contains more of an address than its host.
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
"""Seconds for all redirects together."""
MOST_REDIRECTS = 3
_IN_MEMORY_BYTES = 1024 * 1024
"""Larger calendars are written to a temporary file without a name."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MARK_CHARS = 500
_HEADERS = {"Accept": "text/calendar, */*;q=0.1", "User-Agent": "BuildOS-Box"}
_EMPTY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
_MEANINGS = {
    403: "the calendar may not be read",
    404: "there is no calendar at that address",
    410: "there is no calendar at that address any more",
    429: "the calendar's server is asked too often",
}


class FeedFault(Exception):
    """The calendar could not be fetched or read; `message` is for its owner and has no address."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and password for the calendar's server (RFC 7617)."""

    username: str
    password: str

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Marks:
    """ETag and Last-Modified of an answer, sent with the next request to get only a newer one."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded calendar; `file` is at its start and is closed by its reader."""

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
    """Download a calendar; None if it has not changed since `marks` (304).

    `seconds` is the limit for everything, redirects included. Raises FeedFault.
    """
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
        raise FeedFault(f"the calendar was not received within {seconds:g} s") from None
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
        # A password is sent only to the server it was given for, wherever redirects lead.
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
            raise FeedFault(
                "the calendar's server redirects to an address that is not possible"
            ) from None
    raise FeedFault("the calendar's server redirects too often")


def _check(answer: Fetched, login: Login | None, now: Instant) -> None:
    """Raises FeedFault for a status other than 200 and 204."""
    if answer.status in (200, 204):
        return
    meaning = _MEANINGS.get(answer.status, "the calendar's server has an error")
    if answer.status == 401:
        meaning = _meaning_of_401(answer, login)
    raise FeedFault(
        f"{meaning} (HTTP {answer.status})", retry_after=retry_after(answer.headers, now)
    )


def _meaning_of_401(answer: Fetched, login: Login | None) -> str:
    offered = answer.headers.get("www-authenticate", "").lower()
    if offered and "basic" not in offered:
        kind = offered.split()[0]
        return f"the calendar's server asks for a login of the kind {kind!r}, not a password"
    if login is None:
        return "the calendar's server asks for a user name and a password"
    return "the calendar's server refuses that user name and password"


def _charset(answer: Fetched) -> str | None:
    message = Message()
    message["Content-Type"] = answer.headers.get("content-type", "")
    found = message.get_param("charset")
    return found if isinstance(found, str) else None


def _mark(answer: Fetched, name: str) -> str | None:
    found = answer.headers.get(name)
    return found if found and len(found) <= _MARK_CHARS and found.isascii() else None
