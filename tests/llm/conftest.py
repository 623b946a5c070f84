"""A chain of two language models, each a server of its own that the test directs."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from buildos_box.db import Database
from buildos_box.llm.chain import Answer, Ask, SmartLLM
from buildos_box.llm.provider import Provider
from buildos_box.operator_alert import OperatorAlert
from buildos_box.settings import ProviderSettings, Secret
from tests.clock import ManualClock
from tests.doubles.llm import LlmDouble

KEY = "sk-very-secret-1234567890"


class Verdict(msgspec.Struct, frozen=True):
    """What the tests ask for."""

    mood: str
    tasks: int


GOOD = {"mood": "calm", "tasks": 3}
FALLBACK = Verdict(mood="by rules", tasks=0)

PATIENCE = 20.0
"""Seconds that no server of a test needs."""


@dataclass
class ChainWorld:
    """The chain, its two servers, and what it wrote down."""

    db: Database
    clock: ManualClock
    http: httpx.AsyncClient
    first: LlmDouble
    second: LlmDouble
    slept: list[float] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    prices: dict[str, float] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What else is set of a provider, by its name."""
    alerts: list[str] = field(default_factory=list)
    chain: SmartLLM | None = None

    def build(self, *names: str, timeout: float = PATIENCE, **options: Any) -> SmartLLM:
        """A chain of the servers named, in that order; the first is given `timeout` seconds."""
        servers = {"first": self.first, "second": self.second}

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        self.chain = SmartLLM(
            tuple(
                Provider(
                    ProviderSettings(
                        **{
                            "name": name,
                            "kind": self.kinds.get(name, "openai"),
                            "base_url": servers[name].url,
                            "model": f"{name}-model",
                            "api_key": Secret(KEY),
                            "timeout_seconds": timeout if name == "first" else PATIENCE,
                            "price_in": self.prices.get(name, 1.0),
                            "price_out": 10 * self.prices.get(name, 1.0),
                            **self.settings.get(name, {}),
                        }
                    ),
                    self.http,
                )
                for name in names or ("first", "second")
            ),
            db=self.db,
            clock=self.clock,
            sleep=sleep,
            **options,
        )
        return self.chain

    async def ask(self, **changed: Any) -> Answer[Verdict]:
        question = Ask(
            purpose="test",
            system="You judge days.",
            user="How is today?",
            schema=Verdict,
            job_id="job-1",
            user_id="ada",
            correlation_id="corr-1",
        )
        chain = self.chain or self.build()
        return await chain.ask(replace(question, **changed), fallback=lambda: FALLBACK)

    async def calls(self) -> list[Any]:
        await self.db.write(lambda _tx: None)
        return await self.db.all("SELECT * FROM llm_calls ORDER BY id")

    async def outcomes(self) -> list[tuple[str, str]]:
        return [(row["provider"], row["outcome"]) for row in await self.calls()]


@pytest.fixture
def servers() -> Iterator[tuple[LlmDouble, LlmDouble]]:
    with LlmDouble() as first, LlmDouble() as second:
        yield first, second


@pytest.fixture
async def llm(tmp_path: Path, servers: tuple[LlmDouble, LlmDouble]) -> AsyncIterator[ChainWorld]:
    clock = ManualClock()
    db = await Database.open(tmp_path / "box.sqlite3", clock)
    async with httpx.AsyncClient() as http:
        world = ChainWorld(db, clock, http, *servers)
        db.subscribe(OperatorAlert, lambda _tx, alert: world.alerts.append(alert.kind))
        yield world
    await db.close()
