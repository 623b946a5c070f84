"""The parts of the calendars feature."""

from buildos_box.calendars.caldav import listeners
from buildos_box.calendars.caldav.job import SYNC_CALDAV_ACCOUNT
from buildos_box.calendars.caldav.routes import ROUTES as CALDAV_ROUTES
from buildos_box.calendars.crons import CALDAV_ACCOUNTS, CALENDAR_FEEDS
from buildos_box.calendars.feeds import routes
from buildos_box.calendars.feeds.job import SYNC_CALENDAR_FEED
from buildos_box.feature import Feature, Listener
from buildos_box.workspace.changes import TaskDeleted, TasksSaved

FEATURE = Feature(
    job_types=(SYNC_CALENDAR_FEED, SYNC_CALDAV_ACCOUNT),
    crons=(CALENDAR_FEEDS, CALDAV_ACCOUNTS),
    routes=[*routes.ROUTES, *CALDAV_ROUTES],
    listeners=(
        Listener(TasksSaved, listeners.on_tasks_saved),
        Listener(TaskDeleted, listeners.on_task_deleted),
    ),
)
