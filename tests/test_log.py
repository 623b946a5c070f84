"""What is logged, without secrets, and that a line which is repeated at will fills no disk."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from buildos_box.log import (
    LINES_PER_MINUTE,
    LONGEST_LINE,
    MOST_REMEMBERED,
    LogLine,
    RecentLines,
    Throttle,
    configure,
    correlate,
    correlated,
    logger,
    mask_phone,
    recent,
    redact,
    set_level,
    uncorrelate,
)
from tests.captured_log import logged

log = logger("tests.log")


def line(second: float, message: object, level: int = logging.WARNING) -> logging.LogRecord:
    record = logging.LogRecord("server", level, __file__, 1, message, None, None)
    record.created = second
    return record


def test_the_first_lines_of_a_minute_are_written_and_the_rest_is_counted() -> None:
    throttle = Throttle()
    written = [throttle.filter(line(60.0, {"event": "refused", "n": n})) for n in range(1000)]
    assert written == [True] * LINES_PER_MINUTE + [False] * (1000 - LINES_PER_MINUTE)
    next_minute = line(121.0, {"event": "refused"})
    assert throttle.filter(next_minute)
    assert next_minute.msg == {"event": "refused", "left_out": 1000 - LINES_PER_MINUTE}
    more = [throttle.filter(line(121.0, {"event": "refused"})) for _ in range(LINES_PER_MINUTE)]
    assert more == [True] * (LINES_PER_MINUTE - 1) + [False]
    third = line(180.0, {"event": "refused"})
    assert throttle.filter(third)
    assert third.msg["left_out"] == 1  # type: ignore[index]


def test_a_line_of_a_library_says_so_in_words() -> None:
    throttle = Throttle(1)
    for second in (0.0, 1.0, 59.9):
        throttle.filter(line(second, "accept failed: %s"))
    later = line(60.0, "accept failed: %s")
    assert throttle.filter(later)
    assert later.msg == "accept failed: %s (2 more of these were left out)"


def test_only_the_newest_kinds_are_remembered() -> None:
    throttle = Throttle(1)
    assert throttle.filter(line(0.0, "first"))
    for n in range(MOST_REMEMBERED - 1):
        throttle.filter(line(0.0, f"kind {n}"))
    assert not throttle.filter(line(0.0, "first"))
    throttle.filter(line(0.0, "one more"))
    assert throttle.filter(line(0.0, "kind 0"))
    assert not throttle.filter(line(0.0, "first"))


def test_another_event_is_written_all_the_same() -> None:
    throttle = Throttle()
    for _ in range(100):
        throttle.filter(line(60.0, {"event": "refused"}))
    assert throttle.filter(line(60.0, {"event": "damaged"}))
    assert throttle.filter(line(60.0, "accept failed: %s"))


def test_what_is_no_warning_is_never_held_back() -> None:
    throttle = Throttle()
    assert all(throttle.filter(line(60.0, {"event": "sent"}, logging.INFO)) for _ in range(100))


def test_tokens_and_numbers_are_not_told() -> None:
    assert redact("bos_abc123_XYZ of +14155552671") == "bos_[redacted] of +1415•••2671"
    assert mask_phone("tel:%2B14155552671, 14155552671") == "tel:%2B1415•••2671, 14155552671"


def kept(since: int, **filters: Any) -> list[dict[str, Any]]:
    """The lines of this test that match, as objects."""
    lines = recent.newest(after=since, limit=100, **filters)
    return [json.loads(one.text) for one in lines if "tests.log" in one.text]


def test_a_line_bears_the_correlation_id_of_its_cause_and_no_secret() -> None:
    since = recent.last_number
    with logged():
        with correlated("corr-1", job_id="job-1"):
            log.info("inside", token="bos_a_b", to="+14155552671")
        with correlated(None, job_id="job-2"):
            log.info("without")
        before = correlate("corr-2", job_id="job-3")
        log.info("until")
        uncorrelate(before)
        log.info("outside")
        log.debug("too small to tell")
    inside, without, until, outside = kept(since)
    assert (inside["correlation_id"], inside["job_id"]) == ("corr-1", "job-1")
    assert (inside["token"], inside["to"]) == ("[redacted]", "+1415•••2671")
    assert (inside["level"], inside["logger"], inside["event"]) == ("info", "tests.log", "inside")
    assert "correlation_id" not in without
    assert without["job_id"] == "job-2"
    assert (until["correlation_id"], until["job_id"]) == ("corr-2", "job-3")
    assert not {"correlation_id", "job_id"} & outside.keys()


def test_the_newest_lines_are_found_by_what_they_bear() -> None:
    since = recent.last_number
    with logged():
        with correlated("corr-1", job_id="job-1"):
            log.info("first", city="Berlin")
            log.warning("second")
        log.error("third")
    assert recent.last_number == since + 3

    def events(**filters: Any) -> list[str]:
        return [one["event"] for one in kept(since, **filters)]

    assert events() == ["first", "second", "third"]
    assert events(level=logging.WARNING) == ["second", "third"]
    assert events(correlation_id="corr-1") == ["first", "second"]
    assert events(job_id="job-1", level=logging.WARNING) == ["second"]
    assert events(job_id="job-2") == []
    assert events(text="BERLIN") == ["first"]
    assert [one["event"] for one in kept(since + 1)] == ["second", "third"]
    newest = recent.newest(after=since, limit=2)
    assert [one.number for one in newest] == [since + 2, since + 3]


def test_only_so_many_lines_are_kept_and_a_long_one_is_cut() -> None:
    lines = RecentLines(2)
    lines.setFormatter(logging.Formatter("%(message)s"))
    for n in range(3):
        lines.emit(line(0.0, json.dumps({"event": f"e{n}", "said": "x" * 100 * n})))
    lines.emit(line(0.0, json.dumps({"event": "long", "said": "x" * LONGEST_LINE})))
    assert lines.last_number == 4
    found = lines.newest(limit=5)
    assert [one.number for one in found] == [3, 4]
    assert found[0] == LogLine(3, logging.WARNING, None, None, found[0].text)
    assert json.loads(found[1].text) == {"event": "long", "said": "x" * (LONGEST_LINE // 4)}


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_a_file_has_each_line_in_the_form_that_was_asked_for(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "box.log"
    with logged():
        configure(fmt=fmt, level="warning", file=path)
        log.info("small")
        log.warning("told", to="+14155552671")
        logging.getLogger("library").warning("said %s", "so")
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.FileHandler):
                handler.close()
    first, second = path.read_text("utf-8").splitlines()
    assert "+1415•••2671" in first
    assert "said so" in second
    if fmt == "json":
        told = json.loads(first)
        assert (told["event"], told["level"]) == ("told", "warning")
        assert told["timestamp"].endswith("Z")


def test_noisy_libraries_are_held_to_warnings_and_one_to_silence() -> None:
    with logged():
        set_level("debug")
        assert logging.getLogger().level == logging.DEBUG
        assert logging.getLogger("httpx").level == logging.WARNING
        assert not logging.getLogger("apprise").isEnabledFor(logging.CRITICAL)
        set_level("error")
        assert logging.getLogger("httpx").level == logging.ERROR
        set_level("info")
