"""Many rows at once: `/sync`, export and backup beside what the disk and sqlite-utils do.

`python -m bench.bulk_bench` writes 10,000 tasks of one person as `POST /sync` does, and the same
rows with sqlite-utils' `upsert_all` into the same schema, as durably; first new, then changed. Then
that person's data is exported, what was exported is imported again, and the folder is backed up,
each beside a plain copy of as many bytes with its fsync. Memory is the most that each took above
what there was before, at this size and at a quarter of it. `--write` puts the figures into
`bench/RESULTS.md`.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database as SqliteUtils

from bench import results_file
from bench.machine import describe
from bench.measure import tell
from buildos_box.app import DATABASE_FILE, Box
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database
from buildos_box.db.connect import connect_writer
from buildos_box.settings import DataSettings, Settings
from buildos_box.upkeep.backup import make_backup
from buildos_box.upkeep.user_data_store import everything_of
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write

HEADING = "# Many rows at once"
PROJECTS = 20
SYNC_LIMIT, DISK_LIMIT = 0.5, 0.5
_CHUNK = 2**20


def _document(tasks: int, title: str) -> dict[str, Any]:
    return {
        "users": [{"id": "ada", "email": "ada@example.org", "name": "Ada"}],
        "projects": [
            {"id": f"p{n}", "userId": "ada", "name": f"Project {n}"} for n in range(PROJECTS)
        ],
        "tasks": [
            {
                "id": f"t{n}",
                "projectId": f"p{n % PROJECTS}",
                "title": f"{title} {n}",
                "description": "Two sentences that say what is to be done. And for whom.",
                "dueDate": "2030-01-01",
            }
            for n in range(tasks)
        ],
    }


def _peak_of(act: Callable[[], float | None]) -> tuple[float, float]:
    """Seconds that it takes, or says that it took; the most MiB above what there was before."""
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    began = time.perf_counter()
    took = act()
    return took or time.perf_counter() - began, max(0.0, _status("VmHWM") - before)


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _disk_seconds(folder: Path, size: int) -> float:
    """Seconds to copy so many bytes from one file into another, with the fsync; median of 3."""
    source, target = folder / "disk.from", folder / "disk.to"
    source.write_bytes(os.urandom(_CHUNK) * (size // _CHUNK + 1))
    took = []
    for _ in range(3):
        began = time.perf_counter()
        left = size
        with source.open("rb") as read, target.open("wb") as wrote:
            while left > 0:
                chunk = read.read(min(_CHUNK, left))
                wrote.write(chunk)
                left -= len(chunk)
            wrote.flush()
            os.fsync(wrote.fileno())
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _peer(folder: Path, tasks: int) -> dict[str, float]:
    """Seconds of sqlite-utils for the same rows, new and changed."""
    path = folder / "peer.sqlite3"

    async def make() -> None:
        db = await Database.open(path, SystemClock())
        document = {**_document(0, ""), "tasks": []}
        await write(db, read_sync(document), SystemClock().now())
        await db.close()

    asyncio.run(make())
    found = {}
    connection = connect_writer(path)
    db = SqliteUtils(connection)
    for name, title in (("new", "Task"), ("changed", "Changed")):
        at = to_text(SystemClock().now())
        rows = [
            {
                "id": item["id"],
                "project_id": item["projectId"],
                "title": item["title"],
                "description": item["description"],
                "due_date": item["dueDate"],
                "created_at": at,
                "updated_at": at,
            }
            for item in _document(tasks, title)["tasks"]
        ]
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        db.table("tasks").upsert_all(rows, pk="id")
        if connection.in_transaction:
            connection.execute("COMMIT")
        found[name] = time.perf_counter() - began
    connection.close()
    return found


class _Bulk:
    """One folder with so many tasks, and what each way of moving them takes."""

    def __init__(self, folder: Path, tasks: int) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.tasks = tasks
        self.memory: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.bytes: dict[str, int] = {}

    def measure(self) -> None:
        """All of it, in order: each leaves what the next one needs."""
        self.data.mkdir(parents=True)
        self._note("sync, new", lambda: self._sync(_document(self.tasks, "Task")))
        self._note("sync, changed", lambda: self._sync(_document(self.tasks, "Changed")))
        self._note("export", self._export)
        exported = self.folder / "export.json"
        self.bytes["export"] = exported.stat().st_size
        self._note("import", lambda: self._import(exported))
        self.bytes["import"] = self.bytes["export"]
        self._note("backup", self._backup)
        self.bytes["backup"] = (self.data / DATABASE_FILE).stat().st_size

    def _note(self, name: str, act: Callable[[], float | None]) -> None:
        self.seconds[name], self.memory[name] = _peak_of(act)

    def _in_a_box(self, work: Callable[[Box], Coroutine[Any, Any, float]]) -> float:
        async def run() -> float:
            box = await Box.open(Settings(data=DataSettings(dir=str(self.data))))
            try:
                return await work(box)
            finally:
                await box.close()

        return asyncio.run(run())

    def _sync(self, document: dict[str, Any]) -> float:
        """As the route does it, from the parsed body to the commit."""

        async def work(box: Box) -> float:
            began = time.perf_counter()
            await write(box.services.db, read_sync(document), box.services.clock.now())
            return time.perf_counter() - began

        return self._in_a_box(work)

    def _export(self) -> None:
        found = everything_of(self.data / DATABASE_FILE, "ada")
        with (self.folder / "export.json").open("wb") as file:
            file.write(msgspec.json.encode(found))
            file.flush()
            os.fsync(file.fileno())

    def _import(self, exported: Path) -> float:
        rows = msgspec.json.decode(exported.read_bytes())["tasks"]
        document = _document(0, "")
        document["tasks"] = [
            {"id": row["id"], "projectId": row["project_id"], "title": f"{row['title']}!"}
            for row in rows
        ]
        return self._sync(document)

    def _backup(self) -> None:
        make_backup(self.data, self.folder / "safe", SystemClock())


def _figures(whole: _Bulk, quarter: _Bulk, peer: dict[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {"tasks": whole.tasks, "sync": {}, "disk": {}, "memory": {}}
    for name in ("new", "changed"):
        ours = whole.seconds[f"sync, {name}"]
        found["sync"][name] = {"seconds": ours, "peer": peer[name], "ratio": peer[name] / ours}
    for name in ("export", "import", "backup"):
        size, took = whole.bytes[name], whole.seconds[name]
        disk = _disk_seconds(whole.folder, size)
        found["disk"][name] = {"mb": size / 2**20, "seconds": took, "disk": disk}
        found["disk"][name]["ratio"] = disk / took
    for name, most in whole.memory.items():
        found["memory"][name] = {"mb": most, "quarter_mb": quarter.memory[name]}
    return found


def _word(met: bool) -> str:
    return "met" if met else "**missed**"


def _part(found: dict[str, Any]) -> str:
    sync = "\n".join(
        f"| /sync of {found['tasks']:,} tasks, {name} | {one['seconds']:.2f} | {one['peer']:.2f} | "
        f"{one['ratio']:.2f} × | ≥ {SYNC_LIMIT} × | {_word(one['ratio'] >= SYNC_LIMIT)} |"
        for name, one in found["sync"].items()
    )
    disk = "\n".join(
        f"| {name} of {one['mb']:.1f} MiB | {one['seconds']:.2f} | {one['disk']:.3f} | "
        f"{one['ratio']:.3f} × | ≥ {DISK_LIMIT} × | {_word(one['ratio'] >= DISK_LIMIT)} |"
        for name, one in found["disk"].items()
    )
    memory = "\n".join(
        f"| {name} | {one['quarter_mb']:.0f} | {one['mb']:.0f} |"
        for name, one in found["memory"].items()
    )
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

| | seconds | sqlite-utils, or the disk | ratio | target | |
| --- | ---: | ---: | ---: | ---: | --- |
{sync}
{disk}

sqlite-utils writes the same rows into the same schema with the same durability, and checks nothing.
The disk is a copy of as many bytes with its fsync, from the page cache. `/sync` applies every rule
to every item twice: before anything is written, and again as it is written, so that a large request
takes no memory of its own. An import is a sync; a backup copies the file, checks it, hashes it and
packs it.

| most memory above the start, MiB | a quarter of the rows | all rows |
| --- | ---: | ---: |
{memory}

`python -m bench.bulk_bench --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quarter = _Bulk(Path(folder) / "quarter", options.tasks // 4)
        quarter.measure()
        whole = _Bulk(Path(folder) / "whole", options.tasks)
        whole.measure()
        peer = _peer(Path(folder), options.tasks)
        found = _figures(whole, quarter, peer)
    for name, one in found["sync"].items():
        print(f"sync, {name}: {one['seconds']:.2f} s, {one['ratio']:.2f} x sqlite-utils")
    for name, one in found["disk"].items():
        print(f"{name}: {one['mb'] / one['seconds']:.0f} MiB/s, {one['ratio']:.3f} x the disk")
    if options.write:
        results_file.put(results_file.RESULTS, _part(found))
    tell({"bulk": found})


if __name__ == "__main__":
    main()
