"""Tokens that were looked up recently, so that checking a request's token needs no thread."""

import hashlib
import hmac
import threading
from collections.abc import Awaitable, Callable

from buildos_box.auth.changes import SessionRenewed, TokensRevoked
from buildos_box.auth.store import StoredToken
from buildos_box.db import Database, Tx

MOST_KEPT = 10_000


class TokenCache:
    """A cache of tokens by id, emptied in the commit that revokes any token or renews a session.

    Whether a token has expired is checked by the caller. `look_up` reads a token from the database
    by its id; `keyed_hash` makes of a token's text what is stored of it.
    """

    def __init__(
        self,
        db: Database,
        look_up: Callable[[str], Awaitable[StoredToken | None]],
        keyed_hash: Callable[[str], bytes],
    ) -> None:
        self._look_up = look_up
        self._keyed_hash = keyed_hash
        self._proved: dict[str, bytes] = {}
        """Plain hashes of the texts that were right, by token: they take a seventh of the time."""
        self._lock = threading.Lock()
        self._kept: dict[str, StoredToken] = {}
        self._changes = 0
        db.subscribe(TokensRevoked, self._on_change)
        db.subscribe(SessionRenewed, self._on_change)

    async def find(self, token_id: str) -> StoredToken | None:
        """The token as it is stored; None if there is none."""
        kept = self._kept.get(token_id)
        if kept is not None:
            return kept
        before = self._changes
        found = await self._look_up(token_id)
        with self._lock:
            # A token read before a change is not cached.
            if found is not None and before == self._changes:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                    self._proved.clear()
                self._kept[token_id] = found
        return found

    def is_right(self, found: StoredToken, text: str) -> bool:
        """Whether that is the text of the token."""
        token_id, plain = found.token.id, hashlib.sha256(text.encode()).digest()
        proved = self._proved.get(token_id)
        if proved is not None:
            return hmac.compare_digest(proved, plain)
        right = hmac.compare_digest(found.hashed, self._keyed_hash(text))
        with self._lock:
            if right and token_id in self._kept:
                self._proved[token_id] = plain
        return right

    def _on_change(self, tx: Tx, _change: TokensRevoked | SessionRenewed) -> None:
        tx.after_commit(self._forget)

    def _forget(self) -> None:
        """Runs on the writer's thread, before the change is answered."""
        with self._lock:
            self._changes += 1
            self._kept.clear()
            self._proved.clear()
