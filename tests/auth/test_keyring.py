"""Which credential is whose, until when, and what ends with what (docs/spec.md#api-auth)."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.auth import store
from buildos_box.auth.keyring import MAX_SESSIONS, SESSION_KEPT, SESSION_LASTS, Keyring
from buildos_box.auth.local_files import local_address, local_admin_token
from buildos_box.auth.tokens import SESSION
from buildos_box.db import Tx
from buildos_box.errors import NotFound, Unauthorized, Unprocessable
from tests.auth.conftest import AuthWorld

FIXED = "the-frontends-fixed-token"
DAY = timedelta(days=1)


def anyone(_tx: Tx, _user_id: str) -> None:
    """Every user exists."""


async def refused(asked: Awaitable[Any]) -> bool:
    try:
        await asked
    except Unauthorized:
        return True
    return False


async def opened(
    auth: AuthWorld, *, by: str | None = None, keyring: Keyring | None = None, **more: Any
) -> str:
    """A session of ada's, opened with that token."""
    text, _ = await auth.db.write(
        lambda tx: (keyring or auth.keyring).open_session(
            tx, "ada", issued_by=by, instead_of=more.get("instead_of")
        )
    )
    return text


def id_of(text: str) -> str:
    return text.split("_")[1]


async def test_a_token_is_known_by_its_whole_text(auth: AuthWorld) -> None:
    token_id, text = await auth.keyring.issue("mine", "user:ada", None, check_user=anyone)
    caller = await auth.keyring.recognise(text)
    assert (caller.token_id, caller.scope, caller.name) == (token_id, "user:ada", "mine")
    assert (caller.kind, caller.expires_at, caller.only_user) == ("api", None, "ada")
    other = "a" if text[-1] != "a" else "b"
    for wrong in (text[:-1] + other, text[:-1], f"{text}a", text.upper(), "", "bos_", f" {text}"):
        assert await refused(auth.keyring.recognise(wrong)), wrong


async def test_the_key_of_another_server_opens_nothing(auth: AuthWorld) -> None:
    _, text = await auth.keyring.issue("mine", "admin", None, check_user=anyone)
    (auth.folder / "secret.key").write_bytes(bytes(32))
    assert await refused(auth.another(None).recognise(text))


async def test_a_token_is_good_up_to_its_end_and_not_at_it(auth: AuthWorld) -> None:
    end = auth.clock.now() + DAY
    token_id, text = await auth.keyring.issue("mine", "viewer", end, check_user=anyone)
    auth.clock.set(end - timedelta(milliseconds=1))
    assert (await auth.keyring.recognise(text)).expires_at == end
    assert await auth.keyring.still_valid(token_id)
    auth.clock.set(end)
    assert await refused(auth.keyring.recognise(text))
    assert not await auth.keyring.still_valid(token_id)
    with pytest.raises(Unauthorized):
        await auth.db.write(lambda tx: auth.keyring.valid_until(tx, token_id))


@pytest.mark.parametrize("scope", ["root", "user:", "user:a b", "Admin", ""])
async def test_a_scope_that_is_none_is_refused(auth: AuthWorld, scope: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        await auth.keyring.issue("x", scope, None, check_user=anyone)
    assert [fault.field for fault in refusal.value.details] == ["scope"]


@pytest.mark.parametrize("away", [timedelta(0), -DAY])
async def test_a_token_that_ends_before_it_begins_is_refused(
    auth: AuthWorld, away: timedelta
) -> None:
    with pytest.raises(Unprocessable) as refusal:
        await auth.keyring.issue("x", "viewer", auth.clock.now() + away, check_user=anyone)
    assert [fault.field for fault in refusal.value.details] == ["expiresAt"]


async def test_a_revoked_token_is_no_more_and_cannot_be_revoked_again(auth: AuthWorld) -> None:
    token_id, text = await auth.keyring.issue(
        "x", "admin", None, issued_by="someone", check_user=anyone
    )
    _, another = await auth.keyring.issue("y", "admin", None, check_user=anyone)
    assert (await auth.keyring.recognise(text)).token_id == token_id
    await auth.keyring.revoke(token_id)
    assert await refused(auth.keyring.recognise(text))
    assert (await auth.keyring.recognise(another)).name == "y"
    for unknown in (token_id, "no-such-token"):
        with pytest.raises(NotFound):
            await auth.keyring.revoke(unknown)
    stored = {token.id: token for token in await store.list_tokens(auth.db)}
    assert (stored[token_id].issued_by, stored[token_id].revoked_at) == (
        "someone",
        auth.clock.now(),
    )


async def test_the_first_start_alone_makes_an_admin_token(auth: AuthWorld) -> None:
    assert local_admin_token(auth.folder) is None
    text = await auth.keyring.first_start()
    assert text is not None
    assert (await auth.keyring.recognise(text)).is_admin
    assert local_admin_token(auth.folder) == text
    assert (auth.folder / "admin-token").stat().st_mode & 0o777 == 0o600
    assert await auth.keyring.first_start() is None
    assert local_admin_token(auth.folder) == text


def test_the_address_is_the_files_first_word_or_none(tmp_path: Any) -> None:
    assert local_address(tmp_path) is None
    (tmp_path / "address").write_text("\n")
    assert local_address(tmp_path) is None
    (tmp_path / "address").write_text("http://127.0.0.1:8787\n")
    assert local_address(tmp_path) == "http://127.0.0.1:8787"


async def test_a_configured_token_is_the_services_and_no_session(auth: AuthWorld) -> None:
    keyring = auth.another(FIXED)
    caller = await keyring.recognise(FIXED)
    assert (caller.scope, caller.name, caller.is_admin) == ("service", "service token", False)
    assert await refused(keyring.recognise(FIXED, SESSION))
    assert await refused(keyring.recognise("another"))
    assert await refused(auth.another(None).recognise(FIXED))
    assert await refused(auth.another("").recognise(""))
    assert await auth.db.write(lambda tx: keyring.valid_until(tx, caller.token_id)) is None
    assert await keyring.still_valid(caller.token_id)
    assert not await auth.another("changed").still_valid(caller.token_id)
    assert not await auth.another(None).still_valid(caller.token_id)
    empty = auth.another(None)._configured_id
    assert not await auth.another(None).still_valid(empty)


async def test_each_kind_is_good_in_its_own_place(auth: AuthWorld) -> None:
    _, token = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    session = await opened(auth)
    assert (await auth.keyring.recognise(session, SESSION)).is_session
    assert await refused(auth.keyring.recognise(session))
    assert await refused(auth.keyring.recognise(token, SESSION))


async def test_a_session_lasts_a_month_and_no_longer_than_its_token(auth: AuthWorld) -> None:
    now = auth.clock.now()
    short, _ = await auth.keyring.issue("x", "user:ada", now + DAY, check_user=anyone)
    long, _ = await auth.keyring.issue("x", "user:ada", now + 2 * SESSION_LASTS, check_user=anyone)
    endless, _ = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    for by, lasts in ((short, DAY), (long, 30 * DAY), (endless, 30 * DAY)):
        text, told = await auth.db.write(
            lambda tx, by=by: auth.keyring.open_session(  # type: ignore[misc]
                tx, "ada", issued_by=by, instead_of=None
            )
        )
        caller = await auth.keyring.recognise(text, SESSION)
        assert (told, caller.expires_at) == (lasts, now + lasts)


async def test_a_session_ends_with_the_token_that_opened_it(auth: AuthWorld) -> None:
    first, _ = await auth.keyring.issue("x", "user:ada", auth.clock.now() + DAY, check_user=anyone)
    second, _ = await auth.keyring.issue("y", "user:ada", None, check_user=anyone)
    by_first, by_second, by_nobody = (
        await opened(auth, by=first),
        await opened(auth, by=second),
        await opened(auth),
    )
    holders = {id_of(text) for text in (by_first, by_second, by_nobody)} | {first, second}

    async def over() -> set[str]:
        return await store.invalid_among(auth.db, holders, auth.clock.now())

    assert await over() == set()
    await auth.keyring.revoke(second)
    assert await refused(auth.keyring.recognise(by_second, SESSION))
    assert not await refused(auth.keyring.recognise(by_first, SESSION))
    assert await over() == {second, id_of(by_second)}
    auth.clock.advance(DAY)
    assert await refused(auth.keyring.recognise(by_first, SESSION))
    assert not await refused(auth.keyring.recognise(by_nobody, SESSION))
    assert await over() == {first, second, id_of(by_first), id_of(by_second)}
    with pytest.raises(Unauthorized):
        await opened(auth, by=first)


async def test_a_session_by_the_configured_token_ends_when_that_is_replaced(
    auth: AuthWorld,
) -> None:
    before = auth.another(FIXED)
    by = (await before.recognise(FIXED)).token_id
    session = await opened(auth, by=by, keyring=before)
    assert not await refused(before.recognise(session, SESSION))
    assert await refused(auth.another("changed").recognise(session, SESSION))
    assert await refused(auth.another(None).recognise(session, SESSION))


async def test_a_token_does_not_end_with_the_one_that_issued_it(auth: AuthWorld) -> None:
    """Only sessions do."""
    first, _ = await auth.keyring.issue("x", "admin", None, check_user=anyone)
    second, text = await auth.keyring.issue("y", "admin", None, issued_by=first, check_user=anyone)
    await auth.keyring.revoke(first)
    assert not await refused(auth.keyring.recognise(text))
    assert await store.invalid_among(auth.db, [second], auth.clock.now()) == set()


async def test_signing_in_again_ends_the_browsers_session_and_no_token(auth: AuthWorld) -> None:
    token_id, token = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    first, other = await opened(auth), await opened(auth)
    assert not await refused(auth.keyring.recognise(first, SESSION))
    await opened(auth, instead_of=id_of(first))
    await opened(auth, instead_of=token_id)
    assert await refused(auth.keyring.recognise(first, SESSION))
    assert not await refused(auth.keyring.recognise(other, SESSION))
    assert not await refused(auth.keyring.recognise(token))


async def test_of_too_many_sessions_the_oldest_end(auth: AuthWorld) -> None:
    _, token = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    texts = []
    for _ in range(MAX_SESSIONS):
        texts.append(await opened(auth))
        auth.clock.advance(timedelta(seconds=1))
    assert not await refused(auth.keyring.recognise(texts[0], SESSION))
    texts.append(await opened(auth))
    valid = [not await refused(auth.keyring.recognise(text, SESSION)) for text in texts]
    assert valid == [False] + [True] * MAX_SESSIONS
    assert not await refused(auth.keyring.recognise(token))


async def test_the_records_of_sessions_are_forgotten_a_week_after_their_end(
    auth: AuthWorld,
) -> None:
    by, _ = await auth.keyring.issue("x", "user:ada", auth.clock.now() + DAY, check_user=anyone)
    ended, replaced = id_of(await opened(auth, by=by)), id_of(await opened(auth))
    await opened(auth, instead_of=replaced)

    async def kept() -> set[str]:
        return {token.id for token in await store.list_tokens(auth.db)}

    auth.clock.advance(SESSION_KEPT)
    await opened(auth)
    assert await kept() >= {ended, replaced, by}
    auth.clock.advance(timedelta(milliseconds=1))
    await opened(auth)
    assert replaced not in await kept()
    assert ended in await kept()
    auth.clock.advance(DAY)
    await opened(auth)
    assert ended not in await kept()
    assert by in await kept()


async def test_all_tokens_of_a_scope_can_be_revoked_at_once(auth: AuthWorld) -> None:
    _, ours = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    _, theirs = await auth.keyring.issue("x", "user:bob", None, check_user=anyone)
    for text in (ours, theirs):
        await auth.keyring.recognise(text)
    await auth.db.write(lambda tx: store.revoke_scope(tx, "user:ada", auth.clock.now()))
    assert await refused(auth.keyring.recognise(ours))
    assert not await refused(auth.keyring.recognise(theirs))
