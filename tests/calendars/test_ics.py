"""Calendar files: what they say becomes what `POST /sync` takes, and nothing else happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from buildos_box.calendars.ics.decoding import MAX_BYTES
from buildos_box.calendars.ics.reader import CalendarImport, Reader, parse_calendar
from buildos_box.calendars.ics.series import MAX_INSTANCES
from buildos_box.clock import from_text
from buildos_box.errors import BoxError, Malformed, TooLarge, Unprocessable
from buildos_box.ids import is_outside_id
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.item_types import EVENTS, TASKS
from tests.world import BoxWorld

START, END = from_text("2024-10-01T00:00:00Z"), from_text("2025-01-01T00:00:00Z")


def read(
    *lines: str,
    zone: str = "Europe/Berlin",
    project: str | None = "home",
    user: str = "ada",
    mail: str | None = "ada@example.org",
    start: datetime = START,
    end: datetime = END,
) -> CalendarImport:
    """Parse a calendar that has these lines."""
    body = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", *lines, "END:VCALENDAR", "")
    reader = Reader(
        user_id=user,
        project_id=project,
        zone=zone,
        window_start=start,
        window_end=end,
        now=start,
        email=mail,
    )
    return parse_calendar("\r\n".join(body).encode(), reader)


def event(*lines: str, uid: str = "one") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:Thing", *lines, "END:VEVENT")


def todo(*lines: str, uid: str = "one") -> tuple[str, ...]:
    return ("BEGIN:VTODO", f"UID:{uid}", "SUMMARY:Thing", *lines, "END:VTODO")


def starts(found: CalendarImport) -> list[str]:
    """When events start, without seconds."""
    return [item["startDate"] if item["allDay"] else item["startAt"][:16] for item in found.events]


def only(found: CalendarImport) -> dict[str, Any]:
    assert found.warnings == []
    (item,) = found.events or found.tasks
    return item


# One event


def test_an_event_in_utc_has_the_shape_that_a_sync_takes() -> None:
    item = only(
        read(
            *event(
                "DTSTART:20241023T090000Z",
                "DTEND:20241023T093000Z",
                "LOCATION:Room 4\\, first floor",
                "STATUS:TENTATIVE",
            )
        )
    )
    assert is_outside_id(item.pop("id"))
    assert item == {
        "userId": "ada",
        "title": "Thing",
        "allDay": False,
        "startAt": "2024-10-23T09:00:00.000Z",
        "endAt": "2024-10-23T09:30:00.000Z",
        "status": "tentative",
        "declined": False,
        "location": "Room 4, first floor",
    }


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART;TZID=America/New_York:20241023T090000",
        'DTSTART;TZID="America/New_York":20241023T090000',
        "DTSTART;TZID=Eastern Standard Time:20241023T090000",
        "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20241023T090000",
        "DTSTART;VALUE=DATE-TIME;tzid=America/New_York:20241023T090000",
    ],
)
def test_zones_are_known_by_their_own_names_and_those_of_windows(line: str) -> None:
    assert only(read(*event(line)))["startAt"] == "2024-10-23T13:00:00.000Z"


def test_a_floating_time_is_in_the_default_zone() -> None:
    floating = event("DTSTART:20241023T090000")
    assert starts(read(*floating, zone="Europe/Berlin")) == ["2024-10-23T07:00"]
    assert starts(read(*floating, zone="Asia/Tokyo")) == ["2024-10-23T00:00"]


def test_an_unknown_zone_counts_as_the_default_and_is_named_once() -> None:
    found = read(
        *event("DTSTART;TZID=Mars/Olympus:20241023T090000"),
        *event("DTSTART;TZID=Mars/Olympus:20241024T090000", uid="two"),
    )
    assert starts(found) == ["2024-10-23T07:00", "2024-10-24T07:00"]
    assert found.warnings == [
        "the time zone 'Mars/Olympus' is not known; Europe/Berlin was used instead"
    ]


def custom_zone(name: str, winter: str, summer: str, *more: str) -> tuple[str, ...]:
    return (
        "BEGIN:VTIMEZONE",
        f"TZID:{name}",
        *more,
        "BEGIN:STANDARD",
        "DTSTART:16011028T030000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        f"TZOFFSETFROM:{summer}",
        f"TZOFFSETTO:{winter}",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:16010325T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        f"TZOFFSETFROM:{winter}",
        f"TZOFFSETTO:{summer}",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
    )


def test_a_zone_that_the_file_defines_has_its_summer_time() -> None:
    weekly = "RRULE:FREQ=WEEKLY;COUNT=2"
    found = read(
        *event("DTSTART;TZID=Amsterdam and so on:20241023T090000", weekly),
        *custom_zone("Amsterdam and so on", "+0100", "+0200"),
    )
    assert found.warnings == []
    assert starts(found) == ["2024-10-23T07:00", "2024-10-30T08:00"]


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("20240331T015959", "2024-03-31T00:59"),
        ("20240331T023000", "2024-03-31T01:30"),
        ("20240331T030000", "2024-03-31T01:00"),
        ("20241027T015959", "2024-10-26T23:59"),
        ("20241027T023000", "2024-10-27T00:30"),
        ("20241027T030000", "2024-10-27T02:00"),
    ],
)
def test_a_defined_zone_changes_at_the_second_at_which_the_known_one_does(
    wall: str, utc: str
) -> None:
    for name in ("Mine", "Europe/Berlin"):
        found = read(
            *custom_zone("Mine", "+0100", "+0200"),
            *event(f"DTSTART;TZID={name}:{wall}"),
            start=from_text("2024-01-01T00:00:00Z"),
        )
        assert starts(found) == [utc], name


def test_one_files_zone_is_unknown_to_the_next_file() -> None:
    meeting = event("DTSTART;TZID=Home:20241023T090000")
    first = read(*custom_zone("Home", "+0500", "+0500"), *meeting)
    second = read(*custom_zone("Home", "-0300", "-0300"), *meeting)
    third = read(*meeting)
    assert [starts(found) for found in (first, second, third)] == [
        ["2024-10-23T04:00"],
        ["2024-10-23T12:00"],
        ["2024-10-23T07:00"],
    ]
    assert third.warnings


def test_a_zone_may_say_which_place_it_means() -> None:
    zone = custom_zone("Custom", "+0900", "+0900", "X-LIC-LOCATION:America/New_York")
    found = read(*zone, *event("DTSTART;TZID=Custom:20241023T090000"))
    assert starts(found) == ["2024-10-23T13:00"]


def test_a_zone_that_changes_every_second_is_not_followed() -> None:
    zone = [line.replace("YEARLY;BYDAY=-1SU;BYMONTH=10", "SECONDLY")
            for line in custom_zone("Bomb", "+0100", "+0200")]  # fmt: skip
    found = read(*zone, *event("DTSTART;TZID=Bomb:20241023T090000"))
    assert starts(found) == ["2024-10-23T07:00"]
    assert len(found.warnings) == 1


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["DTSTART;VALUE=DATE:20241023", "DTEND;VALUE=DATE:20241025"], "2024-10-25"),
        (["DTSTART;VALUE=DATE:20241023"], "2024-10-24"),
        (["DTSTART;VALUE=DATE:20241023", "DTEND;VALUE=DATE:20241023"], "2024-10-24"),
        (["DTSTART;VALUE=DATE:20241023", "DURATION:P3D"], "2024-10-26"),
        (["DTSTART;VALUE=DATE:20241023", "DURATION:PT36H"], "2024-10-25"),
        (["DTSTART:20241023", "DTEND:20241024T120000"], "2024-10-25"),
    ],
)
def test_an_all_day_event_ends_on_the_first_day_after_it(lines: list[str], end: str) -> None:
    item = only(read(*event(*lines)))
    assert (item["allDay"], item["startDate"], item["endDate"]) == (True, "2024-10-23", end)
    assert "startAt" not in item


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("DURATION:PT1H30M", "2024-10-26T11:30:00.000Z"),
        ("DURATION:P1D", "2024-10-27T11:00:00.000Z"),
        ("DURATION:PT24H", "2024-10-27T10:00:00.000Z"),
        ("DTEND;VALUE=DATE:20241027", "2024-10-26T22:00:00.000Z"),
        ("DTEND:20241026T120000", None),
        ("X-NONE:1", None),
    ],
)
def test_a_timed_event_ends_when_it_says(line: str, end: str | None) -> None:
    # The clocks of Berlin go back in the night to the 27th: a day is 25 hours long.
    item = only(read(*event("DTSTART:20241026T120000", line)))
    assert item["endAt"] == end


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("DTEND:20241022T090000Z", "ends before it starts; its end was left out"),
        ("DTEND:tomorrow", "has a DTEND that is not a date; its end was left out"),
        ("DURATION:-PT1H", "has an impossible DURATION; its end was left out"),
    ],
)
def test_an_end_that_cannot_be_is_left_out(line: str, warning: str) -> None:
    found = read(*event("DTSTART:20241023T090000Z", line))
    assert found.events[0]["endAt"] is None
    assert found.warnings == [f"event 'one' {warning}"]


def test_only_what_touches_the_window_is_given() -> None:
    found = read(
        *event("DTSTART:20240930T220000Z", "DTEND:20241001T000000Z", uid="over"),
        *event("DTSTART:20240930T220000Z", "DTEND:20241001T000001Z", uid="under way"),
        *event("DTSTART:20241001T000000Z", uid="at the start"),
        *event("DTSTART:20250101T000000Z", uid="too late"),
        *event("DTSTART;VALUE=DATE:20240930", uid="day before"),
        *event("DTSTART;VALUE=DATE:20241001", uid="first day"),
        zone="UTC",
    )
    assert starts(found) == ["2024-09-30T22:00", "2024-10-01", "2024-10-01T00:00"]


def test_what_is_called_off_or_declined_is_marked_so_that_an_earlier_import_changes() -> None:
    at = "DTSTART:20241023T090000Z"
    found = read(
        *event(at, "STATUS:CANCELLED", uid="off"),
        *event(at, "ATTENDEE;PARTSTAT=DECLINED;CN=Ada:MAILTO:Ada@Example.org", uid="no"),
        *event(at, 'ATTENDEE;PARTSTAT=DECLINED;EMAIL="ada@example.org":urn:x:1', uid="no2"),
        *event(at, "ATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.org", uid="ben"),
        *event(at, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org", uid="yes"),
    )
    by_id = {item["id"]: (item["status"], item["declined"]) for item in found.events}
    same = read(*event(at, uid="off"), *event(at, uid="no"), *event(at, uid="no2"),
                *event(at, uid="ben"), *event(at, uid="yes"))  # fmt: skip
    assert by_id.keys() == {item["id"] for item in same.events}
    assert sorted(by_id.values()) == [
        ("cancelled", False),
        ("confirmed", False),
        ("confirmed", False),
        ("confirmed", True),
        ("confirmed", True),
    ]


def test_a_file_that_calls_its_events_off_cancels_them() -> None:
    assert only(read("METHOD:CANCEL", *event("DTSTART:20241023T090000Z")))["status"] == "cancelled"


# Series


def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change() -> None:
    found = read(
        *event(
            "DTSTART;TZID=Europe/Berlin:20241020T090000",
            "DTEND;TZID=Europe/Berlin:20241020T100000",
            "RRULE:FREQ=WEEKLY;UNTIL=20241103T080000Z",
        )
    )
    assert starts(found) == ["2024-10-20T07:00", "2024-10-27T08:00", "2024-11-03T08:00"]
    assert [item["endAt"][11:16] for item in found.events] == ["08:00", "09:00", "09:00"]


@pytest.mark.parametrize(
    ("until", "last"),
    [("20241025T065959Z", 24), ("20241025T070000Z", 25), ("20241025", 25), ("20241025T090000", 25)],
)
def test_the_last_instance_is_the_one_that_until_still_allows(until: str, last: int) -> None:
    found = read(*event("DTSTART:20241020T090000", f"RRULE:FREQ=DAILY;UNTIL={until}"))
    assert starts(found)[-1] == f"2024-10-{last}T07:00"


def test_a_series_of_days_ends_with_its_until_in_whichever_form() -> None:
    for until in ("20241022", "20241021T220000Z", "20241022T235959Z"):
        found = read(*event("DTSTART;VALUE=DATE:20241020", f"RRULE:FREQ=DAILY;UNTIL={until}"))
        assert starts(found) == ["2024-10-20", "2024-10-21", "2024-10-22"], until


def test_extra_dates_come_in_and_exceptions_go_out() -> None:
    found = read(
        *event(
            "DTSTART;TZID=Europe/Berlin:20241021T090000",
            "DURATION:PT1H",
            "RRULE:FREQ=DAILY;COUNT=5",
            "RDATE;TZID=Europe/Berlin:20241101T090000,20241102T110000",
            "RDATE;VALUE=PERIOD:20241105T080000Z/PT15M",
            "EXDATE;TZID=Europe/Berlin:20241022T090000",
            "EXDATE:20241023T070000Z",
            "EXDATE;VALUE=DATE:20241024",
        )
    )
    assert starts(found) == [
        "2024-10-21T07:00",
        "2024-10-25T07:00",
        "2024-11-01T08:00",
        "2024-11-02T10:00",
        "2024-11-05T08:00",
    ]
    assert found.events[-1]["endAt"] == "2024-11-05T08:15:00.000Z"


def test_an_exception_leaves_out_its_own_instance_and_not_that_of_another_hour() -> None:
    # 09:00 in Berlin is 07:00 in UTC: an instance at 07:00 in Berlin is another one.
    found = read(
        *event(
            "DTSTART;TZID=Europe/Berlin:20241021T070000",
            "RRULE:FREQ=DAILY;COUNT=2;BYHOUR=7,9",
            "EXDATE;TZID=Europe/Berlin:20241021T090000",
        )
    )
    assert starts(found) == ["2024-10-21T05:00"]


def moved(*lines: str) -> tuple[str, ...]:
    return (
        *event(
            "DTSTART;TZID=Europe/Berlin:20241021T090000",
            "DTEND;TZID=Europe/Berlin:20241021T100000",
            "RRULE:FREQ=DAILY;COUNT=3",
        ),
        *event(*lines),
    )


def test_an_instance_that_moved_keeps_its_id() -> None:
    before = read(*moved("DTSTART:19900101T000000Z"))
    after = read(
        *moved(
            "RECURRENCE-ID;TZID=Europe/Berlin:20241022T090000",
            "DTSTART;TZID=Asia/Tokyo:20241130T100000",
            "DTEND;TZID=Asia/Tokyo:20241130T120000",
            "SUMMARY:Elsewhere",
        )
    )
    before = read(*moved("RECURRENCE-ID:20241022T070000Z", "DTSTART:20241022T070000Z"))
    assert starts(after) == ["2024-10-21T07:00", "2024-10-23T07:00", "2024-11-30T01:00"]
    assert {item["id"] for item in before.events} == {item["id"] for item in after.events}
    assert before.events[1]["id"] == after.events[2]["id"]
    assert after.events[2]["endAt"] == "2024-11-30T03:00:00.000Z"


def test_an_instance_that_moved_out_of_the_window_is_gone_from_it() -> None:
    found = read(*moved("RECURRENCE-ID:20241022T070000Z", "DTSTART:20250401T070000Z"))
    assert starts(found) == ["2024-10-21T07:00", "2024-10-23T07:00"]


def test_an_instance_that_is_called_off_is_marked_as_such() -> None:
    found = read(
        *moved("RECURRENCE-ID:20241022T070000Z", "DTSTART:20241022T070000Z", "STATUS:CANCELLED")
    )
    assert [item["status"] for item in found.events] == ["confirmed", "cancelled", "confirmed"]


def test_a_change_of_all_later_instances_moves_each_of_them_once() -> None:
    found = read(
        *moved(
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20241022T070000Z",
            "DTSTART:20241022T100000Z",
            "DTEND:20241022T103000Z",
        )
    )
    assert starts(found) == ["2024-10-21T07:00", "2024-10-22T10:00", "2024-10-23T10:00"]
    assert len({item["id"] for item in found.events}) == 3


def test_a_changed_instance_without_its_series_is_taken_alone() -> None:
    alone = event("RECURRENCE-ID:20241022T070000Z", "DTSTART:20241022T100000Z")
    whole = read(*moved("RECURRENCE-ID:20241022T070000Z", "DTSTART:20241022T100000Z"))
    assert only(read(*alone))["id"] == whole.events[1]["id"]


def test_a_series_of_days_may_have_an_instance_with_a_time() -> None:
    found = read(
        *event("DTSTART;VALUE=DATE:20241021", "RRULE:FREQ=DAILY;COUNT=3"),
        *event("RECURRENCE-ID;VALUE=DATE:20241022", "DTSTART:20241022T100000Z"),
    )
    assert starts(found) == ["2024-10-21", "2024-10-22T10:00", "2024-10-23"]


def test_a_series_of_long_ago_is_found_without_walking_through_the_years() -> None:
    found = read(*event("DTSTART:19200101T090000Z", "RRULE:FREQ=DAILY;INTERVAL=30"))
    assert found.warnings == []
    assert starts(found) == ["2024-10-21T09:00", "2024-11-20T09:00", "2024-12-20T09:00"]


def test_an_instance_under_way_at_the_start_of_the_window_is_in_it() -> None:
    found = read(*event("DTSTART:20240128T090000Z", "DURATION:P5D", "RRULE:FREQ=MONTHLY;COUNT=9"))
    assert starts(found) == ["2024-09-28T09:00"]


def test_the_same_file_again_gives_the_same_and_other_users_get_other_ids() -> None:
    first = read(*REALISTIC)
    assert read(*REALISTIC) == first
    mine = {item["id"] for item in first.events + first.tasks}
    theirs = read(*REALISTIC, user="ben")
    assert mine.isdisjoint(item["id"] for item in theirs.events + theirs.tasks)


def test_a_later_window_gives_the_same_ids_to_the_same_instances() -> None:
    series = event("DTSTART:20240101T090000Z", "RRULE:FREQ=WEEKLY")
    first, second = read(*series), read(*series, start=from_text("2024-12-01T00:00:00Z"))
    assert second.events == first.events[-len(second.events) :]


# What goes wrong


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=SECONDLY;COUNT=999999999",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9;BYMINUTE=1,2,3,4,5,6,7,8,9;BYSECOND=1,2,3,4,5,6",
    ],
)
def test_a_bomb_of_instances_is_cut_short_and_said(rule: str) -> None:
    found = read(*event("DTSTART:20241001T000000Z", f"RRULE:{rule}"))
    assert len(found.events) == MAX_INSTANCES
    assert len(found.warnings) == 1
    assert "'one'" in found.warnings[0]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=YEARLY;INTERVAL=1000000000000000000000",
        "FREQ=SECONDLY;INTERVAL=1000000000000000000000",
        "FREQ=DAILY;INTERVAL=1000000000000000000000",
        "FREQ=WEEKLY;INTERVAL=52;BYMONTH=3;COUNT=5",
        "FREQ=SECONDLY;COUNT=5;BYHOUR=0;BYMINUTE=0;BYSECOND=1",
    ],
)
def test_a_rule_that_never_or_hardly_ever_applies_comes_to_an_end(rule: str) -> None:
    found = read(*event("DTSTART:20241023T090000Z", f"RRULE:{rule}"))
    assert starts(found)[0] == "2024-10-23T09:00"
    assert len(found.events) <= 5


def test_many_bombs_in_one_file_share_one_budget() -> None:
    bombs = [
        line
        for number in range(60)
        for line in event(
            "DTSTART:19010101T000000Z",
            "RRULE:FREQ=SECONDLY;COUNT=999999999",
            uid=f"bomb-{number}",
        )
    ]
    found = read(*bombs, *event("DTSTART:20241023T090000Z", uid="fine"))
    assert any("the file holds too much" in warning for warning in found.warnings)
    assert not found.complete
    assert "2024-10-23T09:00" in starts(found)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=NEVER", "COUNT=3", "nonsense", "FREQ=", "FREQ=DAILY;RSCALE=CHINESE", "W1 MO #4"],
)
def test_a_rule_that_is_none_leaves_the_first_instance_and_a_warning(rule: str) -> None:
    found = read(*event("DTSTART:20241023T090000Z", f"RRULE:{rule}"))
    assert starts(found) == ["2024-10-23T09:00"]
    assert len(found.warnings) == 1
    assert "only its first time was taken" in found.warnings[0]


@pytest.mark.parametrize(
    ("part", "name"),
    [("INTERVAL=0", "INTERVAL"), ("BYEASTER=1", "BYEASTER"), ("BYDAY=99XX", "BYDAY"),
     ("BYMONTH=13", "BYMONTH"), ("COUNT=-1", "COUNT"), ("COUNT=0", "COUNT"), ("UNTIL=x", "UNTIL"),
     ("WKST=XX", "WKST"), ("BYHOUR=24", "BYHOUR"), ("COUNT=1,2", "COUNT"), ("BYDAY=", "BYDAY")],
)  # fmt: skip
def test_an_impossible_part_of_a_rule_costs_itself_alone(part: str, name: str) -> None:
    rule = f"RRULE:FREQ=MONTHLY;{part};BYMONTHDAY=23"
    found = read(*event("DTSTART:20241023T090000Z", rule))
    assert starts(found) == ["2024-10-23T09:00", "2024-11-23T09:00", "2024-12-23T09:00"]
    (warning,) = found.warnings
    assert name in warning
    assert "ignored" in warning


def test_a_broken_component_costs_itself_alone() -> None:
    found = read(
        *event("DTSTART:yesterday", uid="no date"),
        *event(uid="dateless"),
        *event("DTSTART:00010101T000000Z", uid="roman"),
        "BEGIN:VEVENT",
        "UID:never ended",
        "DTSTART:20241023T090000Z",
        *event("this is no line", "DTSTART:20241023T090000Z", "RDATE:;;", uid="odd"),
        *event("DTSTART:20241024T090000Z", uid="fine"),
    )
    assert starts(found) == ["2024-10-23T09:00", "2024-10-24T09:00"]
    assert found.warnings == [
        "event 'no date' has a DTSTART that is not a date; it was left out",
        "event 'dateless' has no DTSTART; it was left out",
        "event 'never ended' has no end; it was left out",
        "event 'odd' has an RDATE that can't be read",
    ]


def test_an_alarm_inside_an_event_changes_nothing_of_it() -> None:
    item = only(
        read(
            *event(
                "DTSTART:20241023T090000Z",
                "BEGIN:VALARM",
                "SUMMARY:Wake up",
                "DURATION:PT5M",
                "END:VALARM",
                "DTEND:20241023T100000Z",
            )
        )
    )
    assert (item["title"], item["endAt"]) == ("Thing", "2024-10-23T10:00:00.000Z")


def test_long_texts_are_clipped_with_a_warning() -> None:
    found = read(
        *event("DTSTART:20241023T090000Z", f"LOCATION:{'x' * 1001}"),
        *todo(f"DESCRIPTION:{'y' * 100_001}"),
    )
    assert found.events[0]["location"] == "x" * 999 + "…"
    assert len(found.tasks[0]["description"]) == 100_000
    assert found.warnings == [
        "event 'one' has a location of 1,001 characters; the first 1,000 were taken",
        "to-do 'one' has a description of 100,001 characters; the first 100,000 were taken",
    ]


def test_titles_are_one_line_and_never_empty() -> None:
    found = read(
        "BEGIN:VEVENT", "UID:a", "DTSTART:20241023T090000Z", "SUMMARY: \\n\x07", "END:VEVENT",
        "BEGIN:VEVENT", "UID:b", "DTSTART:20241023T090001Z", "SUMMARY:One\\ntwo", "END:VEVENT",
    )  # fmt: skip
    assert [item["title"] for item in found.events] == ["(untitled)", "One two"]


def test_folded_lines_may_be_folded_in_the_middle_of_a_character() -> None:
    body = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20241023T090000Z\nSUMMARY:Grüße\n"
    data = (body + "END:VEVENT\nEND:VCALENDAR").encode().replace(b"\xc3\xbc", b"\xc3\r\n \xbc")
    assert parse(data).events[0]["title"] == "Grüße"


def test_other_encodings_are_read_too() -> None:
    text = "\r\n".join(
        ["BEGIN:VCALENDAR", *event("DTSTART:20241023T090000Z", "LOCATION:Küche"), "END:VCALENDAR"]
    )
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        found = parse(text.encode(encoding))
        assert found.events[0]["location"] == "Küche", encoding
        assert bool(found.warnings) is (encoding == "cp1252")


def test_events_without_a_uid_keep_their_ids_too() -> None:
    lines = ("BEGIN:VEVENT", "SUMMARY:X", "DTSTART:20241023T090000Z", "END:VEVENT",
             "BEGIN:VEVENT", "SUMMARY:Y", "DTSTART:20241023T090000Z", "END:VEVENT")  # fmt: skip
    assert len(read(*lines).events) == 2
    assert read(*lines) == read(*lines)


def test_of_events_that_share_a_uid_the_newest_is_taken_and_it_is_said() -> None:
    found = read(
        *event("DTSTART:20241023T090000Z", "SEQUENCE:2"),
        *event("DTSTART:20241022T090000Z", "SEQUENCE:1"),
    )
    assert starts(found) == ["2024-10-23T09:00"]
    assert len(found.warnings) == 1


def parse(data: bytes, **more: Any) -> CalendarImport:
    given: dict[str, Any] = {
        "user_id": "ada",
        "project_id": "home",
        "zone": "Europe/Berlin",
        "window_start": START,
        "window_end": END,
        "now": START,
        "email": "ada@example.org",
    }
    return parse_calendar(data, Reader(**(given | more)))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"<html>", b"BEGIN:VCARD\nEND:VCARD", b"\xff\xfe"])
def test_a_file_that_is_no_calendar_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_an_empty_calendar_is_one() -> None:
    assert parse(b"\nBEGIN:VCALENDAR\nEND:VCALENDAR") == CalendarImport([], [], [])


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        parse(b"BEGIN:VCALENDAR\n" + b"X" * MAX_BYTES)


def test_a_window_or_zone_that_cannot_be_is_refused() -> None:
    calendar = b"BEGIN:VCALENDAR\nEND:VCALENDAR"
    with pytest.raises(Unprocessable):
        parse(calendar, window_end=START)
    with pytest.raises(Unprocessable):
        parse(calendar, window_start=datetime(1, 1, 1, tzinfo=UTC))
    with pytest.raises(Unprocessable):
        parse(calendar, zone="Nowhere")


# To-dos


def test_a_to_do_becomes_a_task() -> None:
    item = only(
        read(
            *todo(
                "DESCRIPTION:Line one\\nline two",
                "DTSTART;TZID=Europe/Berlin:20241023T003000",
                "DUE;TZID=Europe/Berlin:20241024T120000",
                "STATUS:IN-PROCESS",
                "PRIORITY:1",
            )
        )
    )
    assert is_outside_id(item.pop("id"))
    assert item == {
        "projectId": "home",
        "title": "Thing",
        "description": "Line one\nline two",
        "status": "in_progress",
        "priority": "urgent",
        "startDate": "2024-10-23",
        "dueDate": None,
        "dueAt": "2024-10-24T10:00:00.000Z",
        "completedAt": None,
    }


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DUE;VALUE=DATE:20241024"], {"dueDate": "2024-10-24", "dueAt": None}),
        (["DTSTART;VALUE=DATE:20241024", "DURATION:P2D"], {"dueDate": "2024-10-26"}),
        (["STATUS:COMPLETED"], {"status": "done", "completedAt": None}),
        (
            ["COMPLETED:20241022T100000Z"],
            {"status": "done", "completedAt": "2024-10-22T10:00:00.000Z"},
        ),
        (["STATUS:NEEDS-ACTION", "COMPLETED:20241022T100000Z"], {"completedAt": None}),
        (["PERCENT-COMPLETE:100"], {"status": "done"}),
        (["PERCENT-COMPLETE:40"], {"status": "in_progress"}),
        ([], {"status": "todo", "priority": "medium"}),
        (["PRIORITY:0"], {"priority": "medium"}),
        (["PRIORITY:4"], {"priority": "high"}),
        (["PRIORITY:5"], {"priority": "medium"}),
        (["PRIORITY:9"], {"priority": "low"}),
    ],
)
def test_what_a_to_do_says_is_kept(lines: list[str], expected: dict[str, Any]) -> None:
    item = only(read(*todo(*lines)))
    assert {name: item[name] for name in expected} == expected


def test_to_dos_that_are_called_off_or_have_no_project_are_left_out() -> None:
    assert read(*todo("STATUS:CANCELLED")).tasks == []
    found = read(*todo(), project=None)
    assert (found.tasks, found.warnings) == (
        [],
        ["to-dos need a project; left out: 1"],
    )


def test_a_date_of_a_to_do_that_is_none_costs_only_itself() -> None:
    found = read(*todo("DUE:soon", "PRIORITY:high"))
    assert (found.tasks[0]["dueDate"], found.tasks[0]["priority"]) == (None, "medium")
    assert found.warnings == ["to-do 'one' has a DUE that is not a date; it was left out"]


# Anything at all

lines = st.sampled_from(
    [
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTODO",
        "END:VTODO", "BEGIN:VALARM", "END:VALARM", "BEGIN:VTIMEZONE", "END:VTIMEZONE",
        "BEGIN:STANDARD", "END:STANDARD", "TZID:X", "TZOFFSETFROM:+0100", "TZOFFSETTO:-9999",
        "UID:1", "UID:2", "UID:\x00", "SUMMARY:x\\", "SUMMARY;X=:", "STATUS:CANCELLED",
        "DTSTART:20241023T090000Z", "DTSTART;TZID=X:20241023T090000", "DTSTART:20241023",
        "DTSTART:99991231T235959Z", "DTSTART;TZID=Europe:19010101T000000", "DTSTART:090000",
        "DTEND:20241027T023000", "DTEND:20241020", "DUE:20241023", "DURATION:-P1W",
        "DURATION:P9999W", "DURATION:20241023", "SEQUENCE:5", "SEQUENCE:", "PRIORITY:x",
        "PERCENT-COMPLETE:x", "COMPLETED:20240101", "METHOD:CANCEL", "LOCATION:\u2028",
        "RECURRENCE-ID:20241023T090000Z", "RECURRENCE-ID;VALUE=DATE:20241024",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=X:20241023T090000", "RECURRENCE-ID:",
        "RRULE:FREQ=DAILY;COUNT=5", "RRULE:FREQ=WEEKLY;UNTIL=20241101", "RRULE:",
        "RRULE:FREQ=SECONDLY;BYDAY=MO", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU;UNTIL=99991231T235959Z",
        "RDATE:20241101T090000Z,20241102", "RDATE;VALUE=PERIOD:20241105T080000Z/PT15M",
        "RDATE;VALUE=PERIOD:20241105T080000Z/20241104T080000Z", "RDATE:", "RDATE:,,",
        "EXDATE:20241023T090000Z", "EXDATE;VALUE=DATE:20241024", "EXDATE:",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org", "ATTENDEE:", ' "', ";", ":",
    ]
)  # fmt: skip


def acceptable(found: CalendarImport) -> None:
    """What came out is what a sync takes, each item with an id of its own."""
    batch = read_sync({"events": found.events, "tasks": found.tasks})
    assert batch.faults == []
    now = START
    for kind in (EVENTS, TASKS):
        for item in batch.items[kind.name]:
            merged = kind.defaults() | item.given
            assert list(kind.normalise(None, item.given, merged, now)) == []


@given(st.lists(lines | st.text(max_size=30), max_size=40))
@example(["BEGIN:VEVENT", "DTSTART:20241023", "RDATE:20241101T090000Z,20241102", "END:VEVENT"])
@settings(max_examples=150)
def test_no_file_does_more_than_be_refused(body: list[str]) -> None:
    acceptable(read(*body, project="home"))


@given(
    st.lists(
        st.lists(lines.filter(lambda line: not line.startswith(("BEGIN", "END"))), max_size=9),
        max_size=5,
    )
)
@settings(max_examples=150)
def test_no_event_does_more_than_be_left_out(events: list[list[str]]) -> None:
    body = [line for part in events for line in ("BEGIN:VEVENT", *part, "END:VEVENT")]
    acceptable(read(*custom_zone("X", "+0100", "+0200"), *body))


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_no_bytes_raise_anything_but_what_the_box_says(data: bytes) -> None:
    try:
        acceptable(parse(data))
        acceptable(parse(b"BEGIN:VCALENDAR\n" + data))
    except BoxError:
        pass


# All the way

REALISTIC = (
    "METHOD:PUBLISH",
    "X-WR-CALNAME:Ada",
    *custom_zone("W. Europe Standard Time", "+0100", "+0200"),
    "BEGIN:VEVENT",
    "DTSTAMP:20241001T120000Z",
    "UID:040000008200E00074C5B7101A82E008",
    "SUMMARY;LANGUAGE=en-US:Stand-up",
    "DTSTART;TZID=W. Europe Standard Time:20240902T091500",
    "DTEND;TZID=W. Europe Standard Time:20240902T093000",
    "RRULE:FREQ=WEEKLY;UNTIL=20250630T071500Z;INTERVAL=1;BYDAY=MO,WE;WKST=MO",
    "EXDATE;TZID=W. Europe Standard Time:20241028T091500",
    "ORGANIZER;CN=Ben:mailto:ben@example.org",
    "ATTENDEE;PARTSTAT=ACCEPTED;CN=Ada:mailto:ada@example.org",
    "DESCRIPTION:A long text that is folded by whoever wrote the file\\, as the",
    "  standard wants.",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
    "BEGIN:VALARM",
    "TRIGGER:-PT15M",
    "ACTION:DISPLAY",
    "END:VALARM",
    "END:VEVENT",
    "BEGIN:VEVENT",
    "UID:040000008200E00074C5B7101A82E008",
    "RECURRENCE-ID;TZID=W. Europe Standard Time:20241023T091500",
    "SUMMARY:Stand-up (later today)",
    "DTSTART;TZID=W. Europe Standard Time:20241023T140000",
    "DTEND;TZID=W. Europe Standard Time:20241023T141500",
    "END:VEVENT",
    *event("DTSTART;VALUE=DATE:19900705", "RRULE:FREQ=YEARLY", "TRANSP:TRANSPARENT", uid="born"),
    *event("DTSTART;VALUE=DATE:20241025", "DTEND;VALUE=DATE:20241028", uid="trip@example.org"),
    *event("DTSTART:20241024T130000Z", "DURATION:PT45M", "STATUS:CANCELLED", uid="dentist"),
    *todo("DUE;VALUE=DATE:20241031", "PRIORITY:2", uid="tax"),
    *todo("STATUS:COMPLETED", "COMPLETED:20241020T080000Z", uid="call"),
)


async def test_a_real_file_passes_a_sync_and_is_in_the_calendar(box: BoxWorld) -> None:
    await box.person("ada", zone="Europe/Berlin")
    await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
    day = from_text("2024-10-21T00:00:00Z")
    found = read(*REALISTIC, start=day, end=day + timedelta(days=14))
    assert found.warnings == []

    first = await box.sync(events=found.events, tasks=found.tasks)
    assert first["changed"]["events"]["created"] == len(found.events) == 5
    assert first["changed"]["tasks"]["created"] == 2

    shown = (await box.get("/users/ada/calendar-events"))["items"]
    assert sorted(
        (item["title"], item["startAt"] or item["startDate"], item["status"]) for item in shown
    ) == [
        ("Stand-up", "2024-10-21T07:15:00.000Z", "confirmed"),
        ("Stand-up", "2024-10-30T08:15:00.000Z", "confirmed"),
        ("Stand-up (later today)", "2024-10-23T12:00:00.000Z", "confirmed"),
        ("Thing", "2024-10-24T13:00:00.000Z", "cancelled"),
        ("Thing", "2024-10-25", "confirmed"),
    ]

    again = await box.sync(events=found.events, tasks=found.tasks)
    for name in ("events", "tasks"):
        counts = again["changed"][name]
        assert (counts["created"], counts["updated"], counts["deleted"]) == (0, 0, 0)


async def test_a_second_import_moves_what_the_file_has_moved(box: BoxWorld) -> None:
    await box.person("ada")
    before = read(*event("DTSTART:20241023T090000Z", "DTEND:20241023T100000Z"))
    after = read(*event("DTSTART;VALUE=DATE:20241024"))
    await box.sync(events=before.events)
    changed = (await box.sync(events=after.events))["changed"]["events"]
    assert (changed["created"], changed["updated"]) == (0, 1)
    (shown,) = (await box.get("/users/ada/calendar-events"))["items"]
    assert (shown["allDay"], shown["startAt"], shown["startDate"]) == (True, None, "2024-10-24")
