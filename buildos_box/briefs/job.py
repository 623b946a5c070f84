"""The job that writes one user's brief of one day (docs/spec.md#brief-completion)."""

import asyncio
from datetime import date, timedelta

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.analysis import AnalysisResult, analyse_day, as_text, whole
from buildos_box.briefs.collect import MAX_SECTIONS, Selection, collect
from buildos_box.briefs.compose import compose
from buildos_box.briefs.draft import TICKED
from buildos_box.briefs.empty import why_not_sent
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.headline import preheader, sms, subject
from buildos_box.briefs.project_markdown import project_section
from buildos_box.clock import Instant, day_bounds, from_text, zone_or_utc
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.mail.outgoing import queue_brief_email, supersede
from buildos_box.mail.store import TaskLine
from buildos_box.notifications.outgoing import notify
from buildos_box.page_links import PageLinks
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.weather.outlook import Outlook, outlook
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import language_of_person
from buildos_box.workspace.model import Person, User

GATHERING = N_("Gathering projects, tasks, notes and events")
ANALYZING = N_("Analyzing the day")
READY = N_("Your brief is ready")


class BriefOptions(Payload, frozen=True, kw_only=True):
    """How the brief was requested, and which projects it covers (None: all active ones)."""

    is_reengagement: bool = False
    days_since_last_login: int | None = None
    engagement_stage: str | None = None
    suppress_notification: bool = False
    """Whether the brief is written without a mail and a notification."""
    include_projects: list[str] | None = None
    exclude_projects: list[str] | None = None
    by_schedule: bool = False
    """Whether it is the daily brief of the user's preferences, which nobody asked for."""


class BriefPayload(Payload, frozen=True, kw_only=True):
    """The user and the local day of a brief. `asked_by_date` if the request named the day."""

    user_id: str
    brief_date: str
    timezone: str
    options: BriefOptions = msgspec.field(default_factory=BriefOptions)
    notify_at: str | None = msgspec.field(default=None, name="notificationScheduledFor")
    """The instant at which the user is notified; at once if it is missing."""
    asked_by_date: bool = False

    @property
    def day(self) -> date:
        """The local day."""
        return date.fromisoformat(self.brief_date)


class BriefResult(msgspec.Struct, frozen=True, rename="camel"):
    """The result of a brief job."""

    brief_id: str
    brief_date: str
    analysis_source: str
    email_id: str | None
    email_skipped: str | None = None
    why_built_in: str | None = None


def brief_key(user_id: str, brief_date: str) -> str:
    """The dedup key of a brief's job."""
    return f"brief-{user_id}-{brief_date}"


def _expires_at(payload: BriefPayload) -> Instant | None:
    """The end of the brief's day; None if that day was requested by name."""
    if payload.asked_by_date:
        return None
    return day_bounds(payload.day, zone_or_utc(payload.timezone))[1]


async def generate_daily_brief(job: Attempt[BriefPayload], services: Services) -> BriefResult:
    """Write the brief, while the weather is asked for beside it.

    Raises PermanentError (`unknown_user`), LeaseLost, StorageError.
    """
    payload = job.payload
    if not services.settings.weather.enabled:
        return await _write(job, services, None)
    looking = asyncio.ensure_future(
        outlook(services, payload.user_id, payload.day, payload.timezone)
    )
    try:
        return await _write(job, services, looking)
    finally:
        looking.cancel()


async def _write(
    job: Attempt[BriefPayload], services: Services, looking: "asyncio.Future[Outlook | None] | None"
) -> BriefResult:
    """Write the brief; steps that an earlier attempt saved are neither repeated nor paid for again.

    Raises PermanentError (`unknown_user`), LeaseLost, StorageError.
    """
    payload = job.payload
    person = await workspace.get_person(services.db, payload.user_id)
    if person is None:
        raise PermanentError(f"there is no user {payload.user_id}", code="unknown_user")
    brief_id: str | None = None
    if looking is None and not services.llm.providers:
        # Nobody is waited for, so that the beginning is stored together with the end.
        facts = await _facts(job, services, person.user)
    else:
        # Nothing is paid for before the beginning is stored; to read meanwhile costs nothing.
        brief_id, facts = await asyncio.gather(
            _begin(job, services, language_of_person(person, services)),
            _facts(job, services, person.user),
        )
    result = await _result(job, services, facts)
    links = PageLinks.of(services.settings)
    brief = compose(
        facts,
        links,
        result.analysis,
        result.source,
        why_built_in=result.why_built_in,
        weather=await looking if looking else None,
    )
    shown = whole(result.analysis, facts)
    finished = store.Finished(
        subject=subject(facts),
        preheader=preheader(facts),
        sms=sms(
            facts, sender=services.settings.email.from_name, url=links.brief(payload.brief_date)
        ),
        markdown=brief.markdown,
        named_tasks=[msgspec.to_builtins(named) for named in brief.named],
        analysis=as_text(shown),
        priority_actions=[msgspec.to_builtins(a) for a in shown.priorities],
        counts=facts.counts,
        sections=_sections(facts),
        is_empty=facts.is_empty,
        **result.origin(),
    )
    return await services.db.write(
        lambda tx: _conclude(tx, job, services, brief_id, payload, finished, facts.language)
    )


async def _begin(job: Attempt[BriefPayload], services: Services, language: Language) -> str:
    job.note_progress(5, language.say(GATHERING))

    def begin(tx: Tx) -> str:
        job.ensure_lease(tx)
        return _store_beginning(tx, job, services)

    return await services.db.write(begin)


def _store_beginning(tx: Tx, job: Attempt[BriefPayload], services: Services) -> str:
    payload, now = job.payload, services.clock.now()
    new_id = services.ids.new("brief", now)
    return store.begin(tx, new_id, payload.user_id, payload.day, payload.timezone, job.job_id, now)


async def _facts(job: Attempt[BriefPayload], services: Services, user: User) -> DayFacts:
    payload, options = job.payload, job.payload.options
    selection = Selection(options.include_projects, options.exclude_projects)
    return await collect(
        services.db,
        user,
        payload.day,
        payload.timezone,
        selection,
        services.clock.now(),
        locale=services.settings.briefs.locale,
    )


def _sections(facts: DayFacts) -> list[tuple[str, str, str]]:
    return [
        (project.id, project.name, project_section(facts, project))
        for project in facts.projects[:MAX_SECTIONS]
    ]


async def _result(
    job: Attempt[BriefPayload], services: Services, facts: DayFacts
) -> AnalysisResult:
    kept = job.saved_step("analysis")
    if kept is not None:
        return msgspec.convert(kept, AnalysisResult)
    asks_a_model = bool(services.llm.providers) and not facts.is_empty
    if asks_a_model:
        await job.progress(60, facts.language.say(ANALYZING))
    result = await analyse_day(
        services,
        facts,
        user_id=job.payload.user_id,
        job_id=job.job_id,
        correlation_id=job.correlation_id,
    )
    if asks_a_model:
        await job.save_step("analysis", result)
    return result


def _conclude(
    tx: Tx,
    job: Attempt[BriefPayload],
    services: Services,
    brief_id: str | None,
    payload: BriefPayload,
    finished: store.Finished,
    language: Language,
) -> BriefResult:
    """Store the brief, its mail, its notification and its event in one transaction.

    `brief_id` is None if the beginning is not stored yet.
    """
    now = services.clock.now()
    job.ensure_lease(tx, finishing=True)
    brief_id = brief_id or _store_beginning(tx, job, services)
    # Read anew: the address and the preferences may have changed while the brief was written.
    reader = workspace.find_person(tx, payload.user_id)
    if store.complete(tx, brief_id, finished, payload.timezone, now):
        supersede(tx, services, brief_id)
    unwanted: str | None = None
    if payload.options.by_schedule:
        preferences = reader.preferences if reader else None
        unwanted = why_not_sent(preferences, empty=finished.is_empty)
    email_id, skipped = None, unwanted
    if unwanted:
        store.note_skip(tx, payload.user_id, _notify_at(payload, now), unwanted, now)
    else:
        email_id, skipped = _queue_mail(tx, job, services, reader, brief_id, finished, now)
    result = BriefResult(
        brief_id=brief_id,
        brief_date=payload.brief_date,
        analysis_source=finished.source,
        email_id=email_id,
        email_skipped=skipped,
        why_built_in=finished.why_built_in,
    )
    realtime.publish(
        tx,
        user_id=payload.user_id,
        type="brief.completed",
        data=result,
        correlation_id=job.correlation_id,
        now=now,
    )
    if not unwanted:
        _notify(tx, job, services, reader, brief_id, finished, now)
    job.finish(tx, result, message=language.say(READY))
    return result


def _notify_at(payload: BriefPayload, now: Instant) -> Instant:
    planned = payload.notify_at
    return max(from_text(planned), now) if planned else now


def _notify(
    tx: Tx,
    job: Attempt[BriefPayload],
    services: Services,
    reader: Person | None,
    brief_id: str,
    finished: store.Finished,
    now: Instant,
) -> None:
    """Notify in the inbox at once and by push at the time of the mail, which is queued separately.

    By SMS too for users who asked for it (`smsDailyBrief`).
    """
    payload = job.payload
    if payload.options.suppress_notification:
        return
    preferences = reader.preferences if reader else None
    by_sms = preferences is not None and preferences.sms_daily_brief
    notify(
        tx,
        services,
        user_id=payload.user_id,
        event_type="brief.completed",
        payload={
            "briefId": brief_id,
            "briefDate": payload.brief_date,
            "subject": finished.subject,
            "line": finished.preheader,
            "sms": finished.sms,
        },
        also=("sms",) if by_sms else (),
        correlation_id=job.correlation_id,
        send_at=_notify_at(payload, now),
        stale_at=_expires_at(payload),
        replaces=True,
        actor="job:generate_daily_brief",
        person=reader,
    )


def _queue_mail(
    tx: Tx,
    job: Attempt[BriefPayload],
    services: Services,
    reader: Person | None,
    brief_id: str,
    finished: store.Finished,
    now: Instant,
) -> tuple[str | None, str | None]:
    """Queue the mail for its time; returns its id, or None and the reason."""
    payload = job.payload
    if payload.options.suppress_notification:
        return None, "it was requested without a notification"
    if reader is None or not reader.user.email:
        return None, "the user has no address"
    queued = queue_brief_email(
        tx,
        services,
        reader.user,
        brief_id=brief_id,
        brief_date=payload.brief_date,
        subject=finished.subject,
        preheader=finished.preheader,
        markdown=finished.markdown,
        task_lines=[
            TaskLine(named["line"], named["task_id"])
            for named in finished.named_tasks
            if named["place"] in TICKED
        ],
        send_at=_notify_at(payload, now),
        expires_at=_expires_at(payload),
        correlation_id=job.correlation_id,
        locale=language_of_person(reader, services).tag,
    )
    return queued.email_id, queued.skipped


GENERATE_DAILY_BRIEF = JobType(
    name="generate_daily_brief",
    payload=BriefPayload,
    run=generate_daily_brief,
    lane="llm",
    priority=10,
    timeout=timedelta(minutes=10),
    dedup_key=lambda payload: brief_key(payload.user_id, payload.brief_date),
    expires_at=_expires_at,
    # A day's brief is written once; `forceRegenerate` replaces one that is being written.
    rerun_when_joined=False,
)
