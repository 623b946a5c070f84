"""A real box: an analysis that is replaced while it waits for a language model really stops."""

from pathlib import Path

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_only_provider
from tests.faults.user_jobs import job_row, live, with_a_task


def test_force_regenerate_closes_the_call_of_the_running_job(tmp_path: Path) -> None:
    ask = {"userId": "ada", "userContext": {"goals": ["Ship the engine"]}}
    with Gate(status=503) as gate, BoxProcess(tmp_path, config=as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        first = box.post("/queue/onboarding", ask)["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        again = {**ask, "options": {"forceRegenerate": True}}
        second = box.post("/queue/onboarding", again)["jobId"]
        assert until(lambda: len(gate.seen) == 2, seconds=10)
        assert until(lambda: gate.seen[0].hung_up, seconds=5)
        gate.open()
        assert until(lambda: live(box) == 0, seconds=10)
        assert job_row(box, first)["status"] == "cancelled"
        assert job_row(box, second)["status"] == "completed"
        (row,) = box.rows("SELECT job_id, source FROM onboarding_analysis")
        assert (row["job_id"], row["source"]) == (second, "builtin")
