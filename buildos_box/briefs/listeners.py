"""What briefs do when something below them changes, in the same transaction."""

from buildos_box.briefs import store
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.briefs.planning import reschedule
from buildos_box.db import Tx
from buildos_box.jobs.changes import JobFailed
from buildos_box.notifications.outgoing import notify
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import PreferencesChanged, UserSaved


def listen(box: Services) -> None:
    """Subscribe to changes of users, of their preferences, and to jobs that fail."""

    def on_preferences(tx: Tx, change: PreferencesChanged) -> None:
        reschedule(tx, box, change.user_id)

    def on_user(tx: Tx, change: UserSaved) -> None:
        if change.zone_changed:
            reschedule(tx, box, change.user_id)

    def on_failure(tx: Tx, change: JobFailed) -> None:
        if change.job_type != GENERATE_DAILY_BRIEF.name:
            return
        now = box.clock.now()
        brief = store.note_failure(tx, change.job_id, change.message, now)
        realtime.publish(
            tx,
            user_id=change.user_id,
            type="brief.failed",
            data={
                "briefId": brief["id"] if brief else None,
                "briefDate": change.metadata.get("briefDate"),
                "jobId": change.job_id,
                "error": change.message,
            },
            correlation_id=change.correlation_id,
            now=now,
        )
        if change.user_id is not None and workspace.find_user(tx, change.user_id) is not None:
            notify(
                tx,
                box,
                user_id=change.user_id,
                event_type="brief.failed",
                payload={
                    "briefId": brief["id"] if brief else "",
                    "briefDate": str(change.metadata.get("briefDate")),
                    "error": change.message,
                },
                correlation_id=change.correlation_id,
                actor="job:generate_daily_brief",
            )

    box.db.subscribe(PreferencesChanged, on_preferences)
    box.db.subscribe(UserSaved, on_user)
    box.db.subscribe(JobFailed, on_failure)
