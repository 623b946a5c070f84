"""A data folder of every released version is taken over (docs/spec.md#migrations)."""

import json
import lzma
import re
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from buildos_box.cli import exit_codes
from buildos_box.client import BoxClient
from buildos_box.db.migrate import known_migrations, migrate
from buildos_box.version import VERSION
from tests.cli.served import Served, serve_and_fail, served_box
from tests.clock import ManualClock
from tests.upgrade.made_folder import ZONES, counts

HERE = Path(__file__).parent
RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in HERE.glob("*.tar.xz"))
DONE_SECONDS = 60.0


def released(version: str, into: Path) -> dict[str, int]:
    """That version's folder as `into`/data; returns the rows of each of its tables."""
    content = lzma.decompress((HERE / f"{version}.tar.xz").read_bytes())
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        archive.extractall(into, filter="data")
    expected: dict[str, int] = json.loads((into / "expected.json").read_text("utf-8"))
    return expected


@pytest.fixture(scope="module", params=RELEASES)
def upgraded(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A box of this version on that version's folder, and the rows that the folder had."""
    folder = tmp_path_factory.mktemp(f"from-{request.param}")
    expected = released(request.param, folder)
    with served_box(folder) as box:
        yield box, expected


def test_every_version_of_the_changelog_has_a_folder() -> None:
    text = (HERE.parent.parent / "CHANGELOG.md").read_text("utf-8")
    assert set(re.findall(r"^## (\d+\.\d+\.\d+)", text, re.M)) == set(RELEASES)


@pytest.mark.parametrize("version", RELEASES)
def test_nothing_is_lost(version: str, tmp_path: Path) -> None:
    # No box is started on it, whose cleanup takes what has become too old since that release.
    expected = released(version, tmp_path)
    database = tmp_path / "data" / "box.sqlite3"
    migrate(database, ManualClock())
    found = counts(database)
    kept = {name: rows for name, rows in expected.items() if name in found}
    for table in (
        "users",
        "projects",
        "tasks",
        "notes",
        "events",
        "daily_briefs",
        "queue_jobs",
        "realtime_events",
    ):
        assert kept[table] > 0
    lost = {name: (rows, found[name]) for name, rows in kept.items() if found[name] < rows}
    assert lost == {}


def test_people_keep_what_is_theirs(upgraded: tuple[Served, dict[str, int]]) -> None:
    box, _ = upgraded
    client = BoxClient(box.url, box.token)
    for name, zone in ZONES.items():
        assert client.get(f"/users/{name}")["timezone"] == zone
        tasks = list(client.items(f"/users/{name}/tasks"))
        assert sorted(task["id"] for task in tasks) == [f"{name}-{n}" for n in range(4)]


def test_each_user_has_one_brief_of_a_day(upgraded: tuple[Served, dict[str, int]]) -> None:
    box, _ = upgraded
    client = BoxClient(box.url, box.token)
    before = {name: days(client, name) for name in ZONES}
    assert {name: len(found) for name, found in before.items()} == dict.fromkeys(ZONES, 1)
    jobs = [client.queue_brief(name)["jobId"] for name in ZONES]
    deadline = time.monotonic() + DONE_SECONDS
    while any(client.job(job)["status"] != "completed" for job in jobs):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for name in ZONES:
        after = days(client, name)
        assert len(after) == len(set(after))
        assert set(before[name]) <= set(after)


def days(client: BoxClient, name: str) -> list[str]:
    return [brief["briefDate"] for brief in client.items(f"/users/{name}/briefs", "briefs")]


def test_a_copy_of_before_is_kept(upgraded: tuple[Served, dict[str, int]]) -> None:
    box, expected = upgraded
    if expected["schema_migrations"] == len(known_migrations()):
        pytest.skip("this version's schema is the newest")
    (copy,) = box.data.glob("box-before-schema-*.sqlite3")
    assert counts(copy) == expected


def test_an_older_program_refuses_the_folder_in_words(tmp_path: Path) -> None:
    released(RELEASES[0], tmp_path)
    newer = known_migrations()[-1].number + 1
    database = tmp_path / "data" / "box.sqlite3"
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
    before = database.read_bytes()
    done = serve_and_fail(tmp_path / "data")
    assert done.returncode == exit_codes.FAILED
    for said in (f"schema {newer}", VERSION, f"knows {newer - 1}", "restore a backup"):
        assert said in done.stderr
    assert database.read_bytes() == before
