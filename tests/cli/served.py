"""A box served by the real command, and the command line that talks to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from buildos_box.cli.main import main
from buildos_box.client import BoxClient

START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    url: str
    token: str
    data: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


@dataclass(frozen=True)
class Cli:
    """Runs commands as the shell does: arguments in; exit code, output and errors out."""

    url: str
    token: str
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *args: str, stdin: str | None = None, token: str | None = None) -> Result:
        env = {"BUILDOS_BOX_URL": self.url, "BUILDOS_BOX_TOKEN": token or self.token, **self.env}
        return CliRunner().invoke(main, args, input=stdin, env=env)

    def ok(self, *args: str, stdin: str | None = None) -> str:
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def client(self) -> BoxClient:
        """The API itself, for what no command does."""
        return BoxClient(self.url, self.token)

    def json(self, *args: str) -> Any:
        return json.loads(self.ok(*args, "--json"))

    def fails(self, *args: str, code: int, token: str | None = None) -> str:
        """What the command says on standard error while nothing goes to standard output."""
        result = self.run(*args, token=token)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit), result.exc_info
        assert result.stdout == ""
        return result.stderr


def clean_environment() -> dict[str, str]:
    ours = ("BUILDOS_", "PRIVATE_", "QUEUE_")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours) and k != "PORT"}


def serve_command(data: Path, *, port: int = 0, config: Path | None = None) -> list[str]:
    empty = data.parent / f"{data.name}.toml"
    if config is None:
        empty.write_text("", "utf-8")
    command = [sys.executable, "-m", "buildos_box.cli.main", "serve"]
    command += ["--config", str(config or empty), "--host", "127.0.0.1"]
    return [*command, "--port", str(port), "--data", str(data)]


def serve_and_fail(data: Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    """A `serve` that is to end by itself."""
    return subprocess.run(
        serve_command(data, **more),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        env=clean_environment(),
        check=False,
    )


@contextmanager
def served_box(folder: Path, settings: str = "") -> Iterator[Served]:
    """A server of its own on a free port; `settings` is the text of its config.toml."""
    data, log, config = folder / "data", folder / "serve.log", folder / "config.toml"
    config.write_text(settings, "utf-8")
    with log.open("wb") as file:
        process = subprocess.Popen(
            serve_command(data, config=config), stdout=file, stderr=file, env=clean_environment()
        )
    try:
        url = _wait_for_address(process, log)
        yield Served(url, (data / "admin-token").read_text("utf-8").strip(), data)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text("utf-8").splitlines(keepends=True):
            words = line.split()
            if line.startswith("BuildOS Box") and "serves" in words and line.endswith("\n"):
                return words[words.index("serves") + 1]
        time.sleep(0.05)
    raise AssertionError(f"the box did not start:\n{log.read_text('utf-8')}")
