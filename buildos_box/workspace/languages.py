"""The language that a user is written to in, with their habits (docs/spec.md#languages)."""

from buildos_box.db import Row, Tx
from buildos_box.locales.language import Language, language, stored_language
from buildos_box.services import Services
from buildos_box.workspace.model import Person, Preferences, User
from buildos_box.workspace.store.people import find_habits, get_habits


def language_of(user: User, preferences: Preferences | None, default: str) -> Language:
    """The language of a user with these preferences; `default` is the box's own locale."""
    cycle = preferences.hour_cycle if preferences else None
    first = preferences.week_start if preferences else None
    return stored_language(user.locale, cycle, first, default=default)


def language_of_person(person: Person | None, services: Services) -> Language:
    """The language of a person who was read already; the box's own for nobody."""
    default = services.settings.briefs.locale
    if person is None:
        return language(default=default)
    return language_of(person.user, person.preferences, default)


def find_language(tx: Tx, services: Services, user_id: str) -> Language:
    """The user's language, read inside a transaction; the box's own for an unknown user."""
    return _of_row(find_habits(tx, user_id), services.settings.briefs.locale)


async def get_language(services: Services, user_id: str) -> Language:
    """The user's language; the box's own for an unknown user."""
    return _of_row(await get_habits(services.db, user_id), services.settings.briefs.locale)


def _of_row(row: Row | None, default: str) -> Language:
    if row is None:
        return language(default=default)
    return stored_language(row["locale"], row["hour_cycle"], row["week_start"], default=default)


def box_language(services: Services) -> Language:
    """The language of whoever chose none, or is not known."""
    return language(default=services.settings.briefs.locale)
