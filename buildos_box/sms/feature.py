"""What SMS brings: reminders, messages, Twilio's webhooks."""

from buildos_box.feature import Feature
from buildos_box.sms import listeners, routes, webhook_routes
from buildos_box.sms.cron import CATCH_ALL, DAILY_SMS
from buildos_box.sms.health_cron import SMS_HEALTH
from buildos_box.sms.reconciliation_cron import SMS_RECONCILIATION
from buildos_box.sms.schedule_job import SCHEDULE_DAILY_SMS
from buildos_box.sms.send_job import SEND_SMS
from buildos_box.sms.write_job import WRITE_SMS_TEXTS

FEATURE = Feature(
    job_types=(SCHEDULE_DAILY_SMS, WRITE_SMS_TEXTS, SEND_SMS),
    crons=(DAILY_SMS, CATCH_ALL, SMS_HEALTH, SMS_RECONCILIATION),
    routes=(*routes.ROUTES, *webhook_routes.ROUTES),
    listeners=listeners.LISTENERS,
)
