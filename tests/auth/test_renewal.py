"""How a session is renewed, and when a code is taken (docs/spec.md#api-auth)."""

from datetime import timedelta

import pytest

from buildos_box.auth import codes, store
from buildos_box.auth.codes import OpenCode
from buildos_box.auth.keyring import SESSION_LASTS, SESSION_RENEWED_AFTER
from buildos_box.auth.tokens import SESSION
from buildos_box.clock import from_text
from buildos_box.errors import Unauthorized, Unprocessable
from tests.auth.conftest import AuthWorld
from tests.auth.test_keyring import anyone, id_of, opened

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
NOW = from_text("2024-10-23T08:00:00Z")


async def ends(auth: AuthWorld) -> dict[str, object]:
    return {token.id: token.expires_at for token in await store.list_tokens(auth.db)}


async def test_a_session_is_renewed_once_a_day_and_no_other_is(auth: AuthWorld) -> None:
    text, other = await opened(auth), await opened(auth)
    token_id, _ = await auth.keyring.issue("x", "user:ada", None, check_user=anyone)
    begun = auth.clock.now()
    auth.clock.advance(SESSION_RENEWED_AFTER - MOMENT)
    caller = await auth.keyring.recognise(text, SESSION)
    assert await auth.keyring.renew_session(caller) is None
    auth.clock.advance(MOMENT)
    assert await auth.keyring.renew_session(caller) == SESSION_LASTS
    until = auth.clock.now() + SESSION_LASTS
    assert await ends(auth) == {
        id_of(text): until,
        id_of(other): begun + SESSION_LASTS,
        token_id: None,
    }
    renewed = await auth.keyring.recognise(text, SESSION)
    assert renewed.expires_at == until
    assert await auth.keyring.renew_session(renewed) is None


async def test_a_token_is_no_session_and_is_not_renewed(auth: AuthWorld) -> None:
    end = auth.clock.now() + 2 * DAY
    token_id, text = await auth.keyring.issue("x", "user:ada", end, check_user=anyone)
    auth.clock.advance(DAY + MOMENT)
    assert await auth.keyring.renew_session(await auth.keyring.recognise(text)) is None
    await auth.db.write(lambda tx: store.renew_session(tx, token_id, end + DAY))
    assert await ends(auth) == {token_id: end}


async def test_a_session_is_not_renewed_beyond_the_token_that_opened_it(auth: AuthWorld) -> None:
    end = auth.clock.now() + 10 * DAY
    by, _ = await auth.keyring.issue("x", "user:ada", end, check_user=anyone)
    text = await opened(auth, by=by)
    auth.clock.advance(2 * DAY)
    assert await auth.keyring.renew_session(await auth.keyring.recognise(text, SESSION)) is None
    assert (await ends(auth))[id_of(text)] == end


async def test_a_session_that_is_over_is_not_renewed(auth: AuthWorld) -> None:
    text = await opened(auth)
    auth.clock.advance(2 * DAY)
    caller = await auth.keyring.recognise(text, SESSION)
    await auth.keyring.revoke(id_of(text))
    with pytest.raises(Unauthorized):
        await auth.keyring.renew_session(caller)


KEY = b"key"
RIGHT = codes.code_of(KEY, "ada")
WRONG = "000000" if RIGHT != "000000" else "111111"


@pytest.mark.parametrize("tries", [0, 4])
def test_a_code_is_taken_up_to_its_end(tries: int) -> None:
    sent = OpenCode("ada", NOW, tries)
    assert codes.check(RIGHT, KEY, sent, NOW - MOMENT)
    assert not codes.check(WRONG, KEY, sent, NOW - MOMENT)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (None, "no code was requested"),
        (OpenCode("ada", NOW, 0), "has expired"),
        (OpenCode("ada", NOW + DAY, 5), "too many wrong codes"),
    ],
)
def test_a_code_that_cannot_be_right_any_more_says_why(sent: OpenCode | None, says: str) -> None:
    with pytest.raises(Unprocessable, match=says) as refused:
        codes.check(RIGHT, KEY, sent, NOW)
    assert [fault.field for fault in refused.value.details] == ["code"]
    assert [fault.field for fault in codes.wrong().details] == ["code"]
