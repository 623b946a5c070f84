"""Signing in by a mailed link, and sessions that renew (docs/spec.md#page-sign-in-mail)."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.web.test_sign_in import PAGE, ask, cookie_of, sign_in
from tests.world import BoxWorld


async def request_link(box: BoxWorld, email: str, **headers: str) -> httpx.Response:
    return await box.api.post("/app/sign-in-mail", json={"email": email}, headers=headers or PAGE)


async def mailed_codes(box: BoxWorld, email: str) -> list[str]:
    """The codes of the links that came by mail."""
    await request_link(box, email)
    await box.work()
    return [
        found[1]
        for mail in box.outbox
        if (found := re.search(r"#sign-in=([0-9a-z]+)", mail.get_content()))
    ]


async def test_a_mailed_link_signs_in_once(box: BoxWorld) -> None:
    await box.person("ada")
    (code,) = await mailed_codes(box, "ada@example.org")
    assert box.outbox[0]["To"] == "ada@example.org"
    answer = await sign_in(box, code=code)
    assert answer.json()["userId"] == "ada"
    assert await ask(box, "/users/ada/briefs", cookie_of(answer)) == 200
    assert (await sign_in(box, code=code)).status_code == 401


async def test_a_mailed_link_is_good_for_twenty_minutes(box: BoxWorld) -> None:
    await box.person("ada")
    (code,) = await mailed_codes(box, "ada@example.org")
    box.clock.advance(timedelta(minutes=20))
    assert (await sign_in(box, code=code)).status_code == 401


async def test_the_address_is_known_in_any_case(box: BoxWorld) -> None:
    await box.person("ada")
    assert len(await mailed_codes(box, "ADA@Example.org")) == 1


async def test_the_answer_is_the_same_for_every_address(box: BoxWorld) -> None:
    await box.person("ada")
    known = await request_link(box, "ada@example.org")
    unknown = await request_link(box, "nobody@example.org")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (
        202, b'{"success":true}')  # fmt: skip
    await box.work()
    assert [mail["To"] for mail in box.outbox] == ["ada@example.org"]


async def test_known_and_unknown_addresses_are_limited_alike(box: BoxWorld) -> None:
    await box.person("ada")
    seen = {}
    for address in ("ada@example.org", "nobody@example.org"):
        seen[address] = [(await request_link(box, address)).status_code for _ in range(4)]
    assert set(map(tuple, seen.values())) == {(202, 202, 202, 429)}


async def test_one_address_of_the_net_asks_for_few_links(box: BoxWorld) -> None:
    statuses = [(await request_link(box, f"p{n}@example.org")).status_code for n in range(11)]
    assert statuses == [202] * 10 + [429]


async def test_an_unconfirmed_address_gets_no_link(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    await box.call("PATCH", "/users/ada", {"email": "new@example.org"}, token=own)
    await box.work()
    before = len(box.outbox)
    assert await mailed_codes(box, "new@example.org") == []
    assert len(box.outbox) == before


async def test_each_user_of_an_address_gets_their_own_link(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("bob")
    await box.call("PATCH", "/users/bob", {"email": "ada@example.org"})
    codes = await mailed_codes(box, "ada@example.org")
    signed_in = [(await sign_in(box, code=code)).json()["userId"] for code in codes]
    assert sorted(signed_in) == ["ada", "bob"]


async def test_of_many_users_at_one_address_five_get_a_link(box: BoxWorld) -> None:
    people = [{"id": f"u{n}", "email": "all@example.org", "name": f"U{n}"} for n in range(7)]
    await box.sync(users=people)
    assert len(await mailed_codes(box, "all@example.org")) == 5


async def test_a_link_is_mailed_before_all_else_and_its_job_says_who_asked(box: BoxWorld) -> None:
    await box.person("ada")
    await request_link(box, "ada@example.org")
    (row,) = await box.jobs(types=["send_sign_in_link"])
    assert (row["priority"], row["user_id"]) == (1, "ada")
    events = (await box.get(f"/jobs/{row['queue_job_id']}/events"))["events"]
    assert [one["actor"] for one in events] == ["sign-in page"]


async def test_no_mailed_code_stands_in_the_database(box: BoxWorld) -> None:
    await box.person("ada")
    (code,) = await mailed_codes(box, "ada@example.org")
    for file in box.folder.glob("box.sqlite3*"):
        assert code.encode() not in file.read_bytes()


async def test_another_site_sends_nobody_a_link(box: BoxWorld) -> None:
    await box.person("ada")
    assert (await request_link(box, "ada@example.org", Accept="*/*")).status_code == 403


@pytest.mark.parametrize("email", ["", "ada", "ada@"])
async def test_what_is_no_address_is_refused(box: BoxWorld, email: str) -> None:
    answer = await request_link(box, email)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "email")


async def opened(box: BoxWorld, cookie: str) -> Any:
    return await box.api.get("/app/session", headers={"Cookie": cookie, **PAGE})


async def test_a_session_that_is_used_does_not_end(box: BoxWorld) -> None:
    await box.person("ada")
    cookie = cookie_of(await sign_in(box, token=await box.token_for("user:ada")))
    for _ in range(3):
        box.clock.advance(timedelta(days=20))
        answer = await opened(box, cookie)
        assert answer.status_code == 200
        assert cookie_of(answer) == cookie
        assert "Max-Age=2592000" in answer.headers["set-cookie"]
    box.clock.advance(timedelta(days=30))
    assert (await opened(box, cookie)).status_code == 401


async def test_a_session_is_renewed_once_a_day(box: BoxWorld) -> None:
    await box.person("ada")
    cookie = cookie_of(await sign_in(box, token=await box.token_for("user:ada")))
    box.clock.advance(timedelta(hours=23))
    assert "set-cookie" not in (await opened(box, cookie)).headers
    box.clock.advance(timedelta(hours=1))
    assert "set-cookie" in (await opened(box, cookie)).headers
    assert "set-cookie" not in (await opened(box, cookie)).headers


async def test_a_renewed_session_ends_with_its_token(box: BoxWorld) -> None:
    await box.person("ada")
    ends = box.clock.now() + timedelta(days=40)
    made = await box.post(
        "/tokens", {"name": "t", "scope": "user:ada", "expiresAt": ends.isoformat()}
    )
    cookie = cookie_of(await sign_in(box, token=made["token"]))
    box.clock.advance(timedelta(days=20))
    assert f"Max-Age={20 * 24 * 3600};" in (await opened(box, cookie)).headers["set-cookie"]
    box.clock.advance(timedelta(days=20))
    assert (await opened(box, cookie)).status_code == 401
