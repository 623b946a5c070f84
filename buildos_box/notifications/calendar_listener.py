"""A calendar that cannot be read is told to its owner, once a spell of failures.

The rules: docs/spec.md#calendar-feeds.
"""

from buildos_box.db import Tx
from buildos_box.notifications.outgoing import notify
from buildos_box.services import Services
from buildos_box.workspace.changes import CalendarSyncFailed


def listen(box: Services) -> None:
    """Subscribe to feeds that keep failing."""

    def on_failure(tx: Tx, change: CalendarSyncFailed) -> None:
        notify(
            tx,
            box,
            user_id=change.user_id,
            event_type="calendar.sync_failed",
            payload={"feedId": change.feed_id, "name": change.name, "error": change.error},
            correlation_id=change.correlation_id,
        )

    box.db.subscribe(CalendarSyncFailed, on_failure)
