"""Loads the configuration and finds every fault (docs/spec.md#config-errors)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from buildos_box.did_you_mean import hint, nearest_of
from buildos_box.settings import check
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.environment import CONFIG_VARIABLE, Environment, Given, read_environment
from buildos_box.settings.keys import (
    CHAT,
    LANES,
    PROVIDERS,
    Key,
    all_keys,
    chat_keys,
    lane_keys,
    provider_keys,
)
from buildos_box.settings.model import LaneSettings, ProviderSettings, Settings
from buildos_box.settings.presets import with_preset
from buildos_box.settings.section import Secret
from buildos_box.settings.toml_lines import line_of
from buildos_box.settings.validation_messages import message_of

DEFAULT_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a key, where, and what is allowed."""

    key: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.message}"


class SettingsError(Exception):
    """The configuration is not valid; has every fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and the origin of each key that is not at its default."""

    settings: Settings
    origins: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass
class _Reader:
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lanes: dict[str, dict[str, Any]] = field(default_factory=dict)
    chat: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: list[ProviderSettings] | None = None

    def fault(self, key: str, where: str, message: str) -> None:
        self.faults.append(Fault(key, where, message))

    def convert(self, key: Key, name: str, value: Any, where: str, *, text: bool) -> Any:
        """The value in the key's type; None with a fault if it does not fit."""
        try:
            return msgspec.convert(value, key.type, strict=not text, dec_hook=_hook)
        except msgspec.ValidationError as error:
            self.fault(name, where, message_of(key, value, str(error).partition(" - at ")[0]))
            return None

    def put(self, name: str, value: Any, where: str, *, text: bool = False) -> None:
        """Set one key's value, whatever kind of key it is."""
        keys = all_keys()
        if name == PROVIDERS:
            self._put_providers(value, where)
        elif name.startswith(f"{LANES}.") and name.count(".") == 3:
            self._put_lane(name, value, where, text=text)
        elif name == CHAT or name.startswith(f"{CHAT}."):
            self._put_chat(name, value, where, text=text)
        elif name in keys and name != LANES:
            faults = len(self.faults)
            converted = self.convert(keys[name], name, value, where, text=text)
            if len(self.faults) == faults:
                self.values[name] = converted
                self.origins[name] = where
        else:
            self.fault(name, where, f"unknown key{_nearest_key(name, [*keys])}")

    def _put_lane(self, name: str, value: Any, where: str, *, text: bool) -> None:
        _, _, lane, option = name.split(".")
        known = lane_keys()
        if lane not in _DEFAULT_LANES:
            allowed = ", ".join(_DEFAULT_LANES)
            self.fault(name, where, f"there is no lane {lane}; known: {allowed}")
        elif option not in known:
            self.fault(name, where, f"unknown key{_did_you_mean(option, [*known])}")
        else:
            faults = len(self.faults)
            converted = self.convert(known[option], name, value, where, text=text)
            if len(self.faults) == faults:
                self.lanes.setdefault(lane, {})[option] = converted
                self.origins[name] = where

    def _put_chat(self, name: str, value: Any, where: str, *, text: bool) -> None:
        _, _, rest = name.partition(".")
        service, _, option = rest.partition(".")
        known = chat_keys()
        if not option:
            self.fault(name, where, "must be a table of its own, like [chat.ntfy]")
        elif not _SERVICE_NAME.fullmatch(service):
            self.fault(name, where, f"{service!r} must be a name of a-z, 0-9, - and _")
        elif option not in known:
            self.fault(name, where, f"unknown key{_did_you_mean(option, [*known])}")
        else:
            faults = len(self.faults)
            converted = self.convert(known[option], name, value, where, text=text)
            given = self.chat.setdefault(service, {})
            if len(self.faults) == faults:
                given[option] = converted
                self.origins[name] = where

    def chat_services(self) -> dict[str, ChatSettings]:
        """The chat services that are whole; a fault for each that has no URL."""
        found = {}
        for service, given in self.chat.items():
            name = f"{CHAT}.{service}.url"
            if "url" in given:
                found[service] = ChatSettings(**given)
            elif not any(fault.key == name for fault in self.faults):
                prefix = f"{CHAT}.{service}."
                places = [at for key, at in self.origins.items() if key.startswith(prefix)]
                self.fault(name, places[0] if places else "config", "is required")
        return found

    def _put_providers(self, value: Any, where: str) -> None:
        if not isinstance(value, list):
            self.fault(PROVIDERS, where, "must be a list of tables ([[llm.providers]])")
            return
        known = provider_keys()
        found = []
        for index, item in enumerate(value):
            name = f"{PROVIDERS}[{index}]"
            faults = len(self.faults)
            if not isinstance(item, dict):
                self.fault(name, where, "must be a table")
                continue
            given = with_preset(item)
            for option in given.keys() - known.keys():
                hint = _did_you_mean(option, [*known])
                self.fault(f"{name}.{option}", where, f"unknown key{hint}")
            for option, key in known.items():
                if key.required and option not in given:
                    self.fault(f"{name}.{option}", where, "is required")
            options = {}
            for option in given.keys() & known.keys():
                dotted, key = f"{name}.{option}", known[option]
                options[option] = self.convert(key, dotted, given[option], where, text=False)
            if len(self.faults) == faults:
                found.append(ProviderSettings(**options))
        self.providers = found
        self.origins[PROVIDERS] = where


_SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DEFAULT_LANES: dict[str, LaneSettings] = all_keys()[LANES].default


def _hook(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def _nearest_key(name: str, known: list[str]) -> str:
    """The key that was probably meant: one of the same section, else of any."""
    section, _, last = name.rpartition(".")
    siblings = [key.rpartition(".")[2] for key in known if key.rpartition(".")[0] == section]
    close = nearest_of(last, siblings)
    if close:
        return hint(f"{section}.{close}")
    tables = {key.rpartition(".")[0] for key in known} - {""}
    return "" if section in tables else _did_you_mean(name, [*known, *tables])


def _did_you_mean(name: str, known: list[str]) -> str:
    return hint(nearest_of(name, known))


def load_settings(config_path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Defaults < file < environment. Raises SettingsError with every fault at once.

    The file is `config_path`, else the one that BUILDOS_BOX_CONFIG names, else `config.toml`
    in the working directory if it is there. Only a file that was named must exist.
    """
    reader = _Reader()
    named = config_path or (Path(p) if (p := environ.get(CONFIG_VARIABLE)) else None)
    path = named or Path(DEFAULT_FILE)
    if named is not None or path.exists():
        _read_file(path, reader)
    given = read_environment(environ)
    for fault in given.faults:
        reader.fault(*fault)
    for item in given.items:
        _put_variable(reader, item)
    settings = _assemble(reader, given)
    for key, message, cause in check.contradictions(settings, set(reader.origins)):
        source = reader.origins.get(key) or reader.origins.get(cause or key, "defaults")
        reader.fault(key, source, message)
    if reader.faults:
        raise SettingsError(reader.faults)
    return Loaded(settings, reader.origins, tuple(given.notes))


def _put_variable(reader: _Reader, item: Given) -> None:
    reader.put(item.key, item.value, item.variable, text=item.text)


def _read_file(path: Path, reader: _Reader) -> None:
    try:
        text = path.read_text("utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        reader.fault("config", str(path), f"cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reader.fault("config", str(path), f"is not TOML: {error}")
    else:
        _walk(tree, "", lambda key: f"{path.name}:{line_of(text, key)}", reader)


def _walk(tree: Mapping[str, Any], prefix: str, where: Any, reader: _Reader) -> None:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and _is_section(key):
            _walk(value, f"{key}.", where, reader)
        else:
            reader.put(key, value, where(key))


def _is_section(key: str) -> bool:
    if key == LANES or (key.startswith(f"{LANES}.") and key.count(".") == 2):
        return True
    if key == CHAT or (key.startswith(f"{CHAT}.") and key.count(".") == 1):
        return True
    return any(known.startswith(f"{key}.") for known in all_keys())


def _assemble(reader: _Reader, environment: Environment) -> Settings:
    """The settings from the values that were read; faulty ones keep their defaults."""
    tree: dict[str, Any] = {}
    for name, value in reader.values.items():
        *sections, last = name.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    lanes = {
        name: msgspec.structs.replace(lane, **reader.lanes.get(name, {}))
        for name, lane in _DEFAULT_LANES.items()
    }
    tree.setdefault("queue", {})["lanes"] = lanes
    tree[CHAT] = reader.chat_services()
    tree.setdefault("llm", {})["providers"] = (
        environment.default_chain()
        if reader.providers is None
        else tuple(environment.with_key(provider) for provider in reader.providers)
    )
    settings: Settings = _build(Settings, tree)
    return settings


def _build(section: Any, tree: dict[str, Any]) -> Any:
    values = {}
    for spec in msgspec.structs.fields(section):
        if spec.name not in tree:
            continue
        value = tree[spec.name]
        nested = isinstance(value, dict) and spec.name not in ("lanes", CHAT)
        values[spec.name] = _build(spec.type, value) if nested else value
    return section(**values)
