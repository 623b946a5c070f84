"""`Retry-After` as servers send it: seconds, fractions, milliseconds, dates, nonsense."""

from datetime import timedelta

import httpx
import pytest

from buildos_box.clock import from_text
from buildos_box.retry_after import retry_after

NOW = from_text("2024-10-23T08:00:00Z")
DAY = 86_400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "99999999999999999999"}, DAY),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9),
        ({"Retry-After": "Wed, 23 Oct 2024 08:01:00 GMT"}, 60),
        ({"Retry-After": "Wed, 23 Oct 2024 07:00:00 GMT"}, 0),
        ({"Retry-After": "Fri, 25 Oct 2024 08:00:00 GMT"}, DAY),
        ({"Retry-After": "Wed, 23 Oct 2024 08:01:00"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "+5"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    encoded = httpx.Headers(list(headers.items()), encoding="utf-8")
    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(encoded, NOW) == wanted


def test_who_has_no_clock_reads_a_date_by_the_servers_own() -> None:
    asked = {"retry-after": "Wed, 23 Oct 2024 08:31:00 GMT"}
    assert retry_after(asked | {"date": "Wed, 23 Oct 2024 08:30:00 GMT"}) == timedelta(minutes=1)
    assert retry_after(asked) is None
