"""A cancelled job stops and its outgoing call is closed at once (docs/spec.md#cancel-running)."""

from pathlib import Path

import pytest

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_mail_webhook, as_only_provider
from tests.faults.user_jobs import job_row, live, mail_of, with_a_task


def test_cancelling_a_brief_closes_its_call_to_the_language_model(tmp_path: Path) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        job_id = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        assert box.post(f"/jobs/{job_id}/cancel")["status"] == "cancelled"
        assert until(lambda: gate.seen[0].hung_up, seconds=5)
        gate.open()
        assert box.stop() == 0
        assert job_row(box, job_id)["status"] == "cancelled"
        assert mail_of(box, "ada")["status"] is None
        (brief,) = box.rows("SELECT generation_status FROM daily_briefs")
        assert brief["generation_status"] != "completed"
        assert [row["outcome"] for row in box.rows("SELECT outcome FROM job_attempts")] == [
            "cancelled"
        ]


def test_regenerating_closes_the_call_of_the_brief_it_replaces(tmp_path: Path) -> None:
    with Gate(status=503) as gate, BoxProcess(tmp_path, config=as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
        assert until(lambda: len(gate.seen) == 2, seconds=10)
        assert until(lambda: gate.seen[0].hung_up, seconds=5)
        assert not gate.seen[1].hung_up
        gate.open()
        assert until(lambda: live(box) == 0, seconds=10)
        assert len(box.mails()) == 1


@pytest.mark.parametrize("kill", [False, True], ids=["running", "killed"])
def test_a_cancelled_mail_in_mid_flight_is_in_doubt_and_not_sent_again(
    tmp_path: Path, kill: bool
) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=as_mail_webhook(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        (job,) = box.rows("SELECT * FROM queue_jobs WHERE job_type = 'generate_brief_email'")
        box.post(f"/jobs/{job['queue_job_id']}/cancel")
        if kill:
            box.kill()
            box.start()
        gate.open()
        assert until(lambda: live(box) == 0, seconds=10)
        assert box.stop() == 0
        assert len(gate.seen) == 1
        assert mail_of(box, "ada")["status"] == "unknown"
