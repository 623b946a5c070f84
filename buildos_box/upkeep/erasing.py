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


def on_user_deleted(tx: Tx, box: Services, change: UserDeleted) -> None:
    """Erase what the schema's references keep, and after the commit the mails in the outbox."""
    outbox = Path(box.settings.data.dir) / "outbox"
    files = [outbox / f"{email_id}.eml" for email_id in person_store.emails_of(tx, change.user_id)]
    person_store.erase_traces(tx, change.user_id, box.clock.now())
    tx.after_commit(lambda: _delete(files))


def _delete(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("mail_file_not_erased", file=file.name, error=str(error))
