"""The newest lines of the log over HTTP (docs/spec.md#log-tail)."""

import logging
from collections.abc import Iterator

import pytest

from buildos_box.log import RECENT_LINES, RecentLines, logger, recent
from tests.captured_log import logged
from tests.world import BoxWorld


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    with logged():
        yield


async def test_a_job_that_failed_has_its_own_lines(box: BoxWorld) -> None:
    await box.person("ada")
    request = {"userId": "ada", "phoneNumber": "+14155552671", "message": "Hi"}
    job = (await box.post("/queue/sms", request))["jobId"]
    await box.work()
    told = await box.get(f"/log?job={job}")
    (line,) = [one for one in told["lines"] if one["event"] == "attempt_failed"]
    assert (line["level"], line["jobId"]) == ("warning", job)
    assert line["facts"]["job_type"] == "send_sms"
    assert "4155552671" not in str(told)
    same = await box.get(f"/log?correlationId={line['correlationId']}")
    assert line in same["lines"]


async def test_lines_are_told_by_level_text_and_number(box: BoxWorld) -> None:
    log = logger("test")
    start = recent.last_number
    log.info("first", colour="blue")
    log.error("second", token="bos_abc_def")
    told = await box.get(f"/log?after={start}")
    assert [line["event"] for line in told["lines"]] == ["first", "second"]
    assert told["lastNumber"] == recent.last_number
    assert "bos_abc_def" not in str(told)
    for query, events in (
        ("level=warning", ["second"]),
        ("text=BLUE", ["first"]),
        ("limit=1", ["second"]),
    ):
        found = (await box.get(f"/log?after={start}&{query}"))["lines"]
        assert [line["event"] for line in found] == events
    assert (await box.call("GET", "/log?level=loud")).status_code == 400


async def test_the_log_is_for_admins(box: BoxWorld) -> None:
    for scope in ("service", "viewer"):
        token = await box.token_for(scope)
        assert (await box.call("GET", "/log", token=token)).status_code == 403


def test_the_oldest_lines_go_and_long_ones_are_cut() -> None:
    ring = RecentLines(3)
    ring.setFormatter(logging.Formatter('{"event": "%(message)s"}'))
    for number in range(5):
        ring.handle(logging.LogRecord("t", logging.INFO, "", 1, str(number), None, None))
    assert [line.number for line in ring.newest(limit=10)] == [3, 4, 5]
    ring.handle(logging.LogRecord("t", logging.INFO, "", 1, "x" * 100_000, None, None))
    assert len(ring.newest(limit=1)[0].text) < 5_000
    assert RECENT_LINES == 5_000
