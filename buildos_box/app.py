"""The composition root: settings → database → services → engine → API, and back again."""

import asyncio
import os
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from buildos_box import registry
from buildos_box.api.app import Api, Parts
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.tokens import load_key
from buildos_box.clock import Clock, SystemClock
from buildos_box.db import Database, InstanceLock
from buildos_box.db.mounts import MOUNTS, refuse_network
from buildos_box.db.private_files import make_private
from buildos_box.egress import Egress
from buildos_box.egress.lazy_client import made_at_first_use
from buildos_box.egress.lazy_tls import trusted_at_first_use
from buildos_box.egress.redirects import HOOKS
from buildos_box.ids import Ids
from buildos_box.jobs.crons import CronRegistry
from buildos_box.jobs.engine import Engine
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.runner import Runner
from buildos_box.llm.chain import SmartLLM
from buildos_box.mail.transport import make_mailer
from buildos_box.notifications.vapid import load_key as load_vapid_key
from buildos_box.realtime.hub import Hub
from buildos_box.realtime.job_events import JobNews
from buildos_box.realtime.tickets import Tickets
from buildos_box.services import Configured, Mailer, Services
from buildos_box.settings import DataSettings, QueueSettings, Settings
from buildos_box.upkeep.cancel_after_restore import apply_epoch
from buildos_box.upkeep.reload import Load, Reloader
from buildos_box.upkeep.restore import finish_restore

DATABASE_FILE = "box.sqlite3"


def _new_http() -> "httpx.AsyncClient":
    return made_at_first_use(
        lambda: httpx.AsyncClient(
            follow_redirects=False,
            timeout=httpx.Timeout(30, connect=5),
            verify=trusted_at_first_use(),
            event_hooks=HOOKS,
        )
    )


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Replaceable parts of the environment: a simulation passes its own disk,
    threads and network.
    """

    jitter: Callable[[], float] = random.random
    open_database: Callable[[Path, Clock], Awaitable[Database]] = Database.open
    engine: type[Engine] = Engine
    http: "Callable[[], httpx.AsyncClient]" = _new_http
    twilio_http: Any = None
    mounts: Path = MOUNTS
    api: Callable[..., Api] = Api


@dataclass
class Box:
    """The assembled application. `start` begins work; without it a test drives it by hand."""

    services: Services
    engine: Engine
    cron_registry: CronRegistry
    keyring: Keyring
    hub: Hub
    reloader: Reloader
    api: Api
    admin_token: str | None
    _lock: InstanceLock
    _started: bool = False

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        mailer: Mailer | None = None,
        egress: Egress | None = None,
        environment: Environment | None = None,
        load: Load | None = None,
    ) -> "Box":
        """Lock the data folder, open the database and assemble all parts.

        Raises Unprocessable (contradicting settings, a network file system), AlreadyRunning,
        SchemaTooNew, OSError, sqlite3.DatabaseError. `admin_token` is set on the first start only.
        `load` reads the configuration again for a reload; without it nothing ever changes.
        """
        clock, ids = clock or SystemClock(), ids or Ids()
        environment = environment or Environment()
        folder = Path(settings.data.dir)
        refuse_network(folder, environment.mounts)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = InstanceLock(folder)
        lock.acquire()
        db: Database | None = None
        try:
            await asyncio.to_thread(finish_restore, folder)
            await asyncio.to_thread(make_private, folder, folder / DATABASE_FILE)
            db = await environment.open_database(folder / DATABASE_FILE, clock)
            lock.note_file(db.file)
            return await cls._assemble(
                settings,
                folder,
                db,
                clock,
                ids,
                mailer,
                egress,
                lock,
                environment,
                load or (lambda: settings),
            )
        except BaseException:
            # Its threads would keep a process alive that serves nothing.
            if db is not None:
                await db.close()
            lock.release()
            raise

    @classmethod
    async def _assemble(
        cls,
        settings: Settings,
        folder: Path,
        db: Database,
        clock: Clock,
        ids: Ids,
        mailer: Mailer | None,
        egress: Egress | None,
        lock: InstanceLock,
        environment: Environment,
        load: Load,
    ) -> "Box":
        queue = Queue(
            clock=clock,
            ids=ids,
            lanes=_lanes(settings.queue),
            max_attempts=settings.queue.max_attempts,
        )
        queue.register(registry.JOB_TYPES)
        http = environment.http()
        services = Services(
            configured=Configured(
                settings=settings,
                llm=SmartLLM.from_settings(
                    settings.llm, settings.limits, db=db, clock=clock, http=http
                ),
                mailer=mailer or make_mailer(settings, clock),
            ),
            clock=clock,
            ids=ids,
            db=db,
            queue=queue,
            http=http,
            egress=egress or Egress(settings.egress),
            secret=load_key(folder),
            vapid_key=load_vapid_key(folder, settings.push.vapid_private_key),
            twilio_http=environment.twilio_http,
        )
        registry.subscribe_listeners(services)
        await apply_epoch(services)
        cron_registry = CronRegistry(db, clock, registry.CRONS)
        engine = _engine(settings.queue, services, cron_registry, environment)
        service_token = settings.auth.service_token
        keyring = Keyring(db, clock, ids, folder, service_token.reveal() if service_token else None)
        hub = Hub(db, clock)
        JobNews(db, hub)
        reloader = Reloader(services, load, engine.on_jobs_loop)
        api = environment.api(
            server=settings.server, routes=registry.ROUTES, static=static_folder()
        )
        api.serve(
            Parts(
                services=services,
                keyring=keyring,
                engine=engine,
                cron_registry=cron_registry,
                hub=hub,
                tickets=Tickets(db, clock, ids, keyring),
                reloader=reloader,
            )
        )
        admin_token = await keyring.first_start()
        return cls(services, engine, cron_registry, keyring, hub, reloader, api, admin_token, lock)

    async def start(self) -> None:
        """Recover the jobs of a previous process and start working."""
        await asyncio.to_thread(self.engine.start, self.services)
        self._started = True

    async def drain(self) -> None:
        """Stop claiming, let attempts finish, give the rest back uncounted.

        Streams end first, with a retry hint, because an open one would delay the server's stop.
        """
        self.hub.close()
        if self._started:
            seconds = self.services.settings.queue.drain_timeout_seconds
            await asyncio.to_thread(self.engine.stop, timedelta(seconds=seconds), self._hang_up)
            self._started = False

    async def _hang_up(self) -> None:
        """Close the outgoing connections of this event loop."""
        await self.services.mailer.close()
        await self.services.http.aclose()

    async def close(self) -> None:
        """Drain, finish queued writes, close every file."""
        await self.drain()
        await self._hang_up()
        await self.services.db.close()
        self._lock.release()


def _lanes(settings: QueueSettings) -> dict[str, Lane]:
    return {
        name: Lane.of(name, lane.concurrency, lane.per_user, lane.per_minute)
        for name, lane in settings.lanes.items()
    }


def _engine(
    settings: QueueSettings,
    services: Services,
    cron_registry: CronRegistry,
    environment: Environment,
) -> Engine:
    lease = timedelta(seconds=settings.lease_seconds)
    runner = Runner(
        db=services.db,
        queue=services.queue,
        clock=services.clock,
        lease=lease,
        backoff_base=timedelta(milliseconds=settings.retry_backoff_base_ms),
        jitter=environment.jitter,
    )
    return environment.engine(
        db=services.db,
        queue=services.queue,
        clock=services.clock,
        ids=services.ids,
        runner=runner,
        cron_registry=cron_registry,
        workers=settings.workers,
        lease=lease,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        name=f"box-{os.getpid()}",
    )


def static_folder() -> Path:
    """The folder of pages and scripts: inside an installed package, or beside it in a checkout."""
    package = Path(str(resources.files("buildos_box")))
    inside = package / "static"
    return inside if inside.is_dir() else package.parent / "static"


async def describe_api() -> dict[str, Any]:
    """The OpenAPI description, from an application that exists only for this call."""
    with tempfile.TemporaryDirectory(prefix="buildos-box-") as folder:
        box = await Box.open(Settings(data=DataSettings(dir=folder)))
        try:
            return box.api.openapi_schema.to_schema()
        finally:
            await box.close()
