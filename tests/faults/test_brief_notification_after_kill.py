"""A kill loses no notification of a brief (docs/spec.md#brief-and-notification-together)."""

from pathlib import Path

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_only_provider
from tests.faults.user_jobs import live, with_a_task


def test_a_brief_that_is_completed_when_the_process_dies_still_notifies(
    tmp_path: Path,
) -> None:
    with (
        Gate(status=503) as gate,
        BoxProcess(tmp_path, config=as_only_provider(gate)) as box,
    ):
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=20)
        gate.open()
        done = "SELECT 1 FROM daily_briefs WHERE generation_status = 'completed'"
        assert until(lambda: bool(box.rows(done)), seconds=20)
        box.kill()
        assert len(box.rows("SELECT 1 FROM notifications")) == 1
        box.start()
        assert until(lambda: live(box) == 0, seconds=20)
        (told,) = box.get("/users/ada/notifications")["items"]
        assert told["eventType"] == "brief.completed"
        news = box.rows("SELECT 1 FROM realtime_events WHERE type = 'notification.created'")
        assert len(news) == 1


def test_a_brief_that_the_process_died_over_notifies_once_it_is_made(
    tmp_path: Path,
) -> None:
    with (
        Gate(status=503) as gate,
        BoxProcess(tmp_path, config=as_only_provider(gate)) as box,
    ):
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=20)
        box.kill()
        assert box.rows("SELECT 1 FROM notifications") == []
        gate.open()
        box.start()
        assert until(lambda: live(box) == 0, seconds=30)
        assert len(box.get("/users/ada/notifications")["items"]) == 1
