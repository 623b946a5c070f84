"""Remembers lanes in which only certain users wait, to save the search for others.

A user at their share continues only if no other user waits. If one user has thousands of jobs, each
claim would have to read all of them to find another user's job.
"""

from collections.abc import Collection

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobWaits


class FairShareCache:
    """Per lane, the users of whom it is known that nobody else waits there.

    A finding counts once its transaction is committed, unless a job of another user was added in
    the same commit. Added jobs count at once, even if their transaction is rolled back: then the
    next claim searches again.
    """

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}
        self._unsure: dict[str, frozenset[str]] = {}

    def begin(self) -> None:
        """Start a claim: discard findings of an earlier one that was not committed."""
        self._unsure.clear()

    def are_none(self, lane: str, users: Collection[str]) -> bool:
        """Whether it is known that only these users wait in that lane."""
        known = self._unsure.get(lane) or self._known.get(lane)
        return known is not None and known.issubset(users)

    def found_none(self, tx: Tx, lane: str, users: Collection[str]) -> None:
        """Remember that only these users wait in that lane, as this transaction sees it."""
        found = self._unsure[lane] = frozenset(users)

        def committed() -> None:
            if self._unsure.get(lane) is found:
                self._known[lane] = found

        tx.after_commit(committed)

    def on_job_waits(self, _tx: Tx, change: JobWaits) -> None:
        """Forget what a job that was added contradicts."""
        for known in (self._unsure, self._known):
            if change.lane is None:
                known.clear()
            elif change.lane in known and (change.user_id or "") not in known[change.lane]:
                del known[change.lane]
