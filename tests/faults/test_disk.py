"""A disk that is full or refuses writes loses nothing (docs/spec.md#storage-errors)."""

import contextlib
import ctypes
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.box_process import BoxProcess, people, until
from tests.faults.user_jobs import live

ROOMY = 160 * 1024 * 1024
MOST_TRIES = 3000


@contextlib.contextmanager
def mounted(target: Path, *options: str) -> Iterator[Path]:
    """Mount something there for a while; skips the test where that is not permitted."""
    target.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(target)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount is not permitted here: {done.stderr.decode().strip()}")
    try:
        yield target
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={ROOMY}", "none") as disk:
        yield disk


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(
    tmp_path: Path, small_disk: Path
) -> None:
    with BoxProcess(tmp_path / "box", data=small_disk / "data") as box:
        box.post("/sync", {"users": list(people(200))})
        box.post("/queue/pause", {})
        assert box.get("/health")["status"] == "healthy"
        _fill(small_disk, leave=64 * 1024)
        told, refused = _ask_until_refused(box)
        _assert_clear(refused)
        _assert_unhealthy(box, "of disk is free")
        assert box.runs
        (small_disk / "ballast").unlink()
        assert box.get("/health")["status"] == "healthy"
        told |= {box.post("/queue/brief", {"userId": "person-199"})["jobId"]}
        box.post("/queue/resume", {})
        assert until(lambda: live(box) == 0, seconds=30)
        _assert_all_done(box, told)


def test_a_disk_that_fills_up_while_work_runs_ends_no_process_and_loses_no_job(
    tmp_path: Path, small_disk: Path
) -> None:
    with BoxProcess(tmp_path / "box", data=small_disk / "data") as box:
        box.post("/sync", {"users": list(people(200))})
        _fill(small_disk, leave=512 * 1024)
        told, refused = _ask_until_refused(box)
        _assert_clear(refused)
        assert live(box) > 0
        assert box.runs
        assert len(box.said()) < 2_000_000
        (small_disk / "ballast").unlink()
        assert until(lambda: box.http.get("/health").status_code == 200, seconds=5)
        assert box.stop() == 0
        assert box.integrity() == "ok"
        box.start()
        assert until(lambda: live(box) == 0, seconds=30)
        _assert_all_done(box, told)


def test_files_that_cannot_grow_are_told_and_the_box_goes_on_once_they_can(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", {"users": list(people(200))})
        box.post("/queue/pause", {})
        told = {box.post("/queue/brief", {"userId": "person-199"})["jobId"]}
        with _no_file_grows(box):
            others, refused = _ask_until_refused(box)
            told |= others
            _assert_clear(refused)
            _assert_unhealthy(box, "could not take the write")
        assert box.get("/health")["status"] == "healthy"
        box.post("/queue/resume", {})
        assert until(lambda: live(box) == 0, seconds=30)
        _assert_all_done(box, told)


def test_an_export_that_finds_no_room_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", {"users": list(people(1)), **_long_notes("person-000")})
        with _no_file_grows(box):
            refused = box.http.get("/users/person-000/export")
        assert refused.status_code == 503, refused.text
        assert refused.json()["code"] == "storage_error"
        assert "no room for the export: File too large" in refused.json()["error"]
        assert len(box.get("/users/person-000/export")["notes"]) == 40


def _long_notes(user_id: str) -> dict[str, Any]:
    """More than an export keeps in memory."""
    notes = [
        {"id": f"n{n}", "projectId": "p", "title": f"Note {n}", "content": "word " * 6000}
        for n in range(40)
    ]
    return {"projects": [{"id": "p", "userId": user_id, "name": "Long"}], "notes": notes}


def test_a_read_only_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with BoxProcess(tmp_path / "box") as box:
        assert box.stop() == 0
        with mounted(box.data, "--bind", str(box.data)):
            remount = ["mount", "-o", "remount,ro,bind", str(box.data)]
            subprocess.run(remount, check=True)
            assert box.run_to_its_end() == 1
            assert "Read-only file system" in box.said()
            assert str(box.data) in box.said()
            assert "Traceback" not in box.said()
        box.start()
        assert box.get("/health")["status"] == "healthy"


def test_a_folder_that_may_not_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    box = BoxProcess(tmp_path, before_exec=_obey_permissions)
    box.data.mkdir()
    with _locked(box.data):
        assert box.run_to_its_end() == 1
    assert "Permission denied" in box.said()
    assert str(box.data) in box.said()
    assert "Traceback" not in box.said()


def test_an_outbox_that_may_not_be_written_delays_the_mail_and_loses_none(tmp_path: Path) -> None:
    config = "[queue]\nretry_backoff_base_ms = 200\n"
    with BoxProcess(tmp_path, config=config, before_exec=_obey_permissions) as box:
        box.post("/sync", {"users": list(people(1))})
        (box.data / "outbox").mkdir()
        with _locked(box.data / "outbox"):
            told = {box.post("/queue/brief", {"userId": "person-000"})["jobId"]}
            assert until(lambda: _waits_for_its_retry(box), seconds=10)
            assert box.get("/health")["status"] == "healthy"
        assert until(lambda: live(box) == 0, seconds=30)
        _assert_all_done(box, told)


def test_a_database_that_is_none_is_refused_with_a_sentence(tmp_path: Path) -> None:
    box = BoxProcess(tmp_path)
    box.data.mkdir()
    box.database.write_bytes(b"this was never a database, and is longer than its header" * 99)
    before = box.database.read_bytes()
    assert box.run_to_its_end() == 1
    assert "file is not a database" in box.said()
    assert str(box.data) in box.said()
    assert "Traceback" not in box.said()
    assert box.database.read_bytes() == before


def test_a_disk_full_at_the_very_start_ends_it_with_a_sentence(
    tmp_path: Path, small_disk: Path
) -> None:
    with BoxProcess(tmp_path / "box", data=small_disk / "data") as box:
        assert box.stop() == 0
        (box.data / "admin-token").unlink()
        box.database.unlink()
        _fill(small_disk, leave=256 * 1024)
        assert box.run_to_its_end() == 1
        assert "full" in box.said() or "No space left" in box.said()
        assert str(box.data) in box.said()
        assert "Traceback" not in box.said()


def test_what_cannot_be_put_together_ends_it_with_a_sentence(tmp_path: Path) -> None:
    config = '[email]\ntransport = "smtp"\n[email.smtp]\nhost = "mail.example"\n'
    box = BoxProcess(tmp_path, config=config + '[egress]\nca_file = "/nowhere/ca.pem"\n')
    assert box.run_to_its_end() in (1, 2)
    assert "egress.ca_file" in box.said()
    assert "Traceback" not in box.said()


def test_a_database_damaged_in_one_page_is_told_by_each_answer_and_by_health(
    tmp_path: Path,
) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", {"users": list(people(1))})
        assert box.stop() == 0
        _damage(box, "users")
        box.start()
        refused = box.http.post("/queue/brief", json={"userId": "person-000"})
        assert refused.status_code == 503
        assert "malformed" in refused.json()["error"]
        _assert_unhealthy(box, "malformed")


def _damage(box: BoxProcess, table: str) -> None:
    """Write noise over the table's first page."""
    (root,) = box.rows("SELECT rootpage FROM sqlite_master WHERE name = ?", table)
    (size,) = box.rows("PRAGMA page_size")
    with box.database.open("r+b") as file:
        file.seek((root[0] - 1) * size[0])
        file.write(random.Random(1).randbytes(size[0]))


def _fill(disk: Path, *, leave: int = 0) -> None:
    """Write until there is no room left, then give back so many bytes."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        for size in (1024 * 1024, 4096):
            with contextlib.suppress(OSError):
                while ballast.write(bytes(size)) == size:
                    pass
        ballast.truncate(ballast.tell() - leave)


@contextlib.contextmanager
def _no_file_grows(box: BoxProcess) -> Iterator[None]:
    """The kernel refuses the process every write past a file's first byte."""
    before = resource.prlimit(box.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(box.process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(box.process.pid, resource.RLIMIT_FSIZE, before)


def _ask_until_refused(box: BoxProcess) -> tuple[set[str], httpx.Response]:
    """Queue briefs until one is refused; returns those that were acknowledged, and the refusal."""
    told: set[str] = set()
    for n in range(MOST_TRIES):
        person, day = f"person-{n % 199:03}", f"2024-10-{1 + n // 199:02}"
        answer = box.http.post("/queue/brief", json={"userId": person, "briefDate": day})
        if not answer.is_success:
            return told, answer
        told.add(answer.json()["jobId"])
    raise AssertionError("the disk is not full")


def _assert_clear(refused: httpx.Response) -> None:
    """In the shape of every error, with a sentence and none of our insides."""
    body = refused.json()
    assert refused.status_code == 503, body
    assert body["code"] == "storage_error"
    assert "the database could not take the write" in body["error"]
    assert body["details"] == []
    assert body["correlationId"]
    assert "Traceback" not in refused.text


def _assert_unhealthy(box: BoxProcess, reason: str) -> None:
    health = box.http.get("/health")
    assert health.status_code == 503
    assert health.json()["status"] == "unhealthy"
    assert any(reason in said for said in health.json()["reasons"]), health.json()


def _assert_all_done(box: BoxProcess, told: set[str]) -> None:
    """All that was acknowledged is there and done, and nothing that was refused."""
    rows = box.rows("SELECT * FROM queue_jobs WHERE job_type = 'generate_daily_brief'")
    assert {row["queue_job_id"] for row in rows} == told
    assert {row["status"] for row in rows} == {"completed"}
    mails = box.rows("SELECT status FROM emails")
    assert {row["status"] for row in mails} == {"sent"}
    assert len([mail for mail in box.mails() if mail.suffix == ".eml"]) == len(told)
    assert box.integrity() == "ok"


def _waits_for_its_retry(box: BoxProcess) -> bool:
    rows = box.rows("SELECT error FROM queue_jobs WHERE status = 'queued_for_retry'")
    return [row["error"] for row in rows if "the outbox cannot be written" in row["error"]] != []


PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1


def _obey_permissions() -> None:
    """What runs from here on may not write where a mode forbids it, not even as root."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Take everyone's right to write there; skips the test where that binds nobody."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        touch = [sys.executable, "-c", f"open({str(folder / 'probe')!r}, 'w')"]
        done = subprocess.run(touch, preexec_fn=_obey_permissions, capture_output=True, check=False)
        if done.returncode == 0:
            pytest.skip("permissions do not bind this user")
        yield
    finally:
        folder.chmod(mode)
