"""Public holidays of a country on a day, from the `holidays` library."""

import re
from datetime import date
from functools import lru_cache

_COUNTRY = re.compile(r"[A-Z]{2}")
_ENGLISH = "en_US"


def holidays_on(country: str | None, day: date, language: str | None = None) -> list[str]:
    """The holidays' names on `day` in `country` (ISO 3166 alpha-2), in `language`, else English.

    Empty without a country and for an unknown one. Holidays of single regions are left out.
    """
    code = (country or "").strip().upper()
    if not _COUNTRY.fullmatch(code):
        return []
    return list(_names(code, day, language or _ENGLISH))


@lru_cache(maxsize=512)
def _names(country: str, day: date, language: str) -> tuple[str, ...]:
    # Imported here, because the library is slow to load and rarely needed.
    import holidays

    try:
        known = holidays.country_holidays(country, years=day.year)
    except NotImplementedError:
        return ()
    spoken = _spoken(language, getattr(known, "supported_languages", ()))
    if spoken:
        known = holidays.country_holidays(country, years=day.year, language=spoken)
    return tuple(dict.fromkeys(known.get_list(day)))


def _spoken(wanted: str, supported: tuple[str, ...]) -> str | None:
    """The supported language that fits best: the same tag, the same language, English, or None."""
    wanted = wanted.replace("-", "_")
    for choice in (wanted, _ENGLISH):
        if choice in supported:
            return choice
        tongue = choice.partition("_")[0]
        alike = [name for name in supported if name.partition("_")[0] == tongue]
        if alike:
            return alike[0]
    return None
