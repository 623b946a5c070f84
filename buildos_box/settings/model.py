"""Every key with its type, its default and its documentation.

The documentation of a key is written here only: `config.example.toml` and `docs/configuration.md`
are made from it.

The rules: docs/spec.md#configuration.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from buildos_box.locales.tags import BOX_DEFAULT
from buildos_box.settings.channels import ChatSettings, EmailSettings, PushSettings, SmsSettings
from buildos_box.settings.limits import LimitsSettings
from buildos_box.settings.section import (
    NotNegative,
    NotNegativeFloat,
    Positive,
    Secret,
    Section,
)
from buildos_box.settings.section import doc as _doc


class ServerSettings(Section, frozen=True, kw_only=True):
    """The API's address, and what it accepts."""

    host: Annotated[str, _doc("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _doc("Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8787
    base_url: Annotated[str, _doc("Base of links in mail; made of host and port if empty.")] = ""
    cors_origins: Annotated[
        tuple[str, ...], _doc("Web origins that may call the API from a browser.")
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...], _doc("Networks whose X-Forwarded-For is trusted.")
    ] = ()
    user_requests_per_minute: Annotated[
        int, _doc("Requests per minute of one user; 0 for no limit.", ge=0)
    ] = 600
    wrong_tokens_per_minute: Annotated[
        int,
        _doc("Wrong tokens, codes and tickets per minute from one address; 0 for no limit.", ge=0),
    ] = 20
    max_body_bytes: Annotated[
        int,
        _doc("Largest body of a route that takes long texts; others 64 KiB, /sync 32 MiB.", gt=0),
    ] = 1024 * 1024

    def __post_init__(self) -> None:
        """Drop a trailing slash of `base_url`: paths are appended to it."""
        msgspec.structs.force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def public_url(self) -> str:
        """`base_url`, or one made of host and port; without a trailing slash."""
        return self.base_url or self.local_url

    @property
    def local_url(self) -> str:
        """The address on this machine, if the port is fixed."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"


class DataSettings(Section, frozen=True, kw_only=True):
    """Where everything is stored."""

    dir: Annotated[str, _doc("Folder of the database, keys, outbox and backups.")] = "data"


class S3Settings(Section, frozen=True, kw_only=True):
    """The S3-compatible store of `backup.to`; needs the extra `buildos-box[s3]`."""

    endpoint: Annotated[
        str, _doc("Address of a store other than Amazon's, like https://s3.example.org.")
    ] = ""
    region: Annotated[str, _doc("Its region.")] = "us-east-1"
    access_key_id: Annotated[str, _doc("Account at the store.")] = ""
    secret_access_key: Annotated[Secret | None, _doc("Its secret key.")] = None


class BackupSettings(Section, frozen=True, kw_only=True):
    """The nightly backup."""

    dir: Annotated[str, _doc("Folder of the backups; backups in the data folder if empty.")] = ""
    keep: Annotated[int, _doc("Number of backups to keep; 0 turns nightly backups off.", ge=0)] = 7
    to: Annotated[
        str, _doc("A second place for each nightly backup, encrypted: s3://bucket/folder.")
    ] = ""
    recipient: Annotated[
        str,
        _doc("Public key (age1…) that it is encrypted for; `buildos-box backup key` makes a pair."),
    ] = ""
    s3: S3Settings = field(default_factory=S3Settings)


class AuthSettings(Section, frozen=True, kw_only=True):
    """API access."""

    service_token: Annotated[
        Secret | None, _doc("A fixed token with scope service, for the frontend's server.")
    ] = None


class LaneSettings(Section, frozen=True, kw_only=True):
    """Limits of one lane."""

    concurrency: Annotated[int, _doc("Jobs that may run at once.", ge=1)] = 4
    per_user: Annotated[
        Positive | None, _doc("Slots one user may hold while others wait; half by default.")
    ] = None
    per_minute: Annotated[Positive | None, _doc("Jobs that may start in a minute.")] = None


def _default_lanes() -> dict[str, LaneSettings]:
    sizes = {"llm": 4, "email": 4, "sms": 2, "push": 8, "webhook": 4, "default": 8}
    return {name: LaneSettings(concurrency=size) for name, size in sizes.items()}


class QueueSettings(Section, frozen=True, kw_only=True):
    """The job queue."""

    workers: Annotated[int, _doc("Jobs that may run at once, in all lanes.", ge=1, le=256)] = 16
    lease_seconds: Annotated[float, _doc("How long a lease lasts without renewal.", gt=0)] = 60
    heartbeat_seconds: Annotated[float, _doc("How often a lease is renewed.", gt=0)] = 15
    drain_timeout_seconds: Annotated[
        float, _doc("How long a stop waits for running jobs.", ge=0)
    ] = 25
    retry_backoff_base_ms: Annotated[
        int, _doc("Base of the delay between tries: base * 2 ** attempt, in ms.", ge=1)
    ] = 1000
    max_attempts: Annotated[int, _doc("Attempts per job, unless its type sets its own.", ge=1)] = 3
    lanes: Annotated[
        dict[str, LaneSettings], _doc("Limits by lane: llm, email, sms, push, webhook, default.")
    ] = field(default_factory=_default_lanes)


class BriefSettings(Section, frozen=True, kw_only=True):
    """Daily briefs."""

    locale: Annotated[
        str,
        _doc(
            "How people are written to who chose no language of their own; a tag like de-CH."
            " -u-hc-h23 means clocks of 24 hours, -u-fw-mon weeks from Monday."
        ),
    ] = BOX_DEFAULT

    pre_generation_buffer_seconds: Annotated[
        float, _doc("How long before its time a brief is begun; an hour at most.", ge=0, le=3600)
    ] = 120
    missed_lookback_seconds: Annotated[
        float, _doc("How late a missed brief is still made up.", ge=0)
    ] = 3600
    engagement_backoff: Annotated[
        bool, _doc("Write less often to people who have stopped visiting.")
    ] = False


class WeatherSettings(Section, frozen=True, kw_only=True):
    """A line of weather in briefs, from Open-Meteo or a server of its shape."""

    enabled: Annotated[bool, _doc("Tell people who have named their place of its weather.")] = False
    url: Annotated[str, _doc("The forecast API; may have a query of its own, such as a key.")] = (
        "https://api.open-meteo.com/v1/forecast"
    )
    geocoding_url: Annotated[str, _doc("The API that knows where places are.")] = (
        "https://geocoding-api.open-meteo.com/v1/search"
    )


class EgressSettings(Section, frozen=True, kw_only=True):
    """Connections to addresses that users give (push, calendar feeds, CalDAV)."""

    allow_private: Annotated[
        bool | tuple[str, ...], _doc("true, or a list of private networks that may be reached.")
    ] = False
    allowed_ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65535)], ...],
        _doc("Ports that may be reached at public addresses."),
    ] = (443, 80)
    ca_file: Annotated[str, _doc("Extra certificate authorities, PEM.")] = ""


class ProviderSettings(Section, frozen=True, kw_only=True):
    """One language model."""

    preset: Annotated[
        Literal[
            "deepseek",
            "openai",
            "anthropic",
            "openrouter",
            "ollama",
            "llama.cpp",
            "lmstudio",
            "vllm",
            "sglang",
        ]
        | None,
        _doc("A known provider or local server, which fills in what is not given."),
    ] = None
    name: Annotated[str, _doc("Its name in reports.")]
    kind: Annotated[Literal["openai", "anthropic", "ollama"], _doc("The API that it has.")] = (
        "openai"
    )
    base_url: Annotated[str, _doc("Its address, with or without a version in its path.")]
    model: Annotated[str, _doc("Which model.")]
    api_key: Annotated[Secret | None, _doc("Its key; none for local servers.")] = None
    timeout_seconds: Annotated[float, _doc("Longest wait for an answer.", gt=0)] = 60
    context_tokens: Annotated[
        int, _doc("Only for kind ollama: the length of the context to load.", ge=2048)
    ] = 16_384
    reasoning_tokens: Annotated[
        int,
        _doc("Output tokens beyond the answer's own for a model that thinks first.", ge=0),
    ] = 4_096
    extra_body: Annotated[
        dict[str, Any] | None,
        _doc("Fields added to each request; by default those that switch thinking off."),
    ] = None
    price_in: Annotated[float, _doc("US dollars per million tokens read.", ge=0)] = 0
    price_out: Annotated[float, _doc("US dollars per million tokens written.", ge=0)] = 0


class LlmSettings(Section, frozen=True, kw_only=True):
    """Language models, tried in order; the built-in analyst comes after all."""

    providers: Annotated[
        tuple[ProviderSettings, ...],
        _doc("The chain; without it DeepSeek, OpenAI, Anthropic, those whose key is known."),
    ] = ()
    daily_budget_usd: Annotated[
        NotNegativeFloat | None,
        _doc(
            "US dollars a day (UTC) at most; no limit if unset."
            " Operators are alerted at 80 % of it."
        ),
    ] = None
    daily_budget_tokens: Annotated[
        NotNegative | None,
        _doc("Tokens a day (UTC) at most; no limit if unset. Operators are alerted at 80 % of it."),
    ] = None
    concurrency: Annotated[int, _doc("Calls at once.", ge=1)] = 4
    store_prompts: Annotated[bool, _doc("Store prompts and answers in full (users' data).")] = False


class LogSettings(Section, frozen=True, kw_only=True):
    """Logs, on standard error."""

    format: Annotated[Literal["console", "json"], _doc("For people or for programs.")] = "console"
    level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], _doc("The lowest level that is logged.")
    ] = "INFO"
    file: Annotated[str, _doc("Also log to this file, rotated at 10 MB.")] = ""


class FrontendSettings(Section, frozen=True, kw_only=True):
    """Where links in briefs, mails and messages lead, if not to the box's own page."""

    task_url: Annotated[
        str, _doc("Address of a task, like `https://app.example.com/tasks/{taskId}`.")
    ] = ""
    project_url: Annotated[str, _doc("Address of a project, with `{projectId}` in it.")] = ""
    brief_url: Annotated[
        str, _doc("Address of a day's brief, with `{briefDate}` (2024-10-23) in it.")
    ] = ""


class Settings(Section, frozen=True, kw_only=True):
    """The whole configuration."""

    server: ServerSettings = field(default_factory=ServerSettings)
    data: DataSettings = field(default_factory=DataSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    frontend: FrontendSettings = field(default_factory=FrontendSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    briefs: BriefSettings = field(default_factory=BriefSettings)
    email: EmailSettings = field(default_factory=EmailSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    push: PushSettings = field(default_factory=PushSettings)
    weather: WeatherSettings = field(default_factory=WeatherSettings)
    chat: Annotated[dict[str, ChatSettings], _doc("Chat services by name.")] = field(
        default_factory=dict
    )
    egress: EgressSettings = field(default_factory=EgressSettings)
    llm: LlmSettings = field(default_factory=LlmSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def override(
        self, *, host: str | None = None, port: int | None = None, data_dir: Path | None = None
    ) -> "Settings":
        """The same settings, with those that a command's options set."""
        server = {"host": host, "port": port}
        changed = msgspec.structs.replace(
            self.server, **{key: value for key, value in server.items() if value is not None}
        )
        data = DataSettings(dir=str(data_dir)) if data_dir is not None else self.data
        return msgspec.structs.replace(self, server=changed, data=data)
