"""What outgoing webhooks bring: subscriptions, and the delivery of events to them."""

from buildos_box.feature import Feature
from buildos_box.webhooks import listeners, routes
from buildos_box.webhooks.cron import CLEANUP
from buildos_box.webhooks.job import DELIVER_WEBHOOKS, SEND_TEST_WEBHOOK

FEATURE = Feature(
    job_types=(DELIVER_WEBHOOKS, SEND_TEST_WEBHOOK),
    crons=(CLEANUP,),
    routes=routes.ROUTES,
    listeners=listeners.LISTENERS,
)
