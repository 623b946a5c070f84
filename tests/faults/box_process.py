"""A real `buildos-box serve`: started, killed, frozen and stopped as a machine would do it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from buildos_box.app import DATABASE_FILE
from buildos_box.auth.local_files import ADMIN_FILE

Json = dict[str, Any]
START_SECONDS = 120.0
END_SECONDS = 20.0
OURS = ("BUILDOS_", "PRIVATE_", "QUEUE_")
KEYS = ("DEEPSEEK_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PORT", "USE_WEBHOOK_EMAIL")


class BoxProcess:
    """One data folder and the process that serves it, if one does just now."""

    def __init__(
        self,
        folder: Path,
        *,
        data: Path | None = None,
        config: str = "",
        module: str = "buildos_box.cli.main",
        before_exec: Callable[[], None] | None = None,
    ) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self.log = folder / "serve.log"
        self._config = folder / "config.toml"
        self._module = module
        self._before_exec = before_exec
        self._process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None
        self._port = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(config, "utf-8")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self.runs:
            self.wake()
            self.kill()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "not started"
        return self._process

    @property
    def http(self) -> httpx.Client:
        """A client with the admin's token for the process that serves now."""
        assert self._http is not None, "not ready"
        return self._http

    @property
    def database(self) -> Path:
        return self.data / DATABASE_FILE

    def command(self) -> list[str]:
        serve = [sys.executable, "-m", self._module, "serve"]
        options = ["--config", str(self._config), "--data", str(self.data)]
        return [*serve, *options, "--host", "127.0.0.1", "--port", str(self._port)]

    def environment(self) -> dict[str, str]:
        """This one's, without what would configure a box."""
        return {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(OURS) and name not in KEYS
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it without waiting for anything."""
        assert not self.runs, "it runs already"
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                preexec_fn=self._before_exec,
            )

    def wait_until_ready(self) -> None:
        """Wait until it has said where it serves."""
        until(lambda: self.url() is not None or not self.runs, seconds=START_SECONDS)
        url = self.url()
        assert url is not None, f"the box did not start:\n{self.said()}"
        # A restart serves at the same address: the links in its mails name it.
        self._port = httpx.URL(url).port or 0
        token = (self.data / ADMIN_FILE).read_text("utf-8").strip()
        if self._http is not None:
            self._http.close()
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            trust_env=False,
        )

    def url(self) -> str | None:
        """Where it serves, once it has said so."""
        for line in self.said().splitlines():
            words = line.split()
            if line.startswith("BuildOS Box") and "serves" in words:
                return words[words.index("serves") + 1]
        return None

    def said(self) -> str:
        """What it has written to its output since its start."""
        return self.log.read_text("utf-8", "replace")

    def run_to_its_end(self) -> int:
        """Start it and wait for it to end by itself; returns its exit code."""
        self.launch()
        try:
            return self.process.wait(timeout=END_SECONDS)
        finally:
            self._end()

    def kill(self) -> None:
        """SIGKILL: no warning, no clean-up."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def killed_after(self, seconds: float) -> Iterator[None]:
        """SIGKILL that much later, whatever is being done to it meanwhile."""
        killer = threading.Timer(seconds, self.kill)
        killer.start()
        yield
        killer.join()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM, and wait; returns the exit code."""
        self.terminate()
        return self.process.wait(timeout=60)

    def pause(self) -> None:
        """SIGSTOP: the process stands still and knows nothing of it."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def rows(self, sql: str, *params: Any) -> list[sqlite3.Row]:
        """Read the database file beside the process, changing nothing."""
        with _reading(self.database) as connection:
            return connection.execute(sql, params).fetchall()

    def integrity(self) -> str:
        """What SQLite finds wrong with the file; `ok` if nothing."""
        return str(self.rows("PRAGMA integrity_check")[0][0])

    def foreign_faults(self) -> list[sqlite3.Row]:
        """Rows that point to rows that are not there."""
        return self.rows("PRAGMA foreign_key_check")

    def mails(self) -> list[Path]:
        """The files in the outbox, whole or not."""
        return sorted((self.data / "outbox").glob("*"))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


def until(ready: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Ask again until `ready` says yes; False when time runs out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(every)
    return ready()


def people(count: int) -> Iterator[Json]:
    """Users for `POST /sync`."""
    for n in range(count):
        name = f"person-{n:03}"
        yield {"id": name, "email": f"{name}@example.org", "name": name, "timezone": "UTC"}
