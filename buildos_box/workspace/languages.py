"""The language that a user is written to in, with their habits (docs/spec.md#languages)."""

from buildos_box.db import Row, Tx
from buildos_box.locales.language import Language, language
from buildos_box.services import Services
from buildos_box.workspace.model import Preferences, User
from buildos_box.workspace.store.people import find_habits, get_habits


def language_of(user: User, preferences: Preferences | None, default: str) -> Language:
    """The language of a user with these preferences; `default` is the box's own locale."""
    cycle = preferences.hour_cycle if preferences else None
    first = preferences.week_start if preferences else None
    return _language(user.locale, cycle, first, default)


def find_language(tx: Tx, services: Services, user_id: str) -> Language:
    """The user's language, read inside a transaction; the box's own for an unknown user."""
    return _of_row(find_habits(tx, user_id), services.settings.briefs.locale)


async def get_language(services: Services, user_id: str) -> Language:
    """The user's language; the box's own for an unknown user."""
    return _of_row(await get_habits(services.db, user_id), services.settings.briefs.locale)


def _of_row(row: Row | None, default: str) -> Language:
    if row is None:
        return _language(None, None, None, default)
    return _language(row["locale"], row["hour_cycle"], row["week_start"], default)


def _language(
    locale: str | None, hour_cycle: int | None, week_start: int | None, default: str
) -> Language:
    """A locale that was known when it was stored, and no longer is, counts as not chosen."""
    try:
        return language(locale, hour_cycle, week_start, default=default)
    except ValueError:
        return language(None, hour_cycle, week_start, default=default)
