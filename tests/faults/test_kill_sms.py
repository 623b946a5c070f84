"""SIGKILL between an SMS's intent and outcome: exactly one (docs/spec.md#sms-never-twice)."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.faults.box_process import BoxProcess, people, until

NUMBER = "+14155552671"
WAIT = 40.0


@dataclass
class Phone:
    """A box, its Twilio, and a person whose number is proved."""

    box: BoxProcess
    twilio: TwilioDouble
    sent: list[str] = field(default_factory=list)

    def send(self, text: str, *script: str) -> None:
        """Queue a message; Twilio's double does with its requests as the script says."""
        self.twilio.script = list(script)
        self.sent.append(text)
        self.box.post("/queue/sms", {"userId": "person-000", "message": text})

    def kill_at(self) -> None:
        """Wait until Twilio holds a request, kill the box there, and start it again."""
        assert self.twilio.waiting.acquire(timeout=WAIT), "Twilio was not called"
        self.restart()

    def restart(self) -> None:
        self.box.kill()
        self.box.start()

    def reaches_twilio(self, text: str) -> bool:
        """Wait until Twilio has taken that message."""
        return until(
            lambda: text in [form["Body"] for form in self.twilio.sent], seconds=WAIT, every=0.001
        )

    def settled(self) -> bool:
        """Whether every message has its outcome."""
        rows = self.box.rows("SELECT status FROM scheduled_sms_messages")
        return len(rows) == len(self.sent) and {row["status"] for row in rows} == {"sent"}

    def check(self) -> None:
        """Each message once: at Twilio's, in the box's own count, and in its effects."""
        assert until(self.settled, seconds=WAIT), [
            tuple(row)
            for row in self.box.rows("SELECT message, status, reason FROM scheduled_sms_messages")
        ]
        assert sorted(form["Body"] for form in self.twilio.sent) == sorted(self.sent)
        sids = {form["Body"]: form["Sid"] for form in self.twilio.sent}
        rows = self.box.rows("SELECT message, twilio_sid FROM scheduled_sms_messages")
        assert {row["message"]: row["twilio_sid"] for row in rows} == sids
        (count,) = self.box.rows("SELECT sum(count) AS n FROM sms_daily_counts")
        assert count["n"] == len(self.sent)
        assert self.twilio.faults == []


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    with TwilioDouble(None) as twilio:
        config = f"[queue]\nretry_backoff_base_ms = 10\n{twilio.toml}"
        with BoxProcess(tmp_path, config=config) as box:
            wishes = {"phoneNumber": NUMBER, "phoneVerified": True, "dailyLimit": 1000}
            box.post(
                "/sync",
                {
                    "users": list(people(1)),
                    "smsPreferences": [{"userId": "person-000", **wishes}],
                },
            )
            yield Phone(box, twilio)


def test_killed_with_the_intent_written_and_nothing_handed_over(phone: Phone) -> None:
    phone.send("ignored", "ignored")
    phone.kill_at()
    phone.check()
    assert phone.twilio.listed == 1


def test_killed_after_twilio_took_it_and_before_it_said_so(phone: Phone) -> None:
    phone.send("held", "held")
    phone.kill_at()
    phone.check()
    # And again while the first life's question is under way.
    phone.twilio.list_script = ["held"]
    phone.send("held twice", "held")
    phone.kill_at()
    phone.kill_at()
    phone.check()


def test_killed_again_at_the_second_hand_over(phone: Phone) -> None:
    phone.send("ignored, then held", "ignored", "held")
    phone.kill_at()
    phone.kill_at()
    phone.check()


def test_killed_at_any_moment_around_the_answer(phone: Phone) -> None:
    chance = random.Random(7)
    for n in range(3):
        phone.send(f"answered {n}")
        if n:
            assert phone.reaches_twilio(f"answered {n}")
            time.sleep(chance.uniform(0, 0.01))
        phone.restart()
    phone.check()
