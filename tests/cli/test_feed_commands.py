import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from buildos_box.clock import from_text
from tests.calendars.feeds import calendar, vevent
from tests.cli.served import Cli, Served, served_box
from tests.doubles.web import Answer, Web
from tests.faults.box_process import until

LOOPBACK = '[egress]\nallow_private = ["127.0.0.1/32"]\n'
NAMED = calendar(vevent("a", "20310110T120000Z", "RRULE:FREQ=DAILY;BYHOUR=25")).replace(
    b"VERSION:2.0", b"VERSION:2.0\r\nX-WR-CALNAME:Team calendar"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_box(tmp_path_factory.mktemp("box"), LOOPBACK) as box:
        yield box


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(Answer(200, NAMED)) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_feeds(ada: Cli) -> Iterator[None]:
    yield
    for found in ada.json("feed", "list"):
        ada.ok("feed", "remove", found["id"], "--yes")


def test_a_feed_is_refused_where_it_leads_into_the_house(ada: Cli) -> None:
    told = ada.fails("feed", "add", "http://127.0.0.2/secret.ics", code=1)
    assert told.startswith("url: ")
    assert "secret" not in told
    assert ada.ok("feed", "list") == "No calendar feed.\n"


def test_a_feed_is_read_before_it_is_added_and_named_by_its_calendar(ada: Cli, web: Web) -> None:
    said = ada.run("feed", "add", web.url("/s3cret.ics"))
    assert said.stdout.startswith("Subscribed to “Team calendar” (feed-")
    assert said.stdout.endswith(f"{web.url('/…')}: 0 events\n")
    assert "impossible BYHOUR" in said.stderr
    assert len(web.seen) == 1


def test_a_feed_that_cannot_be_read_is_not_added(ada: Cli) -> None:
    with Web(Answer(200, b"<html>")) as web:
        assert "web page" in ada.fails("feed", "add", web.url(), code=1)
    assert "127.0.0.1" in ada.fails("feed", "add", web.url(), code=1)
    assert ada.ok("feed", "list") == "No calendar feed.\n"


def test_a_feed_is_added_from_standard_input_listed_paused_and_removed(ada: Cli, web: Web) -> None:
    address = web.url("/s3cret.ics").replace("http:", "webcal:")
    made = ada.ok("feed", "add", "-", "--name", "Work", stdin=f"{address}\n")
    assert web.url("/…") in made
    (found,) = ada.json("feed", "list")
    assert found["name"] == "Work"
    assert "s3cret" not in ada.ok("feed", "list") + ada.ok("feed", "show", "work")
    assert ada.ok("feed", "pause", "work") == "Paused “Work”\n"
    assert ada.json("feed", "show", "work")["status"] == "paused"
    assert "paused" in ada.fails("feed", "sync", "work", code=1)
    assert ada.ok("feed", "remove", "work", "--yes") == "Unsubscribed from “Work”\n"
    assert ada.ok("feed", "list") == "No calendar feed.\n"


def test_only_a_failing_feed_tells_from_when_it_is_tried_again(ada: Cli) -> None:
    """The others are read after the next run of a cron, whatever their row says."""
    with Web(Answer(200, NAMED), Answer(500)) as web:
        ada.ok("feed", "add", web.url("/a.ics"))
        assert "next" not in ada.ok("feed", "show", "team")
        ada.ok("feed", "sync", "team")
        assert until(lambda: ada.json("feed", "show", "team")["status"] == "failing", seconds=30)
    due = from_text(ada.json("feed", "show", "team")["nextSyncAt"])
    shown = f"{due.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M}"
    assert re.search(f"^next try +not before {shown}$", ada.ok("feed", "show", "team"), re.M)


def test_a_password_is_asked_for_or_read_from_a_file(ada: Cli, web: Web) -> None:
    ada.ok("feed", "add", web.url("/a.ics"), "--login", "ada", stdin="pass word\n")
    assert "signed in as" in ada.ok("feed", "show", "team")
    both = f"{web.url('/b.ics')}\nother\n"
    ada.ok("feed", "add", "-", "--login", "bo", "--password-file", "-", "--name", "B", stdin=both)
    sent = [request.headers["authorization"] for request in web.seen]
    assert sent == ["Basic YWRhOnBhc3Mgd29yZA==", "Basic Ym86b3RoZXI="]
    shown = ada.ok("feed", "list") + ada.ok("feed", "show", "b") + str(ada.json("feed", "list"))
    assert "other" not in shown
    assert "--login" in ada.fails("feed", "add", web.url(), "--password-file", "-", code=2)


def test_a_feed_gets_another_address_name_and_password(ada: Cli, web: Web) -> None:
    ada.ok("feed", "add", web.url("/a.ics"), "--login", "ada", stdin="one\n")
    ada.ok("feed", "change", "team", "--login", "ada", stdin="two\n")
    assert web.seen[-1].headers["authorization"] == "Basic YWRhOnR3bw=="
    said = ada.ok("feed", "change", "team", "--address", web.url("/b.ics"), "--name", "Two")
    assert said == f"Changed “Two”, {web.url('/…')}\n"
    assert web.seen[-1].path == "/b.ics"
    ada.ok("feed", "change", "two", "--login", "")
    assert "authorization" not in web.seen[-1].headers
    assert "--address" in ada.fails("feed", "change", "two", code=2)
