"""`buildos-box` with one job type more: a job that ends the process each time it runs.

`python -m tests.faults.crashing_job_box serve …`; `POST /test/fatal` queues the job.
"""

import os
from typing import Any

from litestar import post

from buildos_box import registry
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.cli.main import main
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobQueued, JobType, Payload
from buildos_box.services import Services


class FatalPayload(Payload, frozen=True, kw_only=True):
    """Nothing: the job needs no telling."""


async def end_the_process(job: Attempt[FatalPayload], services: Services) -> Any:
    """What a fault in a native library or the kernel's out-of-memory killer does."""
    os._exit(1)


FATAL = JobType(name="fatal", payload=FatalPayload, run=end_the_process)


@post("/test/fatal", status_code=200, opt=NEEDS_SERVICE)
async def post_fatal(services: Services) -> JobQueued:
    """Queue it."""
    queued = await services.db.write(
        lambda tx: services.queue.enqueue(tx, FATAL, FatalPayload(), user_id=None)
    )
    return JobQueued(True, queued.job_id)


registry.JOB_TYPES.append(FATAL)
registry.ROUTES.append(post_fatal)

if __name__ == "__main__":
    main()
