"""A token that was checked is checked again without the database, and never once it is revoked."""

import asyncio
import hashlib
from functools import partial
from typing import Any

from buildos_box.auth import store
from buildos_box.auth.store import StoredToken
from buildos_box.auth.token_cache import TokenCache
from tests.world import BoxWorld


def reads_of_tokens(box: BoxWorld) -> list[str]:
    """What is read of the table of tokens from now on."""
    found: list[str] = []
    readers: Any = box.db._readers
    for connection in readers._connections:
        connection._conn.set_trace_callback(
            lambda sql: found.append(sql) if "tokens" in sql else None
        )
    return found


async def test_a_known_token_is_checked_without_a_read(box: BoxWorld) -> None:
    token = await box.token_for("viewer")
    assert (await box.call("GET", "/me", token=token)).status_code == 200
    reads = reads_of_tokens(box)
    for _ in range(5):
        assert (await box.call("GET", "/me", token=token)).status_code == 200
    assert reads == []


async def test_a_revoked_token_is_refused_at_once(box: BoxWorld) -> None:
    issued = await box.post("/tokens", {"name": "test", "scope": "viewer"})
    for _ in range(2):
        assert (await box.call("GET", "/me", token=issued["token"])).status_code == 200
    assert (await box.call("DELETE", f"/tokens/{issued['id']}")).status_code == 204
    assert (await box.call("GET", "/me", token=issued["token"])).status_code == 401


async def test_what_was_read_before_a_revocation_is_not_kept(box: BoxWorld) -> None:
    issued = await box.post("/tokens", {"name": "test", "scope": "viewer"})
    has_read, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(token_id: str) -> StoredToken | None:
        found = await store.find(box.db, token_id)
        has_read.set()
        await go_on.wait()
        return found

    cache = TokenCache(box.db, slowly, str.encode)
    looking = asyncio.ensure_future(cache.find(issued["id"]))
    await has_read.wait()
    await box.call("DELETE", f"/tokens/{issued['id']}")
    go_on.set()
    await looking
    found = await cache.find(issued["id"])
    assert found is not None
    assert found.token.revoked_at is not None


async def test_the_keyed_hash_of_a_token_is_made_once(box: BoxWorld) -> None:
    issued = await box.post("/tokens", {"name": "test", "scope": "viewer"})
    made: list[str] = []

    def keyed_hash(text: str) -> bytes:
        made.append(text)
        return box.box.keyring.hash(text)

    cache = TokenCache(box.db, partial(store.find, box.db), keyed_hash)
    found = await cache.find(issued["id"])
    assert found is not None
    wrong = issued["token"][:-1] + ("a" if issued["token"][-1] != "a" else "b")
    answers = [cache.is_right(found, text) for text in (wrong, issued["token"], issued["token"])]
    assert (answers, made) == ([False, True, True], [wrong, issued["token"]])
    assert not cache.is_right(found, wrong)


async def test_a_revocation_forgets_which_texts_were_right(box: BoxWorld) -> None:
    first = await box.post("/tokens", {"name": "first", "scope": "viewer"})
    second = await box.post("/tokens", {"name": "second", "scope": "viewer"})
    cache = TokenCache(box.db, partial(store.find, box.db), box.box.keyring.hash)
    found = await cache.find(first["id"])
    assert found is not None
    assert cache.is_right(found, first["token"])
    assert cache._proved == {first["id"]: hashlib.sha256(first["token"].encode()).digest()}
    await box.call("DELETE", f"/tokens/{second['id']}")
    assert cache._proved == {}
    # What was found before is judged as ever, but not remembered.
    assert cache.is_right(found, first["token"])
    assert cache._proved == {}
