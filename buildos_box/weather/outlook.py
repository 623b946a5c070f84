"""A place's weather for a brief: what was fetched this hour, else fetched now; never an error.

The rules: docs/spec.md#weather.
"""

import asyncio
from datetime import date, timedelta
from urllib.parse import urlsplit

import msgspec

from buildos_box.clock import Instant, from_text, zone_or_utc
from buildos_box.db import Row
from buildos_box.errors import BoxError
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.weather import open_meteo, store
from buildos_box.weather.line import Hour

log = logger(__name__)
PATIENCE_SECONDS = 3.0
"""For everything, since a brief may wait for it."""
ASK_AGAIN = timedelta(minutes=10)
"""After a failure."""
CREDITED = "open-meteo.com"
CREDIT_URL = "https://open-meteo.com/"


class Outlook(msgspec.Struct, frozen=True):
    """A day's weather at a place; `now_hour` is the hour that it is there, None before that day.

    `credit_url` is the link to name its source by, empty if none has to be named.
    """

    place: str
    hours: list[Hour]
    now_hour: int | None = None
    credit_url: str = ""


async def outlook(services: Services, user_id: str, day: date, zone: str) -> Outlook | None:
    """The weather at the user's place on that day; None without a place, or if it fails.

    Takes three seconds at most. Whatever fails is a line of the log: a brief needs no weather.
    """
    if not services.settings.weather.enabled:
        return None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            place = await store.get_place(services.db, user_id)
            if place is None:
                return None
            hours = await _hours(services, place, day, zone)
    except TimeoutError:
        log.info("weather_failed", error="it took too long")
        return None
    except Exception as error:
        log.warning("weather_failed", error=str(error), kind=type(error).__name__)
        return None
    if not hours:
        return None
    host = urlsplit(services.settings.weather.url).hostname or ""
    credited = host == CREDITED or host.endswith(f".{CREDITED}")
    now_hour = _hour_of(services.clock.now(), day, zone)
    return Outlook(place["name"], hours, now_hour, CREDIT_URL if credited else "")


def _hour_of(now: Instant, day: date, zone: str) -> int | None:
    """The hour that it is on that day; None on an earlier one."""
    local = now.astimezone(zone_or_utc(zone))
    if local.date() < day:
        return None
    return local.hour if local.date() == day else 24


async def _hours(services: Services, place: Row, day: date, zone: str) -> list[Hour] | None:
    latitude = round(place["latitude"], open_meteo.COORDINATES)
    longitude = round(place["longitude"], open_meteo.COORDINATES)
    now = services.clock.now()
    kept = await store.get_forecast(services.db, latitude, longitude, zone, day)
    if kept is not None:
        at = from_text(kept["fetched_at"])
        if kept["hours"] is not None and _same_hour(at, now):
            return msgspec.json.decode(kept["hours"], type=list[Hour])
        if kept["hours"] is None and at <= now < at + ASK_AGAIN:
            return None
    hours: list[Hour] | None
    try:
        hours = await open_meteo.hours_of(
            services.egress,
            services.settings.weather,
            latitude=latitude,
            longitude=longitude,
            zone=zone,
            day=day,
        )
    except BoxError as error:
        log.info("weather_failed", code=error.code, error=error.message)
        hours = None
    await services.db.write(
        lambda tx: store.put_forecast(tx, latitude, longitude, zone, day, hours, now)
    )
    return hours


def _same_hour(one: Instant, other: Instant) -> bool:
    return one.replace(minute=0, second=0, microsecond=0) == other.replace(
        minute=0, second=0, microsecond=0
    )
