"""Names are looked up for a while only, and a few at a time for one user (docs/spec.md#egress)."""

import asyncio
from datetime import timedelta

import pytest

from buildos_box.egress import Egress
from buildos_box.egress.resolver import Resolver, TooManyLookups
from buildos_box.errors import RateLimited, TransientError
from buildos_box.settings.model import EgressSettings


class Names:
    """Answers once it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = 0

    async def resolve(self, host: str, _port: int) -> list[str]:
        self.begun += 1
        await self.go_on.wait()
        if host == "nobody.example":
            raise OSError("no such name")
        return ["93.184.216.34"]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_name_has_its_addresses_or_none() -> None:
    names = Names()
    names.go_on.set()
    resolver = Resolver(names.resolve)
    assert await resolver.addresses("some.example", 443, "ada") == ["93.184.216.34"]
    assert await resolver.addresses("nobody.example", 443, "ada") == []


async def test_one_user_has_so_many_look_ups_and_others_have_theirs() -> None:
    names = Names()
    resolver = Resolver(names.resolve, per_user=2)

    def look_up(user: str | None) -> "asyncio.Task[list[str]]":
        return asyncio.create_task(resolver.addresses("some.example", 443, user))

    waiting = [look_up(user) for user in ("ada", "ada", "bob", None, None, None)]
    await settle()
    assert names.begun == 6
    with pytest.raises(TooManyLookups, match="2 names"):
        await look_up("ada")
    assert names.begun == 6
    names.go_on.set()
    await asyncio.gather(*waiting)
    await settle()
    assert await asyncio.gather(look_up("ada"), look_up("ada"))


async def test_a_look_up_that_nobody_waits_for_any_more_still_counts() -> None:
    names = Names()
    resolver = Resolver(names.resolve, seconds=0.01, per_user=1)
    with pytest.raises(TransientError, match=r"some.example was not found within 0.01 s") as error:
        await resolver.addresses("some.example", 443, "ada")
    assert error.value.code == "unresolved"
    with pytest.raises(TooManyLookups):
        await resolver.addresses("some.example", 443, "ada")
    names.go_on.set()
    await settle()
    assert await resolver.addresses("some.example", 443, "ada")


async def test_too_many_look_ups_are_to_be_asked_again_soon() -> None:
    names = Names()
    egress = Egress(EgressSettings(), resolve=names.resolve)
    waiting = [
        asyncio.create_task(egress.check("https://some.example/", user_id="ada")) for _ in range(4)
    ]
    await settle()
    with pytest.raises(RateLimited) as refusal:
        await egress.check("https://some.example/", user_id="ada")
    assert refusal.value.retry_after == timedelta(seconds=5)
    names.go_on.set()
    await asyncio.gather(*waiting)
