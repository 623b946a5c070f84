"""A brief, its mail and its notification are one commit (docs/spec.md#brief-completion)."""

from pathlib import Path

import pytest

from buildos_box.db import Tx
from buildos_box.realtime.changes import EventStored
from tests.world import BoxWorld, open_world

FOUND = """SELECT (SELECT count(*) FROM daily_briefs
                    WHERE generation_status = 'completed') AS briefs,
                  (SELECT count(*) FROM emails) AS mails,
                  (SELECT count(*) FROM notifications
                    WHERE event_type = 'brief.completed') AS told,
                  (SELECT count(*) FROM realtime_events WHERE type = 'brief.completed') AS news"""


async def found(box: BoxWorld) -> tuple[int, int, int, int]:
    row = await box.db.one(FOUND)
    return row["briefs"], row["mails"], row["told"], row["news"]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_brief_whose_news_cannot_be_written_is_not_complete(
    tmp_path: Path, times: int
) -> None:
    left = times

    def break_down(tx: Tx, event: EventStored) -> None:
        nonlocal left
        if event.type == "brief.completed" and left:
            left -= 1
            raise RuntimeError("the news cannot be written")

    async with open_world(tmp_path) as box:
        await box.person()
        await box.project()
        box.db.subscribe(EventStored, break_down)
        await box.post("/queue/brief", {"userId": "ada"})
        await box.work()
        assert await found(box) == (0, 0, 0, 0)
        await box.run_until("2024-10-23T08:20:00Z")
        assert (left, await found(box)) == (0, (1, 1, 1, 1))
        assert len(box.outbox) == 1
