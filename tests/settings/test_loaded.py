"""A box at rest has not loaded what only some of its work needs."""

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "anthropic", "dateutil", "holidays", "icalendar", "json_repair", "markdown_it", "openai",
    "phonenumbers", "py_vapid", "pywebpush", "recurring_ical_events", "requests", "textual",
    "twilio",
)  # fmt: skip
SERVE = """
import asyncio, os, signal, sys
from pathlib import Path

import buildos_box.cli.main
from buildos_box import serve
from buildos_box.cli.settings_option import load_or_exit

def ready(box, url):
    print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}))
    os.kill(os.getpid(), signal.SIGTERM)

settings = load_or_exit(None).override(host="127.0.0.1", port=0, data_dir=Path(sys.argv[1]))
asyncio.run(serve.serve(lambda: settings, ready))
"""


def test_a_box_that_serves_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "data")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    told = [line for line in done.stdout.splitlines() if line.startswith("loaded ")]
    assert told, done.stderr
    assert sorted(set(HEAVY) & set(told[0].split())) == []
