"""Whether a database still has the schema that the migrations made."""

import sqlite3
from pathlib import Path

import pytest

from buildos_box.db.migrate import migrate
from buildos_box.db.schema import differences
from tests.clock import ManualClock


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "box.sqlite3"
    migrate(path, ManualClock())
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ("", []),
        # Of somebody's own: nothing that the program misses.
        ("CREATE TABLE mine (x); CREATE INDEX mine_x ON mine (x)", []),
        ("ALTER TABLE notes ADD COLUMN colour TEXT", []),
        ("DROP TABLE heartbeat", ["table heartbeat is missing"]),
        ("ALTER TABLE users RENAME COLUMN country TO land", ["users.country is missing"]),
        (
            "DROP INDEX queue_jobs_live_key; "
            "CREATE INDEX queue_jobs_live_key ON queue_jobs (dedup_key)",
            ["index queue_jobs_live_key is missing or has other columns"],
        ),
        (
            "DROP TABLE sign_in_links; CREATE TABLE sign_in_links (hash INTEGER)",
            ["sign_in_links.hash is not bytes", "sign_in_links.user_id is missing"],
        ),
    ],
)
def test_what_was_changed_by_hand_is_named(
    made: Path, tmp_path: Path, changes: str, expected: list[str]
) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_bytes(made.read_bytes())
    with sqlite3.connect(path) as db:
        db.executescript(changes)
    db.close()
    assert differences(path)[: len(expected) or 1] == expected


def test_what_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_text("no database at all, but long enough to be read as one" * 20)
    with pytest.raises(sqlite3.DatabaseError):
        differences(path)
