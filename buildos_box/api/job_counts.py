"""How many jobs of each type are in each state: one read for all who ask between two commits."""

from buildos_box.api.views import TypeCount
from buildos_box.db import Database
from buildos_box.db.per_commit import PerCommit
from buildos_box.jobs import job_query_store

JobCounts = PerCommit[list[TypeCount]]


def job_counts(db: Database) -> JobCounts:
    """The counts of that database."""

    async def read() -> list[TypeCount]:
        return [TypeCount(*row) for row in await job_query_store.counts(db)]

    return JobCounts(db, read)
