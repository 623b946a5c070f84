"""The steps of `bench.bulk_bench`, each measured in a process of its own."""

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from bench.measure import forget_highest, highest_mb
from buildos_box.app import DATABASE_FILE, Box
from buildos_box.clock import SystemClock, to_text
from buildos_box.gc_tuning import freeze_after_start
from buildos_box.settings import DataSettings, Settings
from buildos_box.upkeep.backup import make_backup
from buildos_box.upkeep.export_document import write_document
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write

PROJECTS = 20
STEPS = ("sync, new", "sync, changed", "export", "import", "backup")
WARM_UP = 20
"""Tasks with which a process does a step before it is measured."""


def document_of(tasks: int, title: str) -> dict[str, Any]:
    """A request with one person and so many tasks."""
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


class Bulk:
    """One folder with so many tasks, and each way of moving them."""

    def __init__(self, folder: Path, tasks: int) -> None:
        self.folder = folder
        self.data, self.imported = folder / "data", folder / "imported"
        self.exported = folder / "export.json"
        self.tasks = tasks

    def do(self, step: str) -> float | None:
        """One of the steps, which needs those before it; seconds if not all of it is to count."""
        match step:
            case "sync, new":
                self.data.mkdir(parents=True)
                return self._sync(self.data, document_of(self.tasks, "Task"))
            case "sync, changed":
                return self._sync(self.data, document_of(self.tasks, "Changed"))
            case "export":
                _export(self.data, self.exported)
                return None
            case "import":
                self.imported.mkdir()
                return self._sync(self.imported, _as_request(self.exported.read_bytes()))
        make_backup(self.data, self.folder / "safe", SystemClock())
        return None

    def bytes_of(self, step: str) -> int:
        """How much was written or read."""
        return (self.data / DATABASE_FILE if step == "backup" else self.exported).stat().st_size

    def check(self) -> None:
        """End the program unless what was imported is what was exported."""
        was = _as_request(self.exported.read_bytes())
        again = self.folder / "again.json"
        _export(self.imported, again)
        assert len(was["tasks"]) == self.tasks
        assert was == _as_request(again.read_bytes()), "the import is not what was exported"

    def _sync(self, data: Path, document: dict[str, Any]) -> float:
        """As the route does it, from the parsed body to the commit."""

        async def run() -> float:
            box = await Box.open(Settings(data=DataSettings(dir=str(data))))
            try:
                began = time.perf_counter()
                await write(box.services.db, read_sync(document), box.services.clock.now())
                return time.perf_counter() - began
            finally:
                await box.close()

        return asyncio.run(run())


def _export(data: Path, target: Path) -> None:
    """As the route does it, with an fsync besides."""
    with target.open("wb") as file:
        assert write_document(data / DATABASE_FILE, "ada", to_text(SystemClock().now()), file)
        file.flush()
        os.fsync(file.fileno())


def _as_request(exported: bytes) -> dict[str, Any]:
    """Of what was exported all that `/sync` takes."""
    document: dict[str, Any] = msgspec.json.decode(exported)
    return {name: document[name] for name in ("users", "projects", "tasks")}


def _peak_of(act: Callable[[], float | None]) -> tuple[float, float]:
    """Seconds that it takes, or says that it took; the most MiB above what there was before."""
    before = forget_highest()
    began = time.perf_counter()
    took = act()
    return took or time.perf_counter() - began, max(0.0, highest_mb() - before)


def _measured(step: str, folder: Path, tasks: int) -> tuple[float, float]:
    """Seconds and MiB of a step, once all that it needs is loaded, as in the server. Run in a fresh
    process.

    What the process has freed before would hide what the step takes.
    """
    with tempfile.TemporaryDirectory() as small:
        warm_up = Bulk(Path(small), WARM_UP)
        for one in STEPS[: STEPS.index(step) + 1]:
            warm_up.do(one)
    gc.collect()
    freeze_after_start()
    return _peak_of(lambda: Bulk(folder, tasks).do(step))


def large_backup(folder: Path) -> tuple[float, float]:
    """Seconds and MiB of a backup of the data that is in that folder."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(_measured, "backup", folder, 0).result()


def all_steps(folder: Path, tasks: int) -> dict[str, tuple[float, float]]:
    """Seconds and MiB of every step with so many tasks."""
    found = {}
    for step in STEPS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            found[step] = fresh.submit(_measured, step, folder, tasks).result()
    Bulk(folder, tasks).check()
    return found
