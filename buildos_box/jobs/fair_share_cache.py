"""Whether anybody but some users waits in a lane: remembered, so that it is looked up seldom.

A user at their share goes on only if nobody else waits. Where one user has many
thousands of jobs, each claim would have to look through all of them for somebody else's.
"""

from collections.abc import Collection

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobWaits


class FairShareCache:
    """In which lanes only certain users wait, as of what is committed.

    What a claim finds out counts once it is committed, unless somebody else's job has come to
    wait in the same commit. News counts at once, even if its transaction is then taken back:
    the next claim looks again.
    """

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}
        self._unsure: dict[str, frozenset[str]] = {}

    def begin(self) -> None:
        """A claim begins: what an earlier one found and never committed is void."""
        self._unsure.clear()

    def are_none(self, lane: str, users: Collection[str]) -> bool:
        """Whether it is known that nobody but these users waits in that lane."""
        known = self._unsure.get(lane) or self._known.get(lane)
        return known is not None and known.issubset(users)

    def found_none(self, tx: Tx, lane: str, users: Collection[str]) -> None:
        """Nobody but these users waits in that lane, as the transaction sees it."""
        found = self._unsure[lane] = frozenset(users)

        def committed() -> None:
            if self._unsure.get(lane) is found:
                self._known[lane] = found

        tx.after_commit(committed)

    def heard(self, _tx: Tx, news: JobWaits) -> None:
        """A job has come to wait."""
        for known in (self._unsure, self._known):
            if news.lane is None:
                known.clear()
            elif news.lane in known and (news.user_id or "") not in known[news.lane]:
                del known[news.lane]
