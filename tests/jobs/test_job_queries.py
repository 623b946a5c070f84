"""Reads of the job store: which jobs a list has, and in which order."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs import job_query_store, pause_store
from buildos_box.jobs.job_query_store import EndedWithin
from tests.jobs.conftest import QueueWorld

SECOND = timedelta(seconds=1)


async def names(world: QueueWorld, **filters: Any) -> list[str]:
    """The jobs of a list, by the names in their payloads."""
    return [
        row["metadata"].split('"name":"')[1].split('"')[0]
        for row in await job_query_store.list_jobs(world.db, **filters)
    ]


@pytest.fixture
async def stored(world: QueueWorld) -> QueueWorld:
    """a: done, b: failed, c: runs, d and e: wait; a second apart, from 09:00:00 on."""
    brief, mail = world.job_type("brief", lane="llm"), world.job_type("mail", lane="email")

    async def behave(job: Any) -> None:
        if job.payload.name == "b":
            raise PermanentError("The Relay is gone")

    world.behaviour = behave
    for kind, name, user in (
        (brief, "a", "ada"), (mail, "b", "ada"), (brief, "c", "bo"),
        (mail, "d", "ada"), (brief, "e", None),
    ):  # fmt: skip
        await world.add(kind, name, user_id=user)
        if name in "ab":
            await world.run_all()
        if name == "c":
            await world.claim()
        world.clock.advance(SECOND)
    return world


async def test_each_filter_narrows_the_list_and_the_newest_comes_first(stored: QueueWorld) -> None:
    start = stored.clock.now() - 5 * SECOND

    def at(seconds: int) -> str:
        return to_text(start + seconds * SECOND)

    rows = {row["queue_job_id"]: row for row in await job_query_store.list_jobs(stored.db)}
    ids = {row["metadata"].split('"name":"')[1][0]: row for row in rows.values()}
    for filters, expected in (
        ({}, "edcba"),
        ({"limit": 2}, "ed"),
        ({"before": ids["c"]["id"]}, "ba"),
        ({"user_id": "ada"}, "dba"),
        ({"user_id": "ada", "limit": 1}, "d"),
        ({"user_id": "ada", "before": ids["d"]["id"]}, "ba"),
        ({"user_id": "ada", "before": ids["d"]["id"], "limit": 100}, "ba"),
        ({"user_id": "ada", "types": ["mail"]}, "db"),
        ({"types": ["brief"]}, "eca"),
        ({"types": []}, ""),
        ({"statuses": ["processing"]}, "c"),
        ({"statuses": ["processing", "pending"]}, "edc"),
        ({"statuses": ["failed"]}, "b"),
        ({"statuses": []}, ""),
        ({"text": "RELAY is"}, "b"),
        ({"text": '"NAME":"d"'}, "d"),
        ({"text": ids["a"]["queue_job_id"]}, "a"),
        ({"text": "elsewhere"}, ""),
        ({"since": at(3)}, "ed"),
        ({"until": at(3)}, "cba"),
        ({"since": at(1), "until": at(4)}, "dcb"),
        ({"ended": EndedWithin(["brief", "mail"], at(0), at(9))}, "ba"),
        ({"ended": EndedWithin(["mail"], at(0), at(9))}, "b"),
        ({"ended": EndedWithin(["brief", "mail"], at(1), at(9))}, "b"),
        ({"ended": EndedWithin(["brief", "mail"], at(0), at(1))}, "a"),
    ):
        assert "".join(await names(stored, **filters)) == expected, filters


async def test_a_page_is_never_longer_than_the_longest(world: QueueWorld) -> None:
    kind = world.job_type("t")
    for _ in range(job_query_store.LONGEST_PAGE + 1):
        await world.add(kind, "x")
    assert job_query_store.LONGEST_PAGE == 200
    assert len(await names(world, limit=1000)) == 200


async def test_the_newest_job_of_a_key_is_the_users_own_live_or_finished(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", dedup_key=lambda work: work.key)
    await world.add(kind, key="k", user_id="ada")
    await world.run_all()
    second = await world.add(kind, key="k", user_id="ada")
    await world.run_all()
    await world.add(kind, key="other", user_id="ada")

    async def newest(user: str, key: str) -> str | None:
        return await world.db.write(lambda tx: world.queue.newest_of(tx, user, key))

    assert await newest("ada", "k") == second
    assert (await newest("bo", "k"), await newest("ada", "none")) == (None, None)


async def test_counts_tell_the_states_of_each_type_and_what_is_for_later(
    stored: QueueWorld,
) -> None:
    kind = stored.queue.type_named("mail")
    assert kind is not None
    await stored.add(kind, "f", scheduled_for=stored.clock.now() + SECOND)
    found = [tuple(row) for row in await job_query_store.counts(stored.db)]
    assert found == [
        ("brief", "completed", 1, 0),
        ("brief", "pending", 1, 0),
        ("brief", "processing", 1, 0),
        ("mail", "failed", 1, 0),
        ("mail", "pending", 2, 1),
    ]


async def test_the_longest_waiting_job_is_one_that_may_run(stored: QueueWorld) -> None:
    rows = {row["metadata"]: row for row in await job_query_store.list_jobs(stored.db)}
    due = sorted(row["scheduled_for"] for row in rows.values() if row["status"] == "pending")
    pauses: list[tuple[tuple[pause_store.Kind, str] | None, str | None]] = [
        (None, due[0]),
        (("lane", "email"), due[1]),
        (("type", "mail"), due[1]),
        (("lane", "llm"), due[0]),
        (("all", ""), None),
    ]
    for pause, expected in pauses:
        if pause is not None:
            await stored.db.write(partial(_pause, pause, stored.clock.now()))
        assert await job_query_store.oldest_ready(stored.db) == expected, pause
        await stored.db.write(lambda tx: tx.execute("DELETE FROM queue_pauses"))


def _pause(of: tuple[pause_store.Kind, str], now: Instant, tx: Tx) -> None:
    kind, name = of
    pause_store.pause(tx, kind, name, "me", now)
