"""What the commands for a person's calendar feeds and CalDAV accounts share."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from buildos_box.cli.find_by_name import Json, Person, choose, person
from buildos_box.cli.output import say, shown_time
from buildos_box.client import BoxClient, url_path


def next_try(found: Json, zone: ZoneInfo) -> str | None:
    """When a source that fails is due again; None for others.

    Those are due at the next run of a cron, every 15 minutes, and read within some minutes after
    it: `nextSyncAt` tells only before which run.
    """
    if found["status"] != "failing":
        return None
    return f"not before {shown_time(found['nextSyncAt'], zone)}"


@dataclass(frozen=True, slots=True)
class CalendarSources:
    """One kind of source: where it is in the API, and what a person calls it."""

    resource: str
    noun: str

    def path(self, owner: Person, *more: str) -> str:
        """The path of all of that person's, or below one of them."""
        return url_path("users", owner.id, self.resource, *more)

    def find(self, client: BoxClient, owner: Person, name: str) -> Json:
        """The one with that name or id. Raises click.ClickException for none or several."""
        return choose(name, self.all_of(client, owner), self.noun, lambda found: (found["name"],))

    def all_of(self, client: BoxClient, owner: Person) -> list[Json]:
        """All of that person's."""
        return list(client.items(self.path(owner), limit=200))

    def sync(self, client: BoxClient, name: str, user_name: str | None, doing: str) -> None:
        """Queue a sync, and say what is being done."""
        owner = person(client, user_name)
        found = self.find(client, owner, name)
        job = client.post(self.path(owner, found["id"], "sync"))["jobId"]
        say(f"{doing} “{found['name']}” ({job})")

    def set_active(
        self, client: BoxClient, name: str, user_name: str | None, *, active: bool
    ) -> None:
        """Pause or resume one."""
        owner = person(client, user_name)
        found = self.find(client, owner, name)
        client.patch(self.path(owner, found["id"]), {"isActive": active})
        say(f"{'Resumed' if active else 'Paused'} “{found['name']}”")
