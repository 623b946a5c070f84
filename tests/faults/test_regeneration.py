"""Regenerating makes one brief, one mail per version (docs/spec.md#regeneration-race)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_mail_webhook, as_only_provider
from tests.faults.user_jobs import live, with_a_task

TIMES = 20


def test_regenerating_twenty_times_at_once_leaves_one_brief_and_one_mail_each(
    tmp_path: Path,
) -> None:
    with Gate(status=503) as gate, BoxProcess(tmp_path, config=as_only_provider(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        answers = _all_at_once(box, {"userId": "ada", "forceRegenerate": True})
        gate.open()
        assert until(lambda: live(box) == 0, seconds=20)
        assert len({answer["jobId"] for answer in answers}) == TIMES
        jobs = box.rows("SELECT * FROM queue_jobs WHERE job_type = 'generate_daily_brief'")
        assert sorted(job["status"] for job in jobs) == ["cancelled"] * TIMES + ["completed"]
        _assert_one_brief_and_a_mail_for_each_generation(box)
        assert gate.most_at_once <= 2, "a cancelled brief was still being written beside others"


def test_regenerating_while_briefs_complete_never_mails_one_twice(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", with_a_task("ada"))
        for _ in range(3):
            _all_at_once(box, {"userId": "ada", "forceRegenerate": True})
        assert until(lambda: live(box) == 0, seconds=20)
        _assert_one_brief_and_a_mail_for_each_generation(box)


def test_asking_twenty_times_without_force_is_one_job_and_one_mail(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", with_a_task("ada"))
        answers = _all_at_once(box, {"userId": "ada"})
        assert until(lambda: live(box) == 0, seconds=20)
        assert len({answer["jobId"] for answer in answers}) == 1
        _assert_one_brief_and_a_mail_for_each_generation(box)
        assert len(box.mails()) == 1


def test_regenerating_while_the_mail_leaves_sends_each_text_once(tmp_path: Path) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=as_mail_webhook(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        _all_at_once(box, {"userId": "ada", "forceRegenerate": True})
        # Once nothing but the last mail is under way, the earlier ones have all been superseded.
        assert until(lambda: live(box) == 1 and gate.at_once >= 1, seconds=20)
        assert until(lambda: _statuses(box)[-1:] == ["sending"], seconds=20)
        gate.open()
        assert until(lambda: live(box) == 0, seconds=20)
        keys = [seen.headers["Idempotency-Key"] for seen in gate.seen]
        assert len(keys) == len(set(keys))
        # Nobody can say whether one that was on its way when it was superseded has arrived.
        assert set(_statuses(box)[:-1]) <= {"unknown", "cancelled"}
        assert _statuses(box)[-1] == "sent"
        left = box.rows("SELECT id FROM emails WHERE status IN ('sent', 'unknown') ORDER BY id")
        assert sorted(keys) == [row["id"] for row in left]


def _statuses(box: BoxProcess) -> list[str]:
    """Of all mails, oldest first."""
    return [row["status"] for row in box.rows("SELECT status FROM emails ORDER BY id")]


def _all_at_once(box: BoxProcess, body: dict[str, Any]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(TIMES) as threads:
        return list(threads.map(lambda _: box.post("/queue/brief", body), range(TIMES)))


def _assert_one_brief_and_a_mail_for_each_generation(box: BoxProcess) -> None:
    (brief,) = box.rows("SELECT * FROM daily_briefs")
    assert brief["generation_status"] == "completed"
    emails = box.rows("SELECT * FROM emails")
    assert len(emails) == brief["generations"]
    sent = sorted(f"{email['id']}.eml" for email in emails if email["status"] == "sent")
    assert {email["status"] for email in emails} <= {"sent", "cancelled"}
    assert sorted(mail.name for mail in box.mails()) == sent
    events = box.rows(
        """SELECT job_id FROM job_events JOIN queue_jobs ON queue_jobs.id = job_events.job_id
            WHERE to_status = 'completed' AND job_type = 'generate_daily_brief'"""
    )
    assert len(events) == brief["generations"]
