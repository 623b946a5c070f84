"""`init` writes a configuration that serves, after everything in it was tried."""

import os
import pty
import select
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from buildos_box.cli.main import main
from buildos_box.settings import load_settings
from buildos_box.upkeep.archive import DATABASE
from tests.cli.served import Cli, Served, clean_environment
from tests.doubles.llm import LlmDouble, ok
from tests.doubles.smtp import SmtpDouble

ADA = ("--person", "Ada", "--email", "ada@example.org", "--timezone", "Europe/Berlin")


def init(folder: Path, *options: str) -> Result:
    where = ["--config", str(folder / "config.toml"), "--data", str(folder / "data")]
    env = {name: "" for name in os.environ if name.endswith("_API_KEY")}
    return CliRunner().invoke(main, ["init", *where, *options], env=env)


def users(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "data" / DATABASE)) as db:
        return [name for (name,) in db.execute("SELECT name FROM users")]


def test_without_a_terminal_and_options_it_says_what_to_do(tmp_path: Path) -> None:
    result = init(tmp_path)
    assert result.exit_code == 2
    assert "no terminal" in result.stderr
    assert "--person" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_options_make_a_private_file_and_the_first_person(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("right\n", "utf-8")
    with SmtpDouble(account=("ada", "right")) as mail:
        result = init(
            tmp_path, *ADA, "--smtp-username", "ada",
            "--smtp-password-file", str(tmp_path / "password"), "--mail", "smtp",
            "--address", "https://box.example.org",
            "--smtp-host", "127.0.0.1", "--smtp-port", str(mail.port), "--smtp-security", "none",
            "--from", "briefs@example.org",
        )  # fmt: skip
        assert len(mail.logins) == 1
    assert result.exit_code == 0, result.output
    file = tmp_path / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = load_settings(file, {}).settings
    assert settings.server.base_url == "https://box.example.org"
    assert settings.email.transport == "smtp"
    assert settings.email.smtp.security == "none"
    assert settings.data.dir == str(tmp_path / "data")
    assert users(tmp_path) == ["Ada"]
    assert "buildos-box serve" in result.stdout


def test_a_mail_server_that_does_not_answer_leaves_nothing_behind(tmp_path: Path) -> None:
    result = init(
        tmp_path, "--mail", "smtp", "--smtp-host", "127.0.0.1", "--smtp-port", "1",
        "--from", "briefs@example.org",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "127.0.0.1:1 is out of reach" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_called_with_the_key_of_its_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-secret\n", "utf-8")
    with LlmDouble() as model:
        model.default(ok({"works": True}))
        result = init(
            tmp_path, "--model-provider", "openai", "--model-url", model.url,
            "--model", "small", "--model-key-file", str(key),
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert model.requests[0].headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in result.output
    provider = load_settings(tmp_path / "config.toml", {}).settings.llm.providers[0]
    assert (provider.name, provider.model) == ("openai", "small")


@pytest.mark.parametrize(
    ("option", "value"), [("--timezone", "Mars/Base"), ("--email", "nobody"), ("--from", "x y")]
)
def test_what_is_impossible_is_refused_before_anything_is_written(
    tmp_path: Path, option: str, value: str
) -> None:
    result = init(tmp_path, *ADA, option, value)
    assert result.exit_code == 2
    assert option in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_fault_of_the_settings_is_told_by_its_key(tmp_path: Path) -> None:
    result = init(tmp_path, "--address", "box.example.org", "--mail", "smtp")
    assert result.exit_code == 2
    assert "server.base_url" in result.stderr
    assert "email.smtp.host" in result.stderr


def test_a_file_that_is_there_is_replaced_only_after_a_yes(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n", "utf-8")
    result = init(tmp_path, "--mail", "outbox")
    assert result.exit_code == 1
    assert "--yes" in result.stderr
    assert file.read_text("utf-8") == "# mine\n"
    again = init(tmp_path, "--mail", "outbox", "--yes")
    assert again.exit_code == 0
    assert f"buildos-box user add --config {file} NAME" in again.stdout
    assert 'transport = "outbox"' in file.read_text("utf-8")
    assert (tmp_path / "config.toml.before").read_text("utf-8") == "# mine\n"


def test_the_first_person_joins_the_box_that_serves(
    served: Served, cli: Cli, tmp_path: Path
) -> None:
    result = init(tmp_path, *ADA, "--data", str(served.data))
    assert result.exit_code == 0, result.output
    assert "Ada" in [user["name"] for user in cli.json("user", "list")]


def in_a_terminal(folder: Path, answers: list[tuple[str, str]]) -> str:
    """Run `init` at a terminal of its own, and answer each question when it is asked."""
    command = ["-m", "buildos_box.cli.main", "init", "--config", str(folder / "config.toml")]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(clean_environment() | {"TZ": "Europe/Berlin", "TERM": "dumb"})
        os.execv(sys.executable, [sys.executable, *command, "--data", str(folder / "data")])
    shown = ""
    for question, answer in answers:
        while question not in shown:
            assert select.select([terminal], [], [], 60)[0], (
                f"it does not ask {question!r}: {shown}"
            )
            shown += os.read(terminal, 65536).decode()
        shown = shown.partition(question)[2]
        os.write(terminal, answer.encode() + b"\n")
    try:
        while part := os.read(terminal, 65536):
            shown += part.decode()
    except OSError:  # Linux says so when the other end is closed.
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    return shown


def test_at_a_terminal_it_asks_tries_and_asks_again(tmp_path: Path) -> None:
    with SmtpDouble() as mail:
        shown = in_a_terminal(
            tmp_path,
            [
                ("Address at which", ""),
                ("Mail (outbox", "smtp"),
                ("Mail server", "127.0.0.1"),
                ("Protected by", "none"),
                ("Port", "1"),
                ("Account", ""),
                ("Sender's address", "nobody"),
                ("'nobody'", ""),
                ("Sender's address", "briefs@example.org"),
                ("Keep it all the same?", "n"),
                ("Mail (outbox", ""),
                ("Mail server", ""),
                ("Protected by", ""),
                ("Port", str(mail.port)),
                ("Account", ""),
                ("Sender's address", ""),
                ("Language model", ""),
                ("Your name", "Ada"),
                ("Your mail address", "ada@example.org"),
                ("Your time zone [Europe/Berlin]", ""),
                ("Your language", "en-UK"),
                ("did you mean en-GB?", "en-GB"),
            ],
        )
    settings = load_settings(tmp_path / "config.toml", {}).settings
    assert settings.briefs.locale == "en-GB"
    assert settings.email.smtp.port == mail.port
    assert (settings.email.transport, settings.email.smtp.security) == ("smtp", "none")
    assert users(tmp_path) == ["Ada"]
    assert "user link" in shown
