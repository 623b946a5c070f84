"""A server at rest seldom wakes, and ends as soon as it is told."""

import asyncio
import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import uvicorn

from buildos_box.serve import Server
from tests.faults.box_process import BoxProcess, until

SECONDS = 3.0
MOST_A_SECOND = 12
"""The scheduler, the date of answers, the lanes' and the hub's few; ten times the threads wait."""


def wakes(pid: int) -> int:
    """How often the threads of a process have waited for something so far."""
    return sum(
        int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[0])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
    )


def test_a_box_without_work_wakes_seldom_and_ends_at_once(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        assert until(lambda: any(box.data.glob("backups/*.gz")), seconds=60)
        time.sleep(1)
        pid, before = box.process.pid, wakes(box.process.pid)
        time.sleep(SECONDS)
        assert (wakes(pid) - before) / SECONDS < MOST_A_SECOND
        assert box.stop() == 0


async def nothing(_scope: object, _receive: object, _send: object) -> None:
    """An application that is not asked."""


async def test_it_ends_when_it_is_told_not_at_its_next_tick() -> None:
    server = Server(uvicorn.Config(nothing, log_config=None))
    ticking = asyncio.create_task(server.main_loop())
    await asyncio.sleep(0.05)
    server.stop()
    await asyncio.wait_for(ticking, 0.5)


async def test_the_date_of_answers_is_not_older_than_a_second() -> None:
    server = Server(uvicorn.Config(nothing, log_config=None))
    server.config.load()
    ticking = asyncio.create_task(server.main_loop())
    dates = []
    for _ in range(2):
        await asyncio.sleep(1.2)
        ((_, date), *_) = server.server_state.default_headers
        dates.append(parsedate_to_datetime(date.decode()).timestamp())
        assert time.time() - dates[-1] < 2.5
    server.stop()
    await ticking
    assert dates[0] < dates[1]
