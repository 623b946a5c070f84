"""The list of features, and what they bring together: job types, crons, routes and listeners.

How to add one: docs/job-types.md.
"""

from collections.abc import Callable
from typing import Any

from buildos_box.api.feature import FEATURE as API
from buildos_box.briefs.feature import FEATURE as BRIEFS
from buildos_box.calendars.feature import FEATURE as CALENDARS
from buildos_box.chat.feature import FEATURE as CHAT
from buildos_box.db import Tx
from buildos_box.feature import Feature, Listener
from buildos_box.forecast.feature import FEATURE as FORECAST
from buildos_box.mail.feature import FEATURE as MAIL
from buildos_box.mcp.feature import FEATURE as MCP
from buildos_box.notifications.feature import FEATURE as NOTIFICATIONS
from buildos_box.onboarding.feature import FEATURE as ONBOARDING
from buildos_box.phases.feature import FEATURE as PHASES
from buildos_box.realtime.feature import FEATURE as REALTIME
from buildos_box.send_test.feature import FEATURE as SEND_TEST
from buildos_box.services import Services
from buildos_box.sms.feature import FEATURE as SMS
from buildos_box.upkeep.feature import FEATURE as UPKEEP
from buildos_box.weather.feature import FEATURE as WEATHER
from buildos_box.web.feature import FEATURE as WEB
from buildos_box.webhooks.feature import FEATURE as WEBHOOKS
from buildos_box.workspace.feature import FEATURE as WORKSPACE

FEATURES: tuple[Feature, ...] = (
    WORKSPACE,
    CALENDARS,
    CHAT,
    WEATHER,
    MAIL,
    SMS,
    NOTIFICATIONS,
    BRIEFS,
    ONBOARDING,
    PHASES,
    SEND_TEST,
    FORECAST,
    REALTIME,
    WEB,
    WEBHOOKS,
    MCP,
    API,
    # Last: it erases what the listeners before it still read.
    UPKEEP,
)

JOB_TYPES = [job_type for feature in FEATURES for job_type in feature.job_types]
CRONS = [cron for feature in FEATURES for cron in feature.crons]
ROUTES = [route for feature in FEATURES for route in feature.routes]


def subscribe_listeners(services: Services) -> None:
    """Let every listener run in the transactions that announce its change."""
    for feature in FEATURES:
        for listener in feature.listeners:
            services.db.subscribe(listener.change, _with_services(listener, services))


def _with_services(listener: Listener[Any], services: Services) -> Callable[[Tx, Any], None]:
    return lambda tx, change: listener.run(tx, services, change)
