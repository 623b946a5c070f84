"""Who has subscribed to an event type, kept in memory: each change of a job asks for it.

A finding is made and used only on the writer's thread, and only while no change of subscriptions
waits for its commit, so it is always what the table holds.
"""

from weakref import WeakKeyDictionary

from buildos_box.db import Database, Row, Tx
from buildos_box.services import Services
from buildos_box.webhooks import store
from buildos_box.webhooks.changes import SubscriptionsChanged


class _Known:
    """The subscribers found since the last change of any subscription."""

    def __init__(self, db: Database) -> None:
        self._commits = db.commits
        self._changing = False
        self._by_type: dict[str, list[Row]] = {}

    def of(self, tx: Tx, db: Database, event_type: str) -> list[Row]:
        if self._changing and db.commits == self._commits:
            return store.subscribers(tx, event_type)  # it may still be rolled back
        self._changing = False
        found = self._by_type.get(event_type)
        if found is None:
            found = self._by_type[event_type] = store.subscribers(tx, event_type)
        return found

    def forget(self, db: Database) -> None:
        self._by_type.clear()
        self._changing, self._commits = True, db.commits


_KNOWN: "WeakKeyDictionary[Database, _Known]" = WeakKeyDictionary()


def _known(db: Database) -> _Known:
    known = _KNOWN.get(db)
    if known is None:
        known = _KNOWN[db] = _Known(db)
    return known


def subscribers(tx: Tx, services: Services, event_type: str) -> list[Row]:
    """Id and status of the subscriptions to that event type."""
    return _known(services.db).of(tx, services.db, event_type)


def on_subscriptions_changed(_tx: Tx, services: Services, _change: SubscriptionsChanged) -> None:
    """Ask the table again, once this is committed or rolled back."""
    _known(services.db).forget(services.db)
