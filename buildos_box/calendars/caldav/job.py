"""The job that syncs one CalDAV account.

What failed is stored in the account's row and raised: the queue tries what may pass again, not
before the time that the server asks for; a refused password stops the account until it is given
anew. The rules: docs/spec.md#caldav.
"""

from datetime import timedelta

import msgspec

from buildos_box.calendars.caldav import store
from buildos_box.calendars.caldav.account_sync import sync_account
from buildos_box.calendars.caldav.dav_client import LoginRefused
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.caldav.sync_context import Done, NotWanted, Run, server_of
from buildos_box.calendars.feeds.limits import (
    ALARMING_FAILURES,
    due_after_failure,
    due_after_success,
)
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import PermanentError, RateLimited, TransientError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import Enqueued, JobType, Payload
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import CalendarSyncFailed

Fault = PermanentError | TransientError | RateLimited


class AccountPayload(Payload, frozen=True, kw_only=True):
    """The account; its address and password stay in its row."""

    user_id: str
    account_id: str


class AccountResult(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The outcome: `synced`, or `gone` if the account was deleted, paused or stopped."""

    account_id: str
    status: str
    events_created: int = 0
    events_updated: int = 0
    tasks_changed: int = 0
    todos_sent: int = 0


def account_key(account_id: str) -> str:
    """The dedup key that allows one live job per account."""
    return f"caldav-account-{account_id}"


async def sync_caldav_account(job: Attempt[AccountPayload], services: Services) -> AccountResult:
    """Sync the account. Raises what failed, after it was stored; LeaseLost."""
    account = await store.get(services.db, job.payload.account_id)
    user = await workspace.get_user(services.db, account.user_id) if account else None
    if account is None or user is None or not account.is_active or account.is_stopped:
        return AccountResult(job.payload.account_id, "gone")
    done = Done()
    try:
        server = server_of(services, account)
        run = Run(job, services, account, user, server, done)
        await sync_account(run)
        await services.db.write(lambda tx: _succeeded(tx, run))
    except NotWanted:
        return AccountResult(account.id, "gone")
    except (PermanentError, TransientError, RateLimited) as error:
        fault: Fault = error
        await services.db.write(lambda tx: _failed(tx, job, services, account, fault))
        raise
    return AccountResult(
        account.id,
        "synced",
        done.events_created,
        done.events_updated,
        done.tasks_changed,
        done.todos_sent,
    )


def _succeeded(tx: Tx, run: Run) -> None:
    run.ensure_wanted(tx)
    now = run.services.clock.now()
    store.succeeded(tx, run.account.id, now, due_after_success(now))
    if run.done.has_more:
        queue_sync(tx, run.services, run.account)


def _failed(
    tx: Tx, job: Attempt[AccountPayload], services: Services, account: Account, fault: Fault
) -> None:
    job.ensure_lease(tx)
    current = store.find(tx, account.id)
    if current is None or current.sealed_password != account.sealed_password:
        return
    now, failures = services.clock.now(), current.failures + 1
    stops = isinstance(fault, LoginRefused)
    wait = None if isinstance(fault, PermanentError) else fault.retry_after
    next_at = due_after_failure(now, failures, wait)
    store.failed(
        tx,
        account.id,
        failures=failures,
        error=fault.message,
        stops=stops,
        now=now,
        next_at=next_at,
    )
    if stops or failures == ALARMING_FAILURES:
        said = f"{fault.message}; it is not asked again until the password is given anew"
        tx.announce(
            CalendarSyncFailed(
                account.user_id,
                account.id,
                account.name,
                said if stops else fault.message,
                job.correlation_id,
            )
        )


SYNC_CALDAV_ACCOUNT = JobType(
    name="sync_caldav_account",
    payload=AccountPayload,
    run=sync_caldav_account,
    timeout=timedelta(minutes=5),
    dedup_key=lambda payload: account_key(payload.account_id),
)


def queue_sync(
    tx: Tx,
    services: Services,
    account: Account,
    *,
    at: Instant | None = None,
    actor: str = "system",
) -> Enqueued:
    """Enqueue a sync at that time, by default now; a later waiting job is moved forward."""
    return services.queue.enqueue(
        tx,
        SYNC_CALDAV_ACCOUNT,
        AccountPayload(user_id=account.user_id, account_id=account.id),
        user_id=account.user_id,
        scheduled_for=at,
        actor=actor,
    )
