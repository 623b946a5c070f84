"""`doctor` names what is broken and how to mend it, and sends nothing to anybody."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from buildos_box.clock import SystemClock
from buildos_box.settings import Secret, Settings, load_settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.settings.model import DataSettings, ServerSettings
from buildos_box.upkeep import local_checks, remote_checks
from buildos_box.upkeep.archive import DATABASE
from buildos_box.upkeep.doctor import examine
from buildos_box.upkeep.findings import Finding
from tests.cli.served import served_box
from tests.clock import ManualClock
from tests.doubles.smtp import HOST, SmtpDouble, make_certificate
from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.doubles.web import Answer, Web
from tests.world import open_world


def run(tmp_path: Path, config: str, *more: str) -> Result:
    file = tmp_path / "config.toml"
    file.write_text(f'[server]\nport = 0\n[data]\ndir = "{tmp_path / "data"}"\n{config}', "utf-8")
    env = {name: "" for name in os.environ if name.endswith("_API_KEY")}
    return CliRunner().invoke(main, ["doctor", "--config", str(file), *more], env=env)


def levels(result: Result) -> dict[str, str]:
    return {f["name"]: f["level"] for f in json.loads(result.stdout)["findings"]}


async def test_a_box_in_good_order_has_no_fault(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
    result = await asyncio.to_thread(run, tmp_path, "", "--json", "--offline")
    assert result.exit_code == 0, result.output
    found = levels(result)
    assert found["database"] == "ok"
    assert found["schema"] == "ok"
    assert found["permissions"] == "ok"
    assert "fault" not in found.values()


async def test_open_keys_and_a_damaged_database_are_faults_with_a_cure(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
    (world.folder / "secret.key").chmod(0o644)
    database = world.folder / DATABASE
    content = bytearray(database.read_bytes())
    content[8192:40960] = b"\xff" * 32768
    database.write_bytes(content)
    result = await asyncio.to_thread(run, tmp_path, "", "--offline")
    assert result.exit_code == exit_codes.FAILED
    assert f"chmod 600 {world.folder}/secret.key" in result.stdout
    assert "buildos-box restore" in result.stdout


async def test_a_schema_that_was_changed_by_hand_is_a_fault_that_names_the_change(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data") as world:
        settings = Settings(data=DataSettings(dir=str(world.folder)))
        await world.db.write(lambda tx: tx.execute("DROP INDEX queue_jobs_live_key"))
        found = {f.name: f for f in local_checks.database(settings, world.clock.now())}
    assert found["database"].level == "ok"
    assert found["schema"].level == "fault"
    assert "index queue_jobs_live_key is missing" in found["schema"].message


async def test_a_clock_that_went_back_is_seen(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data", at="2024-10-23T08:00:00Z") as world:
        await world.person("ada")
        await world.post("/queue/brief", {"userId": "ada"})
        settings = world.box.services.settings
        found = {f.name: f for f in local_checks.database(settings, world.clock.now())}
        assert found["clock"].level == "ok"
        early = ManualClock("2024-10-20T08:00:00Z").now()
        found = {f.name: f for f in local_checks.database(settings, early)}
    assert found["clock"].level == "fault"


def test_settings_at_fault_end_with_the_code_for_settings(tmp_path: Path) -> None:
    result = run(tmp_path, '[log]\nformat = "loud"\n', "--json")
    assert result.exit_code == exit_codes.USAGE
    assert json.loads(result.stdout)["ok"] is False
    assert "log.format" in result.stdout


def with_login(host: str, port: int, security: str, password: str) -> str:
    """Configuration: mail goes to that server with that password."""
    return f"""
[email]
transport = "smtp"
from_address = "briefs@example.org"
[email.smtp]
host = "{host}"
port = {port}
security = "{security}"
username = "briefs"
password = "{password}"
"""


def test_a_login_that_is_refused_is_told_and_nothing_is_mailed(tmp_path: Path) -> None:
    with SmtpDouble(account=("briefs", "right")) as smtp:
        wrong, right = (
            with_login("127.0.0.1", smtp.port, "none", word) for word in ("wrong", "right")
        )
        result = run(tmp_path, wrong, "--json")
        assert levels(result)["mail"] == "fault"
        assert "refuses the login" in result.stdout
        assert "wrong" not in result.stdout.replace("login", "")
        assert levels(run(tmp_path, right, "--json"))["mail"] == "ok"
        assert smtp.messages == []


def test_a_login_is_given_away_only_once_the_connection_is_encrypted(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with SmtpDouble(account=("briefs", "right"), certificate=certificate) as smtp:
        trusted = f'[egress]\nca_file = "{certificate.authority}"\n'
        config = with_login(HOST, smtp.port, "starttls", "right") + trusted
        assert levels(run(tmp_path, config, "--json"))["mail"] == "ok"


def test_a_port_that_is_taken_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = {"BUILDOS_BOX_SERVER__PORT": str(port)}
        result = CliRunner().invoke(
            main, ["doctor", "--offline", "--data", str(tmp_path / "d")], env=env
        )
    assert result.exit_code == exit_codes.FAILED
    assert "server.port" in result.stdout


async def findings(checks: object) -> dict[str, str]:
    return {f.name: f.level async for f in checks}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("subject", "level"),
    [("mailto:a@localhost", "fault"), ("me@example.org", "fault"), ("", "note")],
)
async def test_a_vapid_subject_that_push_services_refuse(
    tmp_path: Path, subject: str, level: str
) -> None:
    from buildos_box.settings.channels import PushSettings

    settings = Settings(
        data=DataSettings(dir=str(tmp_path)), push=PushSettings(vapid_subject=subject)
    )
    assert (await findings(remote_checks.push(settings)))["push"] == level


async def test_push_with_keys_and_an_address_is_in_order(tmp_path: Path) -> None:
    from buildos_box.settings.channels import PushSettings

    settings = Settings(
        data=DataSettings(dir=str(tmp_path)),
        push=PushSettings(vapid_subject="mailto:ops@example.org"),
    )
    assert await findings(remote_checks.push(settings)) == {"push": "note"}
    (tmp_path / "vapid.pem").write_text("a key", "utf-8")
    assert await findings(remote_checks.push(settings)) == {"push": "ok"}


def with_twilio(url: str, **changed: str) -> Settings:
    values: dict[str, Any] = {
        "account_sid": ACCOUNT, "auth_token": TOKEN, "messaging_service_sid": SERVICE,
        "api_base_url": url,
    } | changed  # fmt: skip
    return Settings(sms=SmsSettings(**{**values, "auth_token": Secret(values["auth_token"])}))


async def asked(check: Any, settings: Settings) -> list[Finding]:
    async with httpx.AsyncClient(follow_redirects=False) as http:
        return [finding async for finding in check(settings, http)]


async def test_twilio_is_asked_for_its_account_and_sends_nothing() -> None:
    with TwilioDouble(None) as twilio:
        (found,) = await asked(remote_checks.sms, with_twilio(twilio.url))
        assert (found.level, found.message) == ("ok", "Twilio knows the account")
        assert twilio.asked == ["FetchAccount"]
        assert twilio.faults == []
        twilio.account = "suspended"
        (found,) = await asked(remote_checks.sms, with_twilio(twilio.url))
        assert (found.level, found.message) == ("fault", "Twilio calls the account suspended")
        assert twilio.sent == []


async def test_credentials_that_twilio_refuses_are_told_but_not_shown() -> None:
    with TwilioDouble(None) as twilio:
        (found,) = await asked(remote_checks.sms, with_twilio(twilio.url, auth_token="not-it-77"))
    assert found.level == "fault"
    assert "refuses the credentials (401)" in found.message
    assert "sms.auth_token" in (found.cure or "")
    assert "not-it-77" not in str(found)


async def test_what_is_missing_for_sms_or_out_of_reach_is_told() -> None:
    (found,) = await asked(remote_checks.sms, Settings())
    assert (found.level, found.name) == ("note", "sms")
    with TwilioDouble(None) as twilio:
        settings = with_twilio(twilio.url, messaging_service_sid="")
        missing, account = await asked(remote_checks.sms, settings)
    assert (missing.level, account.level) == ("fault", "ok")
    assert "sms.messaging_service_sid" in missing.message
    (found,) = await asked(remote_checks.sms, with_twilio(twilio.url))
    assert found.level == "fault"
    assert "out of reach" in found.message


@pytest.mark.parametrize(
    ("answer", "level", "told"),
    [
        (
            Answer(200, b'{"status": "ok", "service": "daily-brief-worker"}'),
            "ok",
            "leads to a BuildOS Box",
        ),
        (Answer(503, b'{"service": "daily-brief-worker"}'), "ok", "leads to a BuildOS Box"),
        (Answer(200, b'{"service": "other"}'), "fault", "something else answers"),
        (Answer(200, b""), "fault", "something else answers"),
        (Answer(200, b"<html>Welcome</html>"), "fault", "no BuildOS Box answers"),
        (Answer(200, b"[1]"), "fault", "no BuildOS Box answers"),
        (
            Answer(302, b"", {"Location": "https://else.example/"}),
            "fault",
            "something else answers",
        ),
    ],
)
async def test_the_public_address_must_lead_to_a_box(answer: Answer, level: str, told: str) -> None:
    with Web(answer) as web:
        settings = Settings(server=ServerSettings(base_url=web.url("/box")))
        (found,) = await asked(remote_checks.public_address, settings)
    assert (found.name, found.level) == ("public address", level)
    assert told in found.message
    assert [request.path for request in web.seen] == ["/box/health"]


async def test_a_public_address_that_nobody_else_reaches_or_reads_is_told() -> None:
    (found,) = await asked(remote_checks.public_address, Settings())
    assert found.level == "warning"
    assert "server.base_url" in (found.cure or "")
    with Web() as web:
        pass
    gone = Settings(server=ServerSettings(base_url=web.url("")))
    (found,) = await asked(remote_checks.public_address, gone)
    assert (found.level, found.name) == ("fault", "public address")
    plain = Settings(server=ServerSettings(base_url=web.url("", host="127.0.0.2")))
    warned, _ = await asked(remote_checks.public_address, plain)
    assert "not encrypted" in warned.message


def test_a_real_box_at_its_own_address_is_found(tmp_path: Path) -> None:
    with served_box(tmp_path) as box:
        config = f'[server]\nbase_url = "{box.url}"\nport = {box.port}\n'
        file = tmp_path / "config.toml"
        file.write_text(f'{config}[data]\ndir = "{box.data}"\n', "utf-8")
        settings = load_settings(file, {}).settings
        found = asyncio.run(findings(examine(settings, SystemClock(), offline=False)))
    assert (found["public address"], found["port"], found["process"]) == ("ok", "ok", "ok")
