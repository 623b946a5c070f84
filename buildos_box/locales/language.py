"""How one person is written to: their language, and their habits of clocks and weeks.

The rules: docs/spec.md#languages.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from buildos_box.locales import formats
from buildos_box.locales.catalogue import Catalogue
from buildos_box.locales.catalogue_files import catalogue
from buildos_box.locales.day_words import DayWords, day_words
from buildos_box.locales.messages import N_, Plural
from buildos_box.locales.tags import BOX_DEFAULT, babel_locale, catalogue_tag, tag_of

_TODAY = N_("today")
_TOMORROW = N_("tomorrow")
_DAY_AND_TIME = N_("{day}, {time}")
_MINUTES = N_("{minutes} min")
_HOURS = N_("{hours} h")
_HALF_HOURS = N_("{hours}½ h")
_HOURS_AND_MINUTES = N_("{hours} h {minutes} min")
_SPAN = N_("{since}–{until}")
_HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its region, and the person's habits; made by `language`."""

    tag: str
    hour_cycle: int
    """12 or 24."""
    week_start: int
    """0 is Sunday."""
    catalogue: Catalogue

    @property
    def locale(self) -> str:
        """Babel's name of it."""
        return babel_locale(self.tag)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`: how its text runs."""
        return formats.locale_of(self.locale).text_direction

    @property
    def english_name(self) -> str:
        """What it is called in English: `German (Switzerland)`."""
        return str(formats.locale_of(self.locale).english_name)

    def say(self, text: str, /, **values: object) -> str:
        """A marked text in this language, with its placeholders filled."""
        said = self.catalogue.text(text)
        return said.format(**self._written(values)) if values else said

    def count(self, text: Plural, count: int, /, **values: object) -> str:
        """A marked text about so many things; `{count}` is their number."""
        form = self.catalogue.form(text.one, text.many, count)
        return form.format(count=self.number(count), **self._written(values))

    def number(self, value: float) -> str:
        """`1,200`."""
        return formats.number(self.locale, value)

    def listed(self, parts: list[str]) -> str:
        """`a`, `a and b`, `a, b, and c`."""
        return formats.listed(self.locale, parts)

    def full_day(self, day: date) -> str:
        """`Wednesday, October 23, 2024`."""
        return formats.full_day(self.locale, day)

    def short_day(self, day: date, *, year: bool = False) -> str:
        """`Wed, Oct 23`, or `Wed, Oct 23, 2024`."""
        return formats.short_day(self.locale, day, year=year)

    def names_of(self, day: date) -> tuple[list[str], list[str]]:
        """What the day's weekday and its month are called, in short and whole."""
        return formats.names_of(self.locale, day)

    def coming_day(self, day: date, today: date) -> str:
        """A day near `today`: `today`, `tomorrow`, else `Fri, Oct 25`, with another year's year."""
        if day == today:
            return self.say(_TODAY)
        if day == today + timedelta(days=1):
            return self.say(_TOMORROW)
        return self.short_day(day, year=day.year != today.year)

    def clock_time(self, instant: datetime, zone: ZoneInfo) -> str:
        """`14:05` or `2:05 PM`, as clocks in `zone` show it."""
        return self.wall_time(_wall(instant, zone))

    def wall_time(self, wall: time) -> str:
        """`09:05` or `9:05 AM`."""
        return formats.clock_time(self.locale, self.hour_cycle, wall)

    def spoken_time(self, instant: datetime, zone: ZoneInfo) -> str:
        """`9:30` or `9:30 AM`: a time inside a sentence, without a leading zero."""
        said = self.clock_time(instant, zone)
        return said[1:] if said[:1] == "0" and said[1:2].isdigit() else said

    def day_and_time(self, instant: datetime, zone: ZoneInfo) -> str:
        """`Wed, Oct 23, 14:05`, as clocks in `zone` show it."""
        day = self.short_day(instant.astimezone(zone).date())
        return self.say(_DAY_AND_TIME, day=day, time=self.clock_time(instant, zone))

    def time_span(self, since: datetime, until: datetime, zone: ZoneInfo) -> str:
        """`09:30–10:00`, `9:30–10:00 AM`."""
        first, last = self.clock_time(since, zone), self.clock_time(until, zone)
        if self.hour_cycle == 12:
            begins, ends = (
                formats.half_of_day(self.locale, _wall(at, zone).hour) for at in (since, until)
            )
            if begins == ends:
                first = first.removesuffix(begins).rstrip()
                last = last.removeprefix(ends) if last.startswith(ends) else last
        return self.say(_SPAN, since=first, until=last)

    def length(self, span: timedelta) -> str:
        """`45 min`, `2 h`, `2½ h`, `3 h 20 min`."""
        hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
        if not hours:
            return self.say(_MINUTES, minutes=minutes)
        if minutes == _HALF_HOUR:
            return self.say(_HALF_HOURS, hours=hours)
        text = _HOURS_AND_MINUTES if minutes else _HOURS
        return self.say(text, hours=hours, minutes=minutes)

    def day_words(self) -> DayWords:
        """How people write days and times in it."""
        return day_words(self.locale, self.say(_TODAY), self.say(_TOMORROW))

    def _written(self, values: dict[str, object]) -> dict[str, object]:
        """The values with their numbers as the language writes them."""
        return {
            name: self.number(value) if type(value) is int else value
            for name, value in values.items()
        }


def _wall(instant: datetime, zone: ZoneInfo) -> time:
    return instant.astimezone(zone).time().replace(second=0, microsecond=0, fold=0)


def stored_language(
    tag: str | None,
    hour_cycle: int | None = None,
    week_start: int | None = None,
    *,
    default: str = BOX_DEFAULT,
) -> Language:
    """The same of a tag that was known when it was stored; one that is no longer counts as none."""
    try:
        return language(tag, hour_cycle, week_start, default=default)
    except ValueError:
        return language(None, hour_cycle, week_start, default=default)


@lru_cache(maxsize=1_024)
def language(
    tag: str | None = None,
    hour_cycle: int | None = None,
    week_start: int | None = None,
    *,
    default: str = BOX_DEFAULT,
) -> Language:
    """The language of a known tag, else that of `default`, with the habits that were chosen.

    What was not chosen is as usual in the language's region. Raises ValueError for an unknown tag.
    """
    found = tag_of(tag or default)
    locale = babel_locale(found.name)
    cycle = hour_cycle or found.hour_cycle or (12 if formats.has_12_hours(locale) else 24)
    first = week_start if week_start is not None else found.week_start
    return Language(
        tag=found.name,
        hour_cycle=cycle,
        week_start=formats.first_day_of_week(locale) if first is None else first,
        catalogue=catalogue(catalogue_tag(found.name)),
    )


ENGLISH = language()
"""The source's, with the box's own habits."""
