"""One run of a job, as its job type's code sees it."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, Tx
from buildos_box.jobs import job_store, lease_store, transitions
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.status import Progress

P = TypeVar("P", bound=msgspec.Struct)


class Attempt(Generic[P]):
    """The payload, the job's facts, and ways to report progress and save steps.

    Every write is guarded by the lease: an attempt that lost its job changes nothing.
    """

    def __init__(
        self,
        claimed: Claimed,
        payload: P,
        db: Database,
        clock: Clock,
        steps: dict[str, Any],
        stack: Callable[[], str] = lambda: "",
    ) -> None:
        """`stack` tells where the attempt stands; each of its writes keeps that."""
        self.claimed = claimed
        self.payload = payload
        self.finished = False
        self._db = db
        self._clock = clock
        self._steps = steps
        self._stack = stack
        self._progress: Progress | None = None
        self._stored_progress: Progress | None = None
        self._ensured_in: Tx | None = None

    @property
    def job_id(self) -> str:
        """The job's public id, `job-…`."""
        return self.claimed.job_id

    @property
    def number(self) -> int:
        """The number of this attempt, from 1."""
        return self.claimed.number

    @property
    def max_attempts(self) -> int:
        """The most attempts that this job may have."""
        return self.claimed.max_attempts

    @property
    def user_id(self) -> str | None:
        """The user whose job it is; None for the server's own."""
        return self.claimed.user_id

    @property
    def correlation_id(self) -> str:
        """The correlation id, which everything that the job causes carries too."""
        return self.claimed.correlation_id

    @property
    def scheduled_for(self) -> Instant:
        """The job's due time."""
        return self.claimed.scheduled_for

    def note_progress(self, percent: int, message: str) -> None:
        """Tell how far the work is: `percent` from 0 to 100, and a sentence for people.

        It is stored with the attempt's next write, so it costs no commit of its own; what takes
        long, or asks others, begins with `progress`.
        """
        self._progress = Progress(percent, 100, message)

    async def progress(self, percent: int, message: str) -> None:
        """Store at once how far the work is. Raises LeaseLost."""
        self.note_progress(percent, message)
        await self._db.write(self._note_state)

    async def save_step(self, step: str, value: Any) -> None:
        """Save the result of a finished part, so that a later attempt need not repeat or pay for
        it.

        Raises LeaseLost.
        """
        row_id, token, text = self.claimed.row_id, self.claimed.lease_token, job_store.dump(value)

        def write(tx: Tx) -> None:
            self._note_state(tx)
            lease_store.save_step(tx, row_id, token, step, text)

        # Known before it is stored: a step that may be there is deleted when the job completes.
        self._steps[step] = msgspec.json.decode(text)
        await self._db.write(write)

    def saved_step(self, step: str) -> Any | None:
        """What this or an earlier attempt saved under that name, as plain JSON values; None if
        nothing.
        """
        return self._steps.get(step)

    @property
    def has_steps(self) -> bool:
        """Whether this or an earlier attempt saved a step."""
        return bool(self._steps)

    def ensure_lease(self, tx: Tx, *, finishing: bool = False) -> None:
        """Require that this attempt still holds its job: call it first in every transaction.

        It also stores where the attempt stands, unless the transaction is `finishing`: `finish`
        overwrites that. Raises LeaseLost.
        """
        if self._ensured_in is tx:
            return
        if finishing or not self._note_state(tx):
            lease_store.ensure_lease(tx, self.claimed.row_id, self.claimed.lease_token)
        self._ensured_in = tx

    def finish(self, tx: Tx, result: Any = None, *, message: str = "Done") -> None:
        """Complete the job in this transaction, together with the data it was for. Raises
        LeaseLost.
        """
        claimed = self.claimed
        ended = transitions.CompletedJob(
            claimed.row_id,
            claimed.lease_token,
            None if result is None else job_store.dump(result),
            progress=job_store.dump(Progress(100, 100, message)),
            has_steps=self.has_steps,
        )
        transitions.complete(tx, ended, self._clock.now())
        tx.after_commit(self._mark_finished)

    def finish_if_held(self, tx: Tx, result: Any) -> None:
        """Complete the job in this transaction, as it would be once its work returns `result`.

        If the attempt has lost its lease, only the rest of the transaction is stored.
        """
        claimed = self.claimed
        ended = transitions.CompletedJob(
            claimed.row_id,
            claimed.lease_token,
            job_store.dump(result),
            has_steps=self.has_steps,
        )
        if transitions.complete_all(tx, [ended], self._clock.now()):
            tx.after_commit(self._mark_finished)

    def _note_state(self, tx: Tx) -> bool:
        """Store where the attempt stands, and its progress if that is not stored yet.

        Returns whether one of these has shown that the attempt holds its job. Raises LeaseLost if
        the progress has shown that it does not.
        """
        claimed, progress = self.claimed, self._progress
        holds = progress is not self._stored_progress
        if holds:
            now, text = self._clock.now(), job_store.dump(progress)
            lease_store.set_progress(tx, claimed.row_id, claimed.lease_token, text, now)
            tx.after_commit(partial(self._mark_stored, progress))
        if stack := self._stack():
            noted = lease_store.note_stack_under(tx, claimed.row_id, claimed.lease_token, stack)
            return holds or noted
        return holds

    def _mark_stored(self, progress: Progress | None) -> None:
        self._stored_progress = progress

    def _mark_finished(self) -> None:
        self.finished = True
