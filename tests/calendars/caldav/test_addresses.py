"""Where a CalDAV account cannot lead: into the house, or with its password to another server."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.calendars.caldav.dav_xml import BadXml, read_multistatus
from tests.calendars.caldav.accounts import LOGIN, PATH, account, open_box, sync
from tests.doubles.web import Answer, Web
from tests.world import BoxWorld


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(Answer(404)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_box(tmp_path) as world:
        yield world


def many(*responses: str) -> Answer:
    names = 'xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    body = f"<multistatus {names}>{''.join(responses)}</multistatus>"
    return Answer(207, body.encode(), {"Content-Type": "application/xml"})


def part(href: str, prop: str) -> str:
    ok = "<status>HTTP/1.1 200 OK</status>"
    return f"<response><href>{href}</href><propstat><prop>{prop}</prop>{ok}</propstat></response>"


CALENDAR = part("/dav/", "<resourcetype><c:calendar/></resourcetype><displayname>One</displayname>")


async def refused(box: BoxWorld, url: str) -> str:
    answer = await box.call("POST", PATH, {"url": url, **LOGIN})
    assert answer.status_code == 422, answer.text
    assert LOGIN["password"] not in answer.text
    assert (await box.get(PATH))["items"] == []
    (detail,) = answer.json()["details"]
    return f"{detail['field']}: {detail['message']}"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7/dav/",
        "https://127.0.0.2/dav/",
        "http://169.254.169.254/latest/",
        "http://[::1]/",
        "https://[::ffff:10.0.0.7]/",
        "http://example.org\\@10.0.0.7/",
        "file:///etc/passwd",
        "http://93.184.216.34/",
        "http://127.0.0.1/dav/?key=s3cret",
    ],
)
async def test_an_address_that_is_not_for_this_box_is_refused(box: BoxWorld, url: str) -> None:
    assert (await refused(box, url)).startswith("url: ")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/dav/",
        "http://[::1]:{port}/dav/",
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1:{port}/dav/",
        "http://localhost:{port}/dav/",
        "http://user:pass@127.0.0.1:{port}/dav/",
        "file:///etc/passwd",
    ],
)
async def test_no_redirect_leads_elsewhere(box: BoxWorld, web: Web, target: str) -> None:
    web.by_path["/dav/"] = Answer(302, b"", {"Location": target.format(port=web.port)})
    said = await refused(box, web.url("/dav/"))
    assert "is not sent there" in said
    assert "passwd" not in said
    assert {request.path for request in web.seen} == {"/dav/", "/.well-known/caldav", "/"}


async def test_a_home_on_another_server_is_not_asked(box: BoxWorld, web: Web) -> None:
    with Web(many(CALENDAR)) as other:
        home = f"<c:calendar-home-set><href>{other.url('/home/')}</href></c:calendar-home-set>"
        web.by_path["/dav/"] = many(part("/dav/", home))
        assert "another server" in await refused(box, web.url("/dav/"))
        assert other.seen == []


async def test_a_collection_on_another_server_is_left_out(box: BoxWorld, web: Web) -> None:
    web.by_path["/dav/"] = many(
        part("/dav/", "<c:calendar-home-set><href>/home/</href></c:calendar-home-set>")
    )
    there = CALENDAR.replace("/dav/", "http://127.0.0.2/dav/")
    web.by_path["/home/"] = many(CALENDAR, there)
    made = await box.post(PATH, {"url": web.url("/dav/"), **LOGIN})
    assert [c["url"] for c in made["collections"]] == [web.url("/dav/")]


async def test_redirects_in_a_circle_end(box: BoxWorld, web: Web) -> None:
    for path in ("/dav/", "/.well-known/caldav", "/"):
        web.by_path[path] = Answer(301, b"", {"Location": "/dav/"})
    assert "redirects too often" in await refused(box, web.url("/dav/"))


async def test_a_server_that_asks_for_time_gets_it(box: BoxWorld, web: Web) -> None:
    web.by_path["/dav/"] = many(CALENDAR)
    await box.post(PATH, {"url": web.url("/dav/"), **LOGIN})
    await box.work()
    web.by_path["/dav/"] = Answer(429, b"", {"Retry-After": "7200"})
    job = await sync(box)
    assert (job["status"], job["scheduled_for"]) == ("queued_for_retry", "2024-10-23T10:00:00.000Z")
    found = await account(box)
    assert found["nextSyncAt"] == "2024-10-23T10:00:00.000Z"
    asked = len(web.seen)
    await box.run_until("2024-10-23T09:59:00Z")
    assert len(web.seen) == asked
    box.clock.advance(timedelta(minutes=2))
    await box.work()
    assert len(web.seen) == asked + 1


async def test_a_page_that_is_no_caldav_is_told(box: BoxWorld, web: Web) -> None:
    for path in ("/dav/", "/.well-known/caldav", "/"):
        web.by_path[path] = Answer(200, b"<html>Sign in</html>")
    assert "does not speak CalDAV" in await refused(box, web.url("/dav/"))
    for path in ("/dav/", "/.well-known/caldav", "/"):
        web.by_path[path] = Answer(207, b"<html>Sign in")
    assert "not XML" in await refused(box, web.url("/dav/"))


BOMB = b"""<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<multistatus xmlns="DAV:"><response><href>&c;</href></response></multistatus>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>
<multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>"""


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
        b"<a>" * 5_000,
        b"<other/>",
        b"",
        b"<multistatus xmlns='DAV:'>",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
    ],
)
def test_what_is_no_plain_answer_is_not_read(body: bytes) -> None:
    with pytest.raises(BadXml):
        read_multistatus(body)
