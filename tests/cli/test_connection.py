"""What the command line makes of an address where something else answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from buildos_box.auth.local_files import ADDRESS_FILE, ADMIN_FILE
from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from buildos_box.client import BoxClient
from tests.cli.served import served_box
from tests.notifications.browser import Browser


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


def run(url: str | None, folder: Path, *more: str, own: str = "", base_url: str = "") -> Result:
    """`user list` beside a data folder whose box serves at `own`, if it serves at all."""
    (folder / ADMIN_FILE).write_text("bos_admin\n", "utf-8")
    (folder / ADDRESS_FILE).unlink(missing_ok=True)
    if own:
        (folder / ADDRESS_FILE).write_text(own, "utf-8")
    config = folder / "config.toml"
    server = f'[server]\nbase_url = "{base_url}"\n' if base_url else ""
    config.write_text(f'{server}[data]\ndir = "{folder}"\n', "utf-8")
    at = ["--url", url] if url else []
    return CliRunner().invoke(main, ["user", "list", *at, "--config", str(config), *more], env={})


def test_the_token_of_the_folder_goes_to_the_box_that_serves_from_it(
    stranger: Stranger, tmp_path: Path
) -> None:
    own = f"http://127.0.0.1:{stranger.server_port}"
    for url in (None, own, f"{own}/", f"http://localhost:{stranger.server_port}"):
        run(url, tmp_path, own=own)
    assert stranger.tokens == ["Bearer bos_admin"] * 4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0"])
def test_the_token_of_the_folder_goes_to_no_other_port_or_host(
    stranger: Stranger, tmp_path: Path, host: str
) -> None:
    other = f"http://{host}:{stranger.server_port}"
    result = run(other, tmp_path, own="http://127.0.0.1:8787")
    assert result.exit_code == exit_codes.USAGE
    assert f"the token in {tmp_path} is for http://127.0.0.1:8787 only" in result.stderr
    assert "--token" in result.stderr
    assert stranger.tokens == []


def test_a_folder_that_nothing_serves_from_gives_its_token_to_nobody(
    stranger: Stranger, tmp_path: Path
) -> None:
    """Whatever has taken the port meanwhile."""
    run(f"http://127.0.0.1:{stranger.server_port}", tmp_path)
    assert stranger.tokens == [None]


def test_the_token_of_the_folder_goes_to_the_public_address(
    stranger: Stranger, tmp_path: Path
) -> None:
    base = f"http://127.0.0.1:{stranger.server_port}/box"
    own = "http://127.0.0.1:8787"
    run(base, tmp_path, own=own, base_url=base)
    assert stranger.tokens == ["Bearer bos_admin"]
    result = run(base.replace("/box", "/other"), tmp_path, own=own, base_url=base)
    assert result.exit_code == exit_codes.USAGE
    assert len(stranger.tokens) == 1


def test_no_token_goes_over_a_network_in_clear(stranger: Stranger, tmp_path: Path) -> None:
    url = f"http://0.0.0.0:{stranger.server_port}"
    for result in (
        run(url, tmp_path, "--token", "bos_mine"),
        run(url, tmp_path, own="http://127.0.0.1:8787", base_url=url),
    ):
        assert result.exit_code == exit_codes.USAGE
        assert "over https only" in result.stderr
    assert stranger.tokens == []


def test_a_token_that_is_given_is_sent(stranger: Stranger, tmp_path: Path) -> None:
    run(f"http://127.0.0.1:{stranger.server_port}", tmp_path, "--token", "bos_mine")
    assert stranger.tokens == ["Bearer bos_mine"]


def test_what_is_no_address_is_told(tmp_path: Path) -> None:
    result = run("http://127.0.0.1:port", tmp_path, own="http://127.0.0.1:8787")
    assert result.exit_code == exit_codes.USAGE
    assert "is not an address" in result.stderr


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


def test_a_real_box_gives_its_token_to_no_other_port(stranger: Stranger, tmp_path: Path) -> None:
    with served_box(tmp_path) as served:
        config = tmp_path / "config.toml"
        config.write_text(f'[data]\ndir = "{served.data}"\n', "utf-8")
        at = ["--config", str(config), "--url", f"http://127.0.0.1:{stranger.server_port}"]
        assert CliRunner().invoke(main, ["job", "list", *at]).exit_code == exit_codes.USAGE
    assert stranger.tokens == []


def test_secret_addresses_are_exported_on_the_machine_itself_and_on_request_only(
    tmp_path: Path,
) -> None:
    with served_box(tmp_path) as served:
        config = tmp_path / "config.toml"
        config.write_text(f'[data]\ndir = "{served.data}"\n', "utf-8")
        with BoxClient(served.url, served.token) as client:
            client.sync({"users": [{"id": "ada", "name": "Ada"}]})
            endpoint = "https://93.184.216.34/push/cap-91c7"
            browser = Browser(endpoint).subscription
            client.post("/users/ada/push-subscriptions", browser)

        def export(*more: str) -> Result:
            return CliRunner().invoke(main, ["export", "--config", str(config), *more])

        plain = json.loads(export().stdout)
        assert [row["endpoint"] for row in plain["records"]["push_subscriptions"]] == [
            "https://93.184.216.34/…"
        ]
        whole = json.loads(export("--with-secrets").stdout)
        assert [row["endpoint"] for row in whole["records"]["push_subscriptions"]] == [endpoint]
        afar = export("--with-secrets", "--url", served.url, "--token", served.token)
        assert afar.exit_code == exit_codes.USAGE
