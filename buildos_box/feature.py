"""What a package brings to the application: the form in which each one declares it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron
from buildos_box.jobs.job_type import JobType
from buildos_box.services import Services

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Listener(Generic[C]):
    """`run(tx, services, change)` is called inside every transaction that announces a `change`.

    What it raises rolls that transaction back.
    """

    change: type[C]
    run: Callable[[Tx, Services, C], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """All that one package brings; `registry` is the list of them.

    `routes` are Litestar's route handlers. Listeners of one change run in the order of the
    registry, and within a feature in the order given here.
    """

    job_types: Sequence[JobType[Any]] = ()
    crons: Sequence[Cron] = ()
    routes: Sequence[Any] = ()
    listeners: Sequence[Listener[Any]] = ()
