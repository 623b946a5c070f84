"""Calendars as programs really write them, rebuilt small, and the right value beside each.

A comment names where such a file was reported: project and number. No text is anyone's.
"""

from datetime import timedelta

import pytest

from buildos_box.calendars.ics.reader import CalendarImport, Reader, parse_calendar
from buildos_box.clock import from_text

START = from_text("2026-01-01T00:00:00Z")
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def read(
    body: bytes | str, *, zone: str = BERLIN, days: int = 364, charset: str | None = None
) -> CalendarImport:
    reader = Reader(
        user_id="ada",
        project_id="home",
        zone=zone,
        window_start=START,
        window_end=START + timedelta(days=days),
        now=START,
        charset=charset,
    )
    return parse_calendar(body.encode() if isinstance(body, str) else body, reader)


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def event(*lines: str, uid: str = "a", title: str = "t") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}", *lines, "END:VEVENT")


def todo(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VTODO", "UID:a", "SUMMARY:t", *lines, "END:VTODO")


def times(found: CalendarImport) -> list[str]:
    """`start/end` of each event: days, or instants in UTC to the minute."""
    return [
        f"{item['startDate']}/{item['endDate']}"
        if item["allDay"]
        else f"{item['startAt'][:16]}/{(item['endAt'] or '')[:16]}"
        for item in found.events
    ]


def titles(found: CalendarImport) -> list[str]:
    return [item["title"] for item in found.events]


EUROPE = (
    "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
)  # fmt: skip
NEW_YORK_RULES = (
    "BEGIN:STANDARD", "DTSTART:16010101T020000", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
)  # fmt: skip


# TZID is TEXT, and its value may be defined in the file


@pytest.mark.parametrize(
    ("name", "defined", "start"),
    [
        # sabre-io/vobject 618: commas unescaped on both sides
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien",
         "(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", "2026-07-01T07:00"),
        # jens-maus/node-ical 246: escaped in the definition alone
        ("(UTC+00:00) Invented, Places", "(UTC+00:00) Invented\\, Places", "2026-07-01T07:00"),
        # runely/calendar-homey 680
        ("Customized Time Zone", "Customized Time Zone", "2026-07-01T07:00"),
        # jens-maus/node-ical 56
        ("tzone://Microsoft/Custom", "tzone://Microsoft/Custom", "2026-07-01T07:00"),
        # collective/icalendar 351: blanks around and inside
        (" Somewhere  nice ", "Somewhere nice", "2026-07-01T07:00"),
        # collective/icalendar 237: not ASCII
        ("(GMT +01.00) İstanbul/Ümlaut", "(GMT +01.00) İstanbul/Ümlaut", "2026-07-01T07:00"),
        ("Semicolon\\; Land", "Semicolon\\; Land", "2026-07-01T07:00"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_zone_is_found_by_its_name_however_it_is_escaped(
    name: str, defined: str, start: str, quote: str
) -> None:
    zone = ("BEGIN:VTIMEZONE", f"TZID:{defined}", *EUROPE)
    found = read(
        calendar(*zone, *event(f"DTSTART;TZID={quote}{name}{quote}:20260701T090000")),
        zone="Asia/Tokyo",
    )
    assert [time[:16] for time in times(found)] == [start]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("summer", "start"),
    [
        # derekantrican/GAS-ICS-Sync 23: EST that has a summer time
        (NEW_YORK_RULES, "2026-07-01T13:00"),
        ((), "2026-07-01T14:00"),
    ],
)
def test_an_abbreviation_is_what_the_file_defines_it_to_be(
    summer: tuple[str, ...], start: str
) -> None:
    zone = ("BEGIN:VTIMEZONE", "TZID:EST", *summer) if summer else ()
    found = read(calendar(*zone, *event("DTSTART;TZID=EST:20260701T090000")))
    assert [time[:16] for time in times(found)] == [start]


# Zone names without a definition


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        # OzzyCzech/icalparser 44
        ("W. Europe Standard Time 1", "08:00", "07:00"),
        # derekantrican/GAS-ICS-Sync 219
        ("Eastern Standard Time 1", "14:00", "13:00"),
        # naimo84/node-red-contrib-ical-events 51
        ("pacific standard time", "17:00", "16:00"),
        ("Mountain Daylight Time", "16:00", "15:00"),
        # jens-maus/node-ical 246
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "09:00", "08:00"),
        # closeio/sync-engine 370: without the bracket
        ("Dublin, Edinburgh, Lisbon, London", "09:00", "08:00"),
        # sabre-io/vobject 618, 713: in another language
        ("Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", "08:00", "07:00"),
        # derekantrican/GAS-ICS-Sync 194
        ("(UTC+08:00) Perth", "01:00", "01:00"),
        ("(GMT-06:00) Central Time (US & Canada)", "15:00", "14:00"),
        ("(UTC-07:00) Arizona", "16:00", "16:00"),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "03:30", "03:30"),
        ("Greenwich Mean Time; Dublin, Edinburgh, London", "09:00", "08:00"),
        # Lotus Notes, in the tables of sabre-io/vobject
        ("Eastern", "14:00", "13:00"),
        # closeio/sync-engine 370
        ("tzone://Microsoft/Utc", "09:00", "09:00"),
        ("UTC", "09:00", "09:00"),
        # t4t5/caldir 42
        ("GMT+0530", "03:30", "03:30"),
        ("GMT-0330", "12:30", "12:30"),
        ("UTC+02:00", "07:00", "07:00"),
        ("+0100", "08:00", "08:00"),
        # By POSIX west is positive in these, and IANA has them so
        ("Etc/GMT+5", "14:00", "14:00"),
        # lau/tzdata 153
        ("PST", "17:00", "17:00"),
        ("CEST", "07:00", "07:00"),
        ("jst", "00:00", "00:00"),
        # md-arif-shaikh/tzc 5
        ("UK/London", "09:00", "08:00"),
        # t4t5/caldir 42, collective/icalendar 466
        ("/mozilla.org/20070129_1/Europe/Berlin", "08:00", "07:00"),
        ("/freeassociation.sourceforge.net/America/New_York", "14:00", "13:00"),
        ("AMERICA/NEW YORK", "14:00", "13:00"),
        ("US/Eastern", "14:00", "13:00"),
    ],
)  # fmt: skip
def test_a_zone_is_known_by_the_name_alone(name: str, winter: str, summer: str) -> None:
    found = read(
        calendar(
            *event(f"DTSTART;TZID={name}:20260115T090000", uid="winter"),
            *event(f'DTSTART;TZID="{name}":20260715T090000', uid="summer"),
        ),
        zone="Asia/Tokyo",
    )
    assert [time[11:16] for time in times(found)] == [winter, summer]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("IST", "several meanings"),
        ("CST", "several meanings"),
        ("BST", "several meanings"),
        # allenporter/ical 468: without the definition that it needs
        ("Customized Time Zone", "is not known"),
        # allenporter/ical, office_365_invalid_timezone
        ("Invalid/Random/Zone", "is not known"),
        ("", "without a name"),
        # An offset that no such place has any more: the offset is what can be trusted
        ("(UTC-04:30) Caracas", "its offset was used"),
        ("(UTC-04:30) Pacific Time (US & Canada)", "its offset was used"),
    ],
)
def test_a_zone_that_means_nothing_is_said_and_never_silent(name: str, note: str) -> None:
    found = read(calendar(*event(f"DTSTART;TZID={name}:20260115T090000")))
    expected = "13:30" if "04:30" in name else "08:00"
    assert [time[11:16] for time in times(found)] == [expected]
    (warning,) = found.warnings
    assert note in warning


# X-WR-TIMEZONE


@pytest.mark.parametrize(
    ("zone", "lines", "expected"),
    [
        # spatie/icalendar-generator 137, derekantrican/GAS-ICS-Sync 34
        ("Europe/Amsterdam", ["DTSTART:20260701T090000"], ["2026-07-01T07:00/"]),
        # webuildsg/webuild 26
        ("Asia/Singapore", ["DTSTART:20260701T090000"], ["2026-07-01T01:00/"]),
        # fmeum/ics2gcal 2
        ("America/Los_Angeles", ["DTSTART:20260701T090000"], ["2026-07-01T16:00/"]),
        # u01jmg3/ics-parser 245: an instant in UTC stays where it is
        ("UTC", ["DTSTART:20260701T090000Z"], ["2026-07-01T09:00/"]),
        ("Europe/Brussels", ["DTSTART:20260701T090000Z"], ["2026-07-01T09:00/"]),
        # niccokunzmann/x-wr-timezone: and repeats by the clocks of the calendar
        (
            "Europe/Berlin",
            ["DTSTART:20260328T080000Z", "RRULE:FREQ=DAILY;COUNT=2"],
            ["2026-03-28T08:00/", "2026-03-29T07:00/"],
        ),
        # A zone in the property itself goes before
        ("Asia/Tokyo", ["DTSTART;TZID=Europe/Berlin:20260701T090000"], ["2026-07-01T07:00/"]),
        ("Pacific Standard Time", ["DTSTART:20260701T090000"], ["2026-07-01T16:00/"]),
        ("Asia/Tokyo", ["DTSTART;VALUE=DATE:20260701"], ["2026-07-01/2026-07-02"]),
    ],
)
def test_the_calendars_own_zone_is_that_of_floating_times(
    zone: str, lines: list[str], expected: list[str]
) -> None:
    found = read(calendar(f"X-WR-TIMEZONE:{zone}", *event(*lines)), zone=NEW_YORK)
    assert times(found) == expected
    assert found.warnings == []


def test_a_calendars_zone_that_is_none_is_said() -> None:
    found = read(calendar("X-WR-TIMEZONE:Nowhere", *event("DTSTART:20260701T090000")))
    assert times(found) == ["2026-07-01T07:00/"]
    assert "'Nowhere' is not known" in found.warnings[0]


# Floating next to zoned times


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # apple/ccs-calendarserver 13
        (["DTSTART;TZID=America/New_York:20260115T090000", "DTEND:20260115T100000"],
         ["2026-01-15T14:00/2026-01-15T15:00"]),
        # bitfireAT/davdroid 405
        (["DTSTART:20260115T130000Z", "DTEND;VALUE=DATE-TIME:20260115T180000Z"],
         ["2026-01-15T13:00/2026-01-15T18:00"]),
        (["DTSTART:20260115T130000Z", "DTEND:20260115T140000"],
         ["2026-01-15T13:00/2026-01-15T14:00"]),
        # SimpleMobileTools/Simple-Calendar 1866
        (["DTSTART;TZID=Asia/Almaty:20260115T130000", "DTEND;TZID=UTC:20260115T093000"],
         ["2026-01-15T08:00/2026-01-15T09:30"]),
        # spatie/calendar-links 235
        (["DTSTART;TZID=Asia/Tokyo:20260315T090000",
          "DTEND;TZID=America/Los_Angeles:20260314T183000"],
         ["2026-03-15T00:00/2026-03-15T01:30"]),
        # iobroker-community-adapters/ioBroker.ical 130, with exceptions that name no zone
        (["DTSTART;TZID=America/New_York:20260115T090000", "RRULE:FREQ=DAILY;COUNT=3",
          "EXDATE:20260116T090000"], ["2026-01-15T14:00/", "2026-01-17T14:00/"]),
        (["DTSTART;TZID=America/New_York:20260115T090000", "RDATE:20260201T090000"],
         ["2026-01-15T14:00/", "2026-02-01T14:00/"]),
    ],
)  # fmt: skip
def test_a_floating_time_is_in_the_zone_of_its_start(lines: list[str], expected: list[str]) -> None:
    assert times(read(calendar(*event(*lines)))) == expected


def test_a_changed_instance_may_be_named_without_the_zone() -> None:
    # ical4j/ical4j 85
    found = read(
        calendar(
            *event("DTSTART;TZID=US/Eastern:20260601T200000", "RRULE:FREQ=DAILY;COUNT=2"),
            *event("RECURRENCE-ID:20260602T200000", "DTSTART;TZID=US/Eastern:20260602T210000"),
        )
    )
    assert times(found) == ["2026-06-02T00:00/", "2026-06-03T01:00/"]


# Series of long ago


@pytest.mark.parametrize(
    ("first", "rule", "expected"),
    [
        # MagicMirrorOrg/MagicMirror 2639
        ("18301111", "FREQ=YEARLY;INTERVAL=1", ["2026-11-11/2026-11-12"]),
        ("19301111", "FREQ=YEARLY;INTERVAL=1", ["2026-11-11/2026-11-12"]),
        # Contacts without a year: Apple writes 1604, a leap year
        ("16040229", "FREQ=YEARLY", []),
        ("16040301", "FREQ=YEARLY", ["2026-03-01/2026-03-02"]),
        # u01jmg3/ics-parser 282, MagicMirrorOrg/MagicMirror 3047: Google's birthdays
        ("18800214", "FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTHDAY=14", ["2026-02-14/2026-02-15"]),
        ("00010101", "FREQ=YEARLY", ["2026-01-01/2026-01-02"]),
    ],
)
def test_a_series_may_begin_in_any_year(first: str, rule: str, expected: list[str]) -> None:
    found = read(calendar(*event(f"DTSTART;VALUE=DATE:{first}", f"RRULE:{rule}")))
    assert times(found) == expected
    assert found.warnings == []


def test_a_timed_series_of_long_ago_keeps_its_time_of_day() -> None:
    found = read(
        calendar(*event("DTSTART;TZID=Europe/Berlin:18500701T090000", "RRULE:FREQ=YEARLY"))
    )
    assert times(found) == ["2026-07-01T07:00/"]


def test_times_of_day_in_a_rule_of_days_are_ignored() -> None:
    # allenporter/ical and RFC 5545, 3.3.10
    rule = "RRULE:FREQ=DAILY;BYHOUR=8,9;BYMINUTE=1,2;BYSECOND=3;COUNT=2"
    found = read(calendar(*event("DTSTART;VALUE=DATE:20260105", rule)))
    assert times(found) == ["2026-01-05/2026-01-06", "2026-01-06/2026-01-07"]


# Rules with impossible parts


@pytest.mark.parametrize(
    ("rule", "days", "notes"),
    [
        # SimpleMobileTools/Simple-Calendar 1831
        ("FREQ=DAILY;UNTIL=20260117T130000;COUNT=-1;INTERVAL=1", [15, 16, 17], 1),
        # pimutils/vdirsyncer 1052, sabre-io/dav 1455
        ("FREQ=DAILY;COUNT=0;UNTIL=20260116T220000Z", [15, 16], 1),
        # aluxnimm/outlookcaldavsynchronizer 30, dateutil/dateutil 1113: both limits hold
        ("FREQ=DAILY;COUNT=3;UNTIL=20260116T235900", [15, 16], 0),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260130", [15, 16], 0),
        # u01jmg3/ics-parser 294
        ("FREQ=DAILY;COUNT=1", [15], 0),
        # duckduckgo/apple-browsers 4797: an UNTIL in another form is no reason for no end
        ("FREQ=DAILY;UNTIL=2026-01-16", [15, 16], 0),
        ("FREQ=DAILY;UNTIL=2026-01-16T12:00:00Z", [15, 16], 0),
        ("freq=daily; count=2;", [15, 16], 0),
        # iobroker-community-adapters/ioBroker.ical 98: it ends before it begins
        ("FREQ=YEARLY;UNTIL=20260114T230000Z;INTERVAL=1;BYMONTHDAY=15;BYMONTH=1", [15], 0),
    ],
)
def test_an_impossible_part_of_a_rule_costs_itself_alone(
    rule: str, days: list[int], notes: int
) -> None:
    found = read(calendar(*event("DTSTART;TZID=Europe/Berlin:20260115T120000", f"RRULE:{rule}")))
    assert [int(time[8:10]) for time in times(found)] == days
    assert len(found.warnings) == notes


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        # libical/libical 754: every day, but not a week after the first
        (["RRULE:FREQ=DAILY;COUNT=9", "EXRULE:FREQ=WEEKLY"], [2, 3, 4, 5, 6, 7, 9]),
        # SimpleMobileTools/Simple-Calendar 2088: each week but every second
        (["RRULE:FREQ=WEEKLY;COUNT=4", "EXRULE:FREQ=WEEKLY;INTERVAL=2"], [8, 22]),
        # digitaldonkey/open-source-event-calendar 45: an ordinal weekday
        (["RRULE:FREQ=WEEKLY;COUNT=4", "EXRULE:FREQ=MONTHLY;WKST=MO;BYDAY=3TH"], [1, 8, 22]),
        # icalendar/icalendar 139
        (["RRULE:FREQ=DAILY;COUNT=3", "EXRULE:FREQ=DAILY;UNTIL=20260102T100000Z"], [3]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXRULE:nonsense"], [1, 2, 3]),
        (["EXRULE:FREQ=DAILY"], [1]),
    ],
)
def test_an_exception_rule_leaves_out_what_it_says(lines: list[str], days: list[int]) -> None:
    found = read(calendar(*event("DTSTART:20260101T100000Z", *lines)))
    assert [int(time[8:10]) for time in times(found)] == days
    assert bool(found.warnings) is ("nonsense" in lines[-1])


# Clocks that change


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # mangstadt/biweekly 38: 02:30 does not exist on 8 March
        (["DTSTART;TZID=America/Los_Angeles:20260301T023000", "RRULE:FREQ=WEEKLY;COUNT=3"],
         ["2026-03-01T10:30/", "2026-03-08T10:30/", "2026-03-15T09:30/"]),
        # ggaabe/rrule-temporal 136, sabre-io/vobject 648: later ones are at their own time
        (["DTSTART;TZID=Europe/Berlin:20260328T023000", "DTEND;TZID=Europe/Berlin:20260328T033000",
          "RRULE:FREQ=DAILY;COUNT=3"],
         ["2026-03-28T01:30/2026-03-28T02:30", "2026-03-29T01:30/2026-03-29T02:30",
          "2026-03-30T00:30/2026-03-30T01:30"]),
        # libical/libical 318: by the hour, each instant once
        (["DTSTART;TZID=Europe/Vienna:20260329T013000", "RRULE:FREQ=HOURLY;COUNT=3"],
         ["2026-03-29T00:30/", "2026-03-29T01:30/"]),
        # A single event in the gap is an hour long as well
        (["DTSTART;TZID=Europe/Berlin:20260329T023000", "DTEND;TZID=Europe/Berlin:20260329T033000"],
         ["2026-03-29T01:30/2026-03-29T02:30"]),
        # remotehour/rrule-duration 213: eight hours by the clock stay so
        (["DTSTART;TZID=Europe/Berlin:20261024T220000", "DTEND;TZID=Europe/Berlin:20261025T060000",
          "RRULE:FREQ=DAILY;COUNT=2"],
         ["2026-10-24T20:00/2026-10-25T05:00", "2026-10-25T21:00/2026-10-26T05:00"]),
        # RFC 5545, 3.3.6: hours are exact, days are days
        (["DTSTART;TZID=Europe/Berlin:20261023T120000", "DURATION:PT24H",
          "RRULE:FREQ=DAILY;COUNT=2"],
         ["2026-10-23T10:00/2026-10-24T10:00", "2026-10-24T10:00/2026-10-25T10:00"]),
        (["DTSTART;TZID=Europe/Berlin:20261023T120000", "DURATION:P1D",
          "RRULE:FREQ=DAILY;COUNT=2"],
         ["2026-10-23T10:00/2026-10-24T10:00", "2026-10-24T10:00/2026-10-25T11:00"]),
        (["DTSTART;TZID=Europe/Berlin:20261023T120000", "DURATION:P1DT12H",
          "RRULE:FREQ=DAILY;COUNT=1"], ["2026-10-23T10:00/2026-10-24T22:00"]),
        # A time that occurs twice is the first of the two
        (["DTSTART;TZID=Europe/Berlin:20261025T023000"], ["2026-10-25T00:30/"]),
    ],
)  # fmt: skip
def test_instances_when_the_clocks_change(lines: list[str], expected: list[str]) -> None:
    assert times(read(calendar(*event(*lines)))) == expected


# Bytes


TEXT = calendar(*event("DTSTART:20260501T100000Z", title="Grüße aus Köln"))


@pytest.mark.parametrize(
    ("body", "charset", "title"),
    [
        # collective/icalendar 1793: Lotus Notes and old Outlook
        (TEXT.encode("cp1252"), None, "Grüße aus Köln"),
        # lochmueller/calendarize 456: an Excel macro
        (TEXT.encode("latin-1"), "iso-8859-1", "Grüße aus Köln"),
        # MIME names of another kind of quoting
        (TEXT.encode("utf-8"), '"UTF-8"', "Grüße aus Köln"),
        # franc6/ics_calendar 75, collective/icalendar 700: a byte order mark
        (TEXT.encode("utf-8-sig"), None, "Grüße aus Köln"),
        # ridafkih/keeper.sh 587: another one in front of a component
        (TEXT.replace("BEGIN:VEVENT", "\ufeffBEGIN:VEVENT").encode(), None, "Grüße aus Köln"),
        # nextcloud/calendar, feeds of Windows servers
        (TEXT.encode("utf-16"), None, "Grüße aus Köln"),
        (TEXT.encode("utf-16-le"), None, "Grüße aus Köln"),
        (TEXT.encode("utf-16-be"), None, "Grüße aus Köln"),
        (TEXT.encode("utf-16"), "utf-8", "Grüße aus Köln"),
        # A server that says Latin-1 for all it has
        (TEXT.encode(), "iso-8859-1", "Grüße aus Köln"),
        (TEXT.replace("ü", "й").replace("ß", "д").replace("ö", "о").encode("koi8-r"), "KOI8-R",
         "Grйдe aus Kоln"),
        # libical/libical 427: folded inside a character
        (TEXT.encode().replace("ü".encode(), b"\xc3\r\n \xbc"), None, "Grüße aus Köln"),
    ],
)  # fmt: skip
def test_a_file_is_read_in_its_encoding(body: bytes, charset: str | None, title: str) -> None:
    assert titles(read(body, charset=charset)) == [title]


def test_a_bad_byte_costs_its_line() -> None:
    # Kozea/Radicale 1166
    other = calendar(
        *event("DTSTART:20260502T100000Z", uid="b", title="X"),
    ).encode()
    body = TEXT.encode() + other.replace(b"SUMMARY:X", b"SUMMARY:\x80 and more")
    found = read(body)
    assert titles(found) == ["Grüße aus Köln", "\ufffd and more"]
    assert found.warnings == ["lines that are not valid UTF-8: 1"]


# Folds


@pytest.mark.parametrize(
    "folded",
    [
        "SUMMARY:One l\r\n ine that is long",
        # sourcesimian/uICAL 4
        "SUMMARY:One l\n ine that is long",
        # hoodie/icalendar 47, home-assistant/core 86494: with a tab
        "SUMMARY:One l\r\n\tine that is long",
        "SUMMARY:One l\r ine that is long",
        "SUMMARY:One l\r\r\n ine that is long",
        # libical/libical 347
        "SUMMARY:One l\r\n\r\n ine that is long",
        "SUMMARY:One l\r\r\n\r\n\r\n ine that is\r\n  long",
        # sncf-connect-tech/eventide 115: an empty line after each
        "SUMMARY\n\n :One line that is long\n",
        "SUMMARY;LANGUAGE=en\r\n :One line that is long",
        # bressanmarcos/ICS-Timezone-Fixer 11: a blank before the colon
        "SUMMARY : One line that is long",
    ],
)
def test_a_fold_is_mended_however_it_is_broken(folded: str) -> None:
    body = TEXT.replace("SUMMARY:Grüße aus Köln", folded)
    assert titles(read(body)) == ["One line that is long"]


def test_lines_that_are_no_properties_cost_only_themselves() -> None:
    # collective/icalendar 84: HTML that was not folded; almanack 24; icalendar 115
    found = read(
        calendar(
            *event(
                "DTSTART:20260501T100000Z",
                "DESCRIPTION:Text",
                '<P DIR=LTR><SPAN LANG="en-us">More</SPAN></P>',
                "",
                "Sent from nowhere",
                'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="Street 1\\',
                "DTEND:20260501T110000Z",
            )
        )
    )
    assert times(found) == ["2026-05-01T10:00/2026-05-01T11:00"]


@pytest.mark.parametrize(
    "junk",
    ["<!-- 0.02 s -->", "\x00\x00", "\x1a", "\r\n\r\nfoo: bar", "SUMMARY:not mine",
     "</body></html>", "END:VCALENDAR", " folded onto nothing"],
)  # fmt: skip
def test_junk_after_the_end_changes_nothing(junk: str) -> None:
    found = read(f"{TEXT}{junk}")
    assert titles(found) == ["Grüße aus Köln"]
    assert found.whole
    assert found.warnings == []


def test_several_calendars_in_a_file_are_all_read() -> None:
    found = read(TEXT + calendar(*event("DTSTART:20260502T100000Z", uid="b", title="Two")))
    assert titles(found) == ["Grüße aus Köln", "Two"]


# To-dos that repeat


@pytest.mark.parametrize(
    ("lines", "due"),
    [
        # tasks/tasks 1581, 3017: not the first date, which is long past
        (["DUE;VALUE=DATE:20240101", "RRULE:FREQ=WEEKLY"], "2026-01-05"),
        # nextcloud/tasks 34
        (["DTSTART;VALUE=DATE:20250630", "DUE;VALUE=DATE:20250701", "RRULE:FREQ=MONTHLY"],
         "2026-01-31"),
        # One that is due today is the next, also if it began before
        (["DTSTART;VALUE=DATE:20251222", "DUE;VALUE=DATE:20251225", "RRULE:FREQ=WEEKLY"],
         "2026-01-01"),
        (["DUE;VALUE=DATE:20251231", "RRULE:FREQ=WEEKLY"], "2026-01-07"),
        (["DUE;VALUE=DATE:20260101", "RRULE:FREQ=DAILY"], "2026-01-01"),
        (["DUE;VALUE=DATE:20250301", "RRULE:FREQ=YEARLY"], "2026-03-01"),
        (["DUE;VALUE=DATE:20300301", "RRULE:FREQ=YEARLY;INTERVAL=2"], "2030-03-01"),
        (["DUE;VALUE=DATE:20251230", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260101"],
         "2026-01-02"),
        # A series that is over: the last of it is still open
        (["DUE;VALUE=DATE:20251201", "RRULE:FREQ=DAILY;COUNT=3"], "2025-12-03"),
    ],
)  # fmt: skip
def test_a_to_do_that_repeats_gives_its_next_open_date(lines: list[str], due: str) -> None:
    (task,) = read(calendar(*todo(*lines))).tasks
    assert (task["dueDate"], task["status"]) == (due, "todo")


@pytest.mark.parametrize(
    ("done", "due", "status"),
    [
        # nextcloud/tasks 3227, dmfs/opentasks 462: instances that are done one by one
        (["20260101"], "2026-01-02", "todo"),
        (["20260101", "20260102"], "2026-01-03", "todo"),
        (["20260102"], "2026-01-01", "todo"),
        (["20260101", "20260102", "20260103"], None, "done"),
    ],
)
def test_instances_of_a_to_do_that_are_done_are_passed_over(
    done: list[str], due: str | None, status: str
) -> None:
    changes = [
        line
        for day in done
        for line in todo(f"RECURRENCE-ID;VALUE=DATE:{day}", f"DUE;VALUE=DATE:{day}",
                         "STATUS:COMPLETED")
    ]  # fmt: skip
    series = todo("DUE;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;COUNT=3")
    (task,) = read(calendar(*series, *changes)).tasks
    assert (task["dueDate"], task["status"]) == (due, status)


def test_a_to_do_that_repeats_with_times_keeps_its_time_of_day() -> None:
    (task,) = read(
        calendar(
            *todo(
                "DTSTART;TZID=Europe/Berlin:20250701T080000",
                "DUE;TZID=Europe/Berlin:20250701T090000",
                "RRULE:FREQ=WEEKLY",
            )
        )
    ).tasks
    assert (task["startDate"], task["dueAt"]) == ("2026-01-06", "2026-01-06T08:00:00.000Z")


# One UID for all


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # SERG-Delft/serg-delft.github.io 90, Kozea/Radicale 401
        ([("20260321T063000Z", "one"), ("20260328T070000Z", "two")], ["one", "two"]),
        # emfcamp/Website 2097: the same title at several times
        ([("20260716T193000Z", "Song"), ("20260717T193000Z", "Song"), ("20260718T193000Z", "Song")],
         ["Song"] * 3),
        # nwcell/ics.js 37: at the same time, of different names
        ([("20260321T063000Z", "one"), ("20260321T063000Z", "two")], ["one", "two"]),
        # bigpresh/ical-to-google-calendar 4: the same one twice is one
        ([("20260321T063000Z", "one"), ("20260321T063000Z", "one")], ["one"]),
    ],
)  # fmt: skip
def test_events_that_share_a_uid_are_all_kept(
    events: list[tuple[str, str]], expected: list[str]
) -> None:
    lines = [line for at, name in events for line in event(f"DTSTART:{at}", title=name)]
    found = read(calendar(*lines))
    assert sorted(titles(found)) == expected
    assert len({item["id"] for item in found.events}) == len(expected)
    assert read(calendar(*lines)) == found


def test_a_series_and_a_single_event_may_share_a_uid() -> None:
    # community-archive/obsidian-full-calendar 309; the change belongs to the series
    found = read(
        calendar(
            *event("DTSTART:20260105T090000Z", "RRULE:FREQ=DAILY;COUNT=2", title="series"),
            *event("DTSTART:20260120T090000Z", title="single"),
            *event("RECURRENCE-ID:20260106T090000Z", "DTSTART:20260106T110000Z", title="moved"),
        )
    )
    assert titles(found) == ["series", "moved", "single"]


def test_a_change_that_its_series_no_longer_has_is_gone() -> None:
    # niccokunzmann/python-recurring-ical-events 253
    found = read(
        calendar(
            *event("DTSTART:20260105T090000Z", "RRULE:FREQ=DAILY;UNTIL=20260106T090000Z",
                   "SEQUENCE:2"),
            *event("RECURRENCE-ID:20260110T090000Z", "DTSTART:20260110T110000Z",
                   "RRULE:FREQ=DAILY", "SEQUENCE:1"),
            *event("RECURRENCE-ID:20260106T090000Z", "DTSTART:20260106T110000Z",
                   "RRULE:FREQ=DAILY", "SEQUENCE:1"),
        )
    )  # fmt: skip
    assert times(found) == ["2026-01-05T09:00/", "2026-01-06T11:00/"]


# Odd times


@pytest.mark.parametrize(
    ("line", "start"),
    [
        # gweis/isodate 85 and the like: the 24th hour is the next midnight
        ("DTSTART:20260209T240000Z", "2026-02-10T00:00:00"),
        ("DTSTART:20261231T240000Z", "2027-01-01T00:00:00"),
        ("DTSTART:20260630T235960Z", "2026-06-30T23:59:59"),
        # nextcloud/server 7088: an airline's, with its offset
        ("DTSTART:20260824T154000-0500", "2026-08-24T20:40:00"),
        ("DTSTART:2026-08-24T15:40:00+02:00", "2026-08-24T13:40:00"),
        ("DTSTART:2026-08-24T15:40:00Z", "2026-08-24T15:40:00"),
        ("DTSTART:20260824T1540Z", "2026-08-24T15:40:00"),
        ("DTSTART:20260824t154000z", "2026-08-24T15:40:00"),
        ("DTSTART;VALUE=DATE-TIME:20260824T154000Z", "2026-08-24T15:40:00"),
        ("DTSTART:20260824T154000.000Z", "2026-08-24T15:40:00"),
    ],
)
def test_an_odd_time_is_the_moment_that_it_means(line: str, start: str) -> None:
    found = read(calendar(*event(line)), days=400)
    assert [item["startAt"][:19] for item in found.events] == [start]


@pytest.mark.parametrize(
    "line",
    ["DTSTART:20260209T240001Z", "DTSTART:20260209T250000Z", "DTSTART:20260230", "DTSTART:2026",
     "DTSTART:20260209T126000Z"],
)  # fmt: skip
def test_a_time_that_cannot_be_is_left_out(line: str) -> None:
    found = read(calendar(*event(line)))
    assert found.events == []
    assert "not a date" in found.warnings[0]


# All day


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # Enough-Software/enough_icalendar 1
        (["DTSTART;TZID=W. Europe Standard Time:20260209T000000",
          "DTEND;TZID=W. Europe Standard Time:20260211T000000",
          "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], ["2026-02-09/2026-02-11"]),
        # franc6/ics_calendar 92: no end at all
        (["DTSTART;VALUE=DATE:20260209", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
         ["2026-02-09/2026-02-10"]),
        # microsoftgraph/microsoft-graph-docs 6003: the same start and end
        (["DTSTART;TZID=Eastern Standard Time:20260209T000000",
          "DTEND;TZID=Eastern Standard Time:20260209T000000",
          "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], ["2026-02-09/2026-02-10"]),
        # ics-py/ics-py 100: midnights in UTC
        (["DTSTART:20260209T000000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
         ["2026-02-09/2026-02-10"]),
        # The reader's midnight, in UTC
        (["DTSTART:20260208T230000Z", "DTEND:20260209T230000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
         ["2026-02-09/2026-02-10"]),
        # jorani/jorani 213: until a minute before midnight
        (["DTSTART:20260209T000000", "DTEND:20260209T235900", "X-FUNAMBOL-ALLDAY:1"],
         ["2026-02-09/2026-02-10"]),
        (["DTSTART:20260209T000000", "DTEND:20260210T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE"],
         ["2026-02-08T23:00/2026-02-09T23:00"]),
        (["DTSTART:20260209T090000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], ["2026-02-09T08:00/"]),
        (["DTSTART:20260327T000000", "DTEND:20260328T000000", "RRULE:FREQ=DAILY;COUNT=4",
          "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
         ["2026-03-27/2026-03-28", "2026-03-28/2026-03-29", "2026-03-29/2026-03-30",
          "2026-03-30/2026-03-31"]),
        # timeoff-management 388, calendar_labs_same_day_dtend: a day that ends on itself
        (["DTSTART;VALUE=DATE:20260209", "DTEND;VALUE=DATE:20260209"], ["2026-02-09/2026-02-10"]),
        # ical4j/ical4j and ical-org/ical.net have files of both: midnights are days, times are not
        (["DTSTART;VALUE=DATE:20260209T000000", "DTEND;VALUE=DATE:20260210T000000"],
         ["2026-02-09/2026-02-10"]),
        (["DTSTART;VALUE=DATE:20260209T200000", "DTEND;VALUE=DATE:20260209T220000"],
         ["2026-02-09T19:00/2026-02-09T21:00"]),
        # jens-maus/node-ical, a festival that lasts until midnight
        (["DTSTART;VALUE=DATE:20260209T180000", "DTEND;VALUE=DATE:20260210T000000"],
         ["2026-02-09T17:00/2026-02-09T23:00"]),
    ],
)  # fmt: skip
def test_an_event_that_is_marked_as_all_day_has_days(lines: list[str], expected: list[str]) -> None:
    assert times(read(calendar(*event(*lines)))) == expected


# Quoted-printable


@pytest.mark.parametrize(
    ("line", "title"),
    [
        # nextcloud/calendar 4871
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE:M=C3=BCll", "Müll"),
        # OzzyCzech/icalparser 18, SimpleMobileTools/Simple-Calendar 1435
        ("SUMMARY;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:=4d=C3=BCll", "Müll"),
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FCll", "Müll"),
        # vCalendar 1.0 allows the name of the encoding alone
        ("SUMMARY;QUOTED-PRINTABLE:M=C3=BCll", "Müll"),
        # jowave/vcard2to3 3: a line that goes on after an equals sign
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE:M=C3=\r\n=BCll und =\r\nmehr", "Müll und mehr"),
        # mangstadt/ez-vcard 80: and is folded as well
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE:M=C3=\r\n =BCll", "Müll"),
        # joedolson/my-calendar 560: line ends inside
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE:Eins=0D=0AZwei", "Eins Zwei"),
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=nonsense:M=C3=BCll", "Müll"),
        # A text about it is not in it
        ("SUMMARY:ENCODING=QUOTED-PRINTABLE =41", "ENCODING=QUOTED-PRINTABLE =41"),
    ],
)
def test_quoted_printable_is_read(line: str, title: str) -> None:
    body = TEXT.replace("SUMMARY:Grüße aus Köln", line)
    assert titles(read(body)) == [title]
