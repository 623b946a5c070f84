"""One run of an account's sync: what all its parts need."""

from dataclasses import dataclass
from typing import Any

from buildos_box.calendars.caldav import store
from buildos_box.calendars.caldav.dav_client import LoginRefused, Server
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.credentials import ACCOUNTS, OTHER_KEY, open_password
from buildos_box.calendars.feeds.fetch import Login
from buildos_box.db import Tx
from buildos_box.jobs.attempt import Attempt
from buildos_box.services import Services
from buildos_box.workspace.model import User


class NotWanted(Exception):
    """The account was deleted, paused, stopped or given another password meanwhile."""


@dataclass(slots=True)
class Done:
    """What a sync has changed here and there."""

    events_created: int = 0
    events_updated: int = 0
    tasks_changed: int = 0
    todos_sent: int = 0
    has_more: bool = False
    """Whether there is more to send than one sync does."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the job for one account."""

    job: Attempt[Any]
    services: Services
    account: Account
    user: User
    server: Server
    done: Done

    def ensure_wanted(self, tx: Tx) -> None:
        """The first thing in every transaction of the run. Raises LeaseLost, NotWanted."""
        self.job.ensure_lease(tx)
        now = store.find(tx, self.account.id)
        if now is None or not now.is_active or now.is_stopped:
            raise NotWanted
        if now.sealed_password != self.account.sealed_password:
            raise NotWanted


def server_of(services: Services, account: Account) -> Server:
    """The account's server. Raises LoginRefused if its password cannot be decrypted."""
    password = open_password(services.secret, ACCOUNTS, account.id, account.sealed_password)
    if password is None:
        raise LoginRefused(OTHER_KEY)
    login = Login(account.username, password)
    return Server(services.egress, services.clock, account.home.url, login, user_id=account.user_id)
