"""Requests that may be repeated: the same `Idempotency-Key` gets the same answer.

After draft-ietf-httpapi-idempotency-key-header: a client that lost the answer sends the request
again with its key, and the effect happens once. Refused requests are not stored, because they had
no effect.

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
from buildos_box.errors import Conflict, FieldFault, Malformed, Unprocessable

A = TypeVar("A")
HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request with its key; without a key each request is a new one."""

    caller: Caller
    key: str | None
    request: str
    """A hash of the whole request, since a key is for one request only; empty without a key."""

    async def once(
        self, context: DbContext, user_id: str, run: Callable[[Tx], A], kind: type[A]
    ) -> A:
        """Run the transaction, which is about that user, or return the answer that it gave before.

        The answer is committed with the effects of the request, and is erased with the user. Raises
        Unprocessable if the key was used for another request, Conflict if another version of the
        program stored an answer that cannot be read, RateLimited above the user's `jobs_per_day`,
        and what `run` raises.
        """

        def limited(tx: Tx) -> A:
            answer = run(tx)
            daily_limits.take(tx, context, self.caller, user_id, "jobs_per_day")
            return answer

        return await context.db.write(
            lambda tx: self._once(tx, context.clock.now(), user_id, limited, kind)
        )

    def _once(self, tx: Tx, now: Instant, user_id: str, run: Callable[[Tx], A], kind: type[A]) -> A:
        if self.key is None:
            return run(tx)
        token_id = self.caller.token_id
        known = store.answered(tx, token_id, self.key, now - KEPT)
        if known is not None:
            if known["request"] != self.request:
                raise Unprocessable.field(HEADER, "was used for another request before")
            return _read(known["answer"], kind)
        answer = run(tx)
        store.delete_some_before(tx, now - KEPT)
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
        raise Conflict(
            "it was done before, and its answer was stored by another version of the program"
        ) from error


Key = Annotated[
    str | None,
    HeaderParameter(
        name=HEADER,
        description="Sent again with the same key, the request takes effect once and gets the same"
        " answer. 1 to 255 visible ASCII characters; kept for a week.",
    ),
]


async def provide_idempotent_request(
    request: Request[Any, Any, Any], caller: Caller, idempotency_key: Key = None
) -> IdempotentRequest:
    """The request with its key, for handlers whose effect must happen once. Raises Malformed."""
    if idempotency_key is None:
        return IdempotentRequest(caller, None, "")
    if not _KEY.fullmatch(idempotency_key):
        fault = FieldFault(HEADER, "must have 1 to 255 visible ASCII characters")
        raise Malformed(f"{HEADER}: {fault.message}", details=(fault,))
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    asked.update(await request.body())
    return IdempotentRequest(caller, idempotency_key, asked.hexdigest())
