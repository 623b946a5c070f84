"""Applying a changed configuration while the server runs (docs/spec.md#config-reload)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from buildos_box import log as logs
from buildos_box.errors import FieldFault, Unprocessable
from buildos_box.llm.chain import SmartLLM
from buildos_box.log import logger
from buildos_box.mail.transport import make_mailer
from buildos_box.services import Configured, Services
from buildos_box.settings import Settings, SettingsError
from buildos_box.settings.live import Changes, changes, with_live

Load = Callable[[], Settings]
"""Reads the configuration as the start did. Raises SettingsError."""
OnJobsLoop = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]
log = logger(__name__)


class Reloader:
    """Compares the configuration with what is in force, and applies what can be applied."""

    def __init__(self, services: Services, load: Load, on_jobs_loop: OnJobsLoop) -> None:
        self._services = services
        self._load = load
        self._on_jobs_loop = on_jobs_loop
        self._one = asyncio.Lock()

    def pending(self) -> Changes:
        """What a reload would apply, and what only a restart would. Raises Unprocessable."""
        return changes(self._services.settings, self._read())

    async def reload(self) -> Changes:
        """Apply the live keys, all or none; what was applied and what needs a restart.

        Raises Unprocessable with every fault of the configuration.
        """
        async with self._one:
            before = self._services.configured
            read = self._read()
            found = changes(before.settings, read)
            if found.live:
                self._services.configured = after = self._configured(before, read)
                logs.set_level(after.settings.log.level)
                if after.mailer is not before.mailer:
                    # Mails on their way finish on the old connections, which then close by
                    # themselves.
                    await self._on_jobs_loop(before.mailer.close())
            log.info("configuration_read", applied=found.live, needs_restart=found.at_start)
            return found

    def _read(self) -> Settings:
        try:
            return self._load()
        except SettingsError as error:
            faults = [FieldFault(one.key, f"{one.message} ({one.where})") for one in error.faults]
            raise Unprocessable("the configuration is not valid", details=tuple(faults)) from None

    def _configured(self, before: Configured, read: Settings) -> Configured:
        """The settings in force from now on, and the services that are made from them."""
        services, settings = self._services, with_live(before.settings, read)
        old = before.settings
        same_llm = settings.llm == old.llm and settings.limits == old.limits
        return Configured(
            settings=settings,
            llm=before.llm
            if same_llm
            else SmartLLM.from_settings(
                settings.llm,
                settings.limits,
                db=services.db,
                clock=services.clock,
                http=services.http,
            ),
            mailer=before.mailer
            if settings.email == old.email
            else make_mailer(settings, services.clock),
        )
