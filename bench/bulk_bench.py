"""Many rows at once: `/sync`, export and backup beside what the disk and sqlite-utils do.

`python -m bench.bulk_bench` writes 10,000 tasks of one person as `POST /sync` does, and the same
rows with sqlite-utils' `upsert_all` into the same schema, as durably; first new, then changed. Then
that person's data is exported, what was exported is imported into an empty folder, and the first
one is backed up, each beside a plain copy of as many bytes with its fsync; a database of 200 MiB is
backed up too. Beside each stands what a part of it takes that cannot be left out. Memory is the
most that each took above what there was before, at this size and at a quarter of it, each in a
process of its own that has done it with a few rows before. Python's garbage collector is set as in
the server, for sqlite-utils too. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlite_utils import Database as SqliteUtils

from bench import results_file
from bench.bulk_floors import make_large, seconds_of_backup_parts, seconds_to_read_and_encode
from bench.bulk_steps import WARM_UP, Bulk, all_steps, document_of, large_backup
from bench.machine import describe, other_work
from bench.measure import tell
from bench.results_file import met_or_missed
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database
from buildos_box.db.connect import connect_writer
from buildos_box.gc_tuning import freeze_after_start
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write

HEADING = "# Many rows at once"
LARGE = "large backup"
PARTS = {
    "read_and_encode": "to read the rows and encode them with msgspec",
    "write_unchecked": "sqlite-utils' writing of the rows, of which nothing is checked",
    "copy_and_check": "SQLite's copy, and its check of pages, indexes and references",
    "pack": "zlib's fastest level, on one thread",
}
SYNC_LIMIT, DISK_LIMIT = 0.5, 0.5
_CHUNK = 2**20


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
        document = {**document_of(0, ""), "tasks": []}
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
            for item in document_of(tasks, title)["tasks"]
        ]
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        db.table("tasks").upsert_all(rows, pk="id")
        if connection.in_transaction:
            connection.execute("COMMIT")
        found[name] = time.perf_counter() - began
    connection.close()
    return found


def _figures(folder: Path, tasks: int, large_mb: int) -> dict[str, Any]:
    quarter = all_steps(folder / "quarter", tasks // 4)
    steps = all_steps(folder / "whole", tasks)
    peer = _peer(folder, tasks)
    whole = Bulk(folder / "whole", tasks)
    found: dict[str, Any] = {"tasks": tasks, "sync": {}, "disk": {}, "memory": {}}
    for name in ("new", "changed"):
        ours = steps[f"sync, {name}"][0]
        found["sync"][name] = {"seconds": ours, "peer": peer[name], "ratio": peer[name] / ours}
    for name in ("export", "import", "backup"):
        found["disk"][name] = _beside_disk(folder, whole.bytes_of(name), steps[name][0])
    for name, (_, most) in steps.items():
        found["memory"][name] = {"mb": most, "quarter_mb": quarter[name][1]}
    parts = {"export": {"read_and_encode": seconds_to_read_and_encode(whole.data)}}
    parts["import"] = {"write_unchecked": peer["new"]}
    parts["backup"] = seconds_of_backup_parts(whole.data)
    if large_mb:
        large = Bulk(folder / "large", tasks)
        words = Path(__file__, "../../docs/spec.md").resolve().read_text("utf-8").split()
        asyncio.run(make_large(large.data, large_mb, document_of(0, ""), words))
        took, most = large_backup(large.folder)
        found["disk"][LARGE] = _beside_disk(folder, large.bytes_of("backup"), took)
        found["memory"][LARGE] = {"mb": most, "quarter_mb": None}
        parts[LARGE] = seconds_of_backup_parts(large.data)
    for name, seconds in parts.items():
        found["disk"][name]["parts"] = seconds
    return found


def _beside_disk(folder: Path, size: int, took: float) -> dict[str, Any]:
    disk = _disk_seconds(folder, size)
    return {"mb": size / 2**20, "seconds": took, "disk": disk, "ratio": disk / took}


def _part(found: dict[str, Any]) -> str:
    sync = "\n".join(
        f"| /sync of {found['tasks']:,} tasks, {name} | {one['seconds']:.2f} | {one['peer']:.2f} | "
        f"{one['ratio']:.2f} × | ≥ {SYNC_LIMIT} × | {met_or_missed(one['ratio'] >= SYNC_LIMIT)} |"
        for name, one in found["sync"].items()
    )
    disk = "\n".join(
        f"| {name} of {one['mb']:.1f} MiB | {one['seconds']:.2f} | {one['disk']:.3f} | "
        f"{one['ratio']:.3f} × | ≥ {DISK_LIMIT} × | {met_or_missed(one['ratio'] >= DISK_LIMIT)} |"
        for name, one in found["disk"].items()
    )
    memory = "\n".join(
        f"| {name} | {'' if one['quarter_mb'] is None else format(one['quarter_mb'], '.0f')} | "
        f"{one['mb']:.0f} |"
        for name, one in found["memory"].items()
    )
    parts = "\n".join(
        f"| {name} | {PARTS[part]} | {seconds:.3f} | {one['disk'] / seconds:.3f} × |"
        for name, one in found["disk"].items()
        for part, seconds in one["parts"].items()
    )
    return f"""{HEADING}

{"; ".join([*describe(peers=False), found["other_work"]])}.

| | seconds | sqlite-utils, or the disk | ratio | target | |
| --- | ---: | ---: | ---: | ---: | --- |
{sync}
{disk}

sqlite-utils writes the same rows into the same schema with the same durability, and checks nothing.
The disk is a copy of as many bytes with its fsync, from the page cache. `/sync` applies every rule
to every item before anything is written, and then writes the columns that change. An import is a
sync of what was exported into an empty folder; a backup copies the file, and checks the copy while
it is hashed and packed on two threads.

| of | part of it, by itself | seconds | the disk's pace |
| --- | --- | ---: | ---: |
{parts}

So near to the disk each would come if all but this part were free.

| most memory above the start, MiB | a quarter of the rows | all rows |
| --- | ---: | ---: |
{memory}

Each figure is of a process of its own, that has done the same with {WARM_UP} rows before.
That of a sync has its parsed body in it.
`python -m bench.bulk_bench --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--large-mb", type=int, default=200, help="of a second backup; 0: none")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    beside = other_work()
    freeze_after_start()
    with tempfile.TemporaryDirectory() as folder:
        found = _figures(Path(folder), options.tasks, options.large_mb) | {"other_work": beside}
    for name, one in found["sync"].items():
        print(f"sync, {name}: {one['seconds']:.2f} s, {one['ratio']:.2f} x sqlite-utils")
    for name, one in found["disk"].items():
        print(f"{name}: {one['mb'] / one['seconds']:.0f} MiB/s, {one['ratio']:.3f} x the disk")
        for part, seconds in one["parts"].items():
            print(f"  {PARTS[part]}: {seconds:.3f} s, {one['disk'] / seconds:.3f} x the disk")
    print(beside)
    if options.write:
        results_file.put(results_file.RESULTS, _part(found))
    tell({"bulk": found})


if __name__ == "__main__":
    main()
