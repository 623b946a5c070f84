"""From `POST /queue/brief` to a written, mailed brief (docs/spec.md#briefs)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.briefs import store
from buildos_box.briefs.job import BriefPayload, generate_daily_brief
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs import transitions
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.retry import classify
from buildos_box.settings import (
    BriefSettings,
    LlmSettings,
    ProviderSettings,
    QueueSettings,
    Settings,
)
from tests.doubles.llm import LlmDouble, ok
from tests.world import BoxWorld, open_world


async def brief_rows(box: BoxWorld) -> list[tuple[str, str, int]]:
    rows = await box.db.all("SELECT * FROM daily_briefs ORDER BY user_id, brief_date")
    return [(r["brief_date"], r["generation_status"], r["generations"]) for r in rows]


async def test_a_brief_is_queued_written_and_mailed_once(box: BoxWorld) -> None:
    await box.person()
    await box.project(tasks=3)
    queued = await box.post("/queue/brief", {"userId": "ada"})
    assert queued == {
        "success": True,
        "jobId": queued["jobId"],
        "correlationId": queued["correlationId"],
        "scheduledFor": "2024-10-23T08:00:00.000Z",
        "briefDate": "2024-10-23",
        "notificationScheduledFor": "2024-10-23T08:00:00.000Z",
    }
    await box.work()
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert (job["status"], job["progress"]["current"]) == ("completed", 100)
    assert await brief_rows(box) == [("2024-10-23", "completed", 1)]
    (mail,) = box.outbox
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "Task 0"


class Telling(Attempt[BriefPayload]):
    """Keeps what its job tells of its progress."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.told: list[str] = []

    def note_progress(self, percent: int, message: str) -> None:
        self.told.append(message)
        super().note_progress(percent, message)


@pytest.mark.parametrize("with_model", [False, True])
async def test_what_a_brief_tells_of_its_progress_can_be_seen(
    tmp_path: Path, with_model: bool
) -> None:
    with LlmDouble() as double:
        double.default(ok({"summary": "A calm day.", "priorities": []}))
        provider = ProviderSettings(name="double", base_url=double.url, model="m")
        settings = Settings(llm=LlmSettings(providers=(provider,) if with_model else ()))
        async with open_world(tmp_path, settings=settings) as box:
            await box.person()
            await box.project(name="Launch site")
            await box.post("/queue/brief", {"userId": "ada"})
            await box.db.write(_keep_progress)
            claimed = await box.claim()
            assert claimed is not None
            payload = msgspec.json.decode(claimed.metadata, type=BriefPayload)
            attempt = Telling(claimed, payload, box.db, box.clock, {})
            await generate_daily_brief(attempt, box.box.services)
            rows = await box.db.all("SELECT progress ->> 'message' AS said FROM seen")
    seen = [row["said"] for row in rows]
    # What asks nobody takes milliseconds: it is begun and ended in one commit.
    asking = ["Gathering projects, tasks, notes and events", "Analyzing the day"]
    assert seen == [*(asking if with_model else []), "Your brief is ready"]
    assert attempt.told == seen[:-1]


def _keep_progress(tx: Tx) -> None:
    """Every progress that is stored is kept in the table `seen`."""
    tx.execute("CREATE TABLE seen (progress TEXT)")
    tx.execute(
        """CREATE TRIGGER seen_progress AFTER UPDATE OF progress ON queue_jobs
           WHEN new.progress IS NOT old.progress
           BEGIN INSERT INTO seen VALUES (new.progress); END"""
    )


async def test_the_same_request_again_is_the_same_job_and_never_a_second_mail(
    box: BoxWorld,
) -> None:
    await box.person()
    first = await box.post("/queue/brief", {"userId": "ada"})
    again = await box.post("/queue/brief", {"userId": "ada"})
    assert (again["jobId"], again["deduplicated"]) == (first["jobId"], True)
    await box.work()
    later = await box.post("/queue/brief", {"userId": "ada"})
    assert (later["jobId"], later["alreadyCompleted"]) == (first["jobId"], True)
    await box.work()
    assert len(box.outbox) == 1


async def test_force_regenerate_replaces_the_brief_and_mails_once_more(box: BoxWorld) -> None:
    await box.person()
    first = await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    await box.project(tasks=2)
    box.clock.advance(timedelta(minutes=5))
    second = await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    assert second["jobId"] != first["jobId"]
    assert (await brief_rows(box))[0][1] == "completed"
    await box.work()
    assert await brief_rows(box) == [("2024-10-23", "completed", 2)]
    assert [mail["Subject"] for mail in box.outbox] == [
        "Nothing planned · Wed, Oct 23",
        "Task 0",
    ]


async def test_a_regenerated_brief_supersedes_the_mail_that_still_waits(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:59:00Z")
    assert (await brief_rows(box), box.outbox) == ([("2024-10-23", "completed", 1)], [])
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.run_until("2024-10-23T09:30:00Z")
    assert len(box.outbox) == 1
    statuses = await box.db.all("SELECT status FROM emails ORDER BY id")
    assert [row["status"] for row in statuses] == ["cancelled", "sent"]


async def test_regeneration_cancels_the_scheduled_job_with_the_new_insert(
    box: BoxWorld,
) -> None:
    """Regeneration raced the scheduled job: two briefs, two mails."""
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:01:00Z")
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.run_until("2024-10-23T12:00:00Z")
    assert await brief_rows(box) == [("2024-10-23", "completed", 1)]
    assert len(box.outbox) == 1


async def test_a_user_without_projects_gets_an_honest_short_brief(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    brief = await box.get("/users/ada/briefs/2024-10-23")
    assert brief["generationStatus"] == "completed"
    assert len(brief["summaryContent"].split()) < 80


async def test_the_mail_leaves_at_the_notification_time_not_before(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:59:00Z")
    assert box.outbox == []
    await box.run_until("2024-10-23T09:00:00Z")
    (mail,) = box.outbox
    assert mail["Date"] == "Wed, 23 Oct 2024 09:00:00 +0000"


async def test_without_the_wish_for_mail_there_is_none(box: BoxWorld) -> None:
    await box.person(emailDailyBrief=False)
    job = await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    result = (await box.get(f"/jobs/{job['jobId']}"))["result"]
    assert (result["emailId"], result["emailSkipped"]) == (None, "unsubscribed")
    assert box.outbox == []


async def test_only_the_projects_asked_for_are_covered(box: BoxWorld) -> None:
    await box.person()
    one, two = await box.project(name="One"), await box.project(name="Two")
    for options, expected in (
        ({"includeProjects": [one]}, ["One"]),
        ({"excludeProjects": [one]}, ["Two"]),
        ({"includeProjects": []}, []),
    ):
        await box.post(
            "/queue/brief", {"userId": "ada", "forceRegenerate": True, "options": options}
        )
        await box.work()
        brief = await box.get("/users/ada/briefs/2024-10-23")
        assert [section["title"] for section in brief["projects"]] == expected
    assert two


async def test_a_brief_for_another_zone_has_that_zones_day(box: BoxWorld) -> None:
    await box.person(zone="UTC")
    queued = await box.post("/queue/brief", {"userId": "ada", "timezone": "Pacific/Kiritimati"})
    assert queued["briefDate"] == "2024-10-23"
    box.clock.set("2024-10-23T11:00:00Z")
    queued = await box.post("/queue/brief", {"userId": "ada", "timezone": "Pacific/Kiritimati"})
    assert queued["briefDate"] == "2024-10-24"


async def test_a_brief_written_again_for_another_zone_has_that_zone(box: BoxWorld) -> None:
    await box.person(zone="UTC")
    for zone in ("UTC", "Pacific/Kiritimati"):
        request = {"userId": "ada", "briefDate": "2024-10-23", "forceRegenerate": True}
        await box.post("/queue/brief", {**request, "timezone": zone})
        await box.work()
        assert (await box.get("/users/ada/briefs/2024-10-23"))["timezone"] == zone


async def test_a_request_for_later_runs_then_and_one_that_is_past_runs_now(box: BoxWorld) -> None:
    await box.person()
    later = await box.post(
        "/queue/brief", {"userId": "ada", "scheduledFor": "2024-10-24T06:00:00+02:00"}
    )
    assert (later["scheduledFor"], later["briefDate"]) == ("2024-10-24T04:00:00.000Z", "2024-10-24")
    past = await box.post("/queue/brief", {"userId": "ada", "scheduledFor": "2020-01-01T00:00:00Z"})
    assert past["scheduledFor"] == "2024-10-23T08:00:00.000Z"
    forced = await box.post(
        "/queue/brief",
        {"userId": "ada", "scheduledFor": "2024-10-24T04:00:00Z", "forceImmediate": True},
    )
    assert forced["scheduledFor"] == "2024-10-23T08:00:00.000Z"


async def test_a_brief_whose_day_has_ended_is_skipped_unless_asked_for_by_name(
    box: BoxWorld,
) -> None:
    await box.person()
    unnamed = await box.post("/queue/brief", {"userId": "ada"})
    box.clock.set("2024-10-24T00:00:01Z")
    await box.work()
    assert (await box.get(f"/jobs/{unnamed['jobId']}"))["cancel_reason"] == "expired"
    named = await box.post("/queue/brief", {"userId": "ada", "briefDate": "2024-10-23"})
    await box.work()
    assert (await box.get(f"/jobs/{named['jobId']}"))["status"] == "completed"


async def test_a_brief_that_fails_for_good_says_so(box: BoxWorld) -> None:
    await box.person()
    queued = await box.post("/queue/brief", {"userId": "ada"})
    for _ in range(7):
        claimed = await box.claim()
        assert claimed is not None
        await box.recover()
        box.clock.advance(timedelta(minutes=20))
    assert (await box.get(f"/jobs/{queued['jobId']}"))["error_code"] == "worker_lost"
    events = await box.db.all("SELECT type FROM realtime_events")
    assert [event["type"] for event in events] == ["brief.failed", "notification.created"]
    assert await brief_rows(box) == [("2024-10-23", "failed", 0)]
    again = await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    assert (await box.get(f"/jobs/{again['jobId']}"))["status"] == "completed"
    assert await brief_rows(box) == [("2024-10-23", "completed", 1)]


@pytest.mark.parametrize("metadata", ["{}", '{"briefDate": "soon"}'])
async def test_a_failed_job_that_names_no_day_leaves_no_brief(box: BoxWorld, metadata: str) -> None:
    await box.person()
    queued = await box.post("/queue/brief", {"userId": "ada"})
    await box.db.write(
        lambda tx: tx.execute(
            "UPDATE queue_jobs SET metadata = json_patch(?, ?)",
            ('{"userId": "ada", "timezone": "UTC"}', metadata),
        )
    )
    await box.run_until("2024-10-23T09:00:00Z")
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert (job["status"], await brief_rows(box)) == ("failed", [])
    events = await box.db.all("SELECT type FROM realtime_events")
    assert [event["type"] for event in events] == ["brief.failed", "notification.created"]


async def test_the_brief_its_mail_and_the_news_of_it_are_one_commit(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.step()
    rows = await box.db.all(
        """SELECT (SELECT count(*) FROM daily_briefs WHERE generation_status = 'completed') AS b,
                  (SELECT count(*) FROM emails WHERE status = 'queued') AS m,
                  (SELECT count(*) FROM realtime_events WHERE type = 'brief.completed') AS r,
                  (SELECT count(*) FROM queue_jobs WHERE job_type = 'generate_brief_email') AS j"""
    )
    assert tuple(rows[0]) == (1, 1, 1, 1)


async def test_what_an_attempt_has_finished_is_not_paid_for_again(tmp_path) -> None:  # type: ignore[no-untyped-def]

    answer = {"summary": "A calm day.", "priorities": []}
    with LlmDouble() as double:
        double.default(ok(answer))
        provider = ProviderSettings(name="double", base_url=double.url, model="m")
        settings = Settings(llm=LlmSettings(providers=(provider,)))
        async with open_world(tmp_path / "data", settings=settings) as box:
            await box.person()
            await box.project()
            queued = await box.post("/queue/brief", {"userId": "ada"})
            claimed = await box.claim()
            assert claimed is not None
            payload = msgspec.json.decode(claimed.metadata, type=BriefPayload)
            attempt = Attempt(claimed, payload, box.db, box.clock, {})
            await box.db.write(lambda tx: tx.execute("DROP TABLE email_logs"))
            with pytest.raises(Exception, match="email_logs"):
                await generate_daily_brief(attempt, box.box.services)
            await box.db.write(
                lambda tx: tx.execute(
                    """CREATE TABLE email_logs (id INTEGER PRIMARY KEY, email_id TEXT,
                                                status TEXT, detail TEXT, at TEXT)"""
                )
            )
            await box.recover()
            await box.work()
            assert (await box.get(f"/jobs/{queued['jobId']}"))["status"] == "completed"
            assert len(double.requests) == 1
            assert len(await box.db.all("SELECT id FROM llm_calls")) == 1
            brief = await box.get("/users/ada/briefs/2024-10-23")
            assert brief["analysisSource"] == "double:m"
            assert "A calm day" in brief["summaryContent"]


async def test_engagement_backoff_rests_and_then_calls_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(
        briefs=BriefSettings(engagement_backoff=True), queue=QueueSettings(max_attempts=3)
    )
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person(at="09:00")
        await box.sync(users=[{"id": "ada", "lastVisitAt": "2024-10-23T07:00:00Z"}])
        await box.run_until("2024-11-10T12:00:00Z", step=timedelta(minutes=30))
        rows = await box.db.all("SELECT brief_date FROM daily_briefs ORDER BY brief_date")
        assert [row["brief_date"] for row in rows] == [
            "2024-10-23",
            "2024-10-24",
            "2024-10-25",
            "2024-10-27",
            "2024-11-06",
        ]
        skips = await box.db.all("SELECT reason FROM brief_skips ORDER BY id")
        assert skips[0]["reason"] == "resting: resting after the last visit"


async def test_while_a_brief_is_written_anew_who_asks_is_told_of_that_job(box: BoxWorld) -> None:
    await box.person()
    first = await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    anew = await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    asked = await box.post("/queue/brief", {"userId": "ada"})
    assert asked["jobId"] == anew["jobId"]
    assert not asked.get("alreadyCompleted")
    await box.work()
    done = await box.post("/queue/brief", {"userId": "ada"})
    assert (done["jobId"], done["alreadyCompleted"]) == (anew["jobId"], True)
    assert first["jobId"] != anew["jobId"]


async def test_a_failed_rewrite_is_not_the_job_that_made_the_brief(box: BoxWorld) -> None:
    await box.person()
    first = await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    claimed = await box.claim()
    assert claimed is not None
    day = date(2024, 10, 23)
    begin = (claimed.job_id, box.clock.now())
    await box.db.write(lambda tx: store.begin(tx, "other", "ada", day, "UTC", *begin))
    failure = classify(PermanentError("no"))
    lease = (claimed.row_id, claimed.lease_token)
    await box.db.write(lambda tx: transitions.fail(tx, *lease, failure, box.clock.now()))
    asked = await box.post("/queue/brief", {"userId": "ada"})
    assert (asked["jobId"], asked["alreadyCompleted"]) == (first["jobId"], True)


async def test_a_brief_that_is_cancelled_while_it_is_written_is_not_written_for_ever(
    box: BoxWorld,
) -> None:
    await box.person()
    queued = await box.post("/queue/brief", {"userId": "ada"})
    claimed = await box.claim()
    assert claimed is not None
    await box.db.write(
        lambda tx: store.begin(
            tx, "brief-1", "ada", date(2024, 10, 23), "UTC", queued["jobId"], box.clock.now()
        )
    )
    await box.post(f"/jobs/{queued['jobId']}/cancel")
    (brief,) = (await box.get("/users/ada/briefs"))["briefs"]
    assert brief["generationStatus"] == "failed"
    assert brief["generationError"].startswith("cancelled")


async def test_an_answer_never_names_a_job_that_was_deleted(box: BoxWorld) -> None:
    await box.person()
    body = {"userId": "ada", "briefDate": "2024-10-23"}
    queued = await box.post("/queue/brief", body)
    await box.work()
    again = await box.post("/queue/brief", body)
    assert (again["jobId"], again["alreadyCompleted"]) == (queued["jobId"], True)
    await box.db.write(lambda tx: tx.execute("DELETE FROM queue_jobs"))
    again = await box.post("/queue/brief", body)
    assert (again["jobId"], again["alreadyCompleted"]) == (None, True)


async def test_a_repeated_request_is_answered_with_what_the_first_one_started(
    box: BoxWorld,
) -> None:
    await box.person()
    await box.project()
    first = await box.post("/queue/brief", {"userId": "ada"})
    joined = await box.post("/queue/brief", {"userId": "ada"})
    assert joined == {**first, "deduplicated": True}
    await box.work()
    again = await box.post("/queue/brief", {"userId": "ada"})
    assert again["alreadyCompleted"]
    assert again["jobId"] == first["jobId"]
    assert again["correlationId"] != first["correlationId"]
