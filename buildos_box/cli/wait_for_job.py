"""Waiting for a job, and showing its progress."""

import click

from buildos_box.cli.error_output import Failed
from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import clean
from buildos_box.client import BoxClient

PATIENCE_SECONDS = 600.0
ASK_EVERY_SECONDS = 0.2


def wait_for(client: BoxClient, job_id: str, what: str) -> None:
    """Wait until the job has finished, showing its progress on standard error.

    Raises Failed unless it has completed; `what` names its result ("The brief").
    """
    job: Json = {}
    for job in client.follow(
        job_id, every_seconds=ASK_EVERY_SECONDS, timeout_seconds=PATIENCE_SECONDS
    ):
        progress = job["progress"]
        if progress:
            click.echo(f"{progress['current']:>3} % {clean(progress['message'] or '')}", err=True)
    if job["status"] != "completed":
        why = job["error"] or job["cancel_reason"] or "without a reason"
        raise Failed(f"{what} {job['status']} ({job_id}): {why}", code=f"job_{job['status']}")
