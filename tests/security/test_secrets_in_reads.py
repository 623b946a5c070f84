"""No read gives away what opens something: links, tickets, secret addresses, keys.

Every GET route is asked by every scope, and each answer is searched for each secret there is.
"""

import re
from dataclasses import replace
from typing import Any

import pytest

from buildos_box.calendars.feeds import store as feed_store
from buildos_box.db.snapshot import reading
from buildos_box.upkeep import user_data_store
from buildos_box.upkeep.user_data_store import SECRET_URLS
from tests.api.test_route_table import BROWSER, FEED, TABLE, _ada
from tests.world import BoxWorld

FEED_PATH, PUSH_PATH = "/private-8f3a/basic.ics", "/push/cap-91c7"
SCOPES = ("admin", "service", "viewer", "user:ada")


async def seeded(box: BoxWorld) -> tuple[dict[str, str], dict[str, str]]:
    """Ada with one of each secret; what stands in paths, and the secrets by name."""
    known = await _ada(box)
    feed = replace(FEED, id="secret", url=f"https://93.184.216.34{FEED_PATH}?key=s3cr3t")
    await box.db.write(lambda tx: feed_store.add(tx, feed, box.clock.now()))
    browser = {**BROWSER, "endpoint": f"https://93.184.216.34{PUSH_PATH}"}
    await box.post("/users/ada/push-subscriptions", browser)
    mail = "".join(part.get_content() for message in box.outbox for part in message.walk()
                   if part.get_content_maintype() == "text")  # fmt: skip
    ticket = (await box.post("/users/ada/events/ticket"))["ticket"]
    link = (await box.post("/users/ada/sign-in-link"))["url"]
    secrets = {
        "feed path": FEED_PATH,
        "feed query": "s3cr3t",
        "push endpoint": PUSH_PATH,
        "push key": BROWSER["keys"]["auth"],
        "unsubscribe link": _first(r"/unsubscribe/(\w+)", mail),
        "tracking id": _first(r"/email/track/open/(\w+)", mail),
        "ticket": ticket,
        "sign-in code": link.partition("#sign-in=")[2],
        "admin token": box.token,
    }
    return known, secrets


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]


@pytest.mark.parametrize("scope", SCOPES)
async def test_no_read_holds_a_secret(box: BoxWorld, scope: str) -> None:
    known, secrets = await seeded(box)
    token = box.token if scope == "admin" else await box.token_for(scope)
    secrets["the asking token"] = token
    found = []
    for name, row in TABLE.items():
        if row.streams or not name.startswith("GET "):
            continue
        path = re.sub(r"{(\w+)}", lambda part: known.get(part[1], "x"), name[4:])
        answer = await box.call("GET", path, token=token)
        found += [f"{name}: {what}" for what, secret in secrets.items() if secret in answer.text]
    assert found == []


async def test_the_text_of_a_mail_is_shown_without_its_link(box: BoxWorld) -> None:
    known, secrets = await seeded(box)
    viewer = await box.token_for("viewer")
    mail = await box.get(f"/users/ada/emails/{known['email_id']}", token=viewer)
    assert "Unsubscribe" in mail["text"]
    assert secrets["unsubscribe link"] not in mail["text"]


async def test_an_export_can_be_imported_and_names_what_it_withholds(box: BoxWorld) -> None:
    await seeded(box)
    records: dict[str, Any] = (await box.get("/users/ada/export"))["records"]
    assert {row["url"] for row in records["calendar_feeds"]} == {
        "https://93.184.216.34/…",
        "https://example.org/…",
    }
    assert {row["endpoint"] for row in records["push_subscriptions"]} == {"https://93.184.216.34/…"}


SUSPECT = re.compile(r"(^|_)(url|endpoint|link|secret|token|code|hash|key|auth)$")
OPEN = {
    # Where a mail's own links and a notification lead to.
    "email_links.url",
    "notifications.action_url",
    # Where a CalDAV account is: it opens nothing without the password, and has no query.
    "caldav_accounts.home_url",
    "caldav_accounts.url",
    "caldav_collections.url",
    "caldav_todos.url",
    # How far a list was read, as its server calls it.
    "caldav_collections.todo_token",
    # What others answered, and names of rows.
    "email_bounces.code",
    "job_attempts.error_code",
    "queue_jobs.error_code",
    "queue_jobs_archive.error_code",
    "scheduled_sms_messages.error_code",
    "sms_callbacks.error_code",
    # What a request was made from, never the request itself.
    "scheduled_sms_messages.request_hash",
    "idempotency_keys.key",
    "notifications.once_key",
    "queue_jobs.dedup_key",
}


async def test_each_column_that_may_hold_a_secret_is_withheld_or_known_to_be_none(
    box: BoxWorld,
) -> None:
    """A new table with an address or a key in it has to say which it is."""
    withheld = {f"{table}.{column}" for table, column in SECRET_URLS.items()}
    unknown = set()
    with reading(box.db.path) as db:
        for table in user_data_store.conditions_of(db).keys() - user_data_store.NOT_EXPORTED:
            for name in db.table(table).columns_dict:
                if SUSPECT.search(name) and name not in user_data_store.SECRET_COLUMNS:
                    unknown.add(f"{table}.{name}")
    assert sorted(unknown - withheld - OPEN) == []
