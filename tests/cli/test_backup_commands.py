"""Backup, verify and restore as a person types them."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from tests.cli.served import Cli, Served
from tests.faults.box_process import until


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def test_a_backup_of_a_running_box_is_made_verified_and_restored(
    cli: Cli, served: Served, tmp_path: Path
) -> None:
    cli.ok("user", "add", "Ada", "--id", "ada")
    here = ("--data", served.data, "--config", os.devnull)
    results: list[Result] = []

    def backed_up() -> bool:
        """False while the nightly backup, which may just be due, is being made."""
        results.append(run("backup", "--json", *here))
        return "another backup is being made" not in results[-1].output

    assert until(backed_up, seconds=30)
    made = results[-1]
    assert made.exit_code == 0, made.output
    path = Path(json.loads(made.stdout)["path"])
    assert path.parent == served.data / "backups"
    assert str(path) in run("backup", "list", *here).stdout
    checked = run("backup", "verify", path)
    assert checked.exit_code == 0, checked.output
    assert "1 user," in checked.stdout
    assert "key secret.key" in checked.stdout
    there = ("--data", tmp_path / "new", "--config", os.devnull)
    restored = run("restore", path, *there)
    assert restored.exit_code == 0, restored.output
    assert "will not be sent" in restored.stdout
    refused = run("restore", path, "--yes", *here)
    assert refused.exit_code == exit_codes.FAILED
    assert "already serves" in refused.stderr


def test_a_file_that_is_no_backup_is_said_so(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no")
    for command in (("verify", bad), ("restore", bad, "--data", tmp_path / "d", "--yes")):
        refused = run(*command)
        assert refused.exit_code == exit_codes.FAILED
        assert "not a complete backup" in refused.stderr
        assert "Traceback" not in refused.output


def test_a_check_says_as_json_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no")
    refused = run("backup", "verify", bad, "--json")
    assert refused.exit_code == exit_codes.FAILED
    told = json.loads(refused.stdout)
    assert (told["path"], told["ok"]) == (str(bad), False)
    assert "not a complete backup" in told["faults"][0]


def test_a_backup_is_unpacked_beside_itself_where_there_is_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no")
    assert "not a complete backup" in run("backup", "verify", bad).stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bad.tar.gz"]


def test_without_a_box_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    refused = run("backup", "--data", tmp_path / "none", "--to", tmp_path, "--config", os.devnull)
    assert refused.exit_code == exit_codes.FAILED
    assert "no database" in refused.stderr
    assert not (tmp_path / "none").exists()


def test_a_restore_beside_a_running_box_is_refused_before_anything_is_asked(
    served: Served, tmp_path: Path
) -> None:
    refused = run("restore", tmp_path / "none", "--data", served.data, "--config", os.devnull)
    assert refused.exit_code == exit_codes.FAILED
    assert "already serves" in refused.stderr
    assert "Replace" not in refused.output
