"""The hours of a day in a few words (docs/spec.md#weather-line)."""

from itertools import pairwise

import pytest

from buildos_box.locales.language import language
from buildos_box.weather.line import CONDITIONS, Hour, line_of


def day(
    *spans: tuple[int, int], celsius: tuple[float | None, float | None] = (8, 14)
) -> list[Hour]:
    """Each span is a code and the hour until which it holds; colder in the morning."""
    hours: list[Hour] = []
    for code, until in spans:
        hours += [
            Hour(hour, code, celsius[0] if hour < 12 else celsius[1])
            for hour in range(len(hours), until)
        ]
    return hours


@pytest.mark.parametrize(
    ("hours", "now", "said"),
    [
        (day((3, 15), (61, 24)), None, "rain from 15:00, 8–14 °C"),
        (day((3, 9), (80, 12), (1, 24)), None, "showers 9:00–12:00, 8–14 °C"),
        (day((61, 11), (2, 24)), None, "rain until 11:00, 8–14 °C"),
        (day((61, 24)), None, "rain, 8–14 °C"),
        (day((0, 24)), None, "clear, 8–14 °C"),
        (day((0, 9), (3, 24)), None, "overcast, 8–14 °C"),
        (day((51, 13), (95, 14), (61, 24)), None, "thunderstorm, 8–14 °C"),
        (day((61, 6), (0, 24)), None, "clear, 8–14 °C"),
        (day((0, 22), (61, 24)), None, "clear, 8–14 °C"),
        (day((61, 11), (2, 24)), 13, "partly cloudy, 14 °C"),
        (day((0, 22), (61, 24)), 21, "rain from 22:00, 14 °C"),
        (day((71, 24), celsius=(-6.4, -0.2)), None, "snow, −6 to 0 °C"),
        (day((0, 24), celsius=(None, None)), None, "clear"),
        (day((123, 24)), None, "8–14 °C"),
        (day((0, 24)), 24, None),
        ([], None, None),
    ],
)
def test_a_day_in_a_few_words(hours: list[Hour], now: int | None, said: str | None) -> None:
    assert line_of(hours, now, language()) == said


WMO = {
    "clear": (0,), "mostly clear": (1,), "partly cloudy": (2,), "overcast": (3,), "fog": (45, 48),
    "drizzle": (51, 53, 55), "freezing drizzle": (56, 57), "rain": (61, 63), "heavy rain": (65,),
    "freezing rain": (66, 67), "snow": (71, 73), "heavy snow": (75,), "snow grains": (77,),
    "showers": (80, 81), "heavy showers": (82,), "snow showers": (85, 86), "thunderstorm": (95,),
    "thunderstorm with hail": (96, 99),
}  # fmt: skip
"""Every code that Open-Meteo documents."""


@pytest.mark.parametrize(("word", "code"), [(word, code) for word in WMO for code in WMO[word]])
def test_every_code_of_a_forecast_has_its_word(word: str, code: int) -> None:
    assert line_of([Hour(12, code, None)], None, language()) == word


def test_of_all_that_falls_the_worst_is_told() -> None:
    """Ice on the ground is worse than what lies there, and a thunderstorm than all else."""
    ever_worse = (51, 77, 80, 61, 85, 71, 82, 65, 56, 75, 66, 95, 96)
    for mild, bad in pairwise(ever_worse):
        for first, then in ((mild, bad), (bad, mild)):
            hours = [Hour(12, first, None), Hour(13, then, None)]
            assert line_of(hours, None, language()) == CONDITIONS[bad]


def test_every_condition_that_falls_has_its_place_in_the_order() -> None:
    for code in CONDITIONS:
        assert line_of([Hour(12, code, 1.0), Hour(13, 51, 1.0)], None, language())


def test_it_is_said_on_the_persons_own_clock() -> None:
    hours = day((3, 9), (61, 15), (3, 24))
    assert line_of(hours, None, language("en-US", 12)) == "rain 9:00 AM–3:00 PM, 8–14 °C"
