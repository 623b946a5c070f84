"""Checks how many SMS are delivered (docs/spec.md#sms-health)."""

from datetime import timedelta

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.sms import store

ENOUGH = 20
LEAST_DELIVERED, MOST_FAILED = 0.90, 0.05


class SmsHealth(msgspec.Struct, frozen=True):
    """The outcomes of messages that were due within the last day."""

    delivered: int
    failed: int
    alerts: list[str]


def alerts_of(delivered: int, failed: int) -> list[OperatorAlert]:
    """The alerts for these numbers; none for fewer than twenty messages."""
    ended = delivered + failed
    if ended < ENOUGH:
        return []
    found = []
    if delivered < ended * LEAST_DELIVERED:
        share = f"{delivered} of {ended} SMS of the last day were delivered"
        found.append(OperatorAlert("sms_delivery", share))
    if failed > ended * MOST_FAILED:
        found.append(
            OperatorAlert("sms_failures", f"{failed} of {ended} SMS of the last day failed")
        )
    return found


async def sms_health(_due: Instant, services: Services) -> SmsHealth:
    """Count outcomes and raise alerts, each once a day."""
    now = services.clock.now()

    def look(tx: Tx) -> SmsHealth:
        delivered, failed = store.ended_since(tx, now - timedelta(days=1))
        alerts = alerts_of(delivered, failed)
        for alert in alerts:
            if store.count(tx, f"alert:{alert.kind}", now) == 1:
                tx.announce(alert)
        return SmsHealth(delivered, failed, [alert.kind for alert in alerts])

    return await services.db.write(look)


SMS_HEALTH = Cron(
    name="sms_health",
    schedule="5 * * * *",
    does="Checks how many SMS are delivered, and raises alerts",
    run=sms_health,
    lookback=timedelta(hours=1),
)
