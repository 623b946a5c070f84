"""Defaults < file < environment, and every fault with its place (docs/spec.md#config-sources)."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.settings import SettingsError, load_settings
from buildos_box.settings.environment import ALIASES
from buildos_box.settings.keys import all_keys
from buildos_box.settings.masking import MASK
from buildos_box.settings.show import effective, example_toml

ROOT = Path(__file__).parent.parent.parent
NOWHERE = Path("/nonexistent")


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
    ],
)
def test_impossible_values_stop_the_start(tmp_path: Path, text: str, key: str) -> None:
    (fault,) = faults(tmp_path, text)
    assert f" {key}: " in fault


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
    loaded = load(
        tmp_path,
        USE_WEBHOOK_EMAIL="true",
        BUILDOS_WEBHOOK_URL="https://app.example/hook",
        BUILDOS_WEBHOOK_SECRET="w",
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
    assert any("QUEUE_POLL_INTERVAL" in note for note in loaded.notes)
    assert {key for key, _ in ALIASES.values()} <= {*loaded.origins}


def test_our_own_name_wins_over_an_alias(tmp_path: Path) -> None:
    loaded = load(tmp_path, PORT="1", BUILDOS_BOX_SERVER__PORT="2")
    assert loaded.settings.server.port == 2


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
    text = "\n".join(lines).replace("# [[llm.providers]]", "[[llm.providers]]")
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
