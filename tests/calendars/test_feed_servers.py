"""What calendars' servers do: sign-ins, encodings, packings, sizes, names."""

import base64
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import Settings
from buildos_box.settings.model import EgressSettings
from tests.calendars.feeds import PATH, calendar, events, feed, serves, subscribe, sync, vevent
from tests.doubles.web import Answer, Authority, Web
from tests.world import BoxWorld, open_world

NOON, AT_NOON = "20241024T120000Z", "2024-10-24T12:00:00.000Z"
PASSWORD = "correct horse 9"
FEEDS = "/users/ada/calendar-feeds"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(Answer(404)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    settings = Settings(egress=EgressSettings(allow_private=("127.0.0.1/32",)))
    async with open_world(tmp_path, settings=settings) as world:
        await world.person()
        yield world


async def refused(box: BoxWorld, url: str, **more: Any) -> str:
    """What is said of a calendar that is not subscribed to."""
    answer = await box.call("POST", FEEDS, {"url": url, **more})
    assert answer.status_code == 422, answer.text
    assert (await box.get(FEEDS))["items"] == []
    return str(answer.json()["details"][0]["message"])


def authorization(web: Web, path: str = PATH) -> list[str | None]:
    return [request.headers.get("authorization") for request in web.seen if request.path == path]


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


# Reading before subscribing


async def test_a_calendar_is_read_before_it_counts_as_subscribed(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web)
    assert (made["status"], made["eventCount"]) == ("ok", 1)
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}
    assert len(web.seen) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(404), "no calendar at that address (HTTP 404)"),
        (Answer(500), "has an error (HTTP 500)"),
        (Answer(304), "has an error (HTTP 304)"),
        (Answer(200, b"<!DOCTYPE html><title>Sign in</title>"), "web page"),
        (Answer(200, b"hello"), "not a calendar"),
        (Answer(200, calendar(vevent("a", NOON))[:-30]), "ends in the middle"),
    ],
)
async def test_what_cannot_be_read_is_not_subscribed_to(
    box: BoxWorld, web: Web, answer: Answer, told: str
) -> None:
    web.by_path[PATH] = answer
    assert told in await refused(box, web.url(PATH))


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("X-WR-CALNAME:Team\\, Berlin", "Team, Berlin"),
        ("NAME:Holidays", "Holidays"),
        ("X-WR-CALNAME: ", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
async def test_a_feed_is_called_as_its_calendar_calls_itself(
    box: BoxWorld, web: Web, lines: str, name: str
) -> None:
    body = calendar().replace(b"VERSION:2.0", f"VERSION:2.0\r\n{lines}".encode())
    web.by_path[PATH] = Answer(200, body)
    made = await box.post(FEEDS, {"url": web.url(PATH)})
    assert made["name"] == name


# Sign-ins


async def test_a_password_is_sent_and_never_shown(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web, username="ada", password=PASSWORD)
    assert (made["username"], made["hasPassword"]) == ("ada", True)
    await sync(box)
    assert authorization(web) == [basic("ada", PASSWORD)] * 2
    shown = [made, await feed(box), await box.get("/users/ada/export"), await box.jobs()]
    for table in ("calendar_feeds", "realtime_events", "queue_jobs", "job_attempts"):
        shown += [tuple(row) for row in await box.db.all(f"SELECT * FROM {table}")]
    assert PASSWORD not in str(shown)
    row = await box.db.one("SELECT sealed_password FROM calendar_feeds")
    assert row["sealed_password"] not in str(await box.get("/users/ada/export"))


async def test_a_name_and_a_password_in_the_address_go_into_their_fields(
    box: BoxWorld, web: Web
) -> None:
    serves(web)
    url = web.url(PATH).replace("://", f"://ada:{PASSWORD.replace(' ', '%20')}@")
    made = await box.post(FEEDS, {"url": url})
    assert (made["username"], made["hasPassword"]) == ("ada", True)
    row = await box.db.one("SELECT url FROM calendar_feeds")
    assert row["url"] == web.url(PATH)
    assert authorization(web) == [basic("ada", PASSWORD)]


@pytest.mark.parametrize(
    ("headers", "login", "told"),
    [
        ({"WWW-Authenticate": 'Basic realm="x"'}, {}, "asks for a user name and a password"),
        (
            {"WWW-Authenticate": 'Basic realm="x"'},
            {"username": "ada", "password": "wrong"},
            "refuses that user name and password",
        ),
        ({"WWW-Authenticate": 'Digest realm="x"'}, {"username": "a", "password": "b"}, "'digest'"),
        ({}, {}, "asks for a user name"),
    ],
)
async def test_a_refused_sign_in_says_why(
    box: BoxWorld, web: Web, headers: dict[str, str], login: dict[str, str], told: str
) -> None:
    web.by_path[PATH] = Answer(401, b"", headers)
    assert told in await refused(box, web.url(PATH), **login)


@pytest.mark.parametrize(
    ("login", "field"),
    [
        ({"password": "x"}, "username"),
        ({"username": "a:b", "password": "x"}, "username"),
        ({"username": "a\nb", "password": "x"}, "username"),
        ({"username": "a", "password": "x\r\nX-Evil: 1"}, "password"),
        ({"username": "a" * 201, "password": "x"}, "username"),
        ({"username": "a", "password": "x" * 501}, "password"),
    ],
)
async def test_a_login_that_cannot_be_is_refused_by_its_field(
    box: BoxWorld, web: Web, login: dict[str, str], field: str
) -> None:
    answer = await box.call("POST", FEEDS, {"url": web.url(PATH), **login})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field
    assert web.seen == []


async def test_a_password_goes_to_its_own_server_only(box: BoxWorld, web: Web) -> None:
    with Web(Answer(200, calendar())) as other:
        web.by_path[PATH] = Answer(302, b"", {"Location": "/here.ics"})
        web.by_path["/here.ics"] = Answer(302, b"", {"Location": other.url("/there.ics")})
        await subscribe(box, web, username="ada", password=PASSWORD)
        assert authorization(web, "/here.ics") == [basic("ada", PASSWORD)]
        assert authorization(other, "/there.ics") == [None]


async def test_an_address_on_another_server_forgets_the_password(box: BoxWorld, web: Web) -> None:
    serves(web)
    web.by_path["/other.ics"] = Answer(200, calendar())
    made = await subscribe(box, web, username="ada", password=PASSWORD)
    path = f"{FEEDS}/{made['id']}"
    same = (await box.call("PATCH", path, {"url": web.url("/other.ics")})).json()
    assert same["hasPassword"]
    assert authorization(web, "/other.ics") == [basic("ada", PASSWORD)]
    with Web(Answer(200, calendar())) as other:
        moved = (await box.call("PATCH", path, {"url": other.url("/a.ics")})).json()
        assert (moved["username"], moved["hasPassword"]) == (None, False)
        assert authorization(other, "/a.ics") == [None]


async def test_a_password_stays_when_the_same_server_is_named_by_webcal(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "localhost")
    egress = EgressSettings(allow_private=True, ca_file=str(authority.ca_file))
    (tmp_path / "data").mkdir()
    with Web(Answer(200, calendar()), tls=authority) as web:
        async with open_world(tmp_path / "data", settings=Settings(egress=egress)) as box:
            await box.person()
            url = web.url(PATH, "localhost")
            login = {"username": "ada", "password": PASSWORD}
            made = await box.post(FEEDS, {"url": url, **login})
            webcal = {"url": url.replace("https:", "webcal:") + "?new"}
            moved = (await box.call("PATCH", f"{FEEDS}/{made['id']}", webcal)).json()
            assert moved["hasPassword"]
            assert authorization(web, f"{PATH}?new") == [basic("ada", PASSWORD)]


async def test_a_login_can_be_changed_and_taken_away(box: BoxWorld, web: Web) -> None:
    serves(web)
    made = await subscribe(box, web, username="ada", password="old")
    path = f"{FEEDS}/{made['id']}"
    await box.call("PATCH", path, {"password": PASSWORD})
    assert authorization(web)[-1] == basic("ada", PASSWORD)
    await box.call("PATCH", path, {"username": "bo", "password": "x"})
    assert authorization(web)[-1] == basic("bo", "x")
    await box.call("PATCH", path, {"name": "New"})
    await sync(box)
    assert authorization(web)[-1] == basic("bo", "x")
    gone = (await box.call("PATCH", path, {"username": ""})).json()
    assert (gone["username"], gone["hasPassword"]) == (None, False)
    assert authorization(web)[-1] is None
    web.by_path[PATH] = Answer(401)
    answer = await box.call("PATCH", path, {"username": "x", "password": "y"})
    assert answer.status_code == 422
    assert (await feed(box))["username"] is None


async def test_a_password_of_another_key_has_to_be_given_again(box: BoxWorld, web: Web) -> None:
    serves(web)
    await subscribe(box, web, username="ada", password=PASSWORD)
    await box.db.write(lambda tx: tx.execute("UPDATE calendar_feeds SET sealed_password = 'AQ=='"))
    found = await sync(box)
    assert "give it again" in found["error"]
    assert len(web.seen) == 1


# webcal


async def test_webcal_is_read_unencrypted_where_that_is_allowed(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    made = await box.post(FEEDS, {"url": web.url(PATH).replace("http:", "webcal:")})
    assert made["url"].startswith("http://")
    assert made["eventCount"] == 1


async def test_webcal_is_read_encrypted_where_it_can_be(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "localhost", "127.0.0.1")
    egress = EgressSettings(allow_private=True, ca_file=str(authority.ca_file))
    (tmp_path / "data").mkdir()
    with Web(Answer(200, calendar()), tls=authority) as web:
        async with open_world(tmp_path / "data", settings=Settings(egress=egress)) as box:
            await box.person()
            url = web.url(PATH, "localhost").replace("https:", "webcal:")
            made = await box.post(FEEDS, {"url": url})
            assert made["url"] == web.url("/…", "localhost")


async def test_webcal_that_fails_both_ways_names_both_causes(box: BoxWorld, web: Web) -> None:
    told = await refused(box, web.url(PATH).replace("http:", "webcal:"))
    assert "by https: " in told
    assert "by http: there is no calendar at that address (HTTP 404)" in told


async def test_webcal_with_a_password_is_never_read_unencrypted(box: BoxWorld, web: Web) -> None:
    serves(web)
    url = web.url(PATH).replace("http:", "webcal:")
    assert "by http" not in await refused(box, url, username="ada", password=PASSWORD)
    assert web.seen == []


# Answers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, gzip.compress(calendar(vevent("a", NOON))), {"Content-Encoding": "x-gzip"}),
        Answer(200, zlib.compress(calendar(vevent("a", NOON))), {"Content-Encoding": "deflate"}),
        Answer(200, gzip.compress(calendar(vevent("a", NOON)))),
        Answer(200, calendar(vevent("a", NOON)).decode().encode("utf-16")),
        Answer(200, calendar(vevent("a", NOON)).decode().encode("utf-16-be")),
        # After the end: a counter's script, a comment of a proxy, empty lines.
        Answer(200, calendar(vevent("a", NOON)) + b"<!-- cached 0.02s -->\r\n"),
        Answer(200, calendar(vevent("a", NOON)) + b"\r\n\r\n\x00\x1a"),
        Answer(200, b"\xef\xbb\xbf\r\n" + calendar(vevent("a", NOON))),
    ],
)
async def test_an_answer_is_read_in_whatever_form(box: BoxWorld, web: Web, answer: Answer) -> None:
    web.by_path[PATH] = answer
    await subscribe(box, web)
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_no_content_is_a_calendar_without_events(box: BoxWorld, web: Web) -> None:
    web.by_path[PATH] = Answer(204)
    made = await subscribe(box, web)
    assert (made["status"], made["eventCount"]) == ("ok", 0)


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("iso-8859-1", "text/calendar; charset=ISO-8859-1"),
        ("cp1251", 'text/calendar; charset="windows-1251"'),
        ("iso2022_jp", "text/calendar;charset=iso-2022-jp"),
        ("utf-8", "text/calendar; charset=iso-8859-1"),
        ("utf-8", "text/calendar; charset=nonsense"),
    ],
)
async def test_the_charset_that_the_server_names_counts(
    box: BoxWorld, web: Web, encoding: str, header: str
) -> None:
    title = {"cp1251": "Встреча", "iso2022_jp": "会議"}.get(encoding, "Grüße")
    body = calendar(vevent("a", NOON, title=title)).decode().encode(encoding)
    web.by_path[PATH] = Answer(200, body, {"Content-Type": header})
    made = await subscribe(box, web)
    assert list(await events(box)) == [title]
    assert made["warnings"] == []


async def test_a_long_history_costs_nothing_and_what_is_ahead_is_kept(
    box: BoxWorld, web: Web
) -> None:
    old = [vevent(f"old-{n}", f"20{n % 24:02}0101T120000Z") for n in range(55_000)]
    assert len(calendar(*old)) > 5 * 1024 * 1024
    serves(web, *old, vevent("a", NOON))
    made = await subscribe(box, web)
    assert (made["eventCount"], made["warnings"]) == (1, [])
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}
