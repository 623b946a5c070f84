"""Open-Meteo's forecast and geocoding API on loopback.

It has the required parameters, the shapes and the errors of Open-Meteo's documentation ("Weather
Forecast API", "Geocoding API"): coordinates are needed, days are within the forecast, an unknown
variable is a 400 with `reason`; of a name with one letter nothing is found, and `results` is left
out where nothing is.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.doubles.loopback import Loopback

HELD_SECONDS = 60.0
KNOWN = {"temperature_2m", "weather_code", "precipitation", "precipitation_probability"}
BERLIN = {
    "id": 2950159, "name": "Berlin", "latitude": 52.52437, "longitude": 13.41053,
    "elevation": 74.0, "feature_code": "PPLC", "country_code": "DE", "admin1_id": 2950157,
    "timezone": "Europe/Berlin", "population": 3426354, "country_id": 2921044,
    "country": "Germany", "admin1": "Land Berlin",
}  # fmt: skip
BERLIN_US = {
    "id": 5083330, "name": "Berlin", "latitude": 44.46867, "longitude": -71.18508,
    "country_code": "US", "country": "United States", "admin1": "New Hampshire",
}  # fmt: skip


@dataclass
class OpenMeteo(Loopback):
    """`codes` and `celsius` are those of each hour of any day."""

    codes: Sequence[int | None] = (*[3] * 15, *[61] * 9)
    celsius: Sequence[float | None] = (*[8.2] * 12, *[13.6] * 12)
    seen: list[str] = field(default_factory=list)
    failing: int = 0
    """The status of every answer, if not 0."""
    hold: threading.Event | None = None
    said: bytes | None = None
    """What is answered instead."""

    def __post_init__(self) -> None:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.seen.append(self.path)
                if double.hold is not None:
                    double.hold.wait(HELD_SECONDS)
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                status, said = double.answer(parts.path, query)
                content = json.dumps(said).encode() if double.said is None else double.said
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def release(self) -> None:
        if self.hold is not None:
            self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/forecast"

    @property
    def geocoding_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/search"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if self.failing:
            return self.failing, {"error": True, "reason": "Minutely API request limit exceeded."}
        if path == "/v1/search":
            return self._places(query)
        if path == "/v1/forecast":
            return self._forecast(query)
        return 404, {"error": True, "reason": "Not Found"}

    def _places(self, query: dict[str, str]) -> tuple[int, Any]:
        if "name" not in query:
            return 400, {"error": True, "reason": "Parameter 'name' is required"}
        if not 1 <= int(query.get("count", 10)) <= 100:
            return 400, {"error": True, "reason": "Parameter count must be between 1 and 100."}
        wanted, country = query["name"].lower(), query.get("countryCode")
        found = [
            place
            for place in (BERLIN, BERLIN_US)
            if len(wanted) > 1
            and wanted in (str(place["name"]).lower(), "10967")
            and country in (None, place["country_code"])
        ][: int(query.get("count", 10))]
        return 200, {"generationtime_ms": 0.7, **({"results": found} if found else {})}

    def _forecast(self, query: dict[str, str]) -> tuple[int, Any]:
        for name, most in (("latitude", 90), ("longitude", 180)):
            if name not in query:
                return 400, {"error": True, "reason": f"Parameter '{name}' is required"}
            if abs(float(query[name])) > most:
                why = f"{name.title()} must be in range of -{most} to {most}°."
                return 400, {"error": True, "reason": why}
        wanted = [name for name in query.get("hourly", "").split(",") if name]
        if unknown := set(wanted) - KNOWN:
            why = f"Cannot initialize ForecastVariable from invalid String value {unknown.pop()}"
            return 400, {"error": True, "reason": why}
        if ("start_date" in query) != ("end_date" in query):
            return 400, {"error": True, "reason": "Both 'start_date' and 'end_date' must be set"}
        zone = query.get("timezone", "GMT")
        if zone != "GMT":
            ZoneInfo(zone)
        day = date.fromisoformat(query["start_date"])
        hourly: dict[str, Any] = {"time": [f"{day}T{hour:02}:00" for hour in range(24)]}
        values = {"temperature_2m": self.celsius, "weather_code": self.codes}
        hourly |= {name: values.get(name, [0] * 24) for name in wanted}
        return 200, {
            "latitude": round(float(query["latitude"]), 1),
            "longitude": round(float(query["longitude"]), 1),
            "generationtime_ms": 0.05,
            "utc_offset_seconds": 7200,
            "timezone": zone,
            "timezone_abbreviation": "CEST",
            "elevation": 38.0,
            "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "weather_code": "wmo code"},
            "hourly": hourly,
        }
