"""The one list of rooms: job types, crons, routes, and who listens to which change.

A new job type is a folder with `job.py` and a line here.
"""

from typing import Any

from buildos_box.briefs import cron as brief_cron
from buildos_box.briefs import listeners as brief_listeners
from buildos_box.briefs import routes as brief_routes
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.calendars.feeds import cron as feed_cron
from buildos_box.calendars.feeds import job as feed_job
from buildos_box.calendars.feeds import routes as feed_routes
from buildos_box.db import Tx
from buildos_box.forecast import routes as forecast_routes
from buildos_box.jobs import maintenance
from buildos_box.jobs.alerts import QueueAlert
from buildos_box.jobs.crons import Cron
from buildos_box.jobs.types import JobType
from buildos_box.llm import routes as llm_routes
from buildos_box.llm.changes import LlmAlert
from buildos_box.mail import listeners as mail_listeners
from buildos_box.mail import notification_job
from buildos_box.mail import routes as mail_routes
from buildos_box.mail import subscription_routes as mail_subscription_routes
from buildos_box.mail import test_send as mail_trial
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.notifications import (
    calendar_listener,
    delivery_routes,
    due_soon,
    push_job,
    push_routes,
    push_test_send,
)
from buildos_box.notifications import cleanup as notification_cleanup
from buildos_box.notifications import job as delivery_job
from buildos_box.notifications import listeners as notification_listeners
from buildos_box.notifications import routes as notification_routes
from buildos_box.onboarding import job as onboarding_job
from buildos_box.onboarding import routes as onboarding_routes
from buildos_box.phases import job as phases_job
from buildos_box.phases import routes as phases_routes
from buildos_box.realtime import cron as realtime_cron
from buildos_box.realtime import routes as realtime_routes
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.sms import cron as sms_cron
from buildos_box.sms import health_cron as sms_health_cron
from buildos_box.sms import listeners as sms_listeners
from buildos_box.sms import outcome_cron as sms_outcome_cron
from buildos_box.sms import routes as sms_routes
from buildos_box.sms import schedule_job as sms_schedule_job
from buildos_box.sms import send_job as sms_send_job
from buildos_box.sms import test_send as sms_trial
from buildos_box.sms import webhook_routes as sms_webhook_routes
from buildos_box.upkeep import backup_routes, erasing, export_routes
from buildos_box.upkeep import cron as upkeep_cron
from buildos_box.web import routes as web_routes
from buildos_box.workspace import listeners as workspace_listeners
from buildos_box.workspace import routes as workspace_routes

JOB_TYPES: list[JobType[Any]] = [
    *feed_job.JOB_TYPES,
    GENERATE_DAILY_BRIEF,
    GENERATE_BRIEF_EMAIL,
    *notification_job.JOB_TYPES,
    *mail_trial.JOB_TYPES,
    *sms_schedule_job.JOB_TYPES,
    *sms_send_job.JOB_TYPES,
    *sms_trial.JOB_TYPES,
    *delivery_job.JOB_TYPES,
    *push_job.JOB_TYPES,
    *push_test_send.JOB_TYPES,
    *onboarding_job.JOB_TYPES,
    *phases_job.JOB_TYPES,
]

CRONS: list[Cron] = [
    *feed_cron.CRONS,
    brief_cron.BRIEFS,
    *sms_cron.CRONS,
    *sms_health_cron.CRONS,
    *due_soon.CRONS,
    *notification_cleanup.CRONS,
    *sms_outcome_cron.CRONS,
    realtime_cron.CLEANUP,
    *maintenance.CRONS,
    *upkeep_cron.CRONS,
]

ROUTES: list[Any] = [
    *workspace_routes.ROUTES,
    *feed_routes.ROUTES,
    *brief_routes.ROUTES,
    *forecast_routes.ROUTES,
    *llm_routes.ROUTES,
    *realtime_routes.ROUTES,
    *mail_routes.ROUTES,
    *mail_trial.ROUTES,
    *mail_subscription_routes.ROUTES,
    *sms_routes.ROUTES,
    *sms_trial.ROUTES,
    *sms_webhook_routes.ROUTES,
    *notification_routes.ROUTES,
    *delivery_routes.ROUTES,
    *push_routes.ROUTES,
    *push_test_send.ROUTES,
    *onboarding_routes.ROUTES,
    *web_routes.ROUTES,
    *backup_routes.ROUTES,
    *export_routes.ROUTES,
    *phases_routes.ROUTES,
]


def listen(box: Services) -> None:
    """Subscribe every room to the changes below it that it cares about."""
    workspace_listeners.listen(box)
    mail_listeners.listen(box)
    sms_listeners.listen(box)
    notification_listeners.listen(box)
    calendar_listener.listen(box)
    brief_listeners.listen(box)
    erasing.listen(box)
    box.db.subscribe(QueueAlert, lambda tx, alert: _show_alert(tx, alert, box))
    box.db.subscribe(LlmAlert, lambda tx, alert: tx.announce(QueueAlert(alert.kind, alert.message)))


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
