"""Nothing that opens a door stands in a log, a job, an error, an event, a metric or an address.

One served box is used in every way that hands it a secret, with everything beyond it failing and
repeating whatever it was told; then all that it has written down and shown is searched.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from buildos_box.auth.guard import PAGE_HEADER
from buildos_box.log import configure, redact
from tests.doubles.llm import Behaviour, LlmDouble
from tests.doubles.smtp import SmtpDouble
from tests.doubles.twilio import ACCOUNT, SERVICE, TwilioDouble
from tests.doubles.web import Answer, Authority, Web
from tests.faults.box_process import BoxProcess, until
from tests.mail.test_tracking import pixel, public, unsubscribing
from tests.notifications.browser import Browser
from tests.world import open_world

pytestmark = pytest.mark.slow
NUMBER = "+14155552671"
SERVICE_TOKEN, SMTP_PASSWORD = "the-frontends-fixed-token", "mail-pass-7431"
TWILIO_TOKEN = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
FEED_PASSWORD = "feed-pass-77aa"
LLM_KEY, FEED_PATH, PUSH_PATH = "sk-live-4242424242", "/private-8f3a/basic.ics", "/push/cap-91c7"
CONFIG = f"""
[auth]
service_token = "{SERVICE_TOKEN}"
[log]
format = "json"
level = "DEBUG"
[egress]
allow_private = true
ca_file = "{{ca}}"
[push]
vapid_subject = "mailto:ops@example.org"
[email]
transport = "smtp"
from_address = "briefs@example.org"
[email.smtp]
host = "127.0.0.1"
port = {{smtp}}
security = "none"
username = "briefs"
password = "{SMTP_PASSWORD}"
[sms]
account_sid = "{ACCOUNT}"
auth_token = "{TWILIO_TOKEN}"
messaging_service_sid = "{SERVICE}"
api_base_url = "{{twilio}}"
[[llm.providers]]
name = "echo"
kind = "openai"
base_url = "{{llm}}"
model = "any"
api_key = "{LLM_KEY}"
"""
SHOWN = ("/jobs?limit=200", "/deliveries?limit=200", "/health", "/metrics", "/queue/stats",
         "/schedule", "/tokens", "/llm/usage", "/users/ada/emails", "/users/ada/notifications",
         "/users/ada/calendar-feeds", "/users/ada/push-subscriptions")  # fmt: skip
QUEUE = ("queue_jobs", "job_attempts", "job_events", "job_steps", "effects", "realtime_events",
          "queue_alerts", "llm_calls", "llm_alerts", "email_logs", "notification_deliveries",
          "epochs", "cron_runs")  # fmt: skip


@dataclass
class Collected:
    """A box after a busy day: its secrets by name, what it wrote, and what it answered."""

    secrets: dict[str, str] = field(default_factory=dict)
    log: str = ""
    queue: str = ""
    shown: str = ""
    answers: list[httpx.Response] = field(default_factory=list)


def _repeats(_double: Any, handler: Any, call: Any) -> None:
    said = f"Incorrect API key: {call.headers.get('authorization')}"
    handler.answer(401, {"error": {"message": said}})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    folder = tmp_path_factory.mktemp("secrets")
    authority = Authority(folder, "localhost")
    with (
        LlmDouble() as llm,
        SmtpDouble(account=("briefs", "another")) as smtp,
        TwilioDouble(None) as twilio,
        Web(tls=authority) as web,
    ):
        llm.default(Behaviour("repeats", _repeats))
        twilio.refusal = f"{NUMBER} cannot be written to by {ACCOUNT}"
        for path in (FEED_PATH, PUSH_PATH):
            web.by_path[path] = Answer(500, f"cannot open {path}".encode())
        config = CONFIG.format(ca=authority.ca_file, smtp=smtp.port, twilio=twilio.url, llm=llm.url)
        with BoxProcess(folder / "box", config=config) as process:
            yield _a_busy_day(process, web)


def _a_busy_day(process: BoxProcess, web: Web) -> Collected:
    told = Collected()
    told.secrets = secrets = {
        "the service's token": SERVICE_TOKEN, "the mail password": SMTP_PASSWORD,
        "Twilio's token": f"{TWILIO_TOKEN}", "the model's key": LLM_KEY,
        "the calendar's address": FEED_PATH, "the browser's address": PUSH_PATH,
        "the calendar's password": FEED_PASSWORD,
        "the phone number": NUMBER[1:],
    }  # fmt: skip
    secrets["the admin's token"] = (process.data / "admin-token").read_text("utf-8").strip()
    secrets["the box's key"] = (process.data / "secret.key").read_bytes().hex()
    secrets["the push key"] = _number_of((process.data / "vapid.pem").read_bytes())
    process.post("/sync", {
        "users": [{"id": "ada", "name": "Ada", "email": "ada@example.org", "timezone": "UTC"}],
        "projects": [{"id": "home", "userId": "ada", "name": "Home"}],
        "tasks": [{"id": "t", "projectId": "home", "title": "Chore"}],
    })  # fmt: skip
    made = process.post("/tokens", {"name": "phone", "scope": "user:ada"})
    secrets["a user's token"] = token = made["token"]
    link = process.post("/users/ada/sign-in-link")["url"]
    secrets["a sign-in link"] = link.partition("#sign-in=")[2]
    ticket = process.post("/users/ada/events/ticket")["ticket"]
    secrets["a ticket"] = ticket
    with httpx.Client(base_url=str(process.url()), trust_env=False, timeout=20) as anyone:
        ask = _Asker(anyone, told.answers)
        session = ask("POST", "/app/session", json={"code": secrets["a sign-in link"]}, page=True)
        ((name, cookie),) = session.cookies.items()
        secrets["the page's cookie"] = cookie
        anyone.cookies.clear()
        with anyone.stream("GET", f"/users/ada/events?ticket={ticket}"):
            pass
        _use(ask, [secrets["the admin's token"], SERVICE_TOKEN, token, cookie], name, ticket)
        broken = web.by_path.pop(FEED_PATH)
        web.by_path[FEED_PATH] = Answer(200, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
        login = {"username": "ada", "password": FEED_PASSWORD}
        feed = process.post(
            "/users/ada/calendar-feeds", {"url": web.url(FEED_PATH, "localhost"), **login}
        )
        web.by_path[FEED_PATH] = broken
        process.post(f"/users/ada/calendar-feeds/{feed['id']}/sync")
        subscription = Browser(web.url(PUSH_PATH, "localhost")).subscription
        process.post("/users/ada/push-subscriptions", subscription)
        process.post("/users/ada/phone", {"phoneNumber": NUMBER})
        process.post("/queue/sms", {"userId": "ada", "message": "Hi", "phoneNumber": NUMBER})
        process.post("/queue/brief", {"userId": "ada", "forceImmediate": True})
        until(lambda: len(process.rows("SELECT 1 FROM job_attempts WHERE ended_at IS NOT NULL"
                                       )) >= 6, seconds=20)  # fmt: skip
        process.http.delete(f"/tokens/{made['id']}")
        ask("GET", "/users/ada/briefs", token)
        told.shown = _all_shown(process)
    told.queue = "\n".join(
        f"{table} {tuple(row)}" for table in QUEUE for row in process.rows(f"SELECT * FROM {table}")
    )
    process.stop()
    told.log = process.said()
    return told


@dataclass
class _Asker:
    """Asks as anyone may and keeps the answers."""

    http: httpx.Client
    answers: list[httpx.Response]

    def __call__(
        self, method: str, path: str, token: str = "", *, page: bool = False, **more: Any
    ) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if page:
            headers[PAGE_HEADER] = "1"
        self.answers.append(self.http.request(method, path, headers=headers, **more))
        return self.answers[-1]


def _use(ask: _Asker, tokens: list[str], cookie: str, ticket: str) -> None:
    """Every place in which a program puts a token, the wrong ones too."""
    for token in tokens:
        ask("GET", "/users/ada/briefs", token)
        ask("GET", "/users/bob/briefs", token)
        ask("GET", f"/users/ada/briefs?token={token}&access_token={quote(token)}")
        ask("GET", "/app", headers={"Cookie": f"{cookie}={token}"})
        ask("GET", "/app/session", headers={"Cookie": f"{cookie}={token}"}, page=True)
        ask("GET", "/users/ada/briefs", headers={"Authorization": token})
        ask("GET", "/users/ada/briefs", token + "x")
        ask("POST", "/app/session", json={"token": token + "x"}, page=True)
        ask("POST", "/app/session", json={"token": [token]}, page=True)
        ask("POST", "/queue/brief", token, content=f'{{"userId": "{token}')
    ask("GET", f"/users/ada/events?ticket={ticket}")
    ask("GET", f"/users/ada/briefs?ticket={ticket}")


def _all_shown(process: BoxProcess) -> str:
    jobs = [row[0] for row in process.rows("SELECT queue_job_id FROM queue_jobs")]
    paths = [
        *SHOWN,
        *(f"/jobs/{job}{more}" for job in jobs for more in ("", "/events", "/attempts")),
    ]
    return "\n".join(process.http.get(path).text for path in paths)


def _number_of(pem: bytes) -> str:
    key: Any = load_pem_private_key(pem, None)
    return f"{key.private_numbers().private_value:x}"


def found_in(text: str, secrets: dict[str, str], *apart: str) -> list[str]:
    """Names of the secrets that stand in it."""
    return [name for name, secret in secrets.items() if name not in apart and secret in text]


def test_the_box_was_busy(told: Collected) -> None:
    assert len(told.secrets) >= 14
    assert all(len(secret) > 8 for secret in told.secrets.values())
    lines = [json.loads(line) for line in told.log.splitlines() if line.startswith("{")]
    assert len(lines) > 10
    for kind in ("generate_daily_brief", "send_sms", "sync_calendar_feed"):
        assert kind in told.queue
    assert {answer.status_code for answer in told.answers} >= {200, 400, 401, 404}


def test_no_log_line_holds_a_secret(told: Collected) -> None:
    # Who has no token yet is told the first one at the very start, once (docs/spec.md#api-auth).
    log = "\n".join(line for line in told.log.splitlines() if line.startswith("{"))
    assert found_in(log, told.secrets) == []
    assert re.findall(r"bos_(?!\[)\w+_\w+", log) == []
    assert told.log.count(told.secrets["the admin's token"]) <= 1


def test_no_job_nor_event_nor_effect_holds_a_secret(told: Collected) -> None:
    assert found_in(told.queue, told.secrets) == []


def test_nothing_that_is_shown_holds_a_secret(told: Collected) -> None:
    # A browser has to know its own subscription again, and an SMS job its number.
    assert found_in(told.shown, told.secrets, "the browser's address", "the phone number") == []


def test_no_answer_gives_a_secret_back(told: Collected) -> None:
    for answer in told.answers:
        assert found_in(answer.text, told.secrets) == [], answer.request.url
        assert found_in(answer.headers.get("location", ""), told.secrets) == []


async def test_a_box_in_trouble_logs_no_link(tmp_path: Path) -> None:
    """Links that are keys stand in paths, and a request that fails is logged with its path."""
    handlers = logging.getLogger().handlers[:]
    configure(fmt="json", level="DEBUG", file=tmp_path / "log")
    try:
        async with open_world(tmp_path / "data") as box:
            await box.person()
            await box.post("/queue/brief", {"userId": "ada"})
            await box.work()
            links = [unsubscribing(box), pixel(box)]
            await box.db.close()
            for link in links:
                for method in ("GET", "POST"):
                    answer = await public(box, method, link)
                    assert link.rpartition("/")[2] not in answer.text
    finally:
        logging.getLogger().handlers = handlers
    log = (tmp_path / "log").read_text("utf-8")
    assert "request_" in log
    for link in links:
        assert link.rpartition("/")[2] not in log


@pytest.mark.parametrize("sign", ["+", "%2B"])
def test_a_number_in_a_logged_address_is_masked(sign: str) -> None:
    told = redact(f"GET https://twilio.test/Messages.json?To={sign}14155552671&PageSize=100")
    assert "14155552671" not in told
    assert "2671" in told


def test_twilios_client_does_not_log_its_requests(tmp_path: Path) -> None:
    handlers = logging.getLogger().handlers[:]
    configure(fmt="json", file=tmp_path / "log")
    try:
        logging.getLogger("twilio.http_client").info("GET Request: ?To=...")
    finally:
        logging.getLogger().handlers = handlers
    assert "GET Request" not in (tmp_path / "log").read_text("utf-8")
