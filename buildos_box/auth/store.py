"""The SQL of tokens."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from buildos_box.auth.changes import SessionRenewed, TokensRevoked
from buildos_box.auth.tokens import SESSION, Token
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.errors import NotFound


def _token(row: Row) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        scope=row["scope"],
        created_at=from_text(row["created_at"]),
        expires_at=from_text(row["expires_at"]) if row["expires_at"] else None,
        revoked_at=from_text(row["revoked_at"]) if row["revoked_at"] else None,
        kind=row["kind"],
        issued_by=row["issued_by"],
    )


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token with its hash, and the token that a session was opened with."""

    token: Token
    hashed: bytes
    issuer: Token | None


def add(tx: Tx, token: Token, hashed: bytes) -> None:
    """Store a new token's record and hash."""
    tx.execute(
        """INSERT INTO tokens (id, name, scope, hash, created_at, expires_at, kind, issued_by)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            token.id,
            token.name,
            token.scope,
            hashed,
            to_text(token.created_at),
            to_text(token.expires_at) if token.expires_at else None,
            token.kind,
            token.issued_by,
        ),
    )


def revoke(tx: Tx, token_id: str, now: Instant) -> None:
    """Revoke the token. Raises NotFound if there is none, or it is revoked already."""
    changed = tx.execute(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        (to_text(now), token_id),
    ).rowcount
    if changed != 1:
        raise NotFound(f"there is no token {token_id}")
    tx.announce(TokensRevoked())


def revoke_scope(tx: Tx, scope: str, now: Instant) -> None:
    """Revoke every token of that scope."""
    tx.execute(
        "UPDATE tokens SET revoked_at = ? WHERE scope = ? AND revoked_at IS NULL",
        (to_text(now), scope),
    )
    tx.announce(TokensRevoked())


def end_session(tx: Tx, token_id: str, now: Instant) -> None:
    """Revoke a session, if it is not revoked yet."""
    changed = tx.execute(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND kind = ? AND revoked_at IS NULL",
        (to_text(now), token_id, SESSION),
    ).rowcount
    if changed:
        tx.announce(TokensRevoked())


def renew_session(tx: Tx, token_id: str, expires_at: Instant) -> None:
    """Let a session last until then."""
    tx.execute(
        "UPDATE tokens SET expires_at = ? WHERE id = ? AND kind = ?",
        (to_text(expires_at), token_id, SESSION),
    )
    tx.announce(SessionRenewed())


def end_oldest_sessions(tx: Tx, scope: str, keep: int, now: Instant) -> None:
    """End the sessions of that scope, except the newest."""
    changed = tx.execute(
        """UPDATE tokens SET revoked_at = :now WHERE id IN (
               SELECT id FROM tokens
                WHERE kind = 'session' AND scope = :scope AND revoked_at IS NULL
                ORDER BY created_at DESC, id LIMIT -1 OFFSET :keep)""",
        {"now": to_text(now), "scope": scope, "keep": keep},
    ).rowcount
    if changed:
        tx.announce(TokensRevoked())


def delete_sessions_before(tx: Tx, scope: str, before: Instant) -> None:
    """Delete the records of that scope's sessions that ended before then."""
    tx.execute(
        """DELETE FROM tokens WHERE kind = 'session' AND scope = :scope
              AND (revoked_at < :before OR expires_at < :before)""",
        {"scope": scope, "before": to_text(before)},
    )


async def invalid_among(db: Database, token_ids: Iterable[str], now: Instant) -> set[str]:
    """Which of these tokens are revoked or expired, or were opened with one that is."""
    rows = await db.all(
        """SELECT t.id FROM tokens t
             LEFT JOIN tokens i ON i.id = t.issued_by AND t.kind = 'session'
            WHERE t.id IN (SELECT value FROM json_each(:ids))
              AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now
                   OR i.revoked_at IS NOT NULL OR i.expires_at <= :now)""",
        {"ids": msgspec.json.encode(sorted(token_ids)).decode(), "now": to_text(now)},
    )
    return {row["id"] for row in rows}


def any_token(tx: Tx) -> bool:
    """Whether there was ever a token."""
    return tx.one("SELECT 1 FROM tokens LIMIT 1") is not None


_WITH_ISSUER = "SELECT * FROM tokens WHERE id IN (?, (SELECT issued_by FROM tokens WHERE id = ?))"


async def find(db: Database, token_id: str) -> StoredToken | None:
    """The token with its hash and its issuer."""
    return _stored(token_id, await db.all(_WITH_ISSUER, (token_id, token_id)))


def find_in(tx: Tx, token_id: str) -> StoredToken | None:
    """The token with its hash and its issuer, inside a transaction."""
    return _stored(token_id, tx.all(_WITH_ISSUER, (token_id, token_id)))


def _stored(token_id: str, rows: list[Row]) -> StoredToken | None:
    by_id = {row["id"]: row for row in rows}
    row = by_id.get(token_id)
    if row is None:
        return None
    issuer = by_id.get(row["issued_by"])
    return StoredToken(_token(row), row["hash"], _token(issuer) if issuer else None)


async def list_tokens(db: Database) -> list[Token]:
    """Every token, newest first."""
    return [_token(row) for row in await db.all("SELECT * FROM tokens ORDER BY created_at DESC")]
