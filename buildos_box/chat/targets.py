"""A person's own part of a service's address: what it may be, and where it is put.

The operator's URL decides where messages go. What a person gives is checked against the form that
their service has, and percent-encoded, so that it stays one segment of a path or one value.

The rules: docs/spec.md#chat-targets.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from buildos_box.errors import Unprocessable
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.settings import Settings
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.chat_url import TARGET


@dataclass(frozen=True, slots=True)
class _Form:
    """What a target of a kind of service looks like, as a pattern and in words."""

    pattern: re.Pattern[str]
    hint: str


_FORMS = {
    "ntfy": _Form(
        re.compile(r"[A-Za-z0-9_-]{1,64}"),
        N_("Your topic: letters, digits, - and _; choose one that nobody guesses"),
    ),
    "gotify": _Form(
        re.compile(r"[A-Za-z0-9._-]{5,128}"), N_("The token of an application of yours")
    ),
    "tgram": _Form(
        re.compile(r"-?[0-9]{1,20}(?::[0-9]{1,10})?"), N_("The number of your chat with the bot")
    ),
    "matrix": _Form(
        re.compile(r"![A-Za-z0-9._=~+-]{1,200}(?::[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?)?"),
        N_("The internal id of the room, like !abc:example.org"),
    ),
    # Apprise takes 10 to 14 digits, and no others.
    "signal": _Form(re.compile(r"\+[1-9][0-9]{9,13}"), N_("Your number, like +4915112345678")),
}
_OTHER = _Form(re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+-]{0,127}"), N_("Your part of the address"))
SHOWN = 2
"""How many characters of a target are shown."""


def _form_of(service: ChatSettings) -> _Form:
    scheme = urlsplit(service.url.reveal()).scheme
    return _FORMS.get(scheme) or _FORMS.get(scheme.removesuffix("s")) or _OTHER


def hint_of(service: ChatSettings, language: Language) -> str:
    """What people are asked for: in the operator's words, or in their own language."""
    return service.hint or language.say(_form_of(service).hint)


def service_named(settings: Settings, name: str, field: str = "service") -> ChatSettings:
    """The configured service of that name. Raises Unprocessable."""
    found = settings.chat.get(name)
    if found is None:
        known = ", ".join(settings.chat) or "none is configured"
        raise Unprocessable.field(field, f"{name!r} must be a chat service of this box: {known}")
    return found


def target_of(service: ChatSettings, text: str, field: str = "target") -> str:
    """What a person gave, if it has the form of their service. Raises Unprocessable."""
    target = text.strip()
    form = _form_of(service)
    if not target.isascii() or form.pattern.fullmatch(target) is None:
        raise Unprocessable.field(field, f"must be like this: {form.hint}")
    return target


def fits(service: ChatSettings, target: str) -> bool:
    """Whether a stored target still has the form that the configured service takes."""
    return _form_of(service).pattern.fullmatch(target) is not None


def url_for(service: ChatSettings, target: str) -> str:
    """The Apprise URL with the target in its place, every special character encoded."""
    return service.url.reveal().replace(TARGET, quote(target, safe=""))


def masked_target(target: str) -> str:
    """So that its owner recognises it, and nobody else learns it."""
    return f"{target[:SHOWN]}…" if len(target) >= SHOWN * 4 else "…"
