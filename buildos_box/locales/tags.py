"""Language tags (BCP 47): which are known, and what they say besides the language.

A new language is a line in LANGUAGES, its catalogue `<tag>/messages.po`, and what else
docs/translating.md names.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from buildos_box.did_you_mean import hint, nearest_of

LANGUAGES = {
    "en-US": "English (US)",
    "en-GB": "English (UK)",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt-BR": "Português (Brasil)",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "ja": "日本語",
}
"""The catalogues by their tags, each with the language's own name. The first is the source."""

DEVELOPMENT = {"el-XA": "el", "ar-XB": "ar_EG"}
"""Languages that only show faults, with the formats of a locale: see `pseudo_languages`."""

SOURCE = "en-US"
BOX_DEFAULT = "en-US-u-fw-mon-hc-h23"
"""American English on clocks of 24 hours, with weeks from Monday: what briefs always were."""

_TAG = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{2}|[0-9]{3}))?")
_EXTENSION = re.compile(r"-u((?:-(?:fw|hc)-[a-z0-9]{3,8})+)", re.IGNORECASE)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CYCLES = {"h11": 12, "h12": 12, "h23": 24, "h24": 24}
_MISNAMED = {"uk": "GB"}
"""Regions as people write them."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A known tag without its extension, and what the extension says: None if nothing."""

    name: str
    hour_cycle: int | None = None
    """12 or 24."""
    week_start: int | None = None
    """0 is Sunday."""


def tag_of(text: str) -> Tag:
    """A known tag, which may have `-u-hc-h23` and `-u-fw-mon` (RFC 6067).

    Raises ValueError, a clause.
    """
    found = _EXTENSION.search(text)
    if found is None or found.end() != len(text):
        return Tag(known(text))
    words = found[1].lower().split("-")[1:]
    said = dict(zip(words[::2], words[1::2], strict=True))
    cycle, first = said.get("hc"), said.get("fw")
    if (cycle is not None and cycle not in _CYCLES) or (first is not None and first not in _DAYS):
        raise ValueError(f"{text!r} must end like -u-fw-mon-hc-h23")
    name = known(text[: found.start()])
    return Tag(
        name, _CYCLES[cycle] if cycle else None, _DAYS.index(first) if first is not None else None
    )


@lru_cache(maxsize=512)
def known(text: str) -> str:
    """The tag as it is spelled: a language that is here, alone or with a region that speaks it.

    Raises ValueError, a clause with all of them and the one that was probably meant.
    """
    spelled = _spelled(text)
    if spelled in LANGUAGES or spelled in _known_tags() or spelled in _development_tags():
        return spelled
    listed = ", ".join(sorted(LANGUAGES))
    raise ValueError(f"must be one of {listed}, or with a region, like de-CH{hint(nearest(text))}")


def nearest(text: str) -> str | None:
    """The known tag that was probably meant; a language's name is one too. None if none is near."""
    wanted = text.strip().replace("_", "-")
    spelled = _spelled(wanted)
    tongue, _, region = spelled.partition("-")
    right = f"{tongue}-{_MISNAMED.get(region.lower(), region)}"
    for tag in (spelled, right):
        if tag in LANGUAGES or tag in _known_tags():
            return tag
    of_tongue = [tag for tag in LANGUAGES if tag.partition("-")[0] == tongue]
    if of_tongue:
        return of_tongue[0]
    names = {
        name.casefold(): tag
        for tag, own in reversed(LANGUAGES.items())
        for name in (tag, own, own.partition(" (")[0], *_english_name(tag))
    }
    meant = nearest_of(wanted.casefold(), names)
    return names[meant] if meant else None


def catalogue_tag(tag: str) -> str:
    """The catalogue whose texts a known tag is written in."""
    if tag in LANGUAGES or tag in DEVELOPMENT:
        return tag
    tongue = tag.partition("-")[0]
    own = [name for name in LANGUAGES if name.partition("-")[0] == tongue]
    if tongue == "en" and tag != "en" and not _is_american(tag):
        return "en-GB"
    return own[0]


def wanted(accepted: str, default: str) -> str:
    """The catalogue for a browser's `Accept-Language` (RFC 9110, 12.5.4), else `default`'s."""
    for part in accepted[:200].split(","):
        try:
            return catalogue_tag(known(part.partition(";")[0].strip()))
        except ValueError:
            continue
    return catalogue_tag(tag_of(default).name)


def _is_american(tag: str) -> bool:
    """Whether CLDR derives it from American English, not from that of the rest of the world."""
    from babel.core import get_global

    return get_global("parent_exceptions").get(tag.replace("-", "_")) is None


def _spelled(text: str) -> str:
    found = _TAG.fullmatch(text)
    if found is None:
        return text
    return found[1].lower() + (f"-{found[2].upper()}" if found[2] else "")


def babel_locale(tag: str) -> str:
    """Babel's name of a known tag: `de_CH`."""
    return DEVELOPMENT.get(tag, tag.replace("-", "_"))


@lru_cache(maxsize=1)
def _development_tags() -> frozenset[str]:
    """Those whose formats are here; the one executable has only those of its languages."""
    from babel.localedata import exists

    return frozenset(tag for tag, locale in DEVELOPMENT.items() if exists(locale))


@lru_cache(maxsize=1)
def _known_tags() -> frozenset[str]:
    """The tags of every region that CLDR knows for one of the languages."""
    from babel.localedata import locale_identifiers

    tongues = {tag.partition("-")[0] for tag in LANGUAGES}
    found = (name.replace("_", "-") for name in locale_identifiers())
    return frozenset(
        tag for tag in found if tag.partition("-")[0] in tongues and _TAG.fullmatch(tag)
    )


def _english_name(tag: str) -> list[str]:
    from babel import Locale

    tongue = Locale.parse(tag.partition("-")[0])
    return [name for name in (tongue.english_name, tongue.display_name) if name]
