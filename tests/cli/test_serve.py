import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from buildos_box.cli import exit_codes
from tests.cli.served import Cli, Served, clean_environment, serve_and_fail, served_box
from tests.free_port import free_port


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_a_second_box_on_the_same_folder_is_refused_in_one_line(served: Served) -> None:
    result = serve_and_fail(served.data)
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1
    assert "already serves" in result.stderr
    assert str(served.data) in result.stderr


def test_a_port_in_use_is_said_in_one_line(served: Served, tmp_path: Path) -> None:
    result = serve_and_fail(tmp_path / "data", port=served.port)
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1
    assert f"127.0.0.1:{served.port}" in result.stderr
    assert "in use" in result.stderr


def test_every_fault_of_the_configuration_has_a_line(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[server]\nport = "many"\nprot = 1\n', "utf-8")
    result = serve_and_fail(tmp_path / "data", config=config)
    assert result.returncode == exit_codes.USAGE
    assert "server.port" in result.stderr
    assert "server.prot" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_setting_that_turns_out_impossible_ends_like_a_wrong_one(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[email]\ntransport = "webhook"\n', "utf-8")
    result = serve_and_fail(tmp_path / "data", config=config)
    assert result.returncode == exit_codes.USAGE
    assert "email.webhook.url" in result.stderr


def test_a_file_that_is_no_database_is_said_in_one_line_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "box.sqlite3").write_bytes(b"not a database at all" * 500)
    result = serve_and_fail(data)
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1
    assert "not a database" in result.stderr
    assert str(data) in result.stderr
    assert (data / "box.sqlite3").read_bytes() == b"not a database at all" * 500


def test_a_damaged_database_is_said_in_one_line_and_left_alone(tmp_path: Path) -> None:
    with served_box(tmp_path) as box:
        file = box.data / "box.sqlite3"
    damaged = bytearray(file.read_bytes())
    for page in range(4096, len(damaged), 4096):
        damaged[page : page + 200] = b"\xff" * 200
    file.write_bytes(damaged)
    result = serve_and_fail(file.parent)
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1
    assert "malformed; restore a backup" in result.stderr
    assert file.read_bytes() == damaged


def test_a_database_of_a_newer_program_is_refused_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(sqlite3.connect(data / "box.sqlite3")) as newer:
        newer.execute("PRAGMA user_version = 9999")
    result = serve_and_fail(data)
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1
    assert "newer BuildOS Box" in result.stderr


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = serve_and_fail(tmp_path / "file")
    assert result.returncode == exit_codes.FAILED
    assert len(lines(result.stderr)) == 1


def test_where_no_box_answers_one_sentence_says_how_to_start_it() -> None:
    nowhere = Cli(f"http://127.0.0.1:{free_port()}", "bos_x")
    told = nowhere.fails("task", "list", code=exit_codes.UNREACHABLE)
    assert "no server answers" in told
    assert "buildos-box serve" in told


def test_an_address_that_is_none_is_no_crash() -> None:
    said = Cli("nonsense", "x").fails("job", "list", code=2)
    assert "'nonsense' is not an address like http://127.0.0.1:8787" in said
    Cli("http://127.0.0.1:many", "x").fails("job", "list", code=2)


def test_a_local_box_is_found_with_its_token_by_its_configuration(
    served: Served, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[server]\nport = {served.port}\n[data]\ndir = "{served.data}"\n', "utf-8")
    command = [sys.executable, "-m", "buildos_box.cli.main", "user", "list", "--json"]
    result = subprocess.run(
        [*command, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")


def test_a_token_that_is_not_valid_is_denied(cli: Cli) -> None:
    assert "not valid" in cli.fails("user", "list", token="bos_wrong", code=exit_codes.DENIED)


def test_the_first_start_names_the_page_and_the_command_that_is_next(served: Served) -> None:
    said = (served.data.parent / "serve.log").read_text("utf-8")
    assert f"page: {served.url}/app/" in said
    command = f"BUILDOS_BOX_DATA__DIR={served.data} buildos-box user add NAME --email ADDRESS"
    assert command in said
