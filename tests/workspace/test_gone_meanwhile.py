"""A change of what another deletes just then makes nothing anew."""

from dataclasses import fields
from typing import Any

import pytest

from buildos_box.auth.caller import Caller
from buildos_box.clock import Instant
from buildos_box.errors import NotFound
from buildos_box.ids import Ids
from buildos_box.services import Services
from buildos_box.workspace import crud
from buildos_box.workspace.item_types import EVENTS
from tests.clock import ManualClock
from tests.workspace.conftest import STANDUP, Workspace


class Deleting(ManualClock):
    """Asked for the time, which a change does once it has seen the event, it queues a deletion."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.clock.now())
        self._db = workspace.db

    def now(self) -> Instant:
        self._db.submit(lambda tx: tx.execute("DELETE FROM events WHERE id = 'standup'"))
        return super().now()


async def test_a_deleted_item_is_not_made_again_by_a_change(ada: Workspace) -> None:
    unused: dict[str, Any] = {part.name: None for part in fields(Services)}
    given = {"clock": Deleting(ada), "ids": Ids(), "db": ada.db}
    services = Services(**{**unused, **given})
    service = Caller(scope="service", token_id="t", name="test")
    with pytest.raises(NotFound):
        await crud.change(services, service, EVENTS, "standup", {**STANDUP, "title": "Moved"})
    await ada.db.write(lambda _tx: None)  # the deletion is committed by then
    assert await ada.rows("events") == []
