"""SIGKILL at each step between a mail's intent and outcome (docs/spec.md#external-effects).

No mail is lost. Where the receiver may have taken it and nobody can know, the very same one goes
out once more, under the same Message-ID or Idempotency-Key: who keeps those gets it once.
"""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.faults.box_process import BoxProcess, until
from tests.faults.http_gate import Gate, as_mail_webhook
from tests.faults.smtp_gate import STEPS, SmtpGate, as_mail_server
from tests.faults.user_jobs import live, mail_of, with_a_task

FAST = "[queue]\nretry_backoff_base_ms = 10\n"


@contextmanager
def nothing_is_committed(box: BoxProcess) -> Iterator[None]:
    """Another writer holds the database, so that the outcome stays untold."""
    db = sqlite3.connect(box.database, timeout=10, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


def ask(box: BoxProcess) -> None:
    box.post("/sync", with_a_task("ada"))
    box.post("/queue/brief", {"userId": "ada"})


def finish(box: BoxProcess) -> None:
    box.start()
    assert until(lambda: live(box) == 0, seconds=40), box.said()
    assert mail_of(box, "ada")["status"] == "sent"


def log_of(box: BoxProcess) -> list[str]:
    rows = box.rows("SELECT status, detail FROM email_logs ORDER BY id")
    return [row["detail"] or row["status"] for row in rows]


@pytest.mark.parametrize("step", [*STEPS, "answered"])
def test_a_kill_while_a_mail_is_handed_over_loses_none_and_makes_no_other(
    tmp_path: Path, step: str
) -> None:
    with SmtpGate() as gate, BoxProcess(tmp_path, config=as_mail_server(gate)) as box:
        gate.hold_at("kept" if step == "answered" else step)
        ask(box)
        assert gate.reached.wait(30)
        assert mail_of(box, "ada")["status"] == "sending"
        if step == "answered":
            with nothing_is_committed(box):
                gate.release()
                assert gate.answered.wait(10)
                time.sleep(0.3)  # the box has its answer, and cannot write it down
                box.kill()
        else:
            box.kill()
            gate.release()
        assert mail_of(box, "ada")["status"] == "sending"
        finish(box)
        ids = {message_from_bytes(raw)["Message-ID"] for raw in gate.taken}
        assert ids == {f"<{mail_of(box, 'ada')['id']}@box.example>"}
        assert len(set(gate.taken)) == 1, "the second is another mail"
        was_taken = step in ("kept", "answered")
        assert len(gate.taken) == (2 if was_taken else 1)
        assert "repeated with the same Message-ID" in " ".join(log_of(box))
        time.sleep(0.3)
        assert len(gate.taken) == (2 if was_taken else 1)


def test_a_second_kill_at_the_same_place_still_makes_no_other_mail(tmp_path: Path) -> None:
    with SmtpGate() as gate, BoxProcess(tmp_path, config=as_mail_server(gate)) as box:
        gate.hold_at("rcpt")
        ask(box)
        assert gate.reached.wait(30)
        box.kill()
        gate.reached.clear()
        gate.hold_at("data")
        box.start()
        assert gate.reached.wait(30)
        box.kill()
        gate.release()
        finish(box)
        assert len(gate.taken) == 1


def posted(gate: Gate) -> list[tuple[str, Any]]:
    return [(seen.headers["Idempotency-Key"], seen.body) for seen in gate.seen]


@pytest.mark.parametrize("step", ["received", "answered"])
def test_a_kill_while_the_webhook_is_called_repeats_the_same_call(
    tmp_path: Path, step: str
) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=FAST + as_mail_webhook(gate)) as box:
        ask(box)
        assert until(lambda: len(gate.seen) == 1, seconds=30)
        assert mail_of(box, "ada")["status"] == "sending"
        if step == "answered":
            with nothing_is_committed(box):
                gate.open()
                assert until(lambda: gate.seen[0].answered, seconds=10)
                time.sleep(0.3)
                box.kill()
        else:
            box.kill()
            gate.open()
        finish(box)
        one, two = posted(gate)
        assert one == two
        assert one[0] == mail_of(box, "ada")["id"]


def test_a_kill_before_the_webhook_reads_anything_makes_one_call(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        config = FAST + (
            '[email]\ntransport = "webhook"\n[email.webhook]\nsecret = "webhook-secret"\n'
            f'url = "http://127.0.0.1:{port}/mail"\n'
        )
        with BoxProcess(tmp_path, config=config) as box:
            ask(box)
            assert until(lambda: mail_of(box, "ada")["status"] == "sending", seconds=30)
            box.kill()
            deaf.close()
            with Gate(port=port, open_at_first=True) as gate:
                finish(box)
                assert [key for key, _ in posted(gate)] == [mail_of(box, "ada")["id"]]
