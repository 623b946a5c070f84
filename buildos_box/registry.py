"""The one list of rooms: job types, crons, routes, and who listens to which change.

A new job type is a folder with `job.py` and a line here.
"""

from typing import Any

from buildos_box.briefs import cron as brief_cron
from buildos_box.briefs import listeners as brief_listeners
from buildos_box.briefs import routes as brief_routes
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.db import Tx
from buildos_box.jobs import duties
from buildos_box.jobs.alerts import QueueAlert
from buildos_box.jobs.crons import Cron
from buildos_box.jobs.types import JobType
from buildos_box.mail import listeners as mail_listeners
from buildos_box.mail import routes as mail_routes
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import listeners as workspace_listeners
from buildos_box.workspace import routes as workspace_routes

JOB_TYPES: list[JobType[Any]] = [GENERATE_DAILY_BRIEF, GENERATE_BRIEF_EMAIL]

CRONS: list[Cron] = [brief_cron.BRIEFS, *duties.CRONS]

ROUTES: list[Any] = [*workspace_routes.ROUTES, *brief_routes.ROUTES, *mail_routes.ROUTES]


def listen(box: Services) -> None:
    """Subscribe every room to the changes below it that it cares about."""
    workspace_listeners.listen(box)
    mail_listeners.listen(box)
    brief_listeners.listen(box)
    box.db.subscribe(QueueAlert, lambda tx, alert: _show_alert(tx, alert, box))


def _show_alert(tx: Tx, alert: QueueAlert, box: Services) -> None:
    """An alert is nobody's own: it goes to all who may see every event."""
    realtime.publish(
        tx,
        user_id=None,
        type="queue.alert",
        data={"kind": alert.kind, "message": alert.message},
        correlation_id=None,
        now=box.clock.now(),
    )
