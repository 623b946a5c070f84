"""What briefs bring: the job that writes one, the cron that plans them."""

from buildos_box.briefs import brief_link_routes, listeners, routes
from buildos_box.briefs.cron import BRIEFS
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.feature import Feature

FEATURE = Feature(
    job_types=(GENERATE_DAILY_BRIEF,),
    crons=(BRIEFS,),
    routes=(*routes.ROUTES, *brief_link_routes.ROUTES),
    listeners=listeners.LISTENERS,
)
