"""The parts of the calendars feature."""

from buildos_box.calendars.feeds import routes
from buildos_box.calendars.feeds.cron import CALENDAR_FEEDS
from buildos_box.calendars.feeds.job import SYNC_CALENDAR_FEED
from buildos_box.feature import Feature

FEATURE = Feature(
    job_types=(SYNC_CALENDAR_FEED,),
    crons=(CALENDAR_FEEDS,),
    routes=routes.ROUTES,
)
