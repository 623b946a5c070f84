"""The SQL of places and of the forecasts that were fetched for them."""

from datetime import date, timedelta

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.weather.line import Hour

_KEPT_DAYS = timedelta(days=2)


async def get_place(db: Database, user_id: str) -> Row | None:
    """The user's place; None if none is set."""
    return await db.by_key("SELECT * FROM weather_places WHERE user_id = ?", (user_id,))


def set_place(
    tx: Tx,
    user_id: str,
    *,
    name: str,
    label: str,
    latitude: float,
    longitude: float,
    now: Instant,
) -> None:
    """Store the user's place."""
    tx.execute(
        """INSERT INTO weather_places (user_id, name, label, latitude, longitude, looked_up_at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, label = excluded.label,
                  latitude = excluded.latitude, longitude = excluded.longitude,
                  looked_up_at = excluded.looked_up_at""",
        (user_id, name, label, latitude, longitude, to_text(now)),
    )


def remove_place(tx: Tx, user_id: str) -> bool:
    """Forget the user's place; False if there was none."""
    removed = tx.execute("DELETE FROM weather_places WHERE user_id = ?", (user_id,)).rowcount
    return bool(removed)


async def get_forecast(
    db: Database, latitude: float, longitude: float, zone: str, day: date
) -> Row | None:
    """What was fetched last for that place and day, `hours` None if that failed."""
    return await db.by_key(
        """SELECT * FROM weather_forecasts
            WHERE latitude = ? AND longitude = ? AND timezone = ? AND day = ?""",
        (latitude, longitude, zone, day.isoformat()),
    )


def put_forecast(
    tx: Tx,
    latitude: float,
    longitude: float,
    zone: str,
    day: date,
    hours: list[Hour] | None,
    now: Instant,
) -> None:
    """Store what was fetched, or that nothing was; what is long past goes."""
    tx.execute(
        """INSERT INTO weather_forecasts (latitude, longitude, timezone, day, hours, fetched_at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET hours = excluded.hours, fetched_at = excluded.fetched_at""",
        (
            latitude,
            longitude,
            zone,
            day.isoformat(),
            None if hours is None else msgspec.json.encode(hours).decode(),
            to_text(now),
        ),
    )
    tx.execute(
        "DELETE FROM weather_forecasts WHERE day < ?", ((now - _KEPT_DAYS).date().isoformat(),)
    )
