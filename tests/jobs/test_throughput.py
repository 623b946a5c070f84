"""The last hour by type: since when a type only fails."""

from datetime import timedelta
from typing import Any

from buildos_box.clock import to_text
from buildos_box.errors import PermanentError
from buildos_box.jobs.throughput import throughput
from tests.jobs.conftest import QueueWorld


async def failing_since(world: QueueWorld, fates: str) -> str | None:
    """Run a job a minute, `x` for one that fails; then ask."""

    async def behave(job: Any) -> None:
        if job.payload.name == "x":
            raise PermanentError("no")

    world.behaviour = behave
    work = world.job_type("work")
    for fate in fates:
        await world.add(work, fate)
        await world.run_all()
        world.clock.advance(timedelta(minutes=1))
    (found,) = (await throughput(world.db, ["work"], world.clock.now())).types
    return found.failing_since


async def test_a_type_fails_since_the_first_failure_after_its_last_success(
    world: QueueWorld,
) -> None:
    start = world.clock.now()
    assert await failing_since(world, "x.xx") == to_text(start + timedelta(minutes=2))


async def test_a_type_that_was_never_done_fails_since_its_first_failure(world: QueueWorld) -> None:
    start = world.clock.now()
    assert await failing_since(world, "xx") == to_text(start)


async def test_a_type_whose_newest_job_is_done_does_not_only_fail(world: QueueWorld) -> None:
    assert await failing_since(world, "xx.") is None
