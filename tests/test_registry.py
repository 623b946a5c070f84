"""Whatever a package declares is in the registry: nothing that works is left unregistered."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

import buildos_box
from buildos_box import registry
from buildos_box.feature import Feature, Listener
from buildos_box.jobs.crons import Cron
from buildos_box.jobs.job_type import JobType
from tests.world import BoxWorld


def declared(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Every module-level value of that type, with its full name."""
    for found in pkgutil.walk_packages(buildos_box.__path__, "buildos_box."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, kind):
                yield f"{found.name}.{name}", value


@pytest.mark.parametrize(
    ("kind", "registered"),
    [
        (JobType, registry.JOB_TYPES),
        (Cron, registry.CRONS),
        (HTTPRouteHandler, registry.ROUTES),
        (Feature, registry.FEATURES),
    ],
)
def test_what_is_declared_is_registered(kind: type[Any], registered: Any) -> None:
    known = {id(value) for value in registered}
    found = list(declared(kind))
    assert len({id(value) for _, value in found}) == len(registered)
    assert [name for name, value in found if id(value) not in known] == []


def test_every_table_of_listeners_is_registered() -> None:
    known = {id(listener) for feature in registry.FEATURES for listener in feature.listeners}
    missing = [
        name
        for name, table in declared(tuple)
        if table and all(isinstance(item, Listener) for item in table)
        if not {id(item) for item in table} <= known
    ]
    assert missing == []


def test_names_are_unique() -> None:
    for named in (registry.JOB_TYPES, registry.CRONS):
        names = [item.name for item in named]
        assert len(set(names)) == len(names)


async def test_listeners_run_in_the_transaction_that_announces_a_change(box: BoxWorld) -> None:
    """Who tells when their brief is to come has it planned at once."""
    await box.person(at="09:00")
    assert [job["job_type"] for job in await box.jobs()] == ["generate_daily_brief"]
