"""What is counted, under which name, and when it is enough (docs/spec.md#api-rate-limits)."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from buildos_box.auth import code_limits, daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.auth.client_address import ClientAddresses, address_group
from buildos_box.auth.code_limits import CodeAsked
from buildos_box.auth.in_flight import RequestsInFlight
from buildos_box.auth.rate_limits import MOST_REMEMBERED, Buckets
from buildos_box.errors import BoxError, Forbidden, NotFound, RateLimited
from buildos_box.settings import LimitsSettings, Settings
from tests.auth.conftest import AuthWorld

USER = Caller("user:ada", "t1", "mine")
SECOND = Caller("user:ada", "t2", "mine too")
SCOPES = ("admin", "service", "viewer")
ADMIN, SERVICE, VIEWER = (Caller(scope, f"t-{scope}", scope) for scope in SCOPES)


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_a_burst_and_then_as_many_a_minute() -> None:
    seconds = Seconds()
    buckets = Buckets(6, seconds)
    assert [buckets.take("a") for _ in range(6)] == [None] * 6
    assert buckets.take("a") == timedelta(seconds=10)
    assert buckets.take("b") is None
    seconds.now += 9
    assert buckets.take("a") == timedelta(seconds=1)
    seconds.now += 1
    assert buckets.take("a") is None
    assert buckets.take("a") == timedelta(seconds=10)
    seconds.now += 3600
    assert [buckets.take("a") for _ in range(7)] == [None] * 6 + [timedelta(seconds=10)]


def test_a_bucket_of_none_is_no_limit() -> None:
    assert [Buckets(0, Seconds()).take("a") for _ in range(3)] == [None] * 3


def test_the_names_that_took_longest_ago_are_forgotten_first() -> None:
    buckets = Buckets(1, Seconds())
    for name in ("first", "second"):
        assert buckets.take(name) is None
    for n in range(MOST_REMEMBERED - 2):
        buckets.take(str(n))
    assert buckets.take("first") == buckets.take("second") == timedelta(minutes=1)
    buckets.take("one more")
    assert buckets.take("second") == timedelta(minutes=1)
    assert buckets.take("first") is None


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_address_counts_in_its_group(address: str, group: str) -> None:
    assert address_group(address) == group


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1,, 10.0.0.2 "], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense"], "unknown"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "unknown"),
    ],
)
def test_the_last_address_that_no_proxy_vouched_for_is_the_clients(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    known = ClientAddresses(("10.0.0.0/24", "fd00::/8"))
    connection: Any = SimpleNamespace(
        client=SimpleNamespace(host=peer) if peer else None,
        headers=SimpleNamespace(getall=lambda name, default: forwarded or default),
    )
    assert known.of(connection) == client


def test_requests_in_flight_are_of_a_user_or_of_a_token() -> None:
    requests = RequestsInFlight(2, 3)
    first, second = requests.enter(USER), requests.enter(SECOND)
    assert (first, second) == ("user:ada", "user:ada")
    with pytest.raises(RateLimited) as refusal:
        requests.enter(USER)
    assert refusal.value.retry_after == timedelta(seconds=1)
    assert requests.enter(Caller("user:bob", "t3", "his")) == "user:bob"
    requests.leave(first)
    assert requests.enter(SECOND) == "user:ada"
    for caller, most in ((ADMIN, 3), (SERVICE, 3), (VIEWER, 2)):
        for _ in range(most):
            assert requests.enter(caller) == caller.token_id
        with pytest.raises(RateLimited):
            requests.enter(caller)


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (ADMIN, {"admin", "service", "ada", "bob", "act"}),
        (SERVICE, {"service", "ada", "bob", "act"}),
        (VIEWER, {"service", "ada", "bob"}),
        (USER, {"ada", "act"}),
    ],
)
def test_a_scope_opens_what_it_should(caller: Caller, may: set[str]) -> None:
    asked: dict[str, tuple[Callable[[], None], type[BoxError]]] = {
        "admin": (caller.require_admin, Forbidden),
        "service": (caller.require_service, Forbidden),
        "ada": (lambda: caller.require_user("ada"), NotFound),
        "bob": (lambda: caller.require_user("bob"), NotFound),
    }
    found = {"act"} if caller.may_act else set()
    for what, (ask, refusal) in asked.items():
        try:
            ask()
        except refusal:
            continue
        found.add(what)
    assert found == may
    assert caller.only_user == ("ada" if caller is USER else None)
    assert caller.actor == f"{caller.scope} ({caller.name})"


def context(auth: AuthWorld, **limits: int) -> Any:
    settings = Settings(limits=LimitsSettings(**limits))
    return SimpleNamespace(settings=settings, clock=auth.clock, db=auth.db)


async def test_a_daily_limit_counts_each_user_and_name_up_to_utc_midnight(auth: AuthWorld) -> None:
    auth.clock.set("2024-10-23T22:30:00Z")
    box = context(auth, briefs_per_day=2, jobs_per_day=1)

    def take(caller: Caller = USER, user: str = "ada", name: Any = "briefs_per_day") -> Any:
        return auth.db.write(lambda tx: daily_limits.take(tx, box, caller, user, name))

    async def reached() -> bool:
        return await auth.db.write(
            lambda tx: daily_limits.is_reached(tx, box, "ada", "briefs_per_day")
        )

    await take()
    assert not await reached()
    await take(SERVICE)
    assert await reached()
    await take(ADMIN)
    await take(user="bob")
    await take(name="jobs_per_day")
    with pytest.raises(RateLimited, match=r"ada has reached limits.briefs_per_day \(2\)") as error:
        await take(SERVICE)
    assert error.value.retry_after == timedelta(minutes=90)
    auth.clock.set("2024-10-24T00:00:00Z")
    assert not await reached()
    await take()
    await take()
    with pytest.raises(RateLimited):
        await take()


async def test_a_daily_limit_of_none_is_no_limit(auth: AuthWorld) -> None:
    box = context(auth, briefs_per_day=0)

    def take_often(tx: Any) -> bool:
        for _ in range(3):
            daily_limits.take(tx, box, USER, "ada", "briefs_per_day")
            daily_limits.count(tx, "ada", "briefs_per_day", auth.clock.now())
        return daily_limits.is_reached(tx, box, "ada", "briefs_per_day")

    assert not await auth.db.write(take_often)


async def test_amounts_add_up_within_a_day(auth: AuthWorld) -> None:
    def spend(amount: int) -> Any:
        return auth.db.write(
            lambda tx: daily_limits.spend(tx, "ada", "tokens", amount, auth.clock.now())
        )

    async def spent(user: str = "ada", name: str = "tokens") -> int:
        return await auth.db.write(lambda tx: daily_limits.spent(tx, user, name, auth.clock.now()))

    await spend(5)
    await spend(7)
    assert (await spent(), await spent("bob"), await spent(name="other")) == (12, 0, 0)
    auth.clock.advance(timedelta(days=1))
    assert await spent() == 0
    await spend(3)
    assert await spent() == 3


CODES = {"codes_per_user_hour": 0, "codes_per_user_day": 0, "codes_per_target_hour": 0,
         "codes_per_target_day": 0, "codes_per_address_hour": 0, "codes_per_hour": 0}  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "hours", "same", "other"),
    [
        ("codes_per_user_hour", 1, ("ada", "y", "2"), ("bob", "x", "1")),
        ("codes_per_user_day", 24, ("ada", "y", "2"), ("bob", "x", "1")),
        ("codes_per_target_hour", 1, ("bob", "x", "2"), ("ada", "y", "1")),
        ("codes_per_target_day", 24, ("bob", "x", "2"), ("ada", "y", "1")),
        ("codes_per_address_hour", 1, ("bob", "y", "1"), ("ada", "x", None)),
        ("codes_per_hour", 1, ("bob", "y", "2"), None),
    ],
)
async def test_codes_are_counted_by_who_asks_for_whom_from_where(
    auth: AuthWorld,
    setting: str,
    hours: int,
    same: tuple[str, str, str | None],
    other: tuple[str, str, str | None] | None,
) -> None:
    limits = LimitsSettings(**{**CODES, setting: 2})

    def ask(request: tuple[str, str, str | None]) -> Any:
        return auth.db.write(
            lambda tx: code_limits.take(tx, CodeAsked(*request), limits, b"k", auth.clock.now())
        )

    await ask(("ada", "x", "1"))
    auth.clock.advance(timedelta(minutes=10))
    await ask(same)
    auth.clock.advance(timedelta(minutes=10))
    with pytest.raises(RateLimited, match=rf"limits.{setting} is 2") as refusal:
        await ask(same)
    left = timedelta(hours=hours) - timedelta(minutes=20)
    assert refusal.value.retry_after == left
    if other is not None:
        await ask(other)
    auth.clock.advance(left - timedelta(milliseconds=1))
    with pytest.raises(RateLimited):
        await ask(same)
    auth.clock.advance(timedelta(milliseconds=1))
    await ask(same)


async def test_requests_for_codes_are_kept_for_a_day_and_name_nobody(auth: AuthWorld) -> None:
    def ask() -> Any:
        request = CodeAsked("ada", "+14155552671", "192.0.2.7")
        limits = LimitsSettings(**CODES)
        return auth.db.write(
            lambda tx: code_limits.take(tx, request, limits, b"k", auth.clock.now())
        )

    async def kept() -> list[Any]:
        return await auth.db.all("SELECT * FROM code_requests")

    await ask()
    assert len(await kept()) == 4
    assert not any(text in str([*row]) for row in await kept() for text in ("ada", "4155", "192"))
    auth.clock.advance(timedelta(days=1))
    await ask()
    assert len(await kept()) == 8
    auth.clock.advance(timedelta(milliseconds=1))
    await ask()
    assert len(await kept()) == 8
