"""Which mail a user gets: `emailDailyBrief` and the unsubscribing from briefs are one state.

Whichever of the two is changed, the other follows in the same transaction
(docs/spec.md#unsubscribe).
"""

from collections.abc import Iterable

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.mail import store
from buildos_box.mail.job import BRIEFS
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import read_one
from buildos_box.workspace.item_types import PREFERENCES
from buildos_box.workspace.sync import apply


def unsubscribe(tx: Tx, user_id: str, scope: str, now: Instant) -> None:
    """Unsubscribe the user from that scope; repeating it changes nothing."""
    store.unsubscribe(tx, user_id, scope, now)
    _store_in_preferences(tx, user_id, now)


def resubscribe(tx: Tx, user_id: str, scope: str, now: Instant) -> None:
    """Subscribe the user to that scope again; the other scopes of `all` stay unsubscribed."""
    store.resubscribe(tx, user_id, scope, now)
    _store_in_preferences(tx, user_id, now)


def set_unsubscribed(tx: Tx, user_id: str, scopes: Iterable[str], now: Instant) -> None:
    """Unsubscribe the user from exactly these scopes."""
    store.set_unsubscribed(tx, user_id, scopes, now)
    _store_in_preferences(tx, user_id, now)


def follow_preferences(tx: Tx, user_id: str, now: Instant) -> None:
    """After a change of preferences: subscribe to briefs by mail, or unsubscribe, as they say.

    An unsubscribing outlives preferences that are deleted.
    """
    if workspace.find_user(tx, user_id) is None:
        return
    preferences = workspace.find_preferences(tx, user_id)
    wanted = preferences is None or preferences.email_daily_brief
    if wanted != store.is_unsubscribed(tx, user_id, BRIEFS):
        return
    if preferences is None:
        _store_in_preferences(tx, user_id, now)
    elif wanted:
        store.resubscribe(tx, user_id, BRIEFS, now)
    else:
        store.unsubscribe(tx, user_id, BRIEFS, now)


def _store_in_preferences(tx: Tx, user_id: str, now: Instant) -> None:
    """A user without preferences gets inactive ones, as they are shown without any."""
    wanted = not store.is_unsubscribed(tx, user_id, BRIEFS)
    preferences = workspace.find_preferences(tx, user_id)
    if wanted == (preferences is None or preferences.email_daily_brief):
        return
    values = {"userId": user_id, "emailDailyBrief": wanted}
    if preferences is None:
        values["isActive"] = False
    apply(tx, read_one(PREFERENCES, values, privileged=True), now)
