"""The filter language: what the server is asked, what is checked here, what is wrong."""

from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.tui.filter import WrongWord, parse, read_words
from buildos_box.tui.filter_input import completed

NOW = from_text("2024-10-23T08:00:00Z")
COUNTS = [
    {"job_type": "daily_brief", "status": "failed", "count": 2},
    {"job_type": "daily_brief", "status": "completed", "count": 30},
    {"job_type": "send_sms", "status": "failed", "count": 5},
]


def test_filters_ask_the_server_what_it_can_answer() -> None:
    found = parse("type:daily_brief -status:done lane:llm since:2h hello world", NOW)
    assert found.asked == {
        "type": "daily_brief",
        "since": "2024-10-23T06:00:00.000Z",
        "text": "hello world",
    }
    job = {"job_type": "daily_brief", "status": "failed", "lane": "llm"}
    assert found.keeps(job)
    assert not found.keeps({**job, "status": "completed"})
    assert not found.keeps({**job, "lane": "sms"})


@pytest.mark.parametrize("text", ["colour:red", "status:odd", "since:soon", "type:"])
def test_a_wrong_word_is_named(text: str) -> None:
    with pytest.raises(WrongWord, match=text.split(":")[0]):
        parse(text, NOW)


def test_ids_keep_their_case() -> None:
    found = parse("user:Ada", NOW)
    assert found.asked == {"user": "Ada"}
    assert found.keeps({"user_id": "Ada"})
    assert not found.keeps({"user_id": "ada"})


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 37), ("status:failed", 7), ("-status:failed", 30), ("type:send_sms,x", 5),
     ("status:failed words", None), ("user:ada", None), ("since:1h", None)],
)  # fmt: skip
def test_counts_tell_how_many_match_where_they_can(text: str, count: int | None) -> None:
    assert parse(text, NOW).count(COUNTS) == count


def test_words_of_deliveries() -> None:
    known: dict[str, Any] = {"channel": ("email", "sms")}
    found = read_words("channel:sms,email since:1d hello", ("channel", "since"), NOW, known)
    assert found.asked == {"channel": "sms,email", "since": "2024-10-22T08:00:00.000Z"}
    assert found.text == "hello"
    for wrong in ("channel:fax", "user:ada", "channel:"):
        with pytest.raises(WrongWord, match=wrong):
            read_words(wrong, ("channel", "since"), NOW, known)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ty", "type:"),
        ("-st", "-status:"),
        ("words type:da", "words type:daily_brief"),
        ("type:send_sms,da", "type:send_sms,daily_brief"),
        ("type:", None),
        ("type:send_sms", None),
        ("", None),
        ("zz", None),
    ],
)
def test_tab_completes_words_and_values(text: str, whole: str | None) -> None:
    words = {"type": ("daily_brief", "send_sms"), "status": ("failed",)}
    assert completed(text, words) == whole


def test_not_since_means_until_and_the_reverse() -> None:
    assert parse("-since:2h", NOW).asked == {"until": "2024-10-23T06:00:00.000Z"}
    assert parse("-until:2h", NOW).asked == {"since": "2024-10-23T06:00:00.000Z"}


def test_the_archive_and_times_of_ending_are_asked_for() -> None:
    assert parse("archived:yes", NOW).asked == {"archived": "true"}
    assert parse("archived:no", NOW).asked == {}
    found = parse("ended:2024-10-23T07:00:00Z..2024-10-23T07:01:00Z", NOW).asked
    assert found == {
        "endedSince": "2024-10-23T07:00:00.000Z",
        "endedUntil": "2024-10-23T07:01:00.000Z",
    }
    assert parse("ended:1h", NOW).asked == {"endedSince": "2024-10-23T07:00:00.000Z"}


@pytest.mark.parametrize("text", ["-archived:yes", "-ended:1h", "archived:maybe", "ended:..1h"])
def test_words_without_an_opposite_say_so(text: str) -> None:
    with pytest.raises(WrongWord, match=text.split(":")[0]):
        parse(text, NOW)
