"""The hours of a day in a few words: pure functions (docs/spec.md#weather-line)."""

from collections import Counter
from collections.abc import Sequence
from datetime import time

import msgspec

from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_

FIRST_HOUR, LAST_HOUR = 7, 21
"""The hours of a day that are told of; later ones only in a brief that is written then."""
FIRST_WET = 51
"""From this code on something falls."""
CONDITIONS = {
    0: N_("clear"),
    1: N_("mostly clear"),
    2: N_("partly cloudy"),
    3: N_("overcast"),
    45: N_("fog"),
    48: N_("fog"),
    51: N_("drizzle"),
    53: N_("drizzle"),
    55: N_("drizzle"),
    56: N_("freezing drizzle"),
    57: N_("freezing drizzle"),
    61: N_("rain"),
    63: N_("rain"),
    65: N_("heavy rain"),
    66: N_("freezing rain"),
    67: N_("freezing rain"),
    71: N_("snow"),
    73: N_("snow"),
    75: N_("heavy snow"),
    77: N_("snow grains"),
    80: N_("showers"),
    81: N_("showers"),
    82: N_("heavy showers"),
    85: N_("snow showers"),
    86: N_("snow showers"),
    95: N_("thunderstorm"),
    96: N_("thunderstorm with hail"),
    99: N_("thunderstorm with hail"),
}
"""The codes of the World Meteorological Organization (table 4677) that forecasts use."""
_WORST_LAST = (
    "drizzle", "snow grains", "showers", "rain", "snow showers", "snow", "heavy showers",
    "heavy rain", "freezing drizzle", "heavy snow", "freezing rain", "thunderstorm",
    "thunderstorm with hail",
)  # fmt: skip


class Hour(msgspec.Struct, frozen=True):
    """An hour of a place's own clocks; the code or the temperature may not be known."""

    hour: int
    code: int | None
    celsius: float | None


_FROM = N_("{falls} from {since}")
_UNTIL = N_("{falls} until {until}")
_BETWEEN = N_("{falls} {since}–{until}")
_DEGREES = N_("{degrees} °C")
_RANGE = N_("{low}–{high} °C")
_RANGE_BELOW_ZERO = N_("{low} to {high} °C")
_BOTH = N_("{conditions}, {temperatures}")


def line_of(hours: Sequence[Hour], now_hour: int | None, language: Language) -> str | None:
    """What is ahead, like `rain from 15:00, 8–14 °C`; None if nothing is known of it.

    `now_hour` is the hour that it is on that day; None for a day that is still to come.
    """
    first = FIRST_HOUR if now_hour is None else max(FIRST_HOUR, now_hour)
    last = LAST_HOUR if first < LAST_HOUR else 23
    ahead = [hour for hour in hours if first <= hour.hour <= last]
    conditions, temperatures = _conditions(ahead, language), _temperatures(ahead, language)
    if conditions and temperatures:
        return language.say(_BOTH, conditions=conditions, temperatures=temperatures)
    return conditions or temperatures or None


def _conditions(ahead: Sequence[Hour], language: Language) -> str:
    known = [hour for hour in ahead if hour.code in CONDITIONS]
    wet = next((n for n, hour in enumerate(known) if _is_wet(hour)), None)
    if wet is None:
        dry = Counter(CONDITIONS[hour.code or 0] for hour in known)
        return language.say(dry.most_common(1)[0][0]) if dry else ""
    end = next((n for n in range(wet, len(known)) if not _is_wet(known[n])), len(known))
    worst = max((CONDITIONS[hour.code or 0] for hour in known[wet:end]), key=_WORST_LAST.index)
    falls, since = language.say(worst), _clock(known[wet], language)
    if end == len(known):
        return falls if wet == 0 else language.say(_FROM, falls=falls, since=since)
    until = _clock(known[end], language)
    if wet == 0:
        return language.say(_UNTIL, falls=falls, until=until)
    return language.say(_BETWEEN, falls=falls, since=since, until=until)


def _clock(hour: Hour, language: Language) -> str:
    said = language.wall_time(time(hour.hour))
    return said[1:] if said[:1] == "0" and said[1:2].isdigit() else said


def _is_wet(hour: Hour) -> bool:
    return hour.code is not None and hour.code >= FIRST_WET


def _temperatures(ahead: Sequence[Hour], language: Language) -> str:
    known = [round(hour.celsius) for hour in ahead if hour.celsius is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    if low == high:
        return language.say(_DEGREES, degrees=_signed(low, language))
    text = _RANGE if low >= 0 else _RANGE_BELOW_ZERO
    return language.say(text, low=_signed(low, language), high=_signed(high, language))


def _signed(degrees: int, language: Language) -> str:
    return language.number(degrees).replace("-", "−")
