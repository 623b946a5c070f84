"""A file that cannot be read or written is named in one sentence, whatever command it is for."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from tests.cli.served import Cli, serve_and_fail

NO_TEXT = b"\xff\xfe"


def run(*args: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*map(str, args)], input=stdin)


def refused(result: Result) -> str:
    """What a command said that ended by itself, with nothing on standard output."""
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert (result.exit_code, result.stdout) == (exit_codes.FAILED, "")
    return result.stderr


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A file in a folder that is not there."""
    return tmp_path / "none" / "x"


def test_an_export_into_a_folder_that_is_not_there(ada: Cli, nowhere: Path) -> None:
    said = refused(ada.run("export", "--user", "ada", "--to", str(nowhere)))
    assert said == f"cannot write {nowhere}: No such file or directory\n"


def test_a_backup_into_what_is_no_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = run("init", "--config", tmp_path / "c.toml", "--person", "A", "--data", data)
    assert made.exit_code == 0, made.output
    (tmp_path / "file").write_text("", "utf-8")
    target = tmp_path / "file" / "below"
    said = refused(run("backup", "--data", data, "--to", target, "--config", os.devnull))
    assert said == f"cannot back up {data} to {target}: Not a directory\n"


def test_a_key_into_a_folder_that_is_not_there(nowhere: Path) -> None:
    said = refused(run("backup", "key", nowhere))
    assert said == f"cannot write {nowhere}: No such file or directory\n"


def test_a_first_configuration_in_a_folder_that_is_not_there(nowhere: Path) -> None:
    said = refused(run("init", "--config", nowhere, "--mail", "outbox"))
    assert said == f"cannot write {nowhere}: No such file or directory\n"


def test_a_folder_is_not_moved_away_for_a_first_configuration(tmp_path: Path) -> None:
    result = run("init", "--config", tmp_path, "--mail", "outbox", "--yes")
    assert result.exit_code == exit_codes.USAGE
    assert "is a directory" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_first_person_in_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    data = file / "data"
    result = run("init", "--config", tmp_path / "c.toml", "--person", "A", "--data", data)
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.stderr == f"cannot write the data folder {data}: Not a directory\n"


def test_a_secret_that_is_no_text(ada: Cli, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(NO_TEXT)
    told = f"cannot read {secret}: it is not UTF-8 text\n"
    login = ("--login", "ada", "--password-file", str(secret))
    assert refused(run("init", "--model-key-file", secret)) == told
    assert refused(ada.run("account", "add", "caldav", "https://cal.example.org", *login)) == told
    assert refused(ada.run("feed", "add", "https://cal.example.org/x.ics", *login)) == told


def test_a_note_that_is_no_text(ada: Cli) -> None:
    env = {"BUILDOS_BOX_URL": ada.url, "BUILDOS_BOX_TOKEN": ada.token, **ada.env}
    result = CliRunner().invoke(main, ["note", "add", "-"], input=NO_TEXT, env=env)
    assert refused(result) == "cannot read standard input: it is not UTF-8 text\n"


def test_a_log_in_a_folder_that_is_not_there(tmp_path: Path, nowhere: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[log]\nfile = "{nowhere}"\n', "utf-8")
    ended = serve_and_fail(tmp_path / "data", config=config)
    assert ended.returncode == exit_codes.FAILED
    assert ended.stderr == f"cannot write log.file {nowhere}: No such file or directory\n"
