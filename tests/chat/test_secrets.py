"""The operator's URLs are secrets, in settings, logs and findings (docs/security.md)."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from buildos_box import log
from buildos_box.chat.client import MISSING
from buildos_box.settings import Settings, load_settings
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.load import SettingsError
from buildos_box.settings.section import Secret
from buildos_box.settings.show import effective
from buildos_box.upkeep import provider_checks
from tests.chat.conftest import chat_box, tell, use
from tests.doubles.chat import GotifyDouble, MatrixDouble, NtfyDouble, TelegramDouble, Trouble

URL = "ntfys://phil:mypass@ntfy.example.org/{target}"


def test_a_service_is_read_from_file_and_variables_and_its_url_is_masked(tmp_path: Path) -> None:
    secret = tmp_path / "telegram-url"
    secret.write_text("tgram://110201543:AAHdq/{target}\n", "utf-8")
    file = tmp_path / "config.toml"
    file.write_text(f'[chat.ntfy]\nurl = "{URL}"\nhint = "Your topic"\n', "utf-8")
    variables = {
        "BUILDOS_BOX_CHAT__TELEGRAM__URL_FILE": str(secret),
        "BUILDOS_BOX_CHAT__NTFY__HINT": "Topic",
    }
    loaded = load_settings(file, variables)
    assert loaded.settings.chat["ntfy"] == ChatSettings(url=Secret(URL), hint="Topic")
    assert loaded.settings.chat["telegram"].url.reveal().startswith("tgram://")
    shown = {name: value for name, value, _ in effective(loaded)}
    assert (shown["chat.ntfy.url"], shown["chat.ntfy.hint"]) == ("********", "Topic")
    assert "mypass" not in repr(loaded.settings)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[chat.ntfy]\nhint = 'x'", "chat.ntfy.url"),
        ("[chat]\nntfy = 'ntfys://x/{target}'", "chat.ntfy"),
        ("[chat.ntfy]\nurl = 'ntfys://secret-host/topic'", "chat.ntfy.url"),
        ("[chat.ntfy]\nurl = 'ntfys://h/{target}'\ncolour = 1", "chat.ntfy.colour"),
        ("[chat.Ntfy]\nurl = 'ntfys://h/{target}'", "chat.Ntfy.url"),
        ("[chat.t]\nurl = 'tgram://1:a/{target}'\napi_base_url = 'ftp://x'", "chat.t.api_base_url"),
    ],
)
def test_a_service_that_cannot_be_is_named_without_its_url(
    tmp_path: Path, text: str, key: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as error:
        load_settings(file, {})
    assert key in {fault.key for fault in error.value.faults}
    assert "secret-host" not in str(error.value)


async def test_no_line_of_the_log_has_a_login_a_token_or_a_target(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], telegram: TelegramDouble, ntfy: NtfyDouble
) -> None:
    chat = {
        "telegram": ChatSettings(url=Secret(telegram.template), api_base_url=telegram.url),
        "ntfy": ChatSettings(url=Secret(ntfy.template)),
    }
    before = logging.getLogger().handlers
    log.configure(level="DEBUG")
    try:
        async with chat_box(tmp_path, chat) as box:
            await box.person("ada")
            for service, target in (("telegram", "4711"), ("ntfy", "secret-topic-7f3k")):
                await use(box, service, target)
                ntfy.troubles = [Trouble(500)]
                await tell(box)
                await box.work()
    finally:
        logging.getLogger().handlers = before
    assert telegram.taken
    written = capfd.readouterr().err
    assert "send_chat" in written
    for secret in (TelegramDouble.TOKEN[:20], "mypass", "secret-topic-7f3k"):
        assert secret not in written


async def found(settings: Settings) -> list[tuple[str, str, str]]:
    async with httpx.AsyncClient() as http:
        return [(f.name, f.level, f.message) async for f in provider_checks.chat(settings, http)]


async def test_doctor_asks_each_service_what_reaches_nobody(
    ntfy: NtfyDouble, gotify: GotifyDouble, telegram: TelegramDouble
) -> None:
    with MatrixDouble() as matrix:
        chat = {
            "ntfy": ChatSettings(url=Secret(ntfy.template)),
            "gotify": ChatSettings(url=Secret(gotify.template)),
            "telegram": ChatSettings(url=Secret(telegram.template), api_base_url=telegram.url),
            "matrix": ChatSettings(url=Secret(matrix.template)),
            "wrong": ChatSettings(
                url=Secret("tgram://1:wrong-token/{target}"), api_base_url=telegram.url
            ),
        }
        told = await found(Settings(chat=chat))
    assert [level for _, level, _ in told] == ["ok", "ok", "ok", "ok", "fault"]
    assert ntfy.taken == gotify.taken == telegram.taken == []
    said = json.dumps(told)
    assert "mypass" not in said
    assert TelegramDouble.TOKEN not in said
    assert "wrong-token" not in said


WITHOUT = """
import sys
sys.modules["apprise"] = None
import asyncio
from pathlib import Path
from buildos_box.settings.channels import (ChatSettings)
from buildos_box.settings.section import Secret
from tests.chat.conftest import chat_box, deliveries, tell, use

async def main():
    chat = {"ntfy": ChatSettings(url=Secret("ntfys://127.0.0.1/{target}"))}
    async with chat_box(Path(sys.argv[1]), chat) as box:
        await box.person("ada")
        await use(box, "ntfy", "ada-1")
        await tell(box)
        await box.work()
        print(await deliveries(box), await deliveries(box, "in_app"))

asyncio.run(main())
"""


def test_without_the_extra_everything_else_works_and_the_delivery_says_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip().splitlines()[-1] == f"{[('failed', MISSING)]} {[('sent', None)]}", (
        done.stderr
    )
