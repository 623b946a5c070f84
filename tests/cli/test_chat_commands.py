"""`user chat`, `user confirm-chat`, `user set --reminders-by` and `send-test chat`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.served import Cli, served_box
from tests.doubles.chat import NtfyDouble
from tests.faults.box_process import until


@pytest.fixture
def ntfy() -> Iterator[NtfyDouble]:
    with NtfyDouble() as double:
        yield double


@pytest.fixture
def cli(tmp_path: Path, ntfy: NtfyDouble) -> Iterator[Cli]:
    with served_box(tmp_path, f'[chat.ntfy]\nurl = "{ntfy.template}"\n') as box:
        yield Cli(box.url, box.token)


def test_an_address_is_given_proved_shown_used_and_removed(cli: Cli, ntfy: NtfyDouble) -> None:
    cli.ok("user", "add", "Ada", "--id", "ada")
    assert "This box offers: ntfy (Your topic:" in cli.ok("user", "chat", "ada")
    told = cli.ok("user", "chat", "ada", "ntfy", "ada-7f3k2q")
    assert "Then: buildos-box user confirm-chat ada CODE" in told
    assert until(lambda: bool(ntfy.taken), seconds=20)
    code = ntfy.taken[0]["message"].partition("code is ")[2][:6]
    assert cli.ok("user", "confirm-chat", "ada", code) == "Ada's chat messages go to ntfy\n"
    cli.ok("user", "set", "ada", "--reminders", "--reminders-by", "chat")
    shown = cli.ok("user", "show", "ada")
    assert "ntfy ad…" in shown
    assert "by chat" in shown
    assert "Handed to ntfy as ntfy m2" in cli.ok("send-test", "chat", "ada")
    assert "No chat address" in cli.ok("user", "chat", "ada", "none")
    assert "has no confirmed chat address" in cli.fails("send-test", "chat", "ada", code=1)


def test_a_place_needs_the_weather_to_be_on(cli: Cli) -> None:
    cli.ok("user", "add", "Ada", "--id", "ada")
    assert "the weather is off" in cli.fails("user", "set", "ada", "--place", "Berlin", code=1)


def test_an_operator_vouches_and_half_an_address_is_a_usage_error(
    cli: Cli, ntfy: NtfyDouble
) -> None:
    cli.ok("user", "add", "Ada", "--id", "ada")
    assert "as well" in cli.fails("user", "chat", "ada", "ntfy", code=2)
    told = cli.ok("user", "chat", "ada", "ntfy", "ada-1", "--confirmed")
    assert told == "Ada's chat messages go to ntfy\n"
    assert ntfy.seen == []
    assert "must be like this" in cli.fails("user", "chat", "ada", "ntfy", "a/b", code=1)
