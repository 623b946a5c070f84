"""Asks an API of Open-Meteo's shape, through the egress module: where a place is, its weather.

The shapes are those of Open-Meteo's documentation (forecast and geocoding API).
"""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec

from buildos_box.egress import Egress
from buildos_box.errors import BoxError, PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.settings.model import WeatherSettings
from buildos_box.untrusted_json import read_json
from buildos_box.weather.line import Hour

SECONDS = 2.5
"""Less than a brief waits, so that a failure is known to the next one."""
MAX_BYTES = 256 * 1024
COORDINATES = 2
"""Decimals of the coordinates that are asked about: a kilometre, so that neighbours share."""


class FoundPlace(msgspec.Struct, frozen=True):
    """A place that a name may mean."""

    name: str
    latitude: float
    longitude: float
    country: str = ""
    admin1: str = ""

    @property
    def label(self) -> str:
        """The name with its region and country, so that it is clear which one it is."""
        parts = (self.name, self.admin1, self.country)
        return ", ".join(dict.fromkeys(part for part in parts if part))[:200]


class _Places(msgspec.Struct):
    results: list[FoundPlace] = []


class _Hourly(msgspec.Struct):
    time: list[str]
    temperature_2m: list[float | None]
    weather_code: list[int | float | None]


class _Forecast(msgspec.Struct):
    hourly: _Hourly


async def find_place(
    egress: Egress, settings: WeatherSettings, name: str, country: str | None
) -> FoundPlace | None:
    """The place that is most likely meant, first of all in that country; None if none is known.

    Raises BoxError.
    """
    for within in (country, None) if country else (None,):
        query = {"name": name, "count": 1, "language": "en", "format": "json"}
        if within:
            query["countryCode"] = within.upper()
        found: _Places = await _ask(egress, settings.geocoding_url, query, _Places)
        for place in found.results:
            if abs(place.latitude) <= 90 and abs(place.longitude) <= 180 and place.name:
                return place
    return None


async def hours_of(
    egress: Egress,
    settings: WeatherSettings,
    *,
    latitude: float,
    longitude: float,
    zone: str,
    day: date,
) -> list[Hour]:
    """The hours of a day at a place, by the clocks of that zone. Raises BoxError."""
    query = {
        "latitude": latitude,
        "longitude": longitude,
        "hourly": "temperature_2m,weather_code",
        "timezone": zone,
        "start_date": day.isoformat(),
        "end_date": day.isoformat(),
    }
    hourly = (await _ask(egress, settings.url, query, _Forecast)).hourly
    listed = zip(hourly.time, hourly.weather_code, hourly.temperature_2m, strict=False)
    return [
        Hour(int(time[11:13]), None if code is None else int(code), celsius)
        for time, code, celsius in listed
        if time[:10] == day.isoformat() and time[11:13].isdecimal()
    ]


async def _ask(egress: Egress, url: str, query: dict[str, Any], kind: type[Any]) -> Any:
    joint = "&" if "?" in url else "?"
    answer = await egress.get(
        f"{url}{joint}{urlencode(query)}",
        headers={"Accept": "application/json"},
        max_bytes=MAX_BYTES,
        timeout=SECONDS,
    )
    if answer.status != 200:
        failed: type[BoxError] = (
            TransientError if retryable_status(answer.status) else PermanentError
        )
        raise failed(f"the weather service answers {answer.status}", code=f"http_{answer.status}")
    try:
        return read_json(answer.body, kind)
    except msgspec.DecodeError:
        message = "the weather service answers in another shape than Open-Meteo's"
        raise PermanentError(message, code="unknown_answer") from None
