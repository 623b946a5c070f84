"""A week of syncs every quarter of an hour, with the clock moved by hand."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.calendars.caldav.accounts import account, open_box, vevent
from tests.calendars.caldav.servers import Radicale
from tests.calendars.caldav.test_todos import link, tasks, vtodo
from tests.calendars.feeds import events

STEP = timedelta(minutes=5)
"""No longer: syncs begin up to five minutes after their quarter of an hour."""


@pytest.mark.slow
async def test_a_week_goes_by_in_step(tmp_path: Path) -> None:
    with Radicale(tmp_path / "server") as server:
        work, chores = server.make("Work", "VEVENT"), server.make("Chores", "VTODO")
        async with open_box(tmp_path / "box") as box:
            await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
            await link(box, server)
            for day in range(7):
                noon = box.clock.now().replace(hour=12) + timedelta(days=1)
                server.put(f"{work}{day}.ics", vevent(f"{day}", f"{noon:%Y%m%dT%H%M%SZ}",
                                                      title=f"Meeting {day}"))  # fmt: skip
                server.put(f"{chores}there-{day}.ics", vtodo(f"there-{day}", title=f"there {day}"))
                await box.sync(
                    tasks=[{"id": f"t{day}", "projectId": "home", "title": f"here {day}"}]
                )
                await box.run_until(box.clock.now() + timedelta(hours=12), step=STEP)
                found = await tasks(box)
                assert f"there {day}" in found
                if day:
                    await box.call("PATCH", f"/tasks/{found[f'there {day - 1}']['id']}",
                                   {"status": "done"})  # fmt: skip
                    (mine,) = [p for p in server.paths(chores)
                               if f"SUMMARY:here {day - 1}\r\n" in server.read(p)]  # fmt: skip
                    server.delete(mine)
                if day == 3:
                    # A night without the server.
                    server.kill()
                await box.run_until(box.clock.now() + timedelta(hours=12), step=STEP)
                if day == 3:
                    assert (await account(box))["status"] == "failing"
                    server.start()
                    await box.run_until(box.clock.now() + timedelta(hours=12), step=STEP)
            await box.run_until(box.clock.now() + timedelta(hours=1), step=STEP)
            assert (await account(box))["status"] == "ok"
            found = await tasks(box)
            assert set(found) == {"here 6", *(f"there {day}" for day in range(7))}
            done = {title for title, task in found.items() if task["status"] == "done"}
            assert done == {f"there {day}" for day in range(6)}
            texts = [server.read(path) for path in server.paths(chores)]
            assert len(texts) == len(found)
            assert sum("STATUS:COMPLETED" in text for text in texts) == 6
            assert {f"Meeting {day}" for day in range(7)} <= set(await events(box))
            assert await box.db.all("SELECT * FROM notes") == []
            jobs = await box.db.all(
                "SELECT count(*) FROM queue_jobs WHERE job_type = 'sync_caldav_account'"
                " AND status = 'completed'"
            )
            assert jobs[0][0] > 7 * 24 * 3
