"""An effect outside the database happens once under its key (docs/spec.md#external-effects)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import Clock, to_text
from buildos_box.db import Database, Tx
from buildos_box.errors import LeaseLost, PermanentError, TransientError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.settings import Settings
from tests.jobs.conftest import QueueWorld, Work


@dataclass
class Context:
    """All that an effect needs of the box."""

    db: Database
    clock: Clock
    settings: Settings = field(default_factory=Settings)


@dataclass
class Provider:
    """Takes what is sent to it, and can be asked for it; may fail before or after it has it."""

    world: QueueWorld
    has: list[str] = field(default_factory=list)
    asked: int = 0
    fails: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def send(self) -> str:
        fault = self.fails.pop(0) if self.fails else None
        if fault == "refuses":
            raise TransientError("busy")
        if fault == "outlives the lease":
            await self.world.recover(all_leases=True)
        self.has.append(f"id-{len(self.has) + 1}")
        if fault == "hangs up":
            raise TransientError("no answer")
        return self.has[-1]

    async def look_up(self) -> str | None:
        self.asked += 1
        return self.has[-1] if self.has else None

    async def once(
        self,
        job: Attempt[Work],
        *,
        can_be_asked: bool = True,
        key: str = "sms:1",
        on_intent: Callable[[Tx], None] | None = None,
        on_outcome: Callable[[Tx, str], None] | None = None,
    ) -> str:
        self.told.append(
            await external_effects.once(
                Context(self.world.db, self.world.clock),
                job,
                key=key,
                kind="sms",
                send=self.send,
                look_up=self.look_up if can_be_asked else None,
                on_intent=on_intent,
                on_outcome=on_outcome,
            )
        )
        return self.told[-1]


@pytest.fixture
def provider(world: QueueWorld) -> Provider:
    return Provider(world)


async def effects(world: QueueWorld) -> list[dict[str, Any]]:
    return [dict(row) for row in await world.db.all("SELECT * FROM effects ORDER BY key")]


async def run_to_its_end(world: QueueWorld, job: str) -> None:
    await world.run_all()
    while await world.status(job) in ("pending", "queued_for_retry"):
        world.clock.advance(timedelta(hours=1))
        await world.run_all()


async def test_the_intent_is_durable_before_anything_is_sent_and_the_outcome_after(
    world: QueueWorld, provider: Provider
) -> None:
    seen: list[dict[str, Any]] = []

    async def behave(job: Attempt[Work]) -> None:
        async def send() -> str:
            seen.extend(await effects(world))
            world.clock.advance(timedelta(seconds=2))
            return await provider.send()

        await external_effects.once(
            Context(world.db, world.clock), job, key="sms:1", kind="sms", send=send, look_up=None
        )

    world.behaviour = behave
    begun = to_text(world.clock.now())
    job = await world.add(world.job_type("t"))
    await world.run_all()
    intended = {
        "key": "sms:1",
        "kind": "sms",
        "job_id": job,
        "state": "intent",
        "tries": 1,
        "provider_id": None,
        "intent_at": begun,
        "completed_at": None,
    }
    assert seen == [intended]
    ended = {"state": "done", "provider_id": "id-1", "completed_at": to_text(world.clock.now())}
    assert await effects(world) == [intended | ended]


async def test_an_effect_whose_outcome_is_known_is_not_repeated(
    world: QueueWorld, provider: Provider
) -> None:
    hooks: list[str] = []

    async def behave(job: Attempt[Work]) -> None:
        await provider.once(
            job,
            on_intent=lambda _tx: hooks.append("intent"),
            on_outcome=lambda _tx, outcome: hooks.append(outcome),
        )
        if job.number == 1:
            raise TransientError("it stumbled after sending")

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await run_to_its_end(world, job)
    assert await world.status(job) == "completed"
    assert (provider.has, provider.asked, provider.told) == (["id-1"], 0, ["id-1", "id-1"])
    assert hooks == ["intent", "id-1"]
    assert [row["tries"] for row in await effects(world)] == [1]


async def test_one_in_doubt_that_the_provider_has_is_taken_over(
    world: QueueWorld, provider: Provider
) -> None:
    outcomes: list[str] = []

    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, on_outcome=lambda _tx, outcome: outcomes.append(outcome))

    world.behaviour = behave
    provider.fails = ["hangs up"]
    job = await world.add(world.job_type("t"))
    await run_to_its_end(world, job)
    assert (provider.has, provider.asked, provider.told) == (["id-1"], 1, ["id-1"])
    assert outcomes == ["id-1"]
    (row,) = await effects(world)
    assert (row["state"], row["provider_id"], row["tries"]) == ("done", "id-1", 2)


async def test_one_in_doubt_that_the_provider_has_not_is_sent(
    world: QueueWorld, provider: Provider
) -> None:
    world.behaviour = provider.once
    provider.fails = ["refuses", "refuses"]
    job = await world.add(world.job_type("t"))
    await run_to_its_end(world, job)
    assert (provider.has, provider.asked, provider.told) == (["id-1"], 2, ["id-1"])
    assert [row["tries"] for row in await effects(world)] == [3]


async def test_a_provider_that_cannot_be_asked_is_given_it_again_under_the_same_key(
    world: QueueWorld, provider: Provider
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, can_be_asked=False)

    world.behaviour = behave
    provider.fails = ["hangs up"]
    job = await world.add(world.job_type("t"))
    await run_to_its_end(world, job)
    assert (provider.has, provider.told) == (["id-1", "id-2"], ["id-2"])
    (row,) = await effects(world)
    assert (row["provider_id"], row["tries"]) == ("id-2", 2)


async def test_a_first_try_asks_nobody(world: QueueWorld, provider: Provider) -> None:
    provider.has.append("of another message")
    world.behaviour = provider.once
    await world.add(world.job_type("t"))
    await world.run_all()
    assert (provider.asked, provider.told) == (0, ["id-2"])


async def test_effects_of_other_keys_stay_as_they_are(
    world: QueueWorld, provider: Provider
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, key=job.payload.name)

    world.behaviour = behave
    provider.fails = ["refuses"] * 3
    kind = world.job_type("t", max_attempts=3)
    await run_to_its_end(world, await world.add(kind, "sms:1"))
    provider.fails = ["refuses"]
    await run_to_its_end(world, await world.add(kind, "sms:2"))
    rows = [(row["key"], row["state"], row["tries"]) for row in await effects(world)]
    assert rows == [("sms:1", "intent", 3), ("sms:2", "done", 2)]
    assert provider.told == ["id-1"]


async def test_an_intent_that_is_refused_is_not_kept_and_nothing_is_sent(
    world: QueueWorld, provider: Provider
) -> None:
    def refuse(_tx: Tx) -> None:
        raise PermanentError("the day's limit is reached", code="daily_limit")

    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, on_intent=refuse)

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert (await world.job(job))["error_code"] == "daily_limit"
    assert (provider.has, await effects(world)) == ([], [])


async def test_an_attempt_that_has_lost_its_job_sends_nothing(
    world: QueueWorld, provider: Provider
) -> None:
    lost: list[bool] = []

    async def behave(job: Attempt[Work]) -> None:
        if not lost:
            lost.append(True)
            await world.recover(all_leases=True)
            with pytest.raises(LeaseLost):
                await provider.once(job)
            assert (provider.has, await effects(world)) == ([], [])
            return
        await provider.once(job)

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert await world.status(job) == "completed"
    assert await world.attempts(job) == ["lost", "completed"]
    assert provider.has == ["id-1"]


async def test_what_was_sent_is_on_record_though_the_attempt_lost_its_job_meanwhile(
    world: QueueWorld, provider: Provider
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, can_be_asked=False)

    provider.fails = ["outlives the lease"]
    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert await world.attempts(job) == ["lost", "completed"]
    assert provider.has == ["id-1"]


async def test_a_job_may_end_in_the_commit_of_its_effects_outcome(
    world: QueueWorld, provider: Provider
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await provider.once(job, on_outcome=lambda tx, told: job.finish_if_held(tx, {"got": told}))
        assert await world.status(job.job_id) == "completed"

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    row = await world.db.one("SELECT result, progress FROM queue_jobs")
    assert row is not None
    assert (row["result"], row["progress"]) == ('{"got":"id-1"}', None)
    assert await world.attempts(job) == ["completed"]


async def test_an_outcome_is_kept_also_if_the_job_can_no_longer_end_with_it(
    world: QueueWorld, provider: Provider
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await provider.once(
            job, can_be_asked=False, on_outcome=lambda tx, _told: job.finish_if_held(tx, None)
        )
        if job.number > 1:
            return
        (effect,) = await effects(world)
        assert effect["state"] == "done"
        assert await world.status(job.job_id) != "completed"

    provider.fails = ["outlives the lease"]
    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert await world.attempts(job) == ["lost", "completed"]
    assert provider.has == ["id-1"]
