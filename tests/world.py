"""A box in a temporary folder, with a clock moved by hand and its work done step by step."""

import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from buildos_box.api.app import Api
from buildos_box.app import DATABASE_FILE, Box, Environment
from buildos_box.clock import Instant, from_text
from buildos_box.db.migrate import migrate
from buildos_box.egress import Egress
from buildos_box.ids import Ids
from buildos_box.jobs import job_query_store
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.rescuer import recover_lost
from buildos_box.settings import DataSettings, Settings
from buildos_box.settings.model import ServerSettings
from tests.clock import ManualClock

STEP = timedelta(minutes=1)


@dataclass
class BoxWorld:
    """One box: its API over real ASGI, its queue driven by hand."""

    box: Box
    clock: ManualClock
    folder: Path
    api: httpx.AsyncClient
    token: str

    @property
    def db(self) -> Any:
        return self.box.services.db

    async def call(
        self, method: str, path: str, json: Any = None, *, token: str | None = None, **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", **more.pop("headers", {})}
        return await self.api.request(method, path, json=json, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, json: Any = None, **more: Any) -> Any:
        answer = await self.call("POST", path, json, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def sync(self, **lists: Any) -> Any:
        return await self.post("/sync", lists)

    async def person(
        self,
        user_id: str = "ada",
        *,
        zone: str = "UTC",
        at: str | None = None,
        **preferences: Any,
    ) -> str:
        """A user; with `at`, one who wants a daily brief at that local time, also of nothing."""
        document: dict[str, Any] = {
            "users": [
                {
                    "id": user_id,
                    "email": f"{user_id}@example.org",
                    "name": user_id.title(),
                    "timezone": zone,
                }
            ]
        }
        if at is not None or preferences:
            document["preferences"] = [
                {
                    "userId": user_id,
                    "timeOfDay": at or "09:00",
                    "sendEmptyBriefs": True,
                    **preferences,
                }
            ]
        await self.sync(**document)
        return user_id

    async def project(self, user_id: str = "ada", name: str = "Launch", *, tasks: int = 1) -> str:
        """A project with some tasks due today."""
        key = f"{user_id}-{name.lower().replace(' ', '-')}"
        day = self.clock.now().date().isoformat()
        await self.sync(
            projects=[{"id": key, "userId": user_id, "name": name}],
            tasks=[
                {"id": f"{key}-{n}", "projectId": key, "title": f"Task {n}", "dueDate": day}
                for n in range(tasks)
            ],
        )
        return key

    async def token_for(self, scope: str) -> str:
        """A token of that scope; a user who is not there yet is made."""
        user_id = scope.removeprefix("user:")
        if user_id != scope and (await self.call("GET", f"/users/{user_id}")).status_code == 404:
            await self.person(user_id)
        return (await self.post("/tokens", {"name": "test", "scope": scope}))["token"]

    async def claim(self) -> Claimed | None:
        """Lease the next due job, if there is one."""
        found = await self.db.write(lambda tx: self.box.engine.claim(tx, at_most=1))
        return found.jobs[0] if found.jobs else None

    async def step(self) -> bool:
        """Claim one due job and run it; False if none is due."""
        services = self.box.services
        claimed = await self.claim()
        if claimed is None:
            return False
        await self.box.engine.runner.run(claimed, services)
        await services.db.write(lambda tx: None)
        return True

    async def work(self) -> None:
        """Do all that is due now."""
        while await self.step():
            pass

    async def tick(self) -> None:
        """Run the crons that are due now, then all that is due."""
        for name in self.box.cron_registry.crons:
            if self.box.cron_registry.is_due(name):
                await self.box.cron_registry.run_due(name, self.box.services)
        await self.work()

    async def run_until(self, until: Instant | str, *, step: timedelta = STEP) -> None:
        """Let time pass, minute by minute, with crons and jobs doing their work."""
        end = from_text(until) if isinstance(until, str) else until
        await self.tick()
        while self.clock.now() < end:
            self.clock.set(min(self.clock.now() + step, end))
            await self.tick()

    async def recover(self) -> None:
        now = self.clock.now()
        await self.db.write(
            lambda tx: recover_lost(
                tx,
                now=now,
                all_leases=True,
                base=timedelta(seconds=1),
                entry_of=self.box.engine.runner.entry_of,
            )
        )

    @property
    def outbox(self) -> list[EmailMessage]:
        """The mails written so far, oldest first."""
        parser = BytesParser(policy=policy.default)
        files = sorted((self.folder / "outbox").glob("*.eml"))
        return [parser.parsebytes(file.read_bytes()) for file in files]

    async def jobs(self, **filters: Any) -> list[Any]:
        return list(reversed(await job_query_store.list_jobs(self.db, limit=200, **filters)))


def put_migrated_database(folder: Path) -> None:
    """An empty database with the newest schema, where there is none.

    To run every migration takes most of the time that it takes to open a box.
    """
    path = folder / DATABASE_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(_migrated_database())


class BuiltApis:
    """APIs whose routes are registered already, which takes most of the rest of opening a box.

    Each answers for one box at a time; the one of a box that was closed takes the next.
    """

    def __init__(self) -> None:
        self._idle: defaultdict[str, list[Api]] = defaultdict(list)

    def lend(self, *, server: ServerSettings, **more: Any) -> Api:
        idle = self._idle[repr(server)]
        return idle.pop() if idle else Api(server=server, **more)

    def take_back(self, api: Api, server: ServerSettings) -> None:
        self._idle[repr(server)].append(api)


BUILT_APIS = BuiltApis()


@cache
def _migrated_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / DATABASE_FILE
        migrate(path, ManualClock())
        return path.read_bytes()


@asynccontextmanager
async def open_world(
    folder: Path,
    *,
    at: str = "2024-10-23T08:00:00Z",
    clock: ManualClock | None = None,
    settings: Settings | None = None,
    egress: Egress | None = None,
    ids: Ids | None = None,
) -> AsyncIterator[BoxWorld]:
    """Open a box in the folder, its crons ready, nothing running by itself."""
    clock = clock or ManualClock(at)
    chosen = settings or Settings()
    put_migrated_database(folder)
    box = await Box.open(
        Settings(
            **{name: getattr(chosen, name) for name in chosen.__struct_fields__ if name != "data"},
            data=DataSettings(dir=str(folder)),
        ),
        clock=clock,
        egress=egress,
        ids=ids,
        environment=Environment(api=BUILT_APIS.lend),
    )
    await box.cron_registry.open()
    transport = httpx.ASGITransport(app=box.api, raise_app_exceptions=False)  # type: ignore[arg-type]
    token = (folder / "admin-token").read_text().strip()
    async with httpx.AsyncClient(transport=transport, base_url="http://box.test") as api:
        try:
            yield BoxWorld(box, clock, folder, api, token)
        finally:
            await box.close()
            BUILT_APIS.take_back(box.api, chosen.server)
