"""Requests to a CalDAV server, through the egress, with typed faults.

Every connection is checked by the egress, redirects too. The password goes to the scheme, host and
port that it was given for, and nowhere else. No fault or log line contains more of an address than
its host.
"""

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from buildos_box.calendars.caldav.dav_xml import BadXml, Multistatus, read_multistatus
from buildos_box.calendars.feeds.address import next_hop, origin
from buildos_box.calendars.feeds.fetch import Login
from buildos_box.clock import Clock
from buildos_box.egress import Egress, Fetched
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.retry_after import retry_after
from buildos_box.url_masking import masked_url

MAX_BYTES = 32 * 1024 * 1024
SECONDS = 30.0
MOST_REDIRECTS = 3
_MARKED_BY_PROXIES = re.compile(r'(?:--?|;)(?:gzip|br|deflate|zstd)"$')
_MOST_ETAG_CHARS = 500
_REDIRECTS = (301, 302, 303, 307, 308)
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_MEANINGS = {
    403: "the CalDAV server does not allow that",
    404: "there is nothing at that address of the CalDAV server",
    405: "that address does not speak CalDAV",
    412: "it has changed at the CalDAV server meanwhile",
    429: "the CalDAV server is asked too often",
    507: "the CalDAV server has no room left",
}


class LoginRefused(PermanentError):
    """The server does not take that user name and password (401): asking again cannot help."""

    code = "caldav_login"


class ServerRefused(PermanentError):
    """The server's answer is not the one that was asked for; `answered` is its HTTP status."""

    code = "caldav_refused"

    def __init__(self, message: str, answered: int = 0) -> None:
        super().__init__(message)
        self.answered = answered


def etag(headers: Mapping[str, str]) -> str | None:
    """The ETag of an answer, if it is one that can be sent back."""
    return clean_etag(headers.get("etag", ""))


def clean_etag(text: str) -> str | None:
    """An ETag that can be sent in a header; None for another text."""
    is_one = text.isascii() and text.isprintable() and 0 < len(text) <= _MOST_ETAG_CHARS
    return text if is_one else None


def if_match(tag: str) -> dict[str, str]:
    """The condition that what is there still has that ETag.

    Proxies that compress mark the ETag as weak (`W/`) or end it in `-gzip`. Neither would ever
    match (RFC 9110, 13.1.1), so the server is asked for its own.
    """
    return {"If-Match": _MARKED_BY_PROXIES.sub('"', tag.removeprefix("W/"))}


class Server:
    """One account's server. Its methods raise LoginRefused, ServerRefused and, where a later try
    may help, TransientError; also AddressRefused and AnswerTooLarge of the egress.
    """

    def __init__(
        self, egress: Egress, clock: Clock, url: str, login: Login, *, user_id: str
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._origin = origin(url)
        self._login = login
        self._user_id = user_id
        self.moved_to = url
        """Where the last request ended after its redirects."""

    def absolute(self, base: str, href: str) -> str | None:
        """An address that the server names, if it is one of its own; None otherwise."""
        try:
            found = next_hop(base, href)
            is_own = origin(found) == self._origin and "@" not in urlsplit(found).netloc
            return found if is_own else None
        except ValueError:
            return None

    async def propfind(self, url: str, body: bytes, *, depth: int) -> Multistatus:
        """Properties of what is at that address, and with `depth` 1 of what is directly inside."""
        return await self._many("PROPFIND", url, body, {"Depth": str(depth)})

    async def report(self, url: str, body: bytes, *, depth: int) -> Multistatus:
        """The answer to a REPORT."""
        return await self._many("REPORT", url, body, {"Depth": str(depth)})

    async def put(self, url: str, text: str, condition: Mapping[str, str]) -> str | None:
        """Store a calendar object under a condition (If-Match, If-None-Match); its new ETag, if the
        server says it.
        """
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        return etag(self._checked(await self._once("PUT", url, text.encode(), headers)).headers)

    async def delete(self, url: str, condition: Mapping[str, str]) -> None:
        """Delete a calendar object under a condition."""
        self._checked(await self._once("DELETE", url, None, condition))

    async def _many(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Multistatus:
        answer = await self._ask(method, url, body, {**_XML, **headers})
        if answer.status != 207:
            raise ServerRefused("that address does not speak CalDAV", answer.status)
        try:
            return read_multistatus(answer.body)
        except BadXml as error:
            raise ServerRefused(f"the CalDAV server answers with {error}") from None

    async def _ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Fetched:
        """The answer after redirects, unless its status is an error."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once(method, url, body, headers)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                self.moved_to = url
                return self._checked(answer)
            url = self._followed(url, location)
        raise ServerRefused("the CalDAV server redirects too often")

    def _followed(self, url: str, location: str) -> str:
        followed = self.absolute(url, location)
        if followed is None:
            parts = urlsplit(urljoin(url, location))
            where = masked_url(parts.geturl()) if parts.hostname else "an impossible address"
            raise ServerRefused(
                f"the CalDAV server redirects to {where}; the password is not sent there: "
                "give that address if it is right"
            )
        return followed

    async def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Fetched:
        assert origin(url) == self._origin
        return await self._egress.request(
            method,
            url,
            content=body,
            headers={
                "User-Agent": "BuildOS-Box",
                "Authorization": self._login.header,
                **headers,
            },
            max_bytes=MAX_BYTES,
            timeout=SECONDS,
            user_id=self._user_id,
        )

    def _checked(self, answer: Fetched) -> Fetched:
        status = answer.status
        if 200 <= status < 300:
            return answer
        if status in _REDIRECTS:
            raise ServerRefused("the CalDAV server redirects where it should not", status)
        if status == 401:
            raise LoginRefused("the CalDAV server refuses that user name and password (HTTP 401)")
        meaning = _MEANINGS.get(status, "the CalDAV server has an error")
        message = f"{meaning} (HTTP {status})"
        if retryable_status(status):
            wait = retry_after(answer.headers, self._clock.now())
            raise TransientError(message, code=f"http_{status}", retry_after=wait)
        raise ServerRefused(message, status)
