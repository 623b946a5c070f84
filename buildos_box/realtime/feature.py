"""What realtime brings: event streams, and the cleanup of what they have sent."""

from buildos_box.feature import Feature
from buildos_box.realtime import listeners, routes
from buildos_box.realtime.cron import CLEANUP

FEATURE = Feature(
    crons=(CLEANUP,),
    routes=routes.ROUTES,
    listeners=listeners.LISTENERS,
)
