"""Defaults < file < environment, and every fault with its place (docs/spec.md#config-sources)."""

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.notifications.vapid import load_key, public_key
from buildos_box.settings import SettingsError, load_settings
from buildos_box.settings.environment import ALIASES
from buildos_box.settings.keys import all_keys
from buildos_box.settings.masking import MASK
from buildos_box.settings.show import effective, example_toml
from buildos_box.settings.vapid_key import private_key, public_text

ROOT = Path(__file__).parent.parent.parent
NOWHERE = Path("/nonexistent")
PROVIDER = "name='a'\nmodel='m'\nbase_url='https://x.example'"


def load(tmp_path: Path, text: str = "", **environ: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, environ)


def faults(tmp_path: Path, text: str = "", **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text, **environ)
    return [str(fault) for fault in caught.value.faults]


def test_with_no_configuration_at_all_everything_has_a_default(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert loaded.settings.server.public_url == "http://127.0.0.1:8787"
    assert loaded.settings.email.transport == "outbox"
    assert loaded.origins == {}


def test_the_file_wins_over_defaults_and_the_environment_over_the_file(tmp_path: Path) -> None:
    text = "[server]\nport = 1111\nhost = '0.0.0.0'\n"
    loaded = load(tmp_path, text, BUILDOS_BOX_SERVER__PORT="2222")
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("0.0.0.0", 2222)
    assert loaded.origins == {
        "server.host": "config.toml:3",
        "server.port": "BUILDOS_BOX_SERVER__PORT",
    }


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """\
[server]
port = "x"
prot = 3

[queue.lanes.llm]
concurrency = 0

[email]
transport = "smtp"
"""
    assert faults(tmp_path, text, BUILDOS_BOX_FOO="1", BUILDOS_BOX_QUEUE__WORKERS="two") == [
        "config.toml:2: server.port: 'x' must be a whole number",
        "config.toml:3: server.prot: unknown key; did you mean server.port?",
        "config.toml:6: queue.lanes.llm.concurrency: 0 must be a whole number of at least 1",
        "BUILDOS_BOX_FOO: foo: unknown key",
        "BUILDOS_BOX_QUEUE__WORKERS: queue.workers: 'two' must be a whole number",
        "config.toml:9: email.smtp.host: is needed when email.transport is smtp (or set preset)",
    ]


def test_a_table_written_wrong_is_told_with_the_right_one(tmp_path: Path) -> None:
    assert faults(tmp_path, "[mail]\nfrom_address = 'a@example.org'\n") == [
        "config.toml:1: mail: unknown key; did you mean email?"
    ]


def test_a_file_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "[server]\nport = \n")
    assert "line 2" in fault


def test_a_named_file_must_exist() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(NOWHERE, {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[server]\nbase_url = 'ftp://x'", "server.base_url"),
        ("[frontend]\ntask_url = 'htp://x/{taskId}'", "frontend.task_url"),
        ("[frontend]\ntask_url = 'https://x.example/tasks'", "frontend.task_url"),
        ("[frontend]\nproject_url = 'https://x.example/{taskId}'", "frontend.project_url"),
        ("[frontend]\nbrief_url = 'https://x.example/'", "frontend.brief_url"),
        ("[server]\ncors_origins = ['https://a.example/path']", "server.cors_origins"),
        ("[server]\ntrusted_proxies = ['10.0.0.0/99']", "server.trusted_proxies"),
        ("[queue]\nheartbeat_seconds = 50", "queue.heartbeat_seconds"),
        ("[queue]\nworkers = 2", "queue.workers"),
        ("[email]\nfrom_address = 'nobody'", "email.from_address"),
        ("[email]\ntransport = 'webhook'\nwebhook.secret = 's'", "email.webhook.url"),
        ("[email]\ntransport='smtp'\nsmtp.preset = 'gmail'", "email.smtp.username"),
        ("[egress]\nallow_private = ['nonsense']", "egress.allow_private"),
        ("[log]\nlevel = 'LOUD'", "log.level"),
        ("[queue.lanes.fast]\nconcurrency = 1", "queue.lanes.fast.concurrency"),
        ("[[llm.providers]]\nname='a'\nmodel='m'\nbase_url='nope'", "llm.providers[0].base_url"),
        (f"[[llm.providers]]\n{PROVIDER}\n[[llm.providers]]\n{PROVIDER}", "llm.providers[1].name"),
        ("[auth]\nservice_token = 5", "auth.service_token"),
        ("[email]\ntransport='smtp'\nsmtp.host = 'a b.example'", "email.smtp.host"),
        ("[backup]\ns3.endpoint = 'nope'", "backup.s3.endpoint"),
        ("[backup]\nrecipient = 'age1'", "backup.recipient"),
        ("[weather]\nurl = 'nope'", "weather.url"),
        ("[chat.ntfy]\nurl = 'ntfys://ntfy.example.org/topic'", "chat.ntfy.url"),
        ("[sms]\napi_base_url = 'nope'", "sms.api_base_url"),
        ("[sms]\nallowed_countries = ['DE', 'Austria']", "sms.allowed_countries"),
        ("[push]\nvapid_subject = 'ops@example.org'", "push.vapid_subject"),
        ("[push]\nvapid_subject = 'mailto:@example.org'", "push.vapid_subject"),
        ("[push]\nvapid_subject = 'mailto:ops'", "push.vapid_subject"),
        ("[push]\nvapid_subject = 'mailto:o ps@example.org'", "push.vapid_subject"),
        ("[push]\nvapid_subject = 'http://example.org'", "push.vapid_subject"),
    ],
)
def test_impossible_values_stop_the_start(tmp_path: Path, text: str, key: str) -> None:
    (fault,) = faults(tmp_path, text)
    assert f" {key}: " in fault


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nbase_url = 'https://x.example'\ncors_origins = ['https://a.example']",
        "[server]\ntrusted_proxies = ['10.0.0.1/8', '::1']",
        "[frontend]\ntask_url = 'https://x.example/{taskId}'",
        "[queue]\nheartbeat_seconds = 10\nlease_seconds = 20",
        "[email]\ntransport='smtp'\nsmtp.host = 'mail.example.org'\nsmtp.ehlo_name = '[192.0.2.1]'",
        "[sms]\nallowed_countries = ['DE', 'AT']\napi_base_url = 'https://sms.example.org'",
        "[push]\nvapid_subject = ''",
        "[push]\nvapid_subject = 'https://example.org/contact'",
        "[push]\nvapid_subject = 'mailto:ops@example.org'",
        "[chat.ntfy]\nurl = 'ntfys://ntfy.example.org/{target}'",
        "[egress]\nallow_private = ['192.168.0.0/16']",
    ],
)
def test_possible_values_are_taken(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).origins


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n", "utf-8")
    loaded = load(tmp_path, BUILDOS_BOX_AUTH__SERVICE_TOKEN_FILE=str(secret))
    token = loaded.settings.auth.service_token
    assert token is not None
    assert token.reveal() == "s3cret"


def test_secrets_are_masked_wherever_they_are_shown(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "[[llm.providers]]\nname='a'\nmodel='m'\nbase_url='https://x.example'\napi_key='CANARY'\n",
        BUILDOS_BOX_AUTH__SERVICE_TOKEN="CANARY",
    )
    shown = repr(list(effective(loaded))) + repr(loaded.settings)
    assert "CANARY" not in shown
    assert MASK in shown


def test_the_names_of_the_original_are_understood(tmp_path: Path) -> None:
    number = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
    loaded = load(
        tmp_path,
        USE_WEBHOOK_EMAIL="true",
        BUILDOS_WEBHOOK_URL="https://app.example/hook",
        PRIVATE_BUILDOS_WEBHOOK_SECRET="w",
        PUBLIC_APP_URL="https://box.example",
        ENGAGEMENT_BACKOFF_ENABLED="true",
        PRIVATE_SMS_SENDING_ENABLED="false",
        VAPID_PRIVATE_KEY=number,
        VAPID_PUBLIC_KEY=public_text(private_key(number)),
        VAPID_SUBJECT="mailto:ops@example.org",
        PRIVATE_RAILWAY_WORKER_TOKEN="t",
        PRIVATE_TWILIO_ACCOUNT_SID="AC1",
        PRIVATE_TWILIO_AUTH_TOKEN="a",
        PRIVATE_TWILIO_MESSAGING_SERVICE_SID="MG1",
        QUEUE_POLL_INTERVAL="5000",
        QUEUE_BATCH_SIZE="20",
        QUEUE_STALLED_TIMEOUT="300000",
        PORT="3001",
    )
    settings = loaded.settings
    assert settings.email.transport == "webhook"
    assert (settings.queue.workers, settings.queue.lease_seconds) == (20, 300)
    assert (settings.server.port, settings.sms.account_sid) == (3001, "AC1")
    assert (settings.sms.enabled, settings.briefs.engagement_backoff) == (False, True)
    assert settings.server.public_url == "https://box.example"
    assert any("QUEUE_POLL_INTERVAL" in note for note in loaded.notes)
    assert {key for key, _ in ALIASES.values()} <= {*loaded.origins}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "1", "BUILDOS_BOX_SERVER__PORT": "2"},
         "BUILDOS_BOX_SERVER__PORT: server.port: PORT is set too; keep one of them"),
        ({"BUILDOS_WEBHOOK_SECRET": "a", "PRIVATE_BUILDOS_WEBHOOK_SECRET": "a"},
         "BUILDOS_WEBHOOK_SECRET: email.webhook.secret: "
         "PRIVATE_BUILDOS_WEBHOOK_SECRET is set too; keep one of them"),
        ({"USE_WEBHOOK_EMAIL": "1"},
         "USE_WEBHOOK_EMAIL: email.transport: '1' must be true or false"),
        ({"USE_WEBHOOK_EMAIL": "maybe"},
         "USE_WEBHOOK_EMAIL: email.transport: 'maybe' must be true or false"),
        ({"PRIVATE_SMS_SENDING_ENABLED": "no"},
         "PRIVATE_SMS_SENDING_ENABLED: sms.enabled: 'no' must be true or false"),
        ({"ENGAGEMENT_BACKOFF_ENABLED": "on"},
         "ENGAGEMENT_BACKOFF_ENABLED: briefs.engagement_backoff: 'on' must be true or false"),
        ({"VAPID_PUBLIC_KEY": "BP"},
         "VAPID_PUBLIC_KEY: push.vapid_public_key: needs push.vapid_private_key as well"),
        ({"VAPID_PRIVATE_KEY": "AAAA"},
         "VAPID_PRIVATE_KEY: push.vapid_private_key: must be 32 bytes, but has 3; it is the "
         "private key as web-push generate-vapid-keys prints it"),
        ({"USE_WEBHOOK_EMAIL": "true", "BUILDOS_WEBHOOK_URL": "https://app.example/hook"},
         "USE_WEBHOOK_EMAIL: email.webhook.secret: is needed when email.transport is webhook: "
         "mail would go out unsigned"),
        ({"USE_WEBHOOK_EMAIL": "true", "BUILDOS_WEBHOOK_URL": "https://app.example/hook",
          "PRIVATE_BUILDOS_WEBHOOK_SECRET": ""},
         "USE_WEBHOOK_EMAIL: email.webhook.secret: is needed when email.transport is webhook: "
         "mail would go out unsigned"),
    ],
)  # fmt: skip
def test_an_environment_that_cannot_be_meant_stops_the_start(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    assert faults(tmp_path, **variables) == [said]


@pytest.mark.parametrize(
    "name", ["PRIVATE_BUILDOS_WEBHOOK_SECRET", "BUILDOS_BOX_AUTH__SERVICE_TOKEN", "OPENAI_API_KEY"]
)
def test_a_secret_and_its_file_are_a_fault_that_names_both(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a", "utf-8")
    (fault,) = faults(tmp_path, **{name: "b", f"{name}_FILE": str(secret)})
    assert fault.startswith(f"{name}_FILE: ")
    assert fault.endswith(f": {name} is set too; keep one of them")


def test_the_secret_of_the_original_signs_the_webhook(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        USE_WEBHOOK_EMAIL="true",
        BUILDOS_WEBHOOK_URL="https://app.example/hook",
        PRIVATE_BUILDOS_WEBHOOK_SECRET="from the original",
    )
    secret = loaded.settings.email.webhook.secret
    assert secret is not None
    assert secret.reveal() == "from the original"


@pytest.mark.parametrize("given", ["false", "False", ""])
def test_without_webhook_mail_a_configured_mail_server_stays(tmp_path: Path, given: str) -> None:
    text = '[email]\ntransport = "smtp"\nsmtp.host = "mail.example.org"\n'
    assert load(tmp_path, text, USE_WEBHOOK_EMAIL=given).settings.email.transport == "smtp"


def test_a_vapid_pair_of_the_original_is_taken_and_compared(tmp_path: Path) -> None:
    number = base64.urlsafe_b64encode(bytes(range(1, 33))).rstrip(b"=").decode()
    public = public_text(private_key(number))
    loaded = load(
        tmp_path,
        VAPID_PRIVATE_KEY=number,
        VAPID_PUBLIC_KEY=public,
        VAPID_SUBJECT="mailto:ops@example.org",
    )
    pem = load_key(tmp_path / "nowhere", loaded.settings.push.vapid_private_key)
    assert public_key(pem) == public
    (fault,) = faults(tmp_path, VAPID_PRIVATE_KEY=number, VAPID_PUBLIC_KEY="B" + public[:-1])
    assert "is not that of push.vapid_private_key" in fault


def test_no_profile_overrides_silently(tmp_path: Path) -> None:
    """Environment profiles (NODE_ENV and the like) overrode settings; here they are not read."""
    quiet = load(tmp_path, NODE_ENV="production", ENV="prod", BUILDOS_BOX_QUEUE__WORKERS="9")
    assert quiet.settings.queue.workers == 9
    assert quiet.origins == {"queue.workers": "BUILDOS_BOX_QUEUE__WORKERS"}


def test_lanes_are_set_one_by_one(tmp_path: Path) -> None:
    loaded = load(tmp_path, BUILDOS_BOX_QUEUE__LANES__LLM__CONCURRENCY="2")
    lanes = loaded.settings.queue.lanes
    assert (lanes["llm"].concurrency, lanes["push"].concurrency) == (2, 8)


def test_the_default_chain_is_made_of_the_keys_that_are_there(tmp_path: Path) -> None:
    loaded = load(tmp_path, ANTHROPIC_API_KEY="a", DEEPSEEK_API_KEY="d")
    assert [p.name for p in loaded.settings.llm.providers] == ["deepseek", "anthropic"]


def test_the_example_file_is_made_from_the_settings() -> None:
    assert (ROOT / "config.example.toml").read_text("utf-8") == example_toml()


def test_the_example_file_with_all_its_keys_is_a_good_configuration(tmp_path: Path) -> None:
    lines = []
    for line in example_toml().splitlines():
        name, equals, value = line.removeprefix("# ").partition(" = ")
        known = equals and name.isidentifier() and "# unset" not in value
        lines.append(f"{name} = {value}" if known else line)
    text = "\n".join(lines)
    for table in ("[[llm.providers]]", "[chat.ntfy]"):
        text = text.replace(f"# {table}", table)
    loaded = load(tmp_path, text)
    assert len(loaded.origins) > len(all_keys()) * 0.8


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5))
def test_no_environment_makes_loading_crash(environ: dict[str, str]) -> None:
    given_variables = {f"BUILDOS_BOX_{name}": value for name, value in environ.items()}
    faults: object = None
    try:
        load_settings(None, given_variables)
    except SettingsError as error:
        faults = error.faults
    assert faults is None or faults


def uncommented(text: str) -> str:
    """The example with every line that holds a key or a table in force."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_the_example_loads_when_it_is_uncommented_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented(example_toml()), "utf-8")
    loaded = load_settings(file, {})
    assert loaded.settings.llm.providers[0].name == "local"
    in_example = {name for name in loaded.origins if not name.startswith("llm.providers")}
    assert "email.transport" in in_example
    assert "queue.lanes.llm.per_user" in in_example


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ('[email]\ntransport = "stmp"', {},
         "config.toml:2: email.transport: 'stmp' must be one of outbox, smtp, webhook; "
         "did you mean smtp?"),
        ("[server]\nprot = 1", {}, "config.toml:2: server.prot: unknown key; "
         "did you mean server.port?"),
        ("[log]\nfrom_name = 1", {}, "config.toml:2: log.from_name: unknown key"),
        ("[briefs]\npre_generation_buffer_seconds = 2592000", {},
         "config.toml:2: briefs.pre_generation_buffer_seconds: "
         "2592000 must be a number of at most 3600.0"),
        ("[queue]\nworkers = 0", {}, "config.toml:2: queue.workers: "
         "0 must be a whole number of at least 1"),
        ("", {"BUILDOS_BOX_SMS__COUNTRY": "XX"},
         "BUILDOS_BOX_SMS__COUNTRY: sms.country: 'XX' is not a country's two letters, like DE"),
        ("", {"BUILDOS_BOX_EMAIL__TRANSPORT": "smtp"},
         "BUILDOS_BOX_EMAIL__TRANSPORT: email.smtp.host: is needed when email.transport is smtp "
         "(or set preset)"),
        ("", {"BUILDOS_BOX_QUEUE__LEASE_SECONDS": "x"},
         "BUILDOS_BOX_QUEUE__LEASE_SECONDS: queue.lease_seconds: 'x' must be a number"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_and_what_is_allowed(
    tmp_path: Path, text: str, variables: dict[str, str], said: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(file, variables)
    assert [str(fault) for fault in refused.value.faults] == [said]


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("email.transport", "One of outbox, smtp, webhook."),
        ("server.port", "0 to 65535."),
        ("queue.lease_seconds", "Seconds, more than 0."),
        ("limits.llm_share", "More than 0, at most 1."),
        ("llm.daily_budget_usd", "0 or more."),
        ("server.base_url", ""),
    ],
)
def test_the_reference_says_what_is_allowed(name: str, allowed: str) -> None:
    assert all_keys()[name].allowed == allowed
