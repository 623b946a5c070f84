"""What is asked often, or by programs: `health` and `--version`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from buildos_box.cli import exit_codes
from buildos_box.cli.main import COMMANDS
from buildos_box.db.migrate import known_migrations
from buildos_box.version import VERSION
from tests.cli.served import Cli, Served

HEAVY = ("asyncio", "httpx", "litestar", "msgspec", "rich", "sqlite3", "structlog")


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server that answers every request that way; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_health_of_a_folder_that_is_served(served: Served, cli: Cli) -> None:
    assert cli.ok("health", "--data", str(served.data)) == "healthy\n"


def test_health_of_an_address(served: Served, cli: Cli) -> None:
    assert cli.ok("health", "--url", f"{served.url}/") == "healthy\n"


def test_health_fails_while_the_server_is_unwell(cli: Cli) -> None:
    with answering(503, '{"status": "draining"}') as url:
        result = cli.run("health", "--url", url)
    assert (result.exit_code, result.stdout) == (exit_codes.FAILED, "draining\n")


def test_health_of_a_folder_that_nobody_serves(cli: Cli, tmp_path: Path) -> None:
    said = cli.fails("health", "--data", str(tmp_path), code=exit_codes.UNREACHABLE)
    assert str(tmp_path) in said


def test_health_of_another_program(cli: Cli) -> None:
    with answering(200, "<html>") as url:
        assert url in cli.fails("health", "--url", url, code=exit_codes.UNREACHABLE)


def test_health_loads_no_more_than_it_needs(served: Served) -> None:
    script = (
        "import atexit, sys\n"
        "from buildos_box.cli.main import main\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        f"main(['health', '--data', {str(served.data)!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told, _, loaded = done.stdout.partition("\n")
    assert told == "healthy"
    assert "buildos_box.cli.health_command" in loaded.split()
    assert set(loaded.split()) & set(HEAVY) == set()


def test_the_version(cli: Cli) -> None:
    assert cli.ok("--version") == f"buildos-box, version {VERSION}\n"


def test_the_version_for_programs(cli: Cli) -> None:
    told = json.loads(cli.ok("--version", "--json"))
    assert told == {"version": VERSION, "commit": None, "schema": known_migrations()[-1].number}


def test_every_command_is_where_it_is_said_to_be(cli: Cli) -> None:
    shown = cli.ok("--help")
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []
