"""Erases everything about a deleted user, in the same transaction.

The rules: docs/spec.md#person-erasure.
"""

from pathlib import Path

from buildos_box.db import Tx
from buildos_box.jobs.erasure_store import erase_jobs_of
from buildos_box.llm import store as llm_store
from buildos_box.log import logger
from buildos_box.mail import store as mail_store
from buildos_box.realtime import store as realtime_store
from buildos_box.realtime import ticket_store
from buildos_box.services import Services
from buildos_box.workspace.changes import UserDeleted

log = logger(__name__)


def on_user_deleted(tx: Tx, services: Services, change: UserDeleted) -> None:
    """Erase rows that no reference deletes, and after the commit the mails in the outbox."""
    outbox = Path(services.settings.data.dir) / "outbox"
    files = [outbox / f"{email_id}.eml" for email_id in mail_store.ids_of_user(tx, change.user_id)]
    erase_jobs_of(tx, change.user_id, services.clock.now())
    llm_store.erase_calls_of(tx, change.user_id)
    realtime_store.erase_events_of(tx, change.user_id)
    ticket_store.erase_tickets_of(tx, change.user_id)
    tx.after_commit(lambda: _delete(files))


def _delete(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("mail_file_not_erased", file=file.name, error=str(error))
