"""The configuration as a page of documentation, made from the model: `docs/configuration.md`."""

from collections.abc import Iterator

from buildos_box.settings.chat_url import SCHEMES
from buildos_box.settings.environment import ALIAS_NOTES, ALIASES
from buildos_box.settings.keys import (
    LANES,
    NAMED,
    Key,
    all_keys,
    chat_keys,
    lane_keys,
    provider_keys,
    section_doc,
)
from buildos_box.settings.show import toml_value

HEAD = """\
# Configuration

*Made from the settings themselves: `buildos-box config docs > docs/configuration.md`. A test
holds that it is up to date.*

Nothing has to be set. What is said where wins in this order: an environment variable, the file
(`--config`, or `config.toml` in the working folder), the default. An unknown key or an impossible
value stops the start; `buildos-box config check` tells every fault at once, and `buildos-box
config show` what is in force and where it comes from.

- Every key is also a variable: `server.base_url` is `BUILDOS_BOX_SERVER__BASE_URL`. Lists are
  given with commas.
- Every secret may also be the path of a file that holds it: the variable's name with `_FILE`.
"""


def reference_markdown() -> str:
    """The whole page."""
    parts = [HEAD, *_sections(), *_lanes(), *_chat(), *_providers(), *_aliases()]
    return "\n".join(parts).rstrip() + "\n"


def _sections() -> Iterator[str]:
    section = None
    for key in all_keys().values():
        if key.name in NAMED:
            continue
        table = key.name.rpartition(".")[0]
        if table != section:
            section = table
            yield f"\n## `[{table}]`\n\n{section_doc(table)}\n"
            yield from _header()
        yield _row(key, key.name.rpartition(".")[2])


def _header() -> Iterator[str]:
    yield "| key | default | what it is |"
    yield "| --- | --- | --- |"


def _row(key: Key, name: str) -> str:
    default = "must be given" if key.required else f"`{toml_value(key.default)}`"
    if not key.required and key.default is None:
        default = "unset"
    secret = " *(secret)*" if key.is_secret else ""
    allowed = f" {key.allowed}" if key.allowed else ""
    return f"| `{name}` | {default} | {key.doc.replace('|', '&#124;')}{allowed}{secret} |"


def _lanes() -> Iterator[str]:
    yield "\n## `[queue.lanes.<name>]`\n"
    yield "How many jobs may run at once. `per_user` is half of `concurrency` unless set.\n"
    yield from _header()
    for key in lane_keys().values():
        yield _row(key, key.name)
    yield "\n| lane | `concurrency` |"
    yield "| --- | --- |"
    for name, lane in all_keys()[LANES].default.items():
        yield f"| `{name}` | {lane.concurrency} |"


def _chat() -> Iterator[str]:
    yield "\n## `[chat.<name>]`\n"
    yield (
        "Chat services, each under a name that people see (`[chat.ntfy]`). Schemes of the URL: "
        f"{', '.join(f'`{scheme}`' for scheme in SCHEMES)}.\nThe extra `buildos-box[chat]` brings "
        "the library. Pages to copy: [integrations](integrations.md#chat).\n"
    )
    yield from _header()
    for key in chat_keys().values():
        yield _row(key, key.name)


def _providers() -> Iterator[str]:
    yield "\n## `[[llm.providers]]`\n"
    yield (
        "The chain of language models, tried in order. Without it: DeepSeek, OpenAI, Anthropic, "
        "those whose key is in\n`DEEPSEEK_API_KEY`, `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`; after "
        "all, or with none of them, the built-in analyst.\n"
    )
    yield from _header()
    for key in provider_keys().values():
        yield _row(key, key.name)


def _aliases() -> Iterator[str]:
    yield "\n## Other names\n"
    yield (
        "Names that the original worker used, and what they set. An empty one counts as not set. "
        "A variable and\nanother one of the same key, or a secret and its `_FILE`, are a fault "
        "that names both.\n"
    )
    yield "| variable | key | |"
    yield "| --- | --- | --- |"
    for name, (key, _convert) in ALIASES.items():
        yield f"| `{name}` | `{key}` | {ALIAS_NOTES.get(name, '')} |"
