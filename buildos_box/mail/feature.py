"""What mail brings: its jobs, tracking and unsubscribing, and what happens when its jobs end."""

from buildos_box.feature import Feature
from buildos_box.mail import (
    confirmation_routes,
    listeners,
    mark_done_routes,
    routes,
)
from buildos_box.mail.confirmation import SEND_EMAIL_CODE
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.mail.notification_job import SEND_NOTIFICATION_EMAIL

FEATURE = Feature(
    job_types=(
        GENERATE_BRIEF_EMAIL,
        SEND_NOTIFICATION_EMAIL,
        SEND_EMAIL_CODE,
    ),
    routes=(
        *routes.ROUTES,
        *confirmation_routes.ROUTES,
        *mark_done_routes.ROUTES,
    ),
    listeners=listeners.LISTENERS,
)
