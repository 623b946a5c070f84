"""Environment variables `BUILDOS_BOX_<SECTION>__<KEY>`, and their aliases.

The rules: docs/spec.md#config-variables.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from buildos_box.settings.keys import LANES, PROVIDERS, all_keys
from buildos_box.settings.model import ProviderSettings
from buildos_box.settings.presets import DEFAULT_CHAIN, KEY_VARIABLES, with_preset
from buildos_box.settings.section import Secret

PREFIX = "BUILDOS_BOX_"
CONFIG_VARIABLE = "BUILDOS_BOX_CONFIG"
FOR_CLIENTS = frozenset({CONFIG_VARIABLE, "BUILDOS_BOX_URL", "BUILDOS_BOX_TOKEN"})
FILE_SUFFIX = "_FILE"


def _same(text: str) -> Any:
    return text


def _webhook_if_true(text: str) -> str:
    return "webhook" if text.strip().lower() in ("1", "true", "yes", "on") else "outbox"


def _ms_to_seconds(text: str) -> Any:
    return str(float(text) / 1000) if text.replace(".", "", 1).isdigit() else text


ALIASES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "USE_WEBHOOK_EMAIL": ("email.transport", _webhook_if_true),
    "BUILDOS_WEBHOOK_URL": ("email.webhook.url", _same),
    "BUILDOS_WEBHOOK_SECRET": ("email.webhook.secret", _same),
    "PRIVATE_RAILWAY_WORKER_TOKEN": ("auth.service_token", _same),
    "PRIVATE_TWILIO_ACCOUNT_SID": ("sms.account_sid", _same),
    "PRIVATE_TWILIO_AUTH_TOKEN": ("sms.auth_token", _same),
    "PRIVATE_TWILIO_MESSAGING_SERVICE_SID": ("sms.messaging_service_sid", _same),
    "QUEUE_BATCH_SIZE": ("queue.workers", _same),
    "QUEUE_STALLED_TIMEOUT": ("queue.lease_seconds", _ms_to_seconds),
    "PORT": ("server.port", _same),
}
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
    """Read all configuration variables; our own name wins over an alias of the same key."""
    found = Environment()
    for variable, (key, convert) in ALIASES.items():
        text = _value(environ, variable, found, key)
        if text is not None:
            found.items.append(Given(key, convert(text), variable, text=True))
    found.notes.extend(f"{name} {why}" for name, why in WITHOUT_EFFECT.items() if name in environ)
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in FOR_CLIENTS:
            _read_own(variable, environ, found)
    for preset, variable in KEY_VARIABLES.items():
        secret = _value(environ, variable, found, PROVIDERS)
        if secret:
            found.keys[preset] = Secret(secret)
    return found


def _read_own(variable: str, environ: Mapping[str, str], found: Environment) -> None:
    key = _key_of(variable)
    secret = _secret_in_file(variable) if key is None else None
    if secret is not None:
        base = variable.removesuffix(FILE_SUFFIX)
        text = _value(environ, base, found, secret)
        if text is not None and base not in environ:
            found.items.append(Given(secret, text, variable, text=True))
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
    known = all_keys().get(key) if key else None
    return key if known is not None and known.is_secret else None


def _key_of(variable: str) -> str | None:
    name = variable.removeprefix(PREFIX).lower().replace("__", ".")
    if name.startswith(f"{LANES}.") or (name in all_keys() and name != LANES):
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


def _value(environ: Mapping[str, str], variable: str, found: Environment, key: str) -> str | None:
    """The variable, or the content of the file that `…_FILE` names."""
    if variable in environ:
        return environ[variable]
    path = environ.get(variable + FILE_SUFFIX)
    if path is None:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}"
        found.faults.append((key, variable + FILE_SUFFIX, why))
        return None
