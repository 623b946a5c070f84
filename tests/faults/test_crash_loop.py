"""A crash loop fails no job that did nothing wrong (docs/spec.md#lost-workers).

`FAULT_LOOP_KILLS=300 FAULT_LOOP_JOBS=300` is the whole size.
"""

import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.doubles.web import Answer, Web
from tests.faults.box_process import BoxProcess, until
from tests.faults.user_jobs import job_row, live, with_a_task
from tests.notifications.browser import Browser, authority

KILLS = int(os.environ.get("FAULT_LOOP_KILLS", "12"))
JOBS = int(os.environ.get("FAULT_LOOP_JOBS", "60"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
KINDS = (
    "generate_daily_brief",
    "generate_brief_email",
    "onboarding_analysis",
    "send_sms",
    "send_push",
)
FATAL_JOBS = "SELECT queue_job_id FROM queue_jobs WHERE job_type = 'fatal'"
SLOW = 0.1
"""Seconds that each service takes to answer."""
ANALYSES = (
    {"summary": "Beans first.", "insights": [], "priorities": [{"action": "Plant beans"}]},
    {
        "insights": ["You garden."],
        "workflow_optimizations": [{"title": "Plan", "description": "Do less."}],
        "recommended_features": [{"feature": "phases", "reason": "It cuts up work."}],
        "best_practices": ["Take breaks."],
    },
)
"""What the model says to either question; the one that fits the question counts."""


class Services:
    """What the box calls: a model, a mail webhook, Twilio, and a push service with its browsers."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        said = {"role": "assistant", "content": "\n".join(map(json.dumps, ANALYSES))}
        answer = {
            "choices": [{"message": said, "finish_reason": "stop", "index": 0}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20},
        }
        self.tls = authority(folder)
        self.model = Web(Answer(200, json.dumps(answer).encode(), delay=SLOW))
        self.mail = Web(Answer(200, b"{}", delay=SLOW))
        self.push = Web(Answer(201, delay=SLOW), tls=self.tls)
        self.twilio = TwilioDouble(None)
        self.twilio.delay = SLOW
        self.browsers = {
            name: Browser(self.push.url(f"/push/{name}", "localhost")) for name in names
        }

    @contextmanager
    def open(self) -> Iterator["Services"]:
        with self.model, self.mail, self.push, self.twilio:
            yield self

    @property
    def config(self) -> str:
        return f"""
[queue]
retry_backoff_base_ms = 10
[egress]
allow_private = true
ca_file = "{self.tls.ca_file}"
[email]
transport = "webhook"
[email.webhook]
url = "{self.mail.url("/mail")}"
secret = "shared"
[sms]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
messaging_service_sid = "{SERVICE}"
api_base_url = "{self.twilio.url}"
[[llm.providers]]
name = "model"
kind = "openai"
base_url = "{self.model.url("/v1")}"
model = "m"
api_key = "none"
price_in = 0
price_out = 0
"""


def _people(box: BoxProcess, services: Services) -> None:
    names = list(services.browsers)
    wishes = {"phoneNumber": "+14155552671", "phoneVerified": True, "dailyLimit": 1000}
    box.post(
        "/sync",
        with_a_task(*names) | {"smsPreferences": [{"userId": name, **wishes} for name in names]},
    )
    for name, browser in services.browsers.items():
        box.post(f"/users/{name}/push-subscriptions", browser.subscription)


def _requests(names: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """One of each kind for each person; a brief makes its mail by itself."""
    return [
        request
        for name in names
        for request in (
            ("/queue/brief", {"userId": name}),
            ("/queue/onboarding", {"userId": name, "userContext": {"goals": ["Grow beans"]}}),
            ("/queue/sms", {"userId": name, "message": f"Beans for {name}"}),
            (
                "/queue/notification",
                {
                    "userId": name,
                    "eventType": "task.assigned",
                    "channel": "push",
                    "payload": {"taskId": f"beans-{name}", "taskName": "Beans"},
                },
            ),
        )
    ]


def _ask(box: BoxProcess, waiting: list[tuple[str, dict[str, Any]]], at_most: int) -> None:
    """Send requests; one that was not answered is sent again, with its key, in the next life."""
    for path, body in waiting[:at_most]:
        try:
            key = {"Idempotency-Key": f"{path}-{body['userId']}"}
            answer = box.http.post(path, json=body, headers=key)
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        del waiting[0]


def test_random_kills_fail_no_job_and_repeat_no_effect(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    print(f"FAULT_SEED={SEED} FAULT_LOOP_KILLS={KILLS} FAULT_LOOP_JOBS={JOBS}")
    names = [f"person-{n:03}" for n in range(-(-JOBS // len(KINDS)))]
    services = Services(tmp_path, names)
    waiting = _requests(names)
    each = -(-len(waiting) // KILLS)
    with services.open(), BoxProcess(tmp_path / "box", config=services.config) as box:
        _people(box, services)
        for kill in range(KILLS):
            if kill % 50 == 49:
                _print_losses(box)
            assert box.http.get("/health").json()["status"] == "healthy"
            with box.killed_after(chance.uniform(0.05, 0.7)):
                _ask(box, waiting, each)
            box.start()
        _ask(box, waiting, len(waiting))
        assert waiting == []
        assert until(lambda: live(box) == 0, seconds=60.0 + JOBS / 4, every=0.2), live(box)
        _print_losses(box)
        _assert_all_completed(box)
        _assert_each_effect_once(box, services)
        assert box.stop() == 0
        assert (box.integrity(), box.foreign_faults()) == ("ok", [])


def test_a_job_that_kills_its_worker_costs_its_restarts_and_fails_alone(tmp_path: Path) -> None:
    names = [f"person-{n:03}" for n in range(6)]
    services = Services(tmp_path, names)
    waiting = _requests(names)
    with (
        services.open(),
        BoxProcess(
            tmp_path / "box", config=services.config, module="tests.faults.crashing_job_box"
        ) as box,
    ):
        _people(box, services)
        _ask(box, waiting, len(waiting))
        # It may end the process before it is said that it is queued.
        with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
            box.post("/test/fatal")
        (fatal,) = (row[0] for row in box.rows(FATAL_JOBS))
        deaths = 0
        while job_row(box, fatal)["status"] != "failed":
            assert deaths <= 7
            if until(lambda: not box.runs, seconds=0.1):
                deaths += 1
                box.launch()
        box.wait_until_ready()
        assert until(lambda: live(box) == 0, seconds=60), live(box)
        _print_losses(box)
        job = box.get(f"/jobs/{fatal}")
        assert (job["status"], job["error_code"]) == ("failed", "worker_lost")
        attempts = box.rows(
            """SELECT outcome FROM job_attempts JOIN queue_jobs AS j ON j.id = job_id
                WHERE queue_job_id = ?""",
            fatal,
        )
        assert [row["outcome"] for row in attempts] == ["lost"] * 7
        assert deaths == 7
        told = [event["reason"] for event in box.get(f"/jobs/{fatal}/events")["events"]]
        assert sum("loss " in reason for reason in told) == 7, told
        _assert_all_completed(box, but=fatal)
        _assert_each_effect_once(box, services)


def _print_losses(box: BoxProcess) -> None:
    rows = box.rows("SELECT losses, losses_as_suspect FROM queue_jobs")
    print(
        f"{len(rows)} jobs, {sum(row['losses'] for row in rows)} losses; jobs by losses:",
        sorted(Counter(row["losses"] for row in rows).items()),
        "by losses as the one suspect:",
        sorted(Counter(row["losses_as_suspect"] for row in rows).items()),
    )


def _assert_all_completed(box: BoxProcess, but: str = "") -> None:
    jobs = box.rows(
        "SELECT * FROM queue_jobs WHERE status <> 'completed' AND queue_job_id <> ?", but
    )
    assert [
        (row["queue_job_id"], row["job_type"], row["status"], row["error"]) for row in jobs
    ] == []
    kinds = {row["job_type"] for row in box.rows("SELECT DISTINCT job_type FROM queue_jobs")}
    assert set(KINDS) <= kinds


def _assert_each_effect_once(box: BoxProcess, services: Services) -> None:
    """Receivers know a repeated mail by its key, and a repeated push message by its topic."""
    names = set(services.browsers)
    texts = [form["Body"] for form in services.twilio.sent]
    assert Counter(texts) == Counter(f"Beans for {name}" for name in names)
    mails = {
        (request.headers["idempotency-key"], json.loads(request.body)["userId"])
        for request in services.mail.seen
    }
    assert sorted(user for _, user in mails) == sorted(names)
    pushed = {
        (request.path, request.headers["topic"], json.dumps(browser.read(request), sort_keys=True))
        for name, browser in services.browsers.items()
        for request in services.push.seen
        if request.path == f"/push/{name}"
    }
    tags = Counter((path, json.loads(said)["tag"]) for path, _, said in pushed)
    assert set(tags.values()) == {1}, tags
    assert {(f"/push/{name}", f"task.assigned-beans-{name}") for name in names} <= set(tags)
    for table in ("daily_briefs", "onboarding_analysis"):
        rows = box.rows(f"SELECT user_id FROM {table}")
        assert Counter(row["user_id"] for row in rows) == Counter(names), table
    assert {row["generations"] for row in box.rows("SELECT generations FROM daily_briefs")} == {1}
