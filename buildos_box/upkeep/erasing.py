"""With a person goes all that the box knows of them, in the same transaction.

The rules: docs/spec.md#person-erasure.
"""

from pathlib import Path

from buildos_box.db import Tx
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.upkeep import person_store
from buildos_box.workspace.changes import UserDeleted

log = logger(__name__)


def listen(box: Services) -> None:
    """Subscribe to users that are deleted. Listens last: others need what goes here."""
    outbox = Path(box.settings.data.dir) / "outbox"

    def on_deleted(tx: Tx, change: UserDeleted) -> None:
        files = [
            outbox / f"{email_id}.eml" for email_id in person_store.emails_of(tx, change.user_id)
        ]
        person_store.erase_traces(tx, change.user_id, box.clock.now())
        tx.after_commit(lambda: _delete(files))

    box.db.subscribe(UserDeleted, on_deleted)


def _delete(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("mail_file_not_erased", file=file.name, error=str(error))
