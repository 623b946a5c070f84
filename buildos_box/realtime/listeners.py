"""What goes into every open stream of an operator."""

from typing import Any

from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.operator_alert import OperatorAlert
from buildos_box.realtime import store
from buildos_box.services import Services


def on_operator_alert(tx: Tx, services: Services, alert: OperatorAlert) -> None:
    """Publish the alert to those who may see every event: it is about no single user."""
    store.publish(
        tx,
        user_id=None,
        type="queue.alert",
        data={"kind": alert.kind, "message": alert.message},
        correlation_id=None,
        now=services.clock.now(),
    )


LISTENERS: tuple[Listener[Any], ...] = (Listener(OperatorAlert, on_operator_alert),)
