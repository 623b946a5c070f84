"""The configuration as text: the documented example, and the effective values with their origin."""

from collections.abc import Iterator
from typing import Any

import msgspec

from buildos_box.settings.keys import (
    CHAT,
    LANES,
    NAMED,
    Key,
    all_keys,
    chat_keys,
    provider_keys,
    section_doc,
)
from buildos_box.settings.live import value_of
from buildos_box.settings.load import Loaded
from buildos_box.settings.masking import MASK, masked_url
from buildos_box.settings.model import LaneSettings
from buildos_box.settings.section import Secret

HEADER = """\
# Every key of BuildOS Box with its default. Nothing has to be set.
# Each can also be given as an environment variable, which wins over this file:
#   BUILDOS_BOX_<SECTION>__<KEY>, like BUILDOS_BOX_SERVER__PORT=9000
# and each secret as the path of a file that holds it, like BUILDOS_BOX_EMAIL__SMTP__PASSWORD_FILE.
"""


def example_toml() -> str:
    """`config.example.toml`, made from the model."""
    lines = [HEADER]
    section = ""
    for key in all_keys().values():
        if key.name in NAMED:
            continue
        table, _, name = key.name.rpartition(".")
        if table != section:
            section = table
            lines += [f"# {section_doc(table)}", f"[{table}]"]
        lines += [f"# {key.doc}{_notes(key)}", _example_line(name, key.default), ""]
        if key.name == "queue.max_attempts":
            lines += _lane_lines()
    return "\n".join([*lines, *_chat_lines(), "", *_provider_lines()]).rstrip() + "\n"


def _notes(key: Key) -> str:
    allowed = f" {key.allowed}" if key.allowed else ""
    return allowed + (" (secret)" if key.is_secret else "")


def _example_line(name: str, value: Any, note: str = "") -> str:
    """The key at its default, commented out; an unset one so that it stays a comment."""
    if value is None:
        return f"#   {name} = …  (unset){note}"
    return f"# {name} = {toml_value(value)}{note}"


def _lane_lines() -> list[str]:
    lanes: dict[str, LaneSettings] = all_keys()[LANES].default
    lines = ["# Limits by lane; per_user is half of concurrency unless set, per_minute unlimited."]
    for name, lane in lanes.items():
        lines += [f"[queue.lanes.{name}]", f"# concurrency = {lane.concurrency}"]
        lines += ["# per_user = 2", "# per_minute = 60", ""]
    return lines


def _chat_lines() -> list[str]:
    lines = [
        "# Chat services, each under a name that people see: ntfy, Gotify, Telegram, Matrix,",
        "# Signal (signal-cli-rest-api), Discord, Mattermost, Nextcloud Talk. The address is the",
        "# operator's; only `{target}` in its path or an option is a person's. They need the extra",
        "# `buildos-box[chat]`.",
        "# [chat.ntfy]",
    ]
    examples = {"url": "ntfys://ntfy.example.org/{target}"}
    for key in chat_keys().values():
        value = examples.get(key.name, key.default)
        lines += [_example_line(key.name, value, f"  # {key.doc}{_notes(key)}")]
    return lines


def _provider_lines() -> list[str]:
    lines = [
        "# The chain of language models, tried in order. Without it: DeepSeek, OpenAI, Anthropic,",
        "# those whose key is in DEEPSEEK_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY; and after",
        "# all, or with none of them, the built-in analyst. With a preset the rest is known; of",
        '# a local Ollama it is enough to say: preset = "ollama", model = "llama3.2".',
        "# [[llm.providers]]",
    ]
    examples = {"name": "local", "base_url": "http://127.0.0.1:11434/v1", "model": "llama3.2"}
    for key in provider_keys().values():
        value = examples.get(key.name, key.default)
        lines += [_example_line(key.name, value, f"  # {key.doc}{_notes(key)}")]
    return lines


def toml_value(value: Any) -> str:
    """A value as TOML writes it; an unset one as an empty text."""
    match value:
        case None:
            return '""  # unset'
        case bool():
            return "true" if value else "false"
        case str():
            return msgspec.json.encode(value).decode()
        case tuple():
            return "[" + ", ".join(toml_value(item) for item in value) + "]"
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)


def effective(loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    """(key, value, origin) of every key; secrets masked."""
    for name in all_keys():
        value = value_of(loaded.settings, name)
        if name == LANES:
            for lane, limits in value.items():
                for option, limit in msgspec.structs.asdict(limits).items():
                    dotted = f"{name}.{lane}.{option}"
                    yield dotted, limit, loaded.origins.get(dotted, "default")
        elif name == CHAT:
            for service, chosen in value.items():
                for option, given in msgspec.structs.asdict(chosen).items():
                    dotted = f"{name}.{service}.{option}"
                    yield dotted, _shown(given), loaded.origins.get(dotted, "default")
        else:
            yield name, _shown(value), loaded.origins.get(name, "default")


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, str):
        return masked_url(value)
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {name: _shown(item) for name, item in msgspec.structs.asdict(value).items()}
    return value
