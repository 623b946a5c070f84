"""Issues tokens and recognises them."""

import hmac
from pathlib import Path

from buildos_box.auth import store
from buildos_box.auth.caller import Caller
from buildos_box.auth.tokens import (
    ADMIN,
    SERVICE,
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
        self._clock = clock
        self._ids = ids
        self._folder = folder
        self._key = load_key(folder)
        self._service_token = service_token

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
            self._add(tx, token_id, text, "admin", ADMIN, None)
            return True

        return text if await self._db.write(add_if_none) else None

    async def issue(self, name: str, scope: str, expires_at: Instant | None) -> tuple[str, str]:
        """A new token's id and its text, which is not kept. Raises Impossible."""
        if not is_scope(scope):
            raise Impossible.field("scope", "must be admin, service, viewer or user:{id}")
        if expires_at is not None and expires_at <= self._clock.now():
            raise Impossible.field("expiresAt", "must lie ahead")
        token_id, text = make_token(self._ids)
        await self._db.write(lambda tx: self._add(tx, token_id, text, name, scope, expires_at))
        return token_id, text

    def _add(
        self, tx: Tx, token_id: str, text: str, name: str, scope: str, expires_at: Instant | None
    ) -> None:
        token = Token(token_id, name, scope, self._clock.now(), expires_at, None)
        store.add(tx, token, hash_token(self._key, text))

    async def revoke(self, token_id: str) -> None:
        """Make a token invalid. Raises NotFound."""
        await self._db.write(lambda tx: store.revoke(tx, token_id, self._clock.now()))

    async def recognise(self, text: str) -> Caller:
        """The caller that a token stands for. Raises Unauthorized, the same for every reason."""
        if self._service_token and hmac.compare_digest(text.encode(), self._service_token.encode()):
            return Caller(SERVICE, "configured", "service token")
        token_id = token_id_in(text)
        found = await store.find(self._db, token_id) if token_id else None
        if found is None:
            raise Unauthorized("this token is not valid")
        token, hashed = found
        right = hmac.compare_digest(hashed, hash_token(self._key, text))
        if not right or not token.valid_at(self._clock.now()):
            raise Unauthorized("this token is not valid")
        return Caller(token.scope, token.id, token.name)
