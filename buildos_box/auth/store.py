"""The table of tokens."""

from collections.abc import Iterable

import msgspec

from buildos_box.auth.changes import TokensRevoked
from buildos_box.auth.tokens import Token
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
    )


def add(tx: Tx, token: Token, hashed: bytes) -> None:
    """Keep a new token's record and hash."""
    tx.execute(
        "INSERT INTO tokens (id, name, scope, hash, created_at, expires_at) VALUES (?,?,?,?,?,?)",
        (
            token.id,
            token.name,
            token.scope,
            hashed,
            to_text(token.created_at),
            to_text(token.expires_at) if token.expires_at else None,
        ),
    )


def revoke(tx: Tx, token_id: str, now: Instant) -> None:
    """Make the token invalid from now on. Raises NotFound if there is none, or it is revoked."""
    changed = tx.execute(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        (to_text(now), token_id),
    ).rowcount
    if changed != 1:
        raise NotFound(f"no token {token_id}")
    tx.announce(TokensRevoked())


def revoke_scope(tx: Tx, scope: str, now: Instant) -> None:
    """Make every token of that scope invalid from now on."""
    tx.execute(
        "UPDATE tokens SET revoked_at = ? WHERE scope = ? AND revoked_at IS NULL",
        (to_text(now), scope),
    )
    tx.announce(TokensRevoked())


async def no_longer_valid(db: Database, token_ids: Iterable[str], now: Instant) -> set[str]:
    """Which of these tokens have been revoked or have expired."""
    rows = await db.all(
        """SELECT id FROM tokens
            WHERE id IN (SELECT value FROM json_each(:ids))
              AND (revoked_at IS NOT NULL OR expires_at <= :now)""",
        {"ids": msgspec.json.encode(sorted(token_ids)).decode(), "now": to_text(now)},
    )
    return {row["id"] for row in rows}


def any_token(tx: Tx) -> bool:
    """Whether the box has ever had a token."""
    return tx.one("SELECT 1 FROM tokens LIMIT 1") is not None


async def find(db: Database, token_id: str) -> tuple[Token, bytes] | None:
    """The token's record and hash."""
    row = await db.one("SELECT * FROM tokens WHERE id = ?", (token_id,))
    return (_token(row), row["hash"]) if row else None


async def list_tokens(db: Database) -> list[Token]:
    """Every token, newest first."""
    return [_token(row) for row in await db.all("SELECT * FROM tokens ORDER BY created_at DESC")]
