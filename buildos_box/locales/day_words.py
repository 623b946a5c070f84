"""How people of a language write a day and a time: `Fr., 4. Dez.`, `bis freitag um 17 Uhr`.

Names of days and months, and the order of a day and its month, are those of CLDR. The small words
are in one table, by the language's tongue.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from buildos_box.locales import formats


@dataclass(frozen=True, slots=True)
class SmallWords:
    """What a language writes around a day or a time. Alternatives are separated by `|`."""

    before: str
    """Stands before a day, and belongs to it: `by`, `on`, `next`."""
    at: str
    """Stands before a time, also before one of a number alone: `at 9`."""
    day_after: str = ""
    """The day after tomorrow."""
    next_week: str = ""
    in_days: str = ""
    """Regular expression of `in 3 days` with its number."""
    in_weeks: str = ""
    oclock: str = ""
    """Stands after a time: `17 Uhr`."""
    hours: str = ""
    """Stands after a time or a number of hours: `17h`."""
    has_bare_hours: bool = True
    """Whether `at 9` is a time beside a day; `à 9` is also a number of people."""
    morning: str = ""
    """Stands between a day and a time before noon."""
    later: str = ""
    """Stands between a day and a time from noon on."""
    parts: str = ""
    """More parts of a day. They are not read, but what stands before one may be a day."""
    others: str = ""
    """Make another day, or many, of the day after them: `every`, `last`."""
    unclear: str = ""
    """Names of days that are other words too, as those are written."""
    also: str = ""
    """More names of weekdays: `sonnabend=5`; Monday is 0."""
    also_short: str = ""
    """More short names, which are clear only beside a time or after a small word."""
    before_joined: str = ""
    """Stands before a day without a space."""
    after: str = ""
    """Stands after a day or time; with a space before it where one is written."""
    spans: str = ""
    """Regular expression of words that are some time from now, but not read: `in two weeks`."""


_TABLE = {
    "en": SmallWords(
        before="by|by the|for|due|on|on the|until|till|next|this",
        at="at|by|until|till",
        day_after="the day after tomorrow|day after tomorrow",
        next_week="next week",
        oclock="o'clock",
        morning="morning",
        later="afternoon|evening",
        parts="noon|night",
        others="every|each|last|past|before|after|since|from|except|not|the|a|some|my|your|to|and|or|-|–",
        spans=r"(?:in|next|this) (?:\S+ )?(?:days?|weeks?|months?|years?)|weekend",
    ),
    "de": SmallWords(
        before="bis|für|zum|am|fällig|spätestens|nächsten|nächster|nächste|nächstem|kommenden"
        "|kommender|diesen|dieser",
        at="um|gegen|bis",
        day_after="übermorgen|uebermorgen",
        next_week="nächste woche|nächster woche",
        in_days=r"in (\d{1,3}) tag(?:en)?",
        in_weeks=r"in (\d{1,2}) wochen?",
        oclock="uhr",
        morning="früh|morgen|morgens|vormittag|vormittags",
        later="mittag|mittags|nachmittag|nachmittags|abend|abends",
        parts="nacht|nachts",
        others="übernächsten|übernächster|letzten|letzter|vergangenen|jeden|jeder|ab|von|vor|nach"
        "|seit|außer|nicht|der|die|das|den|dem|ein|eine|einen|guten|und|oder|-|–",
        spans=r"(?:in|nächster?|nächste[mns]|kommenden?) (?:\S+ )?(?:tag|woche|monat|jahr)(?:e?n)?"
        "|wochenende",
        unclear="so|Morgen",
        also="sonnabend=5",
    ),
    "fr": SmallWords(
        before="d'ici|avant le|pour|le|jusqu'à",
        at="à|vers",
        has_bare_hours=False,
        day_after="après-demain",
        next_week="la semaine prochaine|semaine prochaine",
        in_days=r"dans (\d{1,3}) jours?",
        in_weeks=r"dans (\d{1,2}) semaines?",
        hours="h|heures",
        morning="matin",
        later="après-midi|soir",
        parts="midi|nuit",
        others="chaque|dernier|après|avant|depuis|sauf|pas",
        unclear="mar|Mar|mer|Mer|sam|Sam",
        after=" prochain| prochaine",
    ),
    "es": SmallWords(
        before="para|el|este|próximo",
        at="a las|a la",
        day_after="pasado mañana",
        next_week="la próxima semana|próxima semana",
        in_days=r"(?:en|dentro de) (\d{1,3}) días?",
        in_weeks=r"(?:en|dentro de) (\d{1,2}) semanas?",
        hours="h|horas",
        morning="por la mañana",
        later="por la tarde|por la noche",
        parts="mañana|tarde|noche",
        others="cada|pasado|antes|después|desde|no|la|una",
        unclear="mar|Mar",
        after=" próximo| que viene",
    ),
    "pt": SmallWords(
        before="até|para|no|na|próximo|próxima|este|esta",
        at="às|à|as",
        day_after="depois de amanhã",
        next_week="próxima semana|na próxima semana",
        in_days=r"(?:em|daqui a) (\d{1,3}) dias?",
        in_weeks=r"(?:em|daqui a) (\d{1,2}) semanas?",
        hours="h|horas",
        morning="de manhã",
        later="à tarde|à noite",
        parts="manhã|tarde|noite",
        others="cada|toda|todo|última|último|depois|desde|não",
        unclear="sex|Sex",
        also_short="segunda=0 terça=1 quarta=2 quinta=3 sexta=4",
        after=" que vem",
    ),
    "it": SmallWords(
        before="entro|per|il|prossimo|questo",
        at="alle|all'",
        day_after="dopodomani",
        next_week="la prossima settimana|la settimana prossima|settimana prossima",
        in_days=r"(?:tra|fra) (\d{1,3}) giorn[io]",
        in_weeks=r"(?:tra|fra) (\d{1,2}) settiman[ae]",
        hours="h",
        morning="mattina",
        later="pomeriggio|sera",
        parts="notte",
        others="ogni|scorso|scorsa|dopo|prima|da|non",
        unclear="mar|Mar|mer",
        after=" prossimo| prossima",
    ),
    "nl": SmallWords(
        before="voor|uiterlijk|op|tot|volgende|komende|aanstaande|deze",
        at="om",
        day_after="overmorgen",
        next_week="volgende week",
        in_days=r"over (\d{1,3}) dag(?:en)?",
        in_weeks=r"over (\d{1,2}) we(?:ek|ken)",
        oclock="uur",
        morning="ochtend",
        later="middag|avond",
        parts="nacht",
        others="elke|iedere|goede|de|vorige|afgelopen|na|sinds|niet",
        unclear="zo|Zo|ma|Ma",
    ),
    "pl": SmallWords(
        before="do|w|we|na|najbliższy|najbliższą",
        at="o",
        day_after="pojutrze",
        next_week="w przyszłym tygodniu",
        in_days=r"za (\d{1,3}) (?:dni|dzień)",
        in_weeks=r"za (\d{1,2}) tygodni[ea]?|za (1) tydzień",
        morning="rano",
        later="po południu|wieczorem",
        parts="południe|wieczór",
        others="każdy|każdą|zeszły|ostatni|po|przed|od|nie",
        unclear="pt|sob",
        also="poniedziałku=0 wtorku=1 środy=2 środę=2 czwartku=3 piątku=4 soboty=5 sobotę=5"
        " niedzieli=6 niedzielę=6",
    ),
    "ja": SmallWords(
        before="",
        before_joined="次の|今度の",
        at="",
        day_after="明後日|あさって",
        next_week="来週",
        in_days=r"(\d{1,3}) ?日後",
        in_weeks=r"(\d{1,2}) ?週間後",
        oclock="時|分",
        parts="朝|昼|午前|午後|夕方|夜",
        others="毎週|先週",
        after="までに|まで|に|の",
    ),
}
_UNSURE_OF_ORDER = frozenset({"en_CA", "fr_CA"})
"""Where people write a day and its month in either order."""


@dataclass(frozen=True, slots=True)
class DayWords:
    """The days and times of one language. All names are in lower case."""

    weekdays: dict[str, int]
    """The whole names; Monday is 0."""
    short: dict[str, int]
    """The short names, without their dots."""
    near: dict[str, int]
    """How many days after today: `tomorrow`."""
    months: dict[str, int]
    short_months: dict[str, int]
    day_first: bool | None
    """The order of numeric days; None if they cannot be told."""
    separator: str
    """Of a day and its month: `.`, `/` or `-`."""
    small: SmallWords
    is_english: bool


@lru_cache
def day_words(locale: str, today: str, tomorrow: str) -> DayWords:
    """Those of Babel's `locale`, in which the catalogue has these words for today and tomorrow."""
    tongue = locale.partition("_")[0]
    small = _TABLE.get(tongue, SmallWords(before="", at=""))
    whole, short = formats.weekday_names(locale)
    months, short_months = formats.month_names(locale)
    order = None if locale in _UNSURE_OF_ORDER else formats.numeric_day(locale)
    near = {plain(today): 0, plain(tomorrow): 1}
    near |= {plain(words): 2 for words in small.day_after.split("|") if words}
    return DayWords(
        weekdays=_also_without_accents(whole | _numbered(small.also)),
        short=_also_without_accents(short | _numbered(small.also_short)),
        near=_also_without_accents(near),
        months=_also_without_accents(months),
        short_months=_also_without_accents(short_months),
        day_first=order and order[0],
        separator=order[1] if order else "",
        small=small,
        is_english=tongue == "en",
    )


def _numbered(names: str) -> dict[str, int]:
    pairs = (pair.split("=") for pair in names.split())
    return {name: int(number) for name, number in pairs}


def _also_without_accents(names: dict[str, int]) -> dict[str, int]:
    """The names, and how they are typed without accents: `venerdi`."""
    bare = {
        "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)): day
        for name, day in names.items()
        if name.isascii() or max(name) < "\u0250"
    }
    return bare | names


def plain(text: str) -> str:
    """In lower case, with the apostrophe of keyboards."""
    return text.lower().replace("’", "'")


def any_of(words: str) -> str:
    """A regular expression of words that `|` separates, the longest first; "" is none of all."""
    found = sorted(filter(None, words.split("|")), key=len, reverse=True)
    return "|".join(map(re.escape, found)) or r"(?!)"
