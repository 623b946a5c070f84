"""The checks of `doctor` on chat services and the weather: what is asked reaches nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

import httpx

from buildos_box.chat.client import MISSING, host_of
from buildos_box.clock import SystemClock
from buildos_box.egress import Egress
from buildos_box.errors import BoxError
from buildos_box.settings import Settings
from buildos_box.settings.channels import ChatSettings
from buildos_box.upkeep.findings import Finding, fault, ok, warning
from buildos_box.weather.open_meteo import hours_of

SECONDS = 15.0
GREENWICH = (51.48, 0.0)
HEALTH = {
    "ntfy": "/v1/health",
    "gotify": "/health",
    "matrix": "/_matrix/client/versions",
    "signal": "/v1/about",
    "nctalk": "/status.php",
    "mmost": "/api/v4/system/ping",
}
"""Where a service answers anybody, by its scheme without TLS."""


async def chat(settings: Settings, http: "httpx.AsyncClient") -> AsyncIterator[Finding]:
    """Each chat service, of Telegram also the bot's token; of a URL only the host is told."""
    if settings.chat and find_spec("apprise") is None:
        yield fault("chat", MISSING, "install the extra, or remove [chat]")
        return
    for name, service in settings.chat.items():
        yield await _one(f"chat {name}", service, http)


async def _one(name: str, service: ChatSettings, http: "httpx.AsyncClient") -> Finding:
    host = host_of(service)
    try:
        answer = await http.get(_question(service), timeout=SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"{host} is out of reach ({type(error).__name__})"
        return fault(name, why, "check the host of its URL in [chat]")
    if answer.status_code in (401, 404) and urlsplit(service.url.reveal()).scheme == "tgram":
        return fault(name, f"{host} refuses the bot's token", "check it with @BotFather")
    if answer.status_code >= 500:
        return warning(name, f"{host} answers {answer.status_code}", "try again later")
    return ok(name, f"{host} answers ({answer.status_code})")


def _question(service: ChatSettings) -> str:
    """The address to ask: the service's health, or Telegram who the bot is."""
    parts = urlsplit(service.url.reveal())
    kind = parts.scheme if parts.scheme in HEALTH else parts.scheme.removesuffix("s")
    hosted = parts.scheme in ("tgram", "discord")
    scheme = "https" if hosted or parts.scheme != kind else "http"
    port = f":{parts.port}" if not hosted and parts.port else ""
    base = service.api_base_url.rstrip("/") or f"{scheme}://{host_of(service)}{port}"
    if parts.scheme == "tgram":
        return f"{base}/bot{unquote(parts.netloc)}/getMe"
    return f"{base}{HEALTH.get(kind, '/')}"


async def weather(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the forecast API answers, on the way that briefs take; nothing if it is off."""
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
