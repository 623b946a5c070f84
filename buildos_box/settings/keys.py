"""The keys of the configuration, read from the model: names, types, defaults, documentation."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.model import LaneSettings, ProviderSettings, Settings
from buildos_box.settings.section import Secret, Section

LANES = "queue.lanes"
PROVIDERS = "llm.providers"
CHAT = "chat"
NAMED = (LANES, PROVIDERS, CHAT)
"""Keys with tables in them, whose own keys are listed apart."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its dotted name, its type with constraints, the default, and its documentation."""

    name: str
    type: Any
    default: Any
    doc: str
    required: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether its value must never be shown."""
        return Secret in _alternatives(self.type)

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are allowed, where there are only a few."""
        literals = [kind for kind in _alternatives(self.type) if get_origin(kind) is Literal]
        return tuple(str(choice) for kind in literals for choice in get_args(kind))

    @property
    def allowed(self) -> str:
        """The values that are allowed and their unit, as a sentence; empty if any text is."""
        if self.choices:
            return f"One of {', '.join(self.choices)}."
        bounds = _bounds_of(self.type)
        unit = next((unit for part, unit in _UNITS.items() if part in self.name), "")
        return f"{unit}{bounds}.".capitalize() if bounds else ""

    @property
    def is_list(self) -> bool:
        """Whether an environment variable may give it as a comma-separated list."""
        return any(get_origin(kind) is tuple for kind in _alternatives(self.type))


_UNITS = {"_seconds": "seconds, ", "_ms": "milliseconds, ", "_bytes": "bytes, "}


def _bounds_of(annotation: Any) -> str:
    """The bounds of a number in words; empty if it has none."""
    least: dict[str, Any] = {}
    for part in (annotation, *_alternatives(annotation)):
        for meta in get_args(part)[1:] if get_origin(part) is Annotated else ():
            if isinstance(meta, msgspec.Meta):
                given = {name: getattr(meta, name) for name in ("ge", "gt", "le")}
                least |= {name: value for name, value in given.items() if value is not None}
    if "le" in least:
        most = least["le"]
        return (
            f"{least['ge']} to {most}"
            if "ge" in least
            else f"more than {least['gt']}, at most {most}"
        )
    if "ge" in least:
        return f"{least['ge']} or more"
    return f"more than {least['gt']}" if "gt" in least else ""


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(bare) in (Union, types.UnionType):
        return get_args(bare)
    return (bare,)


def keys_of(section: type[Section], prefix: str = "") -> Iterator[Key]:
    """Every key of a section and its subsections, in the order of the model."""
    hints = get_type_hints(section, include_extras=True)
    for spec in msgspec.structs.fields(section):
        name = f"{prefix}{spec.name}"
        annotation = hints[spec.name]
        if isinstance(annotation, type) and issubclass(annotation, Section):
            yield from keys_of(annotation, f"{name}.")
        else:
            yield Key(name, annotation, _default(spec), _doc_of(annotation), spec.required)


def _default(spec: Any) -> Any:
    if spec.default is not msgspec.NODEFAULT:
        return spec.default
    return spec.default_factory() if spec.default_factory is not msgspec.NODEFAULT else None


def _doc_of(annotation: Any) -> str:
    for meta in get_args(annotation)[1:]:
        if isinstance(meta, msgspec.Meta) and meta.description:
            return meta.description
    return ""


def all_keys() -> dict[str, Key]:
    """Every key of the configuration by its dotted name."""
    return {key.name: key for key in keys_of(Settings)}


def lane_keys() -> dict[str, Key]:
    """The keys of one lane."""
    return {key.name: key for key in keys_of(LaneSettings)}


def provider_keys() -> dict[str, Key]:
    """The keys of one provider."""
    return {key.name: key for key in keys_of(ProviderSettings)}


def chat_keys() -> dict[str, Key]:
    """The keys of one chat service."""
    return {key.name: key for key in keys_of(ChatSettings)}


def find_key(name: str) -> Key | None:
    """The key of that dotted name, also of a chat service (`chat.ntfy.url`)."""
    section, _, rest = name.partition(".")
    service, _, option = rest.partition(".")
    if section == CHAT and service:
        return chat_keys().get(option)
    return all_keys().get(name)


def section_doc(name: str) -> str:
    """The documentation of a section, `server` or `email.smtp`."""
    kind: Any = Settings
    for part in name.split("."):
        kind = get_type_hints(kind)[part]
    return str(kind.__doc__).strip()
