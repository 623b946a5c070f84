"""Issues tokens and recognises them."""

import hmac
from datetime import timedelta
from functools import partial
from pathlib import Path

from buildos_box.auth import store
from buildos_box.auth.caller import Caller
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
from buildos_box.errors import Impossible, Unauthorized
from buildos_box.ids import Ids

ADMIN_FILE = "admin-token"
ADDRESS_FILE = "address"
"""Stands in the data folder while a box serves from it: where the command line finds that box."""
SESSION_LASTS = timedelta(days=30)
MAX_SESSIONS = 20
"""Of one user at once; a new one ends the oldest."""
SESSION_KEPT = timedelta(days=7)
"""How long the record of a session stays after its end, for whoever looks into it."""
SESSION_NAME = "web page"


def local_address(folder: Path) -> str | None:
    """Where the box that serves that folder is reached from this machine; None if none runs."""
    return _first_line(folder / ADDRESS_FILE)


def local_admin_token(folder: Path) -> str | None:
    """The admin's token of that folder; None if there is none or it may not be read."""
    return _first_line(folder / ADMIN_FILE)


def _first_line(file: Path) -> str | None:
    try:
        return file.read_text("utf-8").strip() or None
    except OSError:
        return None


class Keyring:
    """The tokens of one box, and the fixed service token of its configuration, if any."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, folder: Path, service_token: str | None = None
    ) -> None:
        self._db = db
        self._tokens = TokenCache(db, partial(store.find, db))
        self._clock = clock
        self._ids = ids
        self._folder = folder
        self._key = load_key(folder)
        self._service_token = service_token
        # Named after its text, so that another token in its place ends what this one has opened.
        self._configured_id = f"configured-{self.hash(service_token or '').hex()[:16]}"

    def hash(self, secret: str) -> bytes:
        """How a secret that this box has made is kept: hashed under the box's own key."""
        return hash_token(self._key, secret)

    async def first_start(self) -> str | None:
        """Make the admin token if the box has none; returns it, to be printed this once.

        It stays readable for the owner in `admin-token` (0600), written before the record is
        committed so that no box ever has a token that nobody knows.
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
        self, name: str, scope: str, expires_at: Instant | None, *, issued_by: str | None = None
    ) -> tuple[str, str]:
        """A new API token's id and its text, which is not kept. Raises Impossible."""
        if not is_scope(scope):
            raise Impossible.field("scope", "must be admin, service, viewer or user:{id}")
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise Impossible.field("expiresAt", "must lie ahead")
        token_id, text = make_token(self._ids)
        token = Token(token_id, name, scope, now, expires_at, None, API, issued_by)
        await self._db.write(lambda tx: self._add(tx, token, text))
        return token_id, text

    def open_session(
        self, tx: Tx, user_id: str, *, issued_by: str | None, instead_of: str | None
    ) -> tuple[str, timedelta]:
        """A session of that user for the page's cookie, and for how long it is good.

        It lasts no longer than the token that it is opened with, and ends the session that the
        browser had before. Raises Unauthorized if that token is not valid any more.
        """
        now, scope = self._clock.now(), f"{USER_PREFIX}{user_id}"
        expires_at = now + SESSION_LASTS
        if issued_by is not None:
            expires_at = min(expires_at, self.valid_until(tx, issued_by) or expires_at)
        if instead_of is not None:
            store.end_session(tx, instead_of, now)
        store.forget_sessions_over(tx, scope, now - SESSION_KEPT)
        store.end_oldest_sessions(tx, scope, MAX_SESSIONS - 1, now)
        token_id, text = make_token(self._ids)
        token = Token(token_id, SESSION_NAME, scope, now, expires_at, None, SESSION, issued_by)
        self._add(tx, token, text)
        return text, expires_at - now

    def _add(self, tx: Tx, token: Token, text: str) -> None:
        store.add(tx, token, self.hash(text))

    async def revoke(self, token_id: str) -> None:
        """Make a token invalid, and with it all that was minted from it. Raises NotFound."""
        await self._db.write(lambda tx: store.revoke(tx, token_id, self._clock.now()))

    async def recognise(self, text: str, kind: str = API) -> Caller:
        """The caller that a token of that kind stands for.

        Raises Unauthorized, the same for every reason.
        """
        if kind == API and self._is_configured(text):
            return Caller(SERVICE, self._configured_id, "service token")
        token_id = token_id_in(text)
        found = await self._tokens.find(token_id) if token_id else None
        if found is None:
            raise Unauthorized("this token is not valid")
        token = found.token
        right = hmac.compare_digest(found.hashed, self.hash(text))
        if not right or token.kind != kind or not self._is_valid(found):
            raise Unauthorized("this token is not valid")
        return Caller(token.scope, token.id, token.name, token.kind, token.expires_at)

    async def still_valid(self, token_id: str | None) -> bool:
        """Whether what was minted from that token may still be used; None is a token of old."""
        if token_id is None or (self._service_token and token_id == self._configured_id):
            return True
        found = await self._tokens.find(token_id)
        return found is not None and self._is_valid(found)

    def valid_until(self, tx: Tx, token_id: str) -> Instant | None:
        """Until when a token is valid, None if it has no end.

        Raises Unauthorized if it is not valid any more.
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
