"""What phases bring: a plan of a project's tasks."""

from buildos_box.feature import Feature
from buildos_box.phases import routes
from buildos_box.phases.job import GENERATE_PHASES

FEATURE = Feature(
    job_types=(GENERATE_PHASES,),
    routes=routes.ROUTES,
)
