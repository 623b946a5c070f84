"""What notifications bring: deliveries over every channel, push, and reminders of due tasks."""

from buildos_box.feature import Feature
from buildos_box.notifications import (
    listeners,
    push_routes,
    routes,
)
from buildos_box.notifications.chat_job import SEND_CHAT
from buildos_box.notifications.cleanup import CLEANUP
from buildos_box.notifications.due_soon import TASK_DUE_SOON
from buildos_box.notifications.job import SEND_NOTIFICATION
from buildos_box.notifications.push_job import SEND_PUSH

FEATURE = Feature(
    job_types=(SEND_NOTIFICATION, SEND_PUSH, SEND_CHAT),
    crons=(TASK_DUE_SOON, CLEANUP),
    routes=(*routes.ROUTES, *push_routes.ROUTES),
    listeners=listeners.LISTENERS,
)
