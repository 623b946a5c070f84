"""Makes the data folder of a released version with that version's own program.

    python -m tests.upgrade.made_folder PROGRAM tests/upgrade/0.1.0.tar.xz

PROGRAM is that version's `buildos-box`, in an environment of its own. Run it once for each release;
what it wrote stays as it is. Beside the folder goes `expected.json`: the rows of each table.
"""

import io
import json
import lzma
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

ZONES = {"ada": "Europe/Berlin", "bo": "America/New_York", "chi": "Asia/Tokyo"}
DONE_SECONDS = 60.0
LEFT_OUT = ("-wal", "-shm", ".lock", "address")


def document() -> dict[str, Any]:
    """People with a project, tasks, notes and an event each."""
    users = [
        {"id": name, "name": name.title(), "email": f"{name}@example.org", "timezone": zone}
        for name, zone in ZONES.items()
    ]
    projects = [{"id": f"home-{name}", "userId": name, "name": "Home"} for name in ZONES]
    tasks = [
        {"id": f"{name}-{n}", "projectId": f"home-{name}", "title": f"Task {n}",
         "status": "done" if n == 0 else "todo", "dueAt": f"2031-03-0{n + 1}T09:00:00Z"}
        for name in ZONES for n in range(4)
    ]  # fmt: skip
    notes = [
        {"id": f"note-{name}", "projectId": f"home-{name}", "title": "Kept", "content": "A line"}
        for name in ZONES
    ]
    events = [
        {"id": f"event-{name}", "userId": name, "title": "Dentist",
         "startAt": "2031-03-01T09:00:00Z", "endAt": "2031-03-01T10:00:00Z"}
        for name in ZONES
    ]  # fmt: skip
    return {"users": users, "projects": projects, "tasks": tasks, "notes": notes,
            "events": events}  # fmt: skip


def make(program: str, folder: Path) -> None:
    """Serve the folder with that program, and have it written to."""
    log = folder.parent / "serve.log"
    command = [program, "serve", "--host", "127.0.0.1", "--port", "0", "--data", str(folder)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder.parent)
    try:
        url = _address(process, log)
        token = (folder / "admin-token").read_text("utf-8").strip()
        _fill(url, token)
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text("utf-8")


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    while process.poll() is None:
        if found := re.search(r"^BuildOS Box.* serves (http\S+)", log.read_text("utf-8"), re.M):
            return found[1]
        time.sleep(0.1)
    raise SystemExit(log.read_text("utf-8"))


def _fill(url: str, token: str) -> None:
    def ask(path: str, body: Any = None) -> Any:
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    ask("/sync", document())
    jobs = [ask("/queue/brief", {"userId": name})["jobId"] for name in ZONES]
    jobs.append(ask("/queue/phases", {"userId": "ada", "projectId": "home-ada"})["jobId"])
    deadline = time.monotonic() + DONE_SECONDS
    while any(ask(f"/jobs/{job}")["status"] != "completed" for job in jobs):
        assert time.monotonic() < deadline, "the jobs did not end"
        time.sleep(0.2)


def counts(database: Path) -> dict[str, int]:
    """The rows of each table."""
    with closing(sqlite3.connect(database)) as db:
        found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        names = [name for (name,) in found if "_fts" not in name and "search" not in name]
        return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def pack(folder: Path, target: Path) -> None:
    """The folder as a compressed archive; the same files give the same bytes."""
    database = folder / "box.sqlite3"
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    expected = json.dumps(counts(database), indent=1).encode()
    files = {
        f"data/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(LEFT_OUT)
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in {"expected.json": expected, **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    target.write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main() -> None:
    """Make one version's archive."""
    # Not resolved: a program is found with its environment by the name of its link.
    program, target = str(Path(sys.argv[1]).absolute()), Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "data"
        make(program, folder)
        pack(folder, target)
    print(target, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
