"""Environment variables `BUILDOS_BOX_<SECTION>__<KEY>`, and their aliases.

The rules: docs/spec.md#config-variables.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from buildos_box.settings.keys import CHAT, LANES, PROVIDERS, all_keys, find_key
from buildos_box.settings.model import ProviderSettings
from buildos_box.settings.presets import DEFAULT_CHAIN, KEY_VARIABLES, with_preset
from buildos_box.settings.section import Secret

PREFIX = "BUILDOS_BOX_"
CONFIG_VARIABLE = "BUILDOS_BOX_CONFIG"
FOR_CLIENTS = frozenset(
    {CONFIG_VARIABLE, "BUILDOS_BOX_URL", "BUILDOS_BOX_TOKEN", "BUILDOS_BOX_USER"}
)
FILE_SUFFIX = "_FILE"


class NotAllowed(ValueError):
    """An alias has a value that it cannot have; the message says what is allowed."""


def _same(text: str) -> Any:
    return text


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise NotAllowed(f"{text!r} must be true or false")
    return word == "true"


def _webhook_if_true(text: str) -> Any:
    """`false` chooses no transport: a configured mail server stays in use."""
    return "webhook" if _flag(text) else None


def _flag_text(text: str) -> str:
    return str(_flag(text)).lower()


def _ms_to_seconds(text: str) -> Any:
    return str(float(text) / 1000) if text.replace(".", "", 1).isdigit() else text


ALIASES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "USE_WEBHOOK_EMAIL": ("email.transport", _webhook_if_true),
    "BUILDOS_WEBHOOK_URL": ("email.webhook.url", _same),
    "PRIVATE_BUILDOS_WEBHOOK_SECRET": ("email.webhook.secret", _same),
    "BUILDOS_WEBHOOK_SECRET": ("email.webhook.secret", _same),
    "PRIVATE_RAILWAY_WORKER_TOKEN": ("auth.service_token", _same),
    "PRIVATE_TWILIO_ACCOUNT_SID": ("sms.account_sid", _same),
    "PRIVATE_TWILIO_AUTH_TOKEN": ("sms.auth_token", _same),
    "PRIVATE_TWILIO_MESSAGING_SERVICE_SID": ("sms.messaging_service_sid", _same),
    "PRIVATE_SMS_SENDING_ENABLED": ("sms.enabled", _flag_text),
    "ENGAGEMENT_BACKOFF_ENABLED": ("briefs.engagement_backoff", _flag_text),
    "VAPID_PUBLIC_KEY": ("push.vapid_public_key", _same),
    "VAPID_PRIVATE_KEY": ("push.vapid_private_key", _same),
    "VAPID_SUBJECT": ("push.vapid_subject", _same),
    "PUBLIC_APP_URL": ("server.base_url", _same),
    "QUEUE_BATCH_SIZE": ("queue.workers", _same),
    "QUEUE_STALLED_TIMEOUT": ("queue.lease_seconds", _ms_to_seconds),
    "PORT": ("server.port", _same),
}
ALIAS_NOTES = {
    "USE_WEBHOOK_EMAIL": "`true` chooses `webhook`; `false` keeps the configured transport",
    "PRIVATE_SMS_SENDING_ENABLED": "`false`: no SMS is sent",
    "PUBLIC_APP_URL": "must be an address at which this server is reached: links in mail and "
    "Twilio's callbacks start with it",
    "QUEUE_STALLED_TIMEOUT": "given in milliseconds",
}
"""What an alias means, where the name of its key does not say it."""
WITHOUT_EFFECT = {
    "QUEUE_POLL_INTERVAL": "is accepted and has no effect: an enqueue wakes the workers, "
    "nothing polls"
}


@dataclass(frozen=True, slots=True)
class Given:
    """The value that a variable gives to a key; `text` if it must still be parsed."""

    key: str
    value: Any
    variable: str
    text: bool


@dataclass
class Environment:
    """Everything that the environment configures."""

    items: list[Given] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: dict[str, Secret] = field(default_factory=dict)
    """The keys of language models, by preset."""

    def default_chain(self) -> tuple[ProviderSettings, ...]:
        """The default providers whose key is known, used if none are configured."""
        return tuple(
            ProviderSettings(**with_preset({"preset": preset, "api_key": self.keys[preset]}))
            for preset in DEFAULT_CHAIN
            if preset in self.keys
        )

    def with_key(self, provider: ProviderSettings) -> ProviderSettings:
        """The provider with its preset's key if it has none of its own."""
        key = self.keys.get(provider.preset or "") if provider.api_key is None else None
        return msgspec.structs.replace(provider, api_key=key) if key else provider


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read every known variable. One value that is given twice is a fault, which names both."""
    found = Environment()
    for variable, (key, convert) in ALIASES.items():
        _read_alias(variable, key, convert, environ, found)
    found.notes.extend(f"{name} {why}" for name, why in WITHOUT_EFFECT.items() if name in environ)
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in FOR_CLIENTS:
            _read_own(variable, environ, found)
    for preset, variable in KEY_VARIABLES.items():
        given = _value(environ, variable, found, PROVIDERS)
        if given is not None and given[0]:
            found.keys[preset] = Secret(given[0])
    _refuse_doubles(found)
    return found


def _read_alias(
    variable: str,
    key: str,
    convert: Callable[[str], Any],
    environ: Mapping[str, str],
    found: Environment,
) -> None:
    """An empty alias counts as not set: container files hand on variables that have no value."""
    given = _value(environ, variable, found, key)
    if given is None or not given[0].strip():
        return
    text, source = given
    try:
        value = convert(text)
    except NotAllowed as error:
        found.faults.append((key, source, str(error)))
        return
    if value is not None:
        found.items.append(Given(key, value, source, text=True))


def _refuse_doubles(found: Environment) -> None:
    first: dict[str, str] = {}
    for item in found.items:
        other = first.setdefault(item.key, item.variable)
        if other != item.variable:
            found.faults.append((item.key, item.variable, f"{other} is set too; keep one of them"))


def _read_own(variable: str, environ: Mapping[str, str], found: Environment) -> None:
    key = _key_of(variable)
    secret = _secret_in_file(variable) if key is None else None
    if secret is not None:
        given = _value(environ, variable.removesuffix(FILE_SUFFIX), found, secret)
        if given is not None and given[1] == variable:
            found.items.append(Given(secret, given[0], variable, text=True))
        return
    if key is None:
        guess = variable.removeprefix(PREFIX).lower().replace("__", ".")
        found.faults.append((guess, variable, "unknown key"))
        return
    found.items.append(_given(key, environ[variable], variable, found))


def _secret_in_file(variable: str) -> str | None:
    """The secret whose value is in the file that `…_FILE` names."""
    if not variable.endswith(FILE_SUFFIX):
        return None
    key = _key_of(variable.removesuffix(FILE_SUFFIX))
    known = find_key(key) if key else None
    return key if known is not None and known.is_secret else None


def _key_of(variable: str) -> str | None:
    name = variable.removeprefix(PREFIX).lower().replace("__", ".")
    if name.startswith(f"{LANES}.") or (name in all_keys() and name not in (LANES, CHAT)):
        return name
    if name.startswith(f"{CHAT}.") and find_key(name) is not None:
        return name
    return None


def _given(key: str, text: str, variable: str, found: Environment) -> Given:
    known = all_keys().get(key)
    looks_json = text.lstrip().startswith("[")
    if key == PROVIDERS or (known is not None and known.is_list and looks_json):
        try:
            return Given(key, json.loads(text), variable, text=False)
        except ValueError:
            found.faults.append((key, variable, "must be JSON"))
            return Given(key, [], variable, text=False)
    if known is not None and known.is_list and text.strip().lower() not in ("true", "false"):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return Given(key, parts, variable, text=True)
    return Given(key, text, variable, text=True)


def _value(
    environ: Mapping[str, str], variable: str, found: Environment, key: str
) -> tuple[str, str] | None:
    """The variable, or the content of the file that `…_FILE` names; and which of them it was."""
    in_file = variable + FILE_SUFFIX
    path = environ.get(in_file)
    if variable in environ:
        if path is not None:
            found.faults.append((key, in_file, f"{variable} is set too; keep one of them"))
        return environ[variable], variable
    if path is None:
        return None
    try:
        return Path(path).read_text("utf-8").strip(), in_file
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        found.faults.append((key, in_file, f"{path} cannot be read: {reason}"))
        return None
