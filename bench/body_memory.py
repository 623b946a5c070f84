"""How much memory a request's body takes: the peak of a real box, above what it took before.

    python -m bench.body_memory [MIB]

Needs Linux: the kernel's own mark of the highest resident size is reset before each request.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.measure import forget_highest, highest_mb
from tests.faults.box_process import BoxProcess

MIB = 1024 * 1024
ITEMS = 2_000
"""Of an accepted body, whatever its size."""
REFUSED_MIB = 40.0
ACCEPTED_TIMES = 6.0
TRIES = 5
"""A cron may allocate at the same moment, so a figure beyond the bound is measured again."""


@dataclass(frozen=True)
class Case:
    """One body, and who sends it where."""

    name: str
    body: Callable[[int], bytes]
    status: int
    by_user: bool = False
    path: str = "/sync"


@dataclass(frozen=True)
class Measured:
    """What one body did. `grown` in bytes."""

    case: Case
    size: int
    status: int
    grown: int

    def is_bounded(self, beside: int = 0) -> bool:
        """A refused one takes 40 MiB at most, an accepted one six times its size.

        `beside` is what the heap may have grown by all the same, in bytes; it weighs with small
        bodies only.
        """
        if self.case.status == 200:
            return self.grown <= ACCEPTED_TIMES * self.size + beside
        return self.grown <= REFUSED_MIB * MIB


def _repeated(start: bytes, piece: bytes, end: bytes, size: int) -> bytes:
    return start + piece * ((size - len(start) - len(end)) // len(piece)) + end


def _notes(size: int, ending: str) -> bytes:
    """Notes of a user's project, as long as the body is to be."""
    chars = size // ITEMS - 100
    text = "A line of plain text. " * (chars // 22) + ending
    return json.dumps(
        {
            "users": [{"id": "ada"}],
            "projects": [{"id": "p", "userId": "ada", "name": "Project"}],
            "notes": [{"id": f"n{n}", "projectId": "p", "content": text} for n in range(ITEMS)],
        },
        ensure_ascii=False,
    ).encode()


WARM_UP = {
    "users": [{"id": "ada"}],
    "projects": [{"id": "first", "userId": "ada", "name": "Project"}],
    "notes": [
        {"id": f"first-{n}", "projectId": "first", "content": "🙂" * 1000} for n in range(1000)
    ],
}
"""What is loaded with the first request, and SQLite's own cache, is no body's doing."""
CASES = [
    Case("a user's token", lambda size: b" " * size, 403, by_user=True),
    Case("to a route of small bodies", lambda size: b" " * size, 413, path="/users"),
    Case("no JSON", lambda size: b"[" + b"x" * (size - 1), 400),
    Case("lists in a list that is not known",
         lambda size: _repeated(b'{"a":[', b"[],", b"[]]}", size), 200),
    Case("lists in the place of users",
         lambda size: _repeated(b'{"users":[', b"[],", b"[]]}", size), 422),
    Case("objects without an id",
         lambda size: _repeated(b'{"users":[', b"{},", b"{}]}", size), 422),
    Case("a list in the place of an id",
         lambda size: _repeated(b'{"users":[{"id":[', b"[],", b"[]]}]}", size), 422),
    Case("too many ids to delete",
         lambda size: _repeated(b'{"delete":{"tasks":[', b'"ab",', b'"ab"]}}', size), 422),
    Case("one text", lambda size: _repeated(b'{"users":[{"id":"', b"x", b'"}]}', size), 422),
    Case("notes", lambda size: _notes(size, "."), 200),
    Case("the same notes again", lambda size: _notes(size, "."), 200),
    Case("notes, each changed and with an emoji", lambda size: _notes(size, "🙂"), 200),
]  # fmt: skip


def measure(folder: Path, size: int) -> Iterator[Measured]:
    """Send each body to a fresh process: what one has freed would hide what the next takes."""
    process = BoxProcess(folder, config="[limits]\nmax_bytes_per_user = 0\nnotes_per_user = 0\n")
    for case in CASES:
        found = _measured(process, case, size)
        for _ in range(TRIES - 1):
            if found.is_bounded():
                break
            found = _measured(process, case, size)
        yield found


def _measured(process: BoxProcess, case: Case, size: int) -> Measured:
    with process:
        process.post("/sync", WARM_UP)
        token = process.post("/tokens", {"name": "bench", "scope": "user:ada"})["token"]
        _wait_until_quiet(process.process.pid)
        return _send(process, case, size, token)


def _wait_until_quiet(pid: int) -> None:
    """Wait until what a process does at its start takes no more memory, 10 s at most."""
    before = 0.0
    for _ in range(20):
        resident = forget_highest(pid)
        if resident == before:
            return
        before = resident
        time.sleep(0.5)


def _send(process: BoxProcess, case: Case, size: int, token: str) -> Measured:
    body = case.body(size)
    before = forget_highest(process.process.pid)
    headers = {"Content-Type": "application/json"}
    if case.by_user:
        headers["Authorization"] = f"Bearer {token}"
    answer = process.http.post(case.path, content=body, headers=headers, timeout=httpx.Timeout(300))
    grown = round((highest_mb(process.process.pid) - before) * MIB)
    return Measured(case, len(body), answer.status_code, grown)


def main() -> None:
    """Print a line for each body; exits with 1 if one takes too much."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 32) * MIB
    print("| body | MiB | status | MiB above | times |\n| --- | --- | --- | --- | --- |")
    bad = False
    with tempfile.TemporaryDirectory() as folder:
        for found in measure(Path(folder), size):
            cells = (
                found.case.name, f"{found.size / MIB:.1f}", str(found.status),
                f"{found.grown / MIB:.1f}", f"{found.grown / found.size:.1f}",
            )  # fmt: skip
            mark = "" if found.is_bounded() and found.status == found.case.status else " (too much)"
            bad = bad or bool(mark)
            print(f"| {' | '.join(cells)}{mark} |", flush=True)
    sys.exit(bad)


if __name__ == "__main__":
    main()
