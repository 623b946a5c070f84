"""A box at rest has not loaded what only some of its work needs."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

HEAVY = {
    "aiosmtplib", "anthropic", "apprise", "attr", "babel", "bleach", "boto3", "cryptography",
    "dateutil", "difflib", "greenlet", "h11", "holidays", "html5lib", "httpcore", "httpx",
    "icalendar", "json_repair", "markdown", "markdown_it", "openai", "phonenumbers",
    "prometheus_client", "py_vapid", "pydantic", "pygments", "pywebpush", "recurring_ical_events",
    "requests", "rich", "smtplib", "sqlite_utils", "starlette", "statistics", "textual", "twilio",
    "yaml",
}  # fmt: skip
OTHERS = {
    *("email.headerregistry", "http.client", "http.server", "pdb", "zipfile"),
    "litestar._openapi.schema_generation.examples",
}
NO_COMMANDS = re.compile(
    r"buildos_box\.(cli\.(?!main|serve_command|root_command)\w*_commands?|tui)\b"
)
_NAME = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", re.M)
ASKED_FOR_ONLY = {
    *("greenlet", "pygments", "pygments.lexers", "rich", "starlette", "starlette.exceptions"),
}
"""Python tells of these even when they are not found; loaded, they would have more parts."""


def test_a_box_that_serves_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    """A process as people start it, asked for its health once, which has made its backup of the
    night; Python tells what it imports.
    """
    data, told = tmp_path / "data", tmp_path / "told"
    command = ["-m", "buildos_box.cli.main", "serve", "--port", "0", "--data", str(data)]
    with told.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", *command], stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            assert _health(process, data) == 200
            _wait_for(lambda: any(data.glob("backups/*.gz")), process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    loaded = set(_NAME.findall(told.read_text("utf-8")))
    assert "litestar" in loaded
    tops = {name.partition(".")[0] for name in loaded - ASKED_FOR_ONLY}
    assert sorted(HEAVY & tops) == []
    assert sorted(OTHERS & loaded) == []
    assert sorted(filter(NO_COMMANDS.match, loaded)) == []


def _health(process: "subprocess.Popen[bytes]", data: Path) -> int:
    address = data / "address"
    _wait_for(lambda: address.exists() and address.stat().st_size > 0, process)
    url = address.read_text("utf-8")
    return httpx.get(f"{url}/health", trust_env=False, timeout=30).status_code


def _wait_for(ready: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "it takes too long"
        assert process.poll() is None, "it has ended"
        time.sleep(0.02)
