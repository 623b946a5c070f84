"""`python -m bench --smallest` runs every bench once at its smallest size, to see that it runs.

The figures mean nothing at that size, and no results file is written.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 300
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//bench//EN
BEGIN:VEVENT
UID:a
DTSTAMP:20240101T000000Z
DTSTART;TZID=Europe/Berlin:20240325T090000
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:Standup
END:VEVENT
END:VCALENDAR
"""
SMALLEST: dict[str, list[str]] = {
    "body_memory": [],  # what is bounded is told apart from what is not only at its full size
    "box_bench": ["--jobs", "2000", "--starts", "1", "--idle-seconds", "1"],
    "bulk_bench": ["--tasks", "200"],
    "brief_quality": ["--days", "14"],
    "briefs_bench": ["--users", "10", "--briefs", "3"],
    "calendar_corpus": ["{folder}/calendars"],
    "city_bench": ["--people", "200", "--due", "20"],
    "cron_bench": ["--users", "500"],
    "executable_bench": ["--rounds", "1", "--starts", "1"],
    "history_bench": ["--smallest"],
    "http_bench": ["--seconds", "0.2", "--rounds", "1"],
    "mail_bench": ["--mails", "10", "--rounds", "1", "--output", "{folder}/results.md"],
    "queue_bench": ["--smallest", "--no-peers", "--output", "{folder}/results.md"],
    "realtime_bench": ["--listeners", "5", "--seconds", "1"],
    "soak": ["--minutes", "0.2"],
    "tui_bench": ["--smallest"],
}


def run(name: str, options: list[str]) -> str:
    """Run one bench; returns what is wrong with it, nothing if it ran."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {TIMEOUT_SECONDS} s"
    if done.stdout.startswith("left out"):
        print(f"{name}: {done.stdout.strip()}", flush=True)
    return "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]


def main() -> int:
    """Run those that are named, or all; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", action="store_true", required=True)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SMALLEST))
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "calendars").mkdir()
        (Path(folder) / "calendars" / "weekly.ics").write_text(CALENDAR, "utf-8")
        for name in options.names or SMALLEST:
            started = time.perf_counter()
            trouble = run(name, [option.format(folder=folder) for option in SMALLEST[name]])
            took = time.perf_counter() - started
            print(f"{name}: {'FAILED' if trouble else 'ran'} ({took:.0f} s)", flush=True)
            if trouble:
                failed.append(name)
                print(trouble, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
