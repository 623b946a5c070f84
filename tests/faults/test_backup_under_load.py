"""A backup under load, and kills during it (docs/spec.md#backup)."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db.migrate import known_migrations
from buildos_box.db.snapshot import inspect
from buildos_box.upkeep import restore
from buildos_box.upkeep.archive import DATABASE
from buildos_box.upkeep.backup import backups_in, make_backup, verify
from tests.clock import ManualClock
from tests.faults.box_process import BoxProcess, people, until
from tests.faults.user_jobs import live

CLOCK = "2024-10-23T08:00:00Z"


def _command(*args: object) -> list[str]:
    return [sys.executable, "-m", "buildos_box.cli.main", *map(str, args)]


def test_a_backup_under_load_restored_elsewhere_is_whole_and_misses_no_acknowledged_row(
    tmp_path: Path,
) -> None:
    with BoxProcess(tmp_path / "box") as box:
        box.post("/sync", {"users": list(people(60))})
        stop = threading.Event()
        known: list[Any] = []

        def work() -> None:
            while not stop.is_set():
                n = len(known)
                known.append(box.post("/queue/brief", {"userId": f"person-{n % 60:03}",
                             "briefDate": f"2031-01-{n // 60 + 1:02}"})["jobId"])  # fmt: skip

        worker = threading.Thread(target=work)
        worker.start()
        try:
            assert until(lambda: len(known) > 40, seconds=30)
            told_before = list(known)
            target = tmp_path / "out" / "one.tar.gz"
            done = subprocess.run(
                _command("backup", "--data", box.data, "--to", target, "--config", os.devnull),
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        finally:
            stop.set()
            worker.join()
    staging = tmp_path / "staging"
    staging.mkdir()
    verification = verify(target, staging)
    assert verification.ok, verification.faults
    assert restore.restore(target, tmp_path / "elsewhere" / "data", ManualClock(CLOCK))
    copy = BoxProcess(tmp_path / "elsewhere")
    restored = inspect(copy.database)
    assert restored.faults == []
    for name, rows in verification.counts.items():
        if name not in ("realtime_events", "epochs"):
            assert restored.counts[name] == rows, name
    ids = {row[0] for row in copy.rows("SELECT queue_job_id FROM queue_jobs")}
    assert set(told_before) <= ids
    with copy:
        assert copy.get("/health")["status"] == "healthy"
        assert until(lambda: live(copy) == 0, seconds=30)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that takes a while to copy."""
    folder = tmp_path_factory.mktemp("big")
    with BoxProcess(folder) as box:
        box.post("/sync", {"users": list(people(20))})
        box.stop()
    connection = sqlite3.connect(box.database)
    with connection:
        connection.execute(
            "INSERT INTO realtime_events (user_id, type, data, correlation_id, at)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
            " SELECT 'person-001', 'x', hex(randomblob(300)), 'c', ? FROM n",
            (CLOCK,),
        )
    connection.close()
    return folder


def test_kill_nine_during_a_backup_leaves_nothing_that_looks_like_one(
    tmp_path: Path, big: Path
) -> None:
    out, random_ = tmp_path / "out", random.Random(8)
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(
            _command("backup", "--data", big / "data", "--to", out, "--config", os.devnull),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(lambda: out.is_dir() and any(out.glob(".box-backup-*")), seconds=20, every=0.002)
        time.sleep(random_.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 0
    for n, whole in enumerate(backups_in(out)):
        staging = tmp_path / f"staging-{n}"
        staging.mkdir()
        assert verify(whole, staging).ok
    done = make_backup(big / "data", out, ManualClock(CLOCK))
    assert done.path.exists()
    assert list(out.glob(".box-backup-*")) == []
    assert inspect(big / "data" / DATABASE).faults == []


MIGRATE = """
import sys
from pathlib import Path
from buildos_box.clock import SystemClock
from buildos_box.db.migrate import Migration, known_migrations, migrate
sql = '''CREATE TABLE heavy (x TEXT) STRICT;
INSERT INTO heavy WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240000)
SELECT hex(randomblob(100)) FROM n;
CREATE INDEX heavy_x ON heavy (x);'''
print('begins', flush=True)
known = known_migrations()
migrate(Path(sys.argv[1]), SystemClock(), [*known, Migration(9999, 'heavy', sql)])
"""


def test_kill_nine_during_a_migration_leaves_the_old_schema_or_the_new_and_every_row(
    tmp_path: Path, big: Path
) -> None:
    old, random_ = known_migrations()[-1].number, random.Random(15)
    before = inspect(big / "data" / DATABASE).counts
    database = tmp_path / "box.sqlite3"
    killed, done = 0, True
    for _ in range(4):
        if done:  # by a machine that was quicker than the kill
            for side in ("-wal", "-shm"):
                database.with_name(database.name + side).unlink(missing_ok=True)
            database.write_bytes((big / "data" / DATABASE).read_bytes())
        process = subprocess.Popen(
            [sys.executable, "-c", MIGRATE, str(database)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        time.sleep(random_.uniform(0.02, 0.5))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        found = inspect(database)
        assert found.faults == []
        assert found.schema in (old, 9999)
        done = found.schema == 9999
        assert ("heavy" in found.counts) == (found.schema == 9999)
        kept = {name: found.counts[name] for name in before if name != "schema_migrations"}
        assert kept == {n: rows for n, rows in before.items() if n != "schema_migrations"}
        for copy in tmp_path.glob("*-before-schema-*.sqlite3"):
            assert inspect(copy).counts == before
    assert killed > 0
    subprocess.run([sys.executable, "-c", MIGRATE, str(database)], check=True, capture_output=True)
    assert inspect(database).counts["heavy"] == 240000
