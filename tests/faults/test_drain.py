"""SIGTERM drains: running jobs may finish, the rest goes back (docs/spec.md#drain)."""

import threading
from pathlib import Path

import pytest

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_mail_webhook, as_only_provider
from tests.faults.user_jobs import job_row, mail_of, with_a_task

QUICK = "[queue]\ndrain_timeout_seconds = 0.3\n"
PATIENT = "[queue]\ndrain_timeout_seconds = 25\n"


@pytest.fixture
def gate() -> "Gate":
    return Gate(status=503)


def test_sigterm_lets_running_work_finish(tmp_path: Path, gate: Gate) -> None:
    with gate, BoxProcess(tmp_path, config=PATIENT + as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        job_id = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.terminate()
        assert until(lambda: box.http.get("/health").json()["status"] == "draining", seconds=10)
        gate.open()
        assert box.process.wait(timeout=20) == 0
        job = job_row(box, job_id)
        assert (job["status"], job["attempts"]) == ("completed", 1)
        assert mail_of(box, "ada")["status"] in ("queued", "sent")


def test_work_that_outlasts_the_drain_waits_again_uncounted(tmp_path: Path, gate: Gate) -> None:
    with gate, BoxProcess(tmp_path, config=QUICK + as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        job_id = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        assert box.stop() == 0
        assert until(lambda: gate.seen[0].hung_up, seconds=5)
        job = job_row(box, job_id)
        assert (job["status"], job["attempts"], job["lease_token"]) == ("pending", 0, None)
        assert box.integrity() == "ok"
        gate.open()
        box.start()
        assert until(lambda: job_row(box, job_id)["status"] == "completed", seconds=10)
        assert job_row(box, job_id)["attempts"] == 1
        outcomes = box.rows("SELECT outcome FROM job_attempts ORDER BY id")
        assert [row["outcome"] for row in outcomes][:2] == ["drained", "completed"]


def test_a_mail_caught_in_the_drain_leaves_again_under_the_same_key(
    tmp_path: Path,
) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=QUICK + as_mail_webhook(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        assert box.stop() == 0
        gate.open()
        box.start()
        assert until(lambda: mail_of(box, "ada")["status"] == "sent", seconds=10)
        first, second = gate.seen
        assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
        assert first.body == second.body


def test_a_second_signal_ends_it_at_once_and_loses_nothing(tmp_path: Path, gate: Gate) -> None:
    with gate, BoxProcess(tmp_path, config=PATIENT + as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        job_id = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.terminate()
        assert until(lambda: box.http.get("/health").json()["status"] == "draining", seconds=10)
        box.terminate()
        assert box.process.wait(timeout=10) == 130
        assert box.integrity() == "ok"
        gate.open()
        box.start()
        assert until(lambda: job_row(box, job_id)["status"] == "completed", seconds=10)


def test_what_is_asked_during_the_drain_is_refused_and_not_kept(tmp_path: Path, gate: Gate) -> None:
    with gate, BoxProcess(tmp_path, config=PATIENT + as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada", "bob"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.terminate()
        assert until(lambda: box.http.get("/health").json()["status"] == "draining", seconds=10)
        answer = box.http.post("/queue/brief", json={"userId": "bob"})
        threading.Timer(0.2, gate.open).start()
        assert box.process.wait(timeout=20) == 0
        kept = box.rows("SELECT * FROM queue_jobs WHERE user_id = 'bob'")
        assert (answer.status_code, answer.json()["code"], kept) == (503, "draining", [])


def test_sigterm_during_the_start_is_minded_too(tmp_path: Path) -> None:
    box = BoxProcess(tmp_path)
    box.launch()
    assert until((box.data / "box.lock").exists, seconds=20, every=0.001)
    assert box.stop() == 0
    with box:
        assert box.get("/health")["status"] == "healthy"
