"""Every route, and who may use it; one without a row fails (docs/spec.md#api-default-deny).

The other user's token is refused as if the thing were not there; a right that the token lacks is
refused as such. A body is given where a route wants one, so that it is the rule that refuses and
not the reading.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from buildos_box.calendars.caldav import collection_store
from buildos_box.calendars.caldav import store as caldav_store
from buildos_box.calendars.caldav.discovery import Found, Home
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.store import Feed
from buildos_box.clock import from_text
from buildos_box.db import Tx
from tests.api.job_requests import BODY, job_requests
from tests.world import BoxWorld

Who = Literal["public", "anybody", "user", "own", "service", "admin"]
"""`anybody` with a token; `user`: any user's, but no operator's; `own`: the user whose it is, and
who may act for all."""
ALLOWED = {
    "anybody": {"other", "own", "service", "admin"},
    "user": {"other", "own"},
    "own": {"own", "service", "admin"},
    "service": {"service", "admin"},
    "admin": {"admin"},
}


@dataclass(frozen=True)
class Row:
    """`refused` is what the wrong scope gets; `streams` answer without end; `asks` without changing
    anything, whatever the method.
    """

    who: Who
    body: Any = None
    refused: int = 0
    streams: bool = False
    asks: bool = False
    query: str = ""

    def only_reads(self, name: str) -> bool:
        return self.asks or name.startswith(("GET ", "HEAD "))


def own(body: Any = None, **more: Any) -> Row:
    return Row("own", body, refused=404, **more)


def service(body: Any = None, **more: Any) -> Row:
    return Row("service", body, refused=403, **more)


def admin(body: Any = None, **more: Any) -> Row:
    return Row("admin", body, refused=403, **more)


public, anybody = Row("public"), Row("anybody")
EVENT = {"title": "Dentist", "startAt": "2024-10-23T12:00:00Z", "userId": "ada"}
BROWSER: dict[str, Any] = {
    "endpoint": "https://93.184.216.34/one",
    "keys": {
        "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8"
        "QcYP7DkM",
        "auth": "tBHItJI5svbpez7KI4CCXg",
    },
}
WEBHOOK = {"url": "https://93.184.216.34/hook", "events": ["brief.failed"]}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
# A request that queues a job is for the user whose it is, unless a row below says otherwise.
TABLE: dict[str, Row] = {f"POST {path}": own(BODY) for path in job_requests()} | {
    "GET /": public,
    "HEAD /": public,
    "GET /app": public,
    "HEAD /app": public,
    "GET /app/texts.json": public,
    "GET /app/{name}": public,
    "HEAD /app/{name}": public,
    "POST /app/session": public,
    "POST /app/sign-in-link": public,
    "POST /app/sign-in-mail": public,
    "GET /favicon.ico": public,
    "HEAD /favicon.ico": public,
    "GET /app/session": Row("user", refused=403),
    "DELETE /app/session": anybody,
    "GET /docs": public,
    "GET /docs/openapi.json": public,
    "GET /docs/rapidoc-min.js": public,
    "GET /docs/{path}": public,
    "GET /email/track/click/{tracking_id}": public,
    "HEAD /email/track/click/{tracking_id}": public,
    "GET /email/track/open/{tracking_id}": public,
    "HEAD /email/track/open/{tracking_id}": public,
    "GET /health": public,
    "HEAD /health": public,
    "GET /tap/done/{token}": public,
    "HEAD /tap/done/{token}": public,
    "POST /tap/done/{token}": public,
    "GET /tap/brief/{token}": public,
    "HEAD /tap/brief/{token}": public,
    "GET /unsubscribe/{token}": public,
    "POST /unsubscribe/{token}": public,
    "POST /unsubscribe/{token}/undo": public,
    "POST /webhooks/twilio/inbound": public,
    "POST /webhooks/twilio/status": public,
    "GET /push/vapid-key": anybody,
    "POST /calendar-events": own(EVENT),
    "GET /calendar-events/{event_id}": own(),
    "PATCH /calendar-events/{event_id}": own({"title": "Doctor"}),
    "DELETE /calendar-events/{event_id}": own(),
    "POST /notes": own({"projectId": "ada-launch", "content": "x"}),
    "GET /notes/{note_id}": own(),
    "PATCH /notes/{note_id}": own({"content": "y"}),
    "DELETE /notes/{note_id}": own(),
    "POST /projects": own({"name": "Attic", "userId": "ada"}),
    "GET /projects/{project_id}": own(),
    "PATCH /projects/{project_id}": own({"name": "Cellar"}),
    "DELETE /projects/{project_id}": own(),
    "POST /tasks": own({"projectId": "ada-launch", "title": "Sweep"}),
    "GET /tasks/{task_id}": own(),
    "PATCH /tasks/{task_id}": own({"title": "Mop"}),
    "DELETE /tasks/{task_id}": own(),
    "POST /tasks/{task_id}/done": own(),
    "POST /users/{user_id}/tasks": own({"title": "Sweep"}),
    "PATCH /users/{user_id}/tasks": own({"tasks": []}),
    "GET /users/{user_id}/quick-add": own(query="text=Pay"),
    "GET /users/{user_id}/search": own(),
    "GET /tasks/{task_id}/dependencies": own(),
    "PUT /tasks/{task_id}/dependencies": own({"dependsOn": []}),
    "GET /jobs": anybody,
    "GET /jobs/{job_id}": own(),
    "GET /jobs/{job_id}/attempts": own(),
    "GET /jobs/{job_id}/events": own(),
    "GET /jobs/{job_id}/why": own(),
    "POST /jobs/{job_id}/promote": service(),
    "POST /jobs/{job_id}/cancel": own(),
    "POST /jobs/{job_id}/retry": own(),
    "POST /jobs/bulk": service({"action": "cancel", "ids": [], "dryRun": True}),
    "GET /projects/{project_id}/phases": own(),
    "POST /queue/phases": own({"userId": "ada", "projectId": "ada-launch"}),
    "POST /queue/test-push": service({"userId": "ada"}),
    "POST /queue/test-chat": service({"userId": "ada"}),
    "POST /queue/onboarding": own({"userId": "ada", "userContext": {"name": "Ada"}}),
    "POST /queue/notification": service(
        {"userId": "ada", "eventType": "task.completed", "payload": {}}
    ),
    "POST /queue/sms": own({"userId": "ada", "message": "Hello"}),
    "POST /queue/test-email": service({"to": "ada@example.org"}),
    "POST /queue/test-sms": service({"to": "+14155550100"}),
    "POST /queue/cleanup": service({"dryRun": True}),
    "POST /queue/pause": service({"lane": "sms"}),
    "POST /queue/resume": service({"lane": "sms"}),
    "GET /queue/lanes": service(),
    "POST /backup": admin(),
    "GET /configuration/changes": service(),
    "POST /configuration/reload": admin(),
    "GET /doctor": admin(),
    "GET /queue/overview": service(),
    "GET /messages": service(),
    "GET /people": service(),
    "GET /schedule/briefs": service(),
    "GET /schedule/forecast": anybody,
    "GET /me": anybody,
    "POST /mcp": Row("anybody", PING, asks=True),
    "GET /queue/stats": service(),
    "GET /queue/stale-stats": service(),
    "GET /schedule": service(),
    "POST /schedule/{name}/run": admin(),
    "GET /llm/usage": service(),
    "GET /llm/history": service(),
    "GET /queue/history": service(),
    "GET /deliveries": anybody,
    "GET /events": service(streams=True),
    "GET /metrics": admin(),
    "GET /log": admin(),
    "GET /sms/metrics": service(),
    "GET /sms/scheduled": anybody,
    "POST /sms/scheduled": own({"userId": "ada"}),
    "GET /sms/scheduled/user/{user_id}": own(),
    "POST /sms/scheduled/{sms_id}/regenerate": own(),
    "PATCH /sms/scheduled/{sms_id}/update": own({"message": "Later"}),
    "POST /sms/scheduled/{sms_id}/cancel": own(),
    "DELETE /sms/scheduled/{sms_id}": own(),
    "POST /sync": service({}),
    "GET /tokens": admin(),
    "POST /tokens": admin({"name": "x", "scope": "service"}),
    "DELETE /tokens/{token_id}": admin(),
    "GET /users": service(),
    "POST /users": service({"name": "New"}),
    "GET /users/{user_id}": own(),
    "PATCH /users/{user_id}": own({"name": "Ada B"}),
    "GET /users/{user_id}/briefs": own(),
    "GET /users/{user_id}/briefs/{brief_date}": own(),
    "GET /users/{user_id}/calendar-events": own(),
    "GET /users/{user_id}/calendar-feeds": own(),
    "POST /users/{user_id}/calendar-feeds": own({"url": "https://127.0.0.1/two.ics"}),
    "GET /users/{user_id}/calendar-feeds/{feed_id}": own(),
    "PATCH /users/{user_id}/calendar-feeds/{feed_id}": own({"name": "Work"}),
    "POST /users/{user_id}/calendar-feeds/{feed_id}/sync": own(),
    "DELETE /users/{user_id}/calendar-feeds/{feed_id}": own(),
    "GET /users/{user_id}/caldav-accounts": own(),
    "POST /users/{user_id}/caldav-accounts": own(
        {"url": "https://127.0.0.1/dav/", "username": "ada", "password": "app"}
    ),
    "GET /users/{user_id}/caldav-accounts/{account_id}": own(),
    "PATCH /users/{user_id}/caldav-accounts/{account_id}": own({"name": "Home"}),
    "PATCH /users/{user_id}/caldav-accounts/{account_id}/collections/{collection_id}": own({}),
    "POST /users/{user_id}/caldav-accounts/{account_id}/sync": own(),
    "DELETE /users/{user_id}/caldav-accounts/{account_id}": own(),
    "GET /users/{user_id}/mail": own(),
    "PUT /users/{user_id}/mail": own({"unsubscribed": []}),
    "DELETE /users/{user_id}/mail/bounce": service(),
    "GET /emails/bounces": service(),
    "GET /users/{user_id}/email-subscriptions": own(),
    "PUT /users/{user_id}/email-subscriptions": own({"briefs": True}),
    "GET /users/{user_id}/emails": own(),
    "GET /users/{user_id}/emails/{email_id}": own(),
    "GET /users/{user_id}/events": own(streams=True),
    "POST /users/{user_id}/events/ticket": own(),
    "GET /users/{user_id}/export": own(),
    "GET /users/{user_id}/jobs": own(),
    "GET /users/{user_id}/notes": own(),
    "GET /users/{user_id}/notification-preferences": own(),
    "PUT /users/{user_id}/notification-preferences": own({"push": True}),
    "GET /users/{user_id}/notifications": own(),
    "POST /users/{user_id}/notifications/read": own({"all": True}),
    "POST /users/{user_id}/notifications/{notification_id}/snooze": own(),
    "GET /users/{user_id}/onboarding": own(),
    "POST /users/{user_id}/email/code": own(),
    "POST /users/{user_id}/email/verify": own({"code": "123456"}),
    "GET /users/{user_id}/place": own(),
    "PUT /users/{user_id}/place": own({"place": "Berlin"}),
    "DELETE /users/{user_id}/place": own(),
    "GET /users/{user_id}/chat": own(),
    "POST /users/{user_id}/chat": own({"service": "ntfy", "target": "ada-topic"}),
    "POST /users/{user_id}/chat/verify": own({"code": "123456"}),
    "DELETE /users/{user_id}/chat": own(),
    "POST /users/{user_id}/phone": own({"phoneNumber": "+14155550123"}),
    "POST /users/{user_id}/phone/verify": own({"code": "123456"}),
    "GET /users/{user_id}/preferences": own(),
    "PUT /users/{user_id}/preferences": own({"timeOfDay": "08:00"}),
    "GET /users/{user_id}/projects": own(),
    "GET /users/{user_id}/push-subscriptions": own(),
    "POST /users/{user_id}/push-subscriptions": own(BROWSER),
    "DELETE /users/{user_id}/push-subscriptions/{subscription_id}": own(),
    "POST /users/{user_id}/sign-in-link": service(),
    "GET /users/{user_id}/tasks": own(),
    "POST /users/{user_id}/visit": own(),
    "GET /webhook-subscriptions": service(),
    "POST /webhook-subscriptions": service(WEBHOOK),
    "GET /webhook-subscriptions/{webhook_id}": service(),
    "POST /webhook-subscriptions/{webhook_id}/test": service(),
    "POST /webhook-subscriptions/{webhook_id}/replay": service({"since": "2024-10-23T00:00:00Z"}),
    "DELETE /webhook-subscriptions/{webhook_id}": service(),
    "DELETE /users/{user_id}": service(),
}


def routes(box: BoxWorld) -> dict[str, bool]:
    """Every route as the table names it, and whether it says of itself that it is public."""
    found = {}
    for route in box.box.api.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in getattr(handler, "http_methods", []):
                if method != "OPTIONS":
                    path = re.sub(r"/$", "", route.path_format) or "/"
                    found[f"{method} {path}"] = bool(handler.opt.get("public"))
    return found


async def test_every_route_has_a_row_and_every_row_a_route(box: BoxWorld) -> None:
    assert sorted(routes(box)) == sorted(TABLE)


async def test_public_is_what_the_table_calls_so(box: BoxWorld) -> None:
    said = {name for name, is_public in routes(box).items() if is_public}
    assert said == {name for name, row in TABLE.items() if row.who == "public"}


async def test_each_scope_may_do_what_the_table_says_and_no_more(box: BoxWorld) -> None:
    known = await _ada(box)
    tokens = {
        "nobody": "",
        "other": await box.token_for("user:mallory"),
        "own": await box.token_for("user:ada"),
        "service": await box.token_for("service"),
        "admin": box.token,
    }
    wrong = []
    for name, row in TABLE.items():
        if row.who == "public":
            continue
        for holder, token in tokens.items():
            status = await _status(box, name, row, known, token)
            if not _is_right(row, holder, status):
                wrong.append(f"{name} by {holder}: {status}")
    assert wrong == [], "\n".join(wrong)


async def test_a_viewer_reads_what_the_service_reads_and_changes_nothing(box: BoxWorld) -> None:
    known = await _ada(box)
    token = await box.token_for("viewer")
    wrong = []
    for name, row in TABLE.items():
        if row.who == "public":
            continue
        status = await _status(box, name, row, known, token)
        reads = row.only_reads(name)
        if not (_is_right(row, "service", status) if reads else status == 403):
            wrong.append(f"{name}: {status}")
    assert wrong == [], "\n".join(wrong)


def _is_right(row: Row, holder: str, status: int) -> bool:
    if holder == "nobody":
        return status == 401
    if holder in ALLOWED[row.who]:
        # What was deleted or done for the one before is not there, or done, for the next.
        return status < 500 and status not in (400, 401, 405, 413, 415)
    # A thing of somebody else is not there; asked for by their name it may also be forbidden.
    return status == row.refused or (row.refused == 404 and status in (403, 422))


async def _status(box: BoxWorld, name: str, row: Row, known: dict[str, str], token: str) -> int:
    method, _, path = name.partition(" ")
    path = re.sub(r"{(\w+)}", lambda found: known[found[1]], path)
    if row.streams and token and row.refused:
        return await _head_of_stream(box, path, token)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    path += f"?{row.query}" if row.query else ""
    answer = await box.api.request(method, path, json=row.body, headers=headers)
    return answer.status_code


async def _head_of_stream(box: BoxWorld, path: str, token: str) -> int:
    """The status of an answer that has no end."""
    seen: list[int] = []
    gone = False

    async def receive() -> dict[str, Any]:
        nonlocal gone
        if gone:
            return {"type": "http.disconnect"}
        gone = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    scope: Any = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": b"",
        "root_path": "", "scheme": "http", "query_string": b"", "server": ("box.test", 80),
        "headers": [(b"host", b"box.test"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1), "app": box.box.api, "state": {},
    }  # fmt: skip
    await box.box.api(scope, receive, send)  # type: ignore[arg-type]
    return seen[0]


FEED = Feed(
    id="ada-feed",
    user_id="ada",
    name="Work",
    url="https://example.org/one.ics",
    is_active=True,
    username=None,
    sealed_password=None,
    etag=None,
    last_modified=None,
    failures=0,
    last_read_at=None,
)


ACCOUNT = Account(
    id="ada-account",
    user_id="ada",
    name="Home",
    url="https://127.0.0.1/dav/",
    home=Home("https://127.0.0.1/dav/ada/", is_single=False),
    username="ada",
    sealed_password="",
    is_active=True,
    is_stopped=False,
    failures=0,
    next_sync_at=from_text("2024-10-23T08:00:00Z"),
)
CALENDAR = Found("https://127.0.0.1/dav/ada/work/", "Work", True, False, "1")


def _add_account(tx: Tx, box: BoxWorld) -> None:
    caldav_store.add(tx, ACCOUNT, box.clock.now())
    collection_store.note_listed(tx, ACCOUNT, [("ada-collection", CALENDAR)], reads_events=True)


async def _ada(box: BoxWorld) -> dict[str, str]:
    """Ada with one of everything, and the ids that stand in paths."""
    await box.person("mallory")
    await box.person("ada")
    await box.project("ada", tasks=2)
    await box.sync(
        notes=[{"id": "ada-note", "projectId": "ada-launch", "content": "n"}],
        events=[{"id": "ada-event", "userId": "ada", "title": "Dentist",
                 "startAt": "2024-10-23T15:00:00Z"}],
        smsPreferences=[{"userId": "ada", "phoneNumber": "+14155550100", "phoneVerified": True,
                         "eventRemindersEnabled": True}],
    )  # fmt: skip
    await box.post("/queue/brief", {"userId": "ada"})
    await box.post("/queue/phases", {"userId": "ada", "projectId": "ada-launch"})
    await box.post("/queue/onboarding", {"userId": "ada", "userContext": {"name": "Ada"}})
    await box.work()
    subscription = await box.post("/users/ada/push-subscriptions", BROWSER)
    sms = await box.post(
        "/queue/sms",
        {"userId": "ada", "phoneNumber": "+14155550100", "message": "Hi",
         "scheduledFor": "2024-10-24T12:00:00Z"},
    )  # fmt: skip
    await box.db.write(lambda tx: feed_store.add(tx, FEED, box.clock.now()))
    await box.db.write(lambda tx: _add_account(tx, box))
    emails = await box.get("/users/ada/emails")
    job = await box.post("/queue/brief", {"userId": "ada", "briefDate": "2024-10-25",
                                          "scheduledFor": "2024-10-25T09:00:00Z"})  # fmt: skip
    return {
        "user_id": "ada",
        "project_id": "ada-launch",
        "task_id": "ada-launch-0",
        "note_id": "ada-note",
        "event_id": "ada-event",
        "job_id": job["jobId"],
        "sms_id": _first_id(sms),
        "email_id": emails["items"][0]["id"],
        "feed_id": FEED.id,
        "account_id": ACCOUNT.id,
        "collection_id": "ada-collection",
        "subscription_id": _first_id(subscription),
        "notification_id": (await box.get("/users/ada/notifications"))["items"][0]["id"],
        "webhook_id": (await box.post("/webhook-subscriptions", WEBHOOK))["id"],
        "brief_date": "2024-10-23",
        "token_id": "aaaaaaaaaaaaaaaa",
        "name": "cleanup",
    }


def _first_id(answer: Any) -> str:
    """The id in an answer, whatever it is called there."""
    for key in ("id", "smsId", "sms_id"):
        if key in answer:
            return str(answer[key])
    for value in answer.values():
        if isinstance(value, dict):
            return _first_id(value)
    raise AssertionError(f"no id in {answer}")
