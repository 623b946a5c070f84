"""What `buildos-box init` is told, and the configuration that follows from it."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from buildos_box.cli.file_faults import whole_text
from buildos_box.settings import Settings, load_settings
from buildos_box.settings.presets import KEY_VARIABLES, PRESETS
from buildos_box.settings.show import toml_value

MAIL = ("outbox", "smtp")
MODELS = ("none", *PRESETS)
NEEDS_KEY = tuple(KEY_VARIABLES)


@dataclass(frozen=True, slots=True)
class Answers:
    """Every answer; None was not given. The time zone and mail address are the person's.

    The locale is the person's, and of everyone who chooses none.
    """

    data: str | None = None
    address: str | None = None
    mail: str | None = None
    from_address: str | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: str | None = None
    smtp_username: str | None = None
    smtp_password: str | None = None
    provider: str | None = None
    model: str | None = None
    model_url: str | None = None
    model_key: str | None = None
    person: str | None = None
    email: str | None = None
    timezone: str | None = None
    locale: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Answers":
        """The answers that a command's options give; secrets are read from their files."""
        values: dict[str, Any] = {
            name.removesuffix("_file"): (
                whole_text(value).strip() if hasattr(value, "read") else value
            )
            for name, value in options.items()
        }
        return cls(**values)

    @property
    def given(self) -> bool:
        """Whether anything was said besides where the data lies."""
        said = (getattr(self, field.name) for field in fields(self) if field.name != "data")
        return any(value is not None for value in said)


def config_text(answers: Answers) -> str:
    """The configuration file: only what differs from the defaults."""
    lines = ["# Written by buildos-box init. Every key: buildos-box config example", ""]
    for table, values in _tables(answers):
        known = {key: value for key, value in values.items() if value not in (None, "")}
        if known:
            lines += [table, *(f"{key} = {toml_value(value)}" for key, value in known.items()), ""]
    return "\n".join(lines)


def _tables(answers: Answers) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "[server]", {"base_url": answers.address}
    yield "[data]", {"dir": answers.data}
    yield "[briefs]", {"locale": answers.locale}
    sends = answers.mail == "smtp" or (answers.mail is None and answers.smtp_host)
    yield (
        "[email]",
        {
            "transport": "smtp" if sends else answers.mail,
            "from_address": answers.from_address,
        },
    )
    if sends:
        yield (
            "[email.smtp]",
            {
                "host": answers.smtp_host,
                "port": answers.smtp_port or (465 if answers.smtp_security == "tls" else None),
                "security": answers.smtp_security,
                "username": answers.smtp_username,
                "password": answers.smtp_password,
            },
        )
    if answers.provider not in (None, "none"):
        yield (
            "[[llm.providers]]",
            {
                "preset": answers.provider,
                "model": answers.model,
                "base_url": answers.model_url,
                "api_key": answers.model_key,
            },
        )


def settings_of(answers: Answers, folder: Path) -> Settings:
    """The settings as `serve` would load them from a file in that folder.

    Raises SettingsError with every fault, OSError if the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=".box-init-", dir=folder) as scratch:
        file = Path(scratch) / "config.toml"
        file.write_text(config_text(answers), "utf-8")
        return load_settings(file, dict(os.environ)).settings
