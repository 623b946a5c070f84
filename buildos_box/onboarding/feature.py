"""What onboarding brings: the analysis of a new user."""

from buildos_box.feature import Feature
from buildos_box.onboarding import routes
from buildos_box.onboarding.job import ONBOARDING_ANALYSIS

FEATURE = Feature(
    job_types=(ONBOARDING_ANALYSIS,),
    routes=routes.ROUTES,
)
