"""What a brief says before it is opened: subject, preview line, SMS."""

from typing import Any

import pytest

from buildos_box.briefs.headline import preheader, sms, subject
from buildos_box.sms.text import segments
from tests.briefs.sample_days import LINKS, adas_day, all_day, crowded_day, event, task, wednesday

STANDUP = event("Standup", "2024-10-23T07:30:00Z", "2024-10-23T08:00:00Z")
TODAY = {"due_date": "2024-10-23"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"tasks": [task("a", "Send the contract", **TODAY)], "events": [STANDUP]},
         "Send the contract · first meeting 9:30"),
        ({"tasks": [task("a", "Send the contract", **TODAY)]}, "Send the contract"),
        ({"projects": [], "events": [STANDUP]}, "First meeting 9:30 · Standup"),
        ({"projects": [], "events": [all_day("Fair", "2024-10-23")]}, "Nothing due · Wed, Oct 23"),
        ({}, "Website relaunch"),
        ({"projects": []}, "Nothing planned · Wed, Oct 23"),
    ],
)  # fmt: skip
def test_the_subject_is_the_top_action_and_the_first_meeting(parts: Any, expected: Any) -> None:
    assert subject(wednesday(**parts)) == expected


def test_a_long_title_is_cut_so_that_the_meeting_is_still_told() -> None:
    title = "Write to everyone who has answered the survey about the new office"
    facts = wednesday(tasks=[task("a", title, **TODAY)], events=[STANDUP])
    assert subject(facts) == "Write to everyone who has answered… · first meeting 9:30"
    assert len(subject(crowded_day())) <= 60


def test_a_title_of_several_lines_is_one_in_the_subject() -> None:
    facts = wednesday(tasks=[task("t", "x\r\nBcc: evil@example.com", **TODAY)])
    assert subject(facts) == "x Bcc: evil@example.com"


def test_the_preview_line_is_what_comes_after_the_subject() -> None:
    assert preheader(adas_day()) == "Then Fix the contact form and Invoice for September"
    assert preheader(wednesday(tasks=[task("a", **TODAY)])) == "9 h free between 9:00 and 18:00."
    assert len(preheader(crowded_day())) <= 140


def test_an_sms_names_the_sender_the_action_the_meeting_and_the_link() -> None:
    url = LINKS.brief("2024-10-23")
    assert sms(adas_day(), sender="BuildOS", url=url) == (
        "BuildOS: First Send signed contract to Meyer; 10:00 Design review "
        "http://box.test/app/#brief-2024-10-23"
    )


@pytest.mark.parametrize("word", ["work", "работа", "extraordinarily"])
def test_an_sms_has_two_segments_at_most_and_keeps_its_link(word: Any) -> None:
    url = LINKS.brief("2024-10-23")
    text = sms(crowded_day(word), sender="BuildOS", url=url)
    assert segments(text) <= 2
    assert text.endswith(url)


def test_a_link_in_a_title_does_not_get_into_an_sms() -> None:
    facts = wednesday(tasks=[task("a", "See https://evil.example/x now", **TODAY)])
    assert "evil" not in sms(facts, sender="BuildOS", url="https://b.example")
