"""The configuration in force: what has changed is told, and what can be is applied at once."""

import gc
import json
import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from buildos_box.cli.main import main
from buildos_box.db import Holder
from buildos_box.errors import Unprocessable
from buildos_box.settings import Fault, LlmSettings, ProviderSettings, Settings, SettingsError
from buildos_box.settings.model import LogSettings
from buildos_box.upkeep.reload import Reloader
from tests.cli.served import Cli, served_box
from tests.doubles.smtp import SmtpDouble
from tests.faults.box_process import until
from tests.world import open_world

MAIL = """
[email]
transport = "smtp"
from_address = "box@example.org"
[email.smtp]
host = "127.0.0.1"
security = "none"
"""


@dataclass
class Mailing:
    cli: Cli
    data: Path
    config: Path
    old: SmtpDouble
    new: SmtpDouble

    def configure(self, port: int, more: str = "") -> None:
        self.config.write_text(f"{more}{MAIL}port = {port}\n", "utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailing]:
    folder = tmp_path_factory.mktemp("box")
    with (
        SmtpDouble() as old,
        SmtpDouble() as new,
        served_box(folder, f"{MAIL}port = {old.port}\n") as box,
    ):
        cli = Cli(box.url, box.token)
        yield Mailing(cli, box.data, folder / "config.toml", old, new)


@pytest.fixture
def box(whole: Mailing) -> Mailing:
    """Before each test the old mail server is in force, so that the tests may run in any order."""
    whole.configure(whole.old.port)
    whole.cli.ok("reload")
    return whole


def doctor(box: Mailing) -> dict[str, Any]:
    """What a doctor says that knows of the box only where its data lies."""
    other = box.data.parent / "other.toml"
    other.write_text(f'[data]\ndir = "{box.data}"\n', "utf-8")
    result = CliRunner().invoke(main, ["doctor", "--config", str(other), "--json"])
    return {found["name"]: found for found in json.loads(result.stdout)["findings"]}


def test_after_a_reload_mail_goes_to_the_new_server(box: Mailing) -> None:
    old, new = len(box.old.messages), len(box.new.messages)
    box.configure(box.new.port)
    note = box.cli.run("send-test", "email", "me@example.org").stderr
    assert "buildos-box reload to apply: email.smtp.port" in note
    assert len(box.old.messages) == old + 1
    assert box.cli.ok("reload") == "Applied: email.smtp.port\n"
    sent = box.cli.run("send-test", "email", "me@example.org")
    assert sent.stderr == ""
    assert sent.stdout.startswith("The mail server took it for me@example.org; it said: ")
    assert (len(box.old.messages), len(box.new.messages)) == (old + 1, new + 1)
    assert until(lambda: box.old.open_connections == 0, seconds=20)


def test_nothing_is_applied_when_anything_is_wrong(box: Mailing) -> None:
    old = len(box.old.messages)
    box.configure(box.new.port, '[queue]\nworkers = "many"\n')
    assert "queue.workers" in box.cli.fails("reload", code=1)
    assert "has faults" in box.cli.run("send-test", "email", "me@example.org").stderr
    assert len(box.old.messages) == old + 1


def test_what_needs_a_restart_is_named_and_stays(box: Mailing) -> None:
    more = '[server]\nbase_url = "https://box.example.org"\n'
    box.configure(box.new.port, more)
    said = box.cli.ok("reload")
    assert said == "Applied: email.smtp.port\nRestart to apply: server.base_url\n"
    assert "restart to apply: server.base_url" in doctor(box)["configuration"]["cure"]


def test_a_hangup_signal_reloads(box: Mailing) -> None:
    holder = Holder.of(box.data)
    assert holder is not None
    box.configure(box.new.port)
    client = box.cli.client()
    assert client.get("/configuration/changes")["reload"] == ["email.smtp.port"]
    os.kill(int(holder.process), signal.SIGHUP)
    assert until(lambda: client.get("/configuration/changes")["reload"] == [], seconds=20)


def test_doctor_asks_the_box_that_serves(box: Mailing) -> None:
    found = doctor(box)
    assert found["mail"]["message"].startswith(f"127.0.0.1:{box.old.port} answers")
    assert found["configuration"]["level"] == "ok"
    box.configure(box.new.port)
    assert doctor(box)["configuration"]["cure"] == "buildos-box reload to apply: email.smtp.port"


def test_doctor_says_that_another_box_has_the_port(box: Mailing, tmp_path: Path) -> None:
    port = box.cli.url.rsplit(":", 1)[1]
    config = tmp_path / "config.toml"
    config.write_text(f'[server]\nport = {port}\n[data]\ndir = "{tmp_path}/mine"\n', "utf-8")
    result = CliRunner().invoke(main, ["doctor", "--config", str(config), "--offline", "--json"])
    found = {one["name"]: one for one in json.loads(result.stdout)["findings"]}
    assert "another BuildOS Box serves" in found["port"]["message"]
    assert "health" not in found


async def at_once(work: Any) -> None:
    await work


def changed(before: Settings) -> Settings:
    """Every live section is another one."""
    return msgspec.structs.replace(
        before,
        **{
            name: msgspec.structs.replace(getattr(before, name), **values)
            for name, values in _CHANGES.items()
        },
        llm=LlmSettings(
            providers=(ProviderSettings(name="new", base_url="http://127.0.0.1:1", model="m"),)
        ),
    )


_CHANGES: dict[str, dict[str, Any]] = {
    "frontend": {"task_url": "https://app.example.org/{taskId}"},
    "backup": {"keep": 3},
    "briefs": {"engagement_backoff": True},
    "email": {"from_name": "Other"},
    "sms": {"country": "DE"},
    "limits": {"mails_per_day": 5},
    "log": {"level": "ERROR"},
    "push": {"vapid_subject": "mailto:me@example.org"},
}


async def test_no_part_keeps_old_settings(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        services = world.box.services
        old = services.configured
        wanted = changed(old.settings)
        level = logging.getLogger().level
        try:
            await Reloader(services, lambda: wanted, at_once).reload()
            assert logging.getLogger().level == logging.ERROR
        finally:
            logging.getLogger().setLevel(level)
        assert services.settings == wanted
        assert [provider.name for provider in services.llm.providers] == ["new"]
        assert services.mailer is not old.mailer
        for section in ("frontend", "backup", "briefs", "email", "sms", "llm", "limits"):
            stale = getattr(old.settings, section)
            held = [one for one in holders_of(stale, old) if not isinstance(one, Settings)]
            assert held == [], section
        assert holders_of(old.settings, old) == []


def holders_of(stale: object, old: Any) -> list[object]:
    """Who still has it, besides what it was itself made into, frames and their closures."""
    parts = (old, old.llm, old.mailer, old.mailer.__dict__)
    own = ("frame", "coroutine", "cell", "async_generator")
    return [
        one
        for one in gc.get_referrers(stale)
        if not any(one is part for part in parts) and type(one).__name__ not in own
    ]


async def test_faults_leave_everything_as_it_was(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        services = world.box.services
        old = services.configured

        def broken() -> Settings:
            raise SettingsError([Fault("log.level", "config.toml:2", "must be one of DEBUG, INFO")])

        with pytest.raises(Unprocessable) as refused:
            await Reloader(services, broken, at_once).reload()
        assert [detail.field for detail in refused.value.details] == ["log.level"]
        assert services.configured is old


async def test_a_reload_without_changes_makes_nothing_anew(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        services = world.box.services
        old = services.configured
        same = msgspec.structs.replace(old.settings, log=LogSettings())
        assert (await Reloader(services, lambda: same, at_once).reload()) == ([], [])
        assert services.configured is old
