"""Years of texts behind somebody make the next one no slower."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from buildos_box.clock import SystemClock, from_text
from buildos_box.db.connect import connect_writer
from buildos_box.db.migrate import migrate
from buildos_box.db.tx import Listeners, Tx
from buildos_box.sms import store

AT = "2024-10-23T08:00:00.000Z"
LOOKS: dict[str, Callable[[Tx], object]] = {
    "what is on its way": lambda tx: store.sending_others(tx, "ada", "sms-1"),
    "what waits": lambda tx: store.waiting_of(tx, "ada"),
    "what is to be written": lambda tx: store.to_write(
        tx, "ada", from_text(AT), from_text("2024-10-24T08:00:00Z"), from_text(AT)
    ),
}


def steps_of(look: Callable[[Tx], object], connection: sqlite3.Connection) -> int:
    """How many instructions SQLite's machine runs for it: the same for the same work."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    look(Tx(connection, Listeners()))  # prepares the statement
    connection.set_progress_handler(step, 1)
    look(Tx(connection, Listeners()))
    connection.set_progress_handler(None, 0)
    return steps


def send(connection: sqlite3.Connection, count: int) -> None:
    connection.executemany(
        """INSERT INTO scheduled_sms_messages (id, user_id, kind, phone_number, message,
                  message_source, send_at, status, correlation_id, created_at, updated_at)
           VALUES (?, 'ada', 'message', '+12125550001', 'Hello', 'template', ?, 'delivered',
                   'c', ?, ?)""",
        [(f"old-{number}", AT, AT, AT) for number in range(count)],
    )


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_long_history_is_not_read(look: Callable[[Tx], object], tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    migrate(path, SystemClock())
    connection = connect_writer(path)
    connection.execute(
        """INSERT INTO users (id, email, timezone, created_at, updated_at)
           VALUES ('ada', 'ada@example.org', 'UTC', ?, ?)""",
        (AT, AT),
    )
    before = steps_of(look, connection)
    send(connection, 500)
    assert steps_of(look, connection) == before
    connection.close()
