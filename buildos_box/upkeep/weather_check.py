"""The check of `doctor` on the weather: a forecast is asked for, on the way that briefs take."""

from collections.abc import AsyncIterator
from datetime import timedelta

from buildos_box.clock import SystemClock
from buildos_box.egress import Egress
from buildos_box.errors import BoxError
from buildos_box.settings import Settings
from buildos_box.upkeep.findings import Finding, ok, warning
from buildos_box.weather.open_meteo import hours_of

GREENWICH = (51.48, 0.0)


async def weather(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the forecast API answers; nothing if the weather is off."""
    if not settings.weather.enabled:
        return
    latitude, longitude = GREENWICH
    tomorrow = (SystemClock().now() + timedelta(days=1)).date()
    try:
        hours = await hours_of(
            Egress(settings.egress),
            settings.weather,
            latitude=latitude,
            longitude=longitude,
            zone="UTC",
            day=tomorrow,
        )
    except BoxError as error:
        yield warning("weather", error.message, "briefs leave it out; check [weather] and [egress]")
        return
    if hours:
        yield ok("weather", "the forecast is answered")
    else:
        yield warning("weather", "the forecast has no hours", "check weather.url")
