"""What the command line makes of an address where something else answers."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from buildos_box.auth.keyring import ADDRESS_FILE, ADMIN_FILE
from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from tests.cli.served import served_box


class Stranger(HTTPServer):
    """Answers every call with the same, and keeps the headers it was sent."""

    status = 200
    body = b"<html>hello</html>"

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), Answer)
        self.tokens: list[str | None] = []


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Stranger)
        self.server.tokens.append(self.headers.get("authorization"))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(url: str, folder: Path, *more: str) -> Result:
    (folder / ADMIN_FILE).write_text("bos_admin\n", "utf-8")
    config = folder / "config.toml"
    config.write_text(f'[data]\ndir = "{folder}"\n', "utf-8")
    args = ["user", "list", "--url", url, "--config", str(config), *more]
    return CliRunner().invoke(main, args)


def test_the_local_admin_token_is_used_on_this_machine(stranger: Stranger, tmp_path: Path) -> None:
    run(f"http://127.0.0.1:{stranger.server_port}", tmp_path)
    assert stranger.tokens == ["Bearer bos_admin"]


def test_the_local_admin_token_is_sent_nowhere_else(stranger: Stranger, tmp_path: Path) -> None:
    run(f"http://0.0.0.0:{stranger.server_port}", tmp_path)
    assert stranger.tokens == [None]


def test_a_token_that_is_given_is_sent(stranger: Stranger, tmp_path: Path) -> None:
    run(f"http://0.0.0.0:{stranger.server_port}", tmp_path, "--token", "bos_mine")
    assert stranger.tokens == ["Bearer bos_mine"]


def test_an_answer_that_is_no_boxs_is_no_crash(stranger: Stranger, tmp_path: Path) -> None:
    result = run(f"http://127.0.0.1:{stranger.server_port}", tmp_path)
    assert result.exit_code == exit_codes.UNREACHABLE
    assert "is not a BuildOS Box" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("status", [302, 404, 502])
def test_a_refusal_without_a_reason_tells_its_status(
    stranger: Stranger, tmp_path: Path, status: int
) -> None:
    stranger.status = status
    result = run(f"http://127.0.0.1:{stranger.server_port}", tmp_path)
    assert result.exit_code == exit_codes.FAILED
    assert result.stderr == f"the server answered {status}\n"


def test_a_box_on_any_port_is_found_by_its_folder(tmp_path: Path) -> None:
    with served_box(tmp_path) as served:
        config = tmp_path / "config.toml"
        config.write_text(f'[data]\ndir = "{served.data}"\n', "utf-8")
        found = CliRunner().invoke(main, ["user", "list", "--config", str(config)])
        assert found.exit_code == 0, found.output
    assert not (served.data / ADDRESS_FILE).exists()
