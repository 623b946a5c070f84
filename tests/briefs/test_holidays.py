"""Public holidays by country and language."""

from datetime import date
from typing import Any

import pytest

from buildos_box.briefs.holidays import holidays_on


@pytest.mark.parametrize(
    ("country", "day", "language", "expected"),
    [
        ("US", date(2024, 7, 4), None, ["Independence Day"]),
        ("de", date(2024, 10, 3), None, ["German Unity Day"]),
        ("DE", date(2024, 10, 3), "de", ["Tag der Deutschen Einheit"]),
        ("DE", date(2024, 10, 3), "de-AT", ["Tag der Deutschen Einheit"]),
        ("DE", date(2024, 10, 3), "xx", ["German Unity Day"]),
        ("US", date(2024, 7, 5), None, []),
        ("XX", date(2024, 7, 4), None, []),
        ("", date(2024, 7, 4), None, []),
        (None, date(2024, 7, 4), None, []),
        ("__import__", date(2024, 7, 4), None, []),
        ("USA", date(2024, 7, 4), None, []),
    ],
)
def test_the_holidays_of_a_day(country: Any, day: Any, language: Any, expected: Any) -> None:
    assert holidays_on(country, day, language) == expected


def test_a_day_of_two_holidays_names_both() -> None:
    assert holidays_on("SE", date(2008, 5, 1)) == ["Ascension Day", "May Day"]
