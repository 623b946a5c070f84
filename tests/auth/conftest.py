"""Tokens over a real database, without a server around them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildos_box.auth.keyring import Keyring
from buildos_box.db import Database
from buildos_box.ids import Ids
from tests.clock import ManualClock


@dataclass
class AuthWorld:
    db: Database
    clock: ManualClock
    folder: Path
    keyring: Keyring

    def another(self, service_token: str | None) -> Keyring:
        """The keyring as it is after a start with that configured token."""
        return Keyring(self.db, self.clock, Ids(), self.folder, service_token)


@pytest.fixture
async def auth(tmp_path: Path) -> AsyncIterator[AuthWorld]:
    clock = ManualClock()
    db = await Database.open(tmp_path / "box.sqlite3", clock)
    people = [("ada",), ("bob",)]
    insert = "INSERT INTO users (id, created_at, updated_at) VALUES (?, '', '')"
    await db.write(lambda tx: tx.executemany(insert, people))
    yield AuthWorld(db, clock, tmp_path, Keyring(db, clock, Ids(), tmp_path))
    await db.close()
