"""Issues tokens and recognises them."""

import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from buildos_box.auth import store
from buildos_box.auth.caller import Caller
from buildos_box.auth.local_files import ADMIN_FILE
from buildos_box.auth.store import StoredToken
from buildos_box.auth.token_cache import TokenCache
from buildos_box.auth.tokens import (
    ADMIN,
    API,
    SERVICE,
    SESSION,
    USER_PREFIX,
    Token,
    hash_token,
    is_scope,
    load_key,
    make_token,
    token_id_in,
    write_private,
)
from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, Tx
from buildos_box.errors import Unauthorized, Unprocessable
from buildos_box.ids import Ids

SESSION_LASTS = timedelta(days=30)
SESSION_RENEWED_AFTER = timedelta(days=1)
"""A session that is used is renewed once in that time, not with each request."""
MAX_SESSIONS = 20
"""Concurrent sessions of one user; a new one ends the oldest."""
SESSION_KEPT = timedelta(days=7)
"""How long the record of a session is kept after its end."""
SESSION_NAME = "web page"


class Keyring:
    """The tokens of this server, and the configured service token, if any."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, folder: Path, service_token: str | None = None
    ) -> None:
        self._db = db
        self._tokens = TokenCache(db, partial(store.find, db), self.hash)
        self._clock = clock
        self._ids = ids
        self._folder = folder
        self._key = load_key(folder)
        self._service_token = service_token
        # Derived from its text, so that changing the token ends what the old one opened.
        self._configured_id = f"configured-{self.hash(service_token or '').hex()[:16]}"

    def hash(self, secret: str) -> bytes:
        """The stored form of a secret: hashed under the server's key."""
        return hash_token(self._key, secret)

    async def first_start(self) -> str | None:
        """Create the admin token if there is none; returns it, to be printed once.

        It stays readable for the owner in `admin-token` (0600), written before the record is
        committed, so that there is never a token that nobody knows.
        """
        token_id, text = make_token(self._ids)

        def add_if_none(tx: Tx) -> bool:
            if store.any_token(tx):
                return False
            write_private(self._folder / ADMIN_FILE, f"{text}\n".encode())
            self._add(tx, Token(token_id, "admin", ADMIN, self._clock.now(), None, None), text)
            return True

        return text if await self._db.write(add_if_none) else None

    async def issue(
        self,
        name: str,
        scope: str,
        expires_at: Instant | None,
        *,
        issued_by: str | None = None,
        check_user: Callable[[Tx, str], None],
    ) -> tuple[str, str]:
        """A new API token's id and text, which is not stored.

        `check_user` is asked of the user that it is for, in the same transaction. Raises
        Unprocessable, and what `check_user` raises.
        """
        if not is_scope(scope):
            raise Unprocessable.field("scope", "must be admin, service, viewer or user:{id}")
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise Unprocessable.field("expiresAt", "must be in the future")
        token_id, text = make_token(self._ids)
        token = Token(token_id, name, scope, now, expires_at, None, API, issued_by)

        def add(tx: Tx) -> None:
            if scope.startswith(USER_PREFIX):
                check_user(tx, scope.removeprefix(USER_PREFIX))
            self._add(tx, token, text)

        await self._db.write(add)
        return token_id, text

    def open_session(
        self, tx: Tx, user_id: str, *, issued_by: str | None, instead_of: str | None
    ) -> tuple[str, timedelta]:
        """A session of that user for the page's cookie, and how long it is valid.

        It is valid at most as long as the token that it is opened with, and ends the browser's
        earlier session. Raises Unauthorized if that token is no longer valid.
        """
        now, scope = self._clock.now(), f"{USER_PREFIX}{user_id}"
        expires_at = self._session_end(tx, issued_by)
        if instead_of is not None:
            store.end_session(tx, instead_of, now)
        store.delete_sessions_before(tx, scope, now - SESSION_KEPT)
        store.end_oldest_sessions(tx, scope, MAX_SESSIONS - 1, now)
        token_id, text = make_token(self._ids)
        token = Token(token_id, SESSION_NAME, scope, now, expires_at, None, SESSION, issued_by)
        self._add(tx, token, text)
        return text, expires_at - now

    async def renew_session(self, caller: Caller) -> timedelta | None:
        """Let the caller's session last as long as a new one; returns how long, if that is longer.

        None for other credentials, and for a session that was opened or renewed within a day.
        Raises Unauthorized if it is no longer valid.
        """
        now = self._clock.now()
        if not caller.is_session or caller.expires_at is None:
            return None
        if caller.expires_at > now + SESSION_LASTS - SESSION_RENEWED_AFTER:
            return None

        def run(tx: Tx) -> timedelta | None:
            found = store.find_in(tx, caller.token_id)
            if found is None or not self._is_valid(found):
                raise Unauthorized("this token is not valid")
            ends, until = found.token.expires_at, self._session_end(tx, found.token.issued_by)
            if ends is None or until <= ends:
                return None
            store.renew_session(tx, caller.token_id, until)
            return until - now

        return await self._db.write(run)

    def _session_end(self, tx: Tx, issued_by: str | None) -> Instant:
        """When a session that is opened or renewed now ends. Raises Unauthorized."""
        expires_at = self._clock.now() + SESSION_LASTS
        if issued_by is None:
            return expires_at
        return min(expires_at, self.valid_until(tx, issued_by) or expires_at)

    def _add(self, tx: Tx, token: Token, text: str) -> None:
        store.add(tx, token, self.hash(text))

    async def revoke(self, token_id: str) -> None:
        """Revoke a token and everything that was opened with it. Raises NotFound."""
        await self._db.write(lambda tx: store.revoke(tx, token_id, self._clock.now()))

    async def recognise(self, text: str, kind: str = API) -> Caller:
        """The caller of a credential of that kind.

        Raises Unauthorized, with the same message for every reason.
        """
        if kind == API and self._is_configured(text):
            return Caller(SERVICE, self._configured_id, "service token")
        token_id = token_id_in(text)
        found = await self._tokens.find(token_id) if token_id else None
        if found is None:
            raise Unauthorized("this token is not valid")
        token = found.token
        if (
            not self._tokens.is_right(found, text)
            or token.kind != kind
            or not self._is_valid(found)
        ):
            raise Unauthorized("this token is not valid")
        return Caller(token.scope, token.id, token.name, token.kind, token.expires_at)

    async def still_valid(self, token_id: str | None) -> bool:
        """Whether what was opened with that token is still valid; None is a token of an older
        version.
        """
        if token_id is None or (self._service_token and token_id == self._configured_id):
            return True
        found = await self._tokens.find(token_id)
        return found is not None and self._is_valid(found)

    def valid_until(self, tx: Tx, token_id: str) -> Instant | None:
        """When a token expires, None if never.

        Raises Unauthorized if it is no longer valid.
        """
        if self._service_token and token_id == self._configured_id:
            return None
        found = store.find_in(tx, token_id)
        if found is None or not self._is_valid(found):
            raise Unauthorized("this token is not valid")
        return found.token.expires_at

    def _is_configured(self, text: str) -> bool:
        fixed = self._service_token
        return bool(fixed) and hmac.compare_digest(text.encode(), str(fixed).encode())

    def _is_valid(self, found: StoredToken) -> bool:
        """The token, and for a session also the token that opened it."""
        token, now = found.token, self._clock.now()
        if not token.valid_at(now):
            return False
        if token.kind == API or token.issued_by is None:
            return True
        if self._service_token and token.issued_by == self._configured_id:
            return True
        return found.issuer is not None and found.issuer.valid_at(now)
