"""What `bench.bulk_bench` could not be faster than: each part by itself, with all else left out."""

import random
import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from buildos_box.app import DATABASE_FILE, Box
from buildos_box.db.snapshot import copy_database, inspect
from buildos_box.settings import DataSettings, LimitsSettings, Settings
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.item_types import TASKS
from buildos_box.workspace.sync import write

_MIB = 2**20
_TASKS_AT_ONCE = 10_000
_ROWS_READ = 500


def _seconds(act: Callable[[], Any]) -> float:
    """The least of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return min(took)


def seconds_to_read_and_encode(data: Path) -> float:
    """To read all tasks by the columns that are exported, and encode them with msgspec."""
    columns = [field.column for field in TASKS.fields]
    row_type = msgspec.defstruct("Row", [(name, Any, None) for name in columns], gc=False)
    encoder = msgspec.json.Encoder()

    def read() -> None:
        with closing(sqlite3.connect(data / DATABASE_FILE)) as db:
            cursor = db.execute(f"SELECT {', '.join(columns)} FROM tasks")
            while rows := cursor.fetchmany(_ROWS_READ):
                encoder.encode([row_type(*row) for row in rows])

    return _seconds(read)


def seconds_of_backup_parts(data: Path) -> dict[str, float]:
    """Of a backup: to copy and check the database without packing it, and to pack it on one thread
    without anything else.
    """
    with TemporaryDirectory(dir=data) as folder:
        copied = Path(folder) / "copy.sqlite3"

        def copy_and_check() -> None:
            copied.unlink(missing_ok=True)
            copy_database(data / DATABASE_FILE, copied, sync=False)
            assert inspect(copied).faults == []

        copying = _seconds(copy_and_check)
        content = copied.read_bytes()
        return {"copy_and_check": copying, "pack": _seconds(lambda: zlib.compress(content, 1))}


async def make_large(data: Path, mb: int, document: dict[str, Any], words: list[str]) -> None:
    """A data folder with a database of about so many MiB of tasks, which do not repeat."""
    limits = LimitsSettings(tasks_per_user=0, max_bytes_per_user=0)
    box = await Box.open(Settings(data=DataSettings(dir=str(data)), limits=limits))
    chance, made = random.Random(mb), 0
    await write(box.services.db, read_sync(document), box.services.clock.now())
    projects = [project["id"] for project in document["projects"]]
    while (data / DATABASE_FILE).stat().st_size < mb * _MIB:
        tasks = [
            {
                "id": f"t{n}",
                "projectId": projects[n % len(projects)],
                "title": " ".join(chance.choices(words, k=6)),
                "description": " ".join(chance.choices(words, k=25)),
                "dueDate": "2030-01-01",
            }
            for n in range(made, made + _TASKS_AT_ONCE)
        ]
        made += len(tasks)
        await write(box.services.db, read_sync({"tasks": tasks}), box.services.clock.now())
    await box.close()
