"""Requests that may be repeated: under the same `Idempotency-Key`, the same answer.

After draft-ietf-httpapi-idempotency-key-header: who has lost the answer asks again with the key,
and whatever the request does is done once. What was refused is not kept: it did nothing.

The rules: docs/spec.md#idempotency-key.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.params import HeaderParameter

from buildos_box.auth import daily_limits
from buildos_box.auth import idempotency_store as store
from buildos_box.auth.caller import Caller
from buildos_box.clock import Instant
from buildos_box.db import DbContext, Tx
from buildos_box.errors import Conflict, FieldFault, Impossible, Malformed

A = TypeVar("A")
HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request as its sender names it; without a key it is a new one each time."""

    caller: Caller
    key: str | None
    request: str
    """A hash of all that was asked: a key is for one request only."""

    async def once(self, box: DbContext, user_id: str, run: Callable[[Tx], A], kind: type[A]) -> A:
        """Run the transaction, which is about that user, or give the answer that it gave before.

        The answer is committed with whatever the request does, and goes with the user. Raises
        Impossible if the key has named another request, Conflict if an older program answered
        in a way that this one can't read, RateLimited past the user's `jobs_per_day`, and whatever
        `run` raises.
        """

        def limited(tx: Tx) -> A:
            answer = run(tx)
            daily_limits.take(tx, box, self.caller, user_id, "jobs_per_day")
            return answer

        return await box.db.write(
            lambda tx: self._once(tx, box.clock.now(), user_id, limited, kind)
        )

    def _once(self, tx: Tx, now: Instant, user_id: str, run: Callable[[Tx], A], kind: type[A]) -> A:
        if self.key is None:
            return run(tx)
        token_id = self.caller.token_id
        known = store.answered(tx, token_id, self.key, now - KEPT)
        if known is not None:
            if known["request"] != self.request:
                raise Impossible.field(HEADER, "has named another request before")
            return _read(known["answer"], kind)
        answer = run(tx)
        store.forget_some_before(tx, now - KEPT)
        store.keep(
            tx,
            token_id,
            self.key,
            user_id=user_id,
            request=self.request,
            answer=msgspec.json.encode(answer).decode(),
            now=now,
        )
        return answer


def _read(answer: str, kind: type[A]) -> A:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.ValidationError as error:
        raise Conflict("it was done, and answered by another version of the box") from error


Key = Annotated[
    str | None,
    HeaderParameter(
        name=HEADER,
        description="Sent again with the same key, the request is done once and answered the same. "
        "1 to 255 visible ASCII characters; kept for a week.",
    ),
]


async def provide_repeatable(
    request: Request[Any, Any, Any], caller: Caller, idempotency_key: Key = None
) -> IdempotentRequest:
    """For handlers of requests that are to have their effect once. Raises Malformed."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        fault = FieldFault(HEADER, "must have 1 to 255 visible ASCII characters")
        raise Malformed(f"{HEADER}: {fault.message}", details=(fault,))
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    asked.update(await request.body())
    return IdempotentRequest(caller, idempotency_key, asked.hexdigest())
