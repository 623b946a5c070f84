"""Addresses of calendars as people have them. Sources in comments: project and issue."""

import pytest

from buildos_box.calendars.feeds.address import next_hop, origin, read_address


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        # nextcloud/calendar 287: webcal is tried encrypted first
        (
            " webcal://x.example/a.ics ",
            ("https://x.example/a.ics", "http://x.example/a.ics"),
        ),
        # rahilp/second-brain-cloudflare 311: iCloud hands out webcal with a long path
        (
            "webcal://p01-caldav.example/published/2/MTIz-_x",
            (
                "https://p01-caldav.example/published/2/MTIz-_x",
                "http://p01-caldav.example/published/2/MTIz-_x",
            ),
        ),
        # libasys/calendarplus 200: in capitals, with the scheme of the secure variant
        ("WEBCALS://X.example/a", ("https://x.example/a",)),
        # digitaldonkey/open-source-event-calendar 34: brackets and commas in the query
        (
            "https://moon.example/m.ics?phases[full]=true&zone=Europe/Berlin",
            ("https://moon.example/m.ics?phases[full]=true&zone=Europe/Berlin",),
        ),
        # ridafkih/keeper.sh 378: a space in the name of the file
        ("https://x.example/van last.ics", ("https://x.example/van%20last.ics",)),
        # mampfes/hacs_waste_collection_schedule: umlauts in a street's name
        (
            "https://müll.example/straße/Äcker.ics?ort=Köln",
            ("https://xn--mll-hoa.example/stra%C3%9Fe/%C3%84cker.ics?ort=K%C3%B6ln",),
        ),
        # IDNA 2008 keeps the sharp s: another host than with two s
        ("https://faß.example/a", ("https://xn--fa-hia.example/a",)),
        ("https://x.example/a%20b%zz?q=%C3%BC#part", ("https://x.example/a%20b%25zz?q=%C3%BC",)),
        ("https://x.example", ("https://x.example/",)),
        ("http://[::1]:8080/a", ("http://[::1]:8080/a",)),
    ],
)
def test_an_address_is_read_as_people_have_it(given: str, urls: tuple[str, ...]) -> None:
    assert read_address(given).urls == urls


@pytest.mark.parametrize(
    ("given", "login"),
    [
        # libasys/calendarplus 62, promaaa/sync-calendar-omarchy 1
        ("webcal://user:password$@x.example/u/c", ("user", "password$")),
        ("https://ada%40example.org:p%3Aw%2F@x.example/", ("ada@example.org", "p:w/")),
        ("https://token@x.example/", ("token", None)),
        ("https://x.example/", (None, None)),
    ],
)
def test_a_name_and_a_password_in_an_address_are_taken_out_of_it(
    given: str, login: tuple[str | None, str | None]
) -> None:
    address = read_address(given)
    assert (address.username, address.password) == login
    assert all("@" not in url for url in address.urls)


@pytest.mark.parametrize(
    "given",
    ["", "a", "ftp://x.example/a", "https://", "https:///a", "file:///etc/passwd", "//x.example/a",
     "https://x.example:99999/a", "https://[::1/",
     "https://\u2488com/", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot be"):
        read_address(given)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b.ics", "https://x.example/b.ics"),
        ("https://y.example/ü b", "https://y.example/%C3%BC%20b"),
        ("//münchen.example/", "https://xn--mnchen-3ya.example/"),
        # Left as they are for the way out to refuse.
        ("http://user:pass@y.example/", "http://user:pass@y.example/"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_a_redirect_may_have_umlauts_too(location: str, expected: str) -> None:
    assert next_hop("https://x.example/a.ics", location) == expected


def test_a_server_is_told_by_scheme_host_and_port() -> None:
    assert origin("https://x.example/a") == origin("https://X.example:443/b")
    others = ["http://x.example/", "https://x.example:444/", "https://y.x.example/"]
    assert len({origin(url) for url in ["https://x.example/", *others]}) == 4
