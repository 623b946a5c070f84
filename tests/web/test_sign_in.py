"""Signing in with a token or a link; scripts never hold a token (docs/spec.md#page-sign-in)."""

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from buildos_box.settings import Settings
from buildos_box.settings.model import ServerSettings
from tests.world import BoxWorld, open_world

PAGE = {"X-Box-Page": "1"}


async def sign_in(box: BoxWorld, **body: Any) -> httpx.Response:
    answer = await box.api.post("/app/session", json=body, headers=PAGE)
    box.api.cookies.clear()
    return answer


def cookie_of(answer: httpx.Response) -> str:
    """`name=value`, as browsers send it."""
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return f"{cookie.key}={cookie.value}"


async def ask(box: BoxWorld, path: str, cookie: str, **headers: str) -> int:
    sent = {"Cookie": cookie, **(headers or PAGE)}
    return (await box.api.get(path, headers=sent)).status_code


async def test_a_users_token_opens_their_page_and_no_other(box: BoxWorld) -> None:
    await box.person("ada", zone="Europe/Berlin")
    await box.person("bob")
    answer = await sign_in(box, token=await box.token_for("user:ada"))
    told = {name: answer.json()[name] for name in ("userId", "name", "timezone", "locale")}
    assert told == {
        "userId": "ada",
        "name": "Ada",
        "timezone": "Europe/Berlin",
        "locale": "en-US",
    }
    assert await ask(box, "/users/ada/briefs", cookie_of(answer)) == 200
    assert await ask(box, "/users/bob/briefs", cookie_of(answer)) == 404


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(box: BoxWorld) -> None:
    await box.person("ada")
    answer = await sign_in(box, token=await box.token_for("user:ada"))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/;" in cookie + ";"
    assert "secure" not in cookie
    assert await ask(box, "/users/ada/briefs", cookie_of(answer), Accept="*/*") == 401


async def test_behind_https_the_cookie_is_bound_to_its_host(tmp_path: Any) -> None:
    server = ServerSettings(base_url="https://example.org/box/")
    async with open_world(tmp_path / "data", settings=Settings(server=server)) as box:
        await box.person("ada")
        answer = await sign_in(box, token=await box.token_for("user:ada"))
        name, _, rest = answer.headers["set-cookie"].partition("=")
        assert name.startswith("__Host-")
        attributes = {part.strip().lower() for part in rest.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=strict"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
        assert await ask(box, "/users/ada/briefs", cookie_of(answer)) == 200


async def test_two_instances_on_one_host_sign_each_other_out_of_nothing(tmp_path: Any) -> None:
    """Browsers keep cookies by host, whatever the port."""
    jar = httpx.Cookies()
    async with open_world(tmp_path / "one") as one, open_world(tmp_path / "two") as two:
        for box in (one, two):
            await box.person("ada")
            box.api.cookies = jar
            body = {"token": await box.token_for("user:ada")}
            assert (await box.api.post("/app/session", json=body, headers=PAGE)).status_code == 200
            jar = box.api.cookies
        for box in (one, two):
            box.api.cookies = jar
            assert (await box.api.get("/users/ada/briefs", headers=PAGE)).status_code == 200


@pytest.mark.parametrize("scope", ["admin", "service"])
async def test_a_powerful_token_never_lies_in_the_cookie(box: BoxWorld, scope: str) -> None:
    await box.person("ada")
    given = await box.token_for(scope)
    alone = await sign_in(box, token=given)
    assert alone.json()["userId"] == "ada"
    await box.person("bob")
    unsaid = await sign_in(box, token=given)
    assert (unsaid.status_code, unsaid.json()["details"][0]["field"]) == (422, "userId")
    assert (await sign_in(box, token=given, userId="nobody")).status_code == 422
    answer = await sign_in(box, token=given, userId="bob")
    cookie = cookie_of(answer)
    assert cookie != given
    assert await ask(box, "/users/bob/briefs", cookie) == 200
    assert await ask(box, "/users/ada/briefs", cookie) == 404
    assert await ask(box, "/tokens", cookie) == 403


async def test_a_link_opens_the_page_once_within_a_day(box: BoxWorld) -> None:
    await box.person("ada")
    made = await box.post("/users/ada/sign-in-link")
    address, _, code = made["url"].partition("#sign-in=")
    assert address.endswith("/app/")
    answer = await sign_in(box, code=code)
    assert answer.json()["userId"] == "ada"
    assert (await sign_in(box, code=code)).status_code == 401
    late = (await box.post("/users/ada/sign-in-link"))["url"].partition("#sign-in=")[2]
    box.clock.advance(timedelta(hours=24))
    assert (await sign_in(box, code=late)).status_code == 401


async def link_code(box: BoxWorld, user_id: str) -> str:
    made = await box.post(f"/users/{user_id}/sign-in-link")
    return str(made["url"].partition("#sign-in=")[2])


async def test_a_link_says_whom_it_signs_in_and_stays_good(box: BoxWorld) -> None:
    await box.person("ada")
    code = await link_code(box, "ada")
    for _ in range(2):
        seen = await box.api.post("/app/sign-in-link", json={"code": code}, headers=PAGE)
        assert seen.json() == {"userId": "ada", "name": "Ada", "replaces": None}
        assert "set-cookie" not in seen.headers
    assert (await sign_in(box, code=code)).status_code == 200
    assert (
        await box.api.post("/app/sign-in-link", json={"code": code}, headers=PAGE)
    ).status_code == 401


@pytest.mark.parametrize("by", ["code", "token"])
async def test_nobody_is_signed_in_as_somebody_else_unasked(box: BoxWorld, by: str) -> None:
    """Login CSRF: a stranger's link opened by somebody who is signed in."""
    await box.person("ada")
    await box.person("mallory")
    adas = cookie_of(await sign_in(box, token=await box.token_for("user:ada")))
    own = await box.token_for("user:mallory")
    body = {by: await link_code(box, "mallory") if by == "code" else own}
    headers = {**PAGE, "Cookie": adas}
    refused = await box.api.post("/app/session", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "signed_in_as_another")
    assert "set-cookie" not in refused.headers
    assert await ask(box, "/users/ada/briefs", adas) == 200
    if by == "code":
        preview = await box.api.post("/app/sign-in-link", json=body, headers=headers)
        assert preview.json() == {"userId": "mallory", "name": "Mallory", "replaces": "Ada"}
    agreed = await box.api.post("/app/session", json={**body, "replace": True}, headers=headers)
    box.api.cookies.clear()
    assert agreed.json()["userId"] == "mallory"
    assert await ask(box, "/users/mallory/briefs", cookie_of(agreed)) == 200
    assert await ask(box, "/users/ada/briefs", adas) == 401


async def test_sessions_of_one_user_have_a_limit(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    cookies = []
    for _ in range(21):
        cookies.append(cookie_of(await sign_in(box, token=own)))
        box.clock.advance(timedelta(seconds=1))
    statuses = [await ask(box, "/users/ada/briefs", cookie) for cookie in cookies]
    assert statuses == [401] + [200] * 20


async def test_records_of_ended_sessions_are_deleted_in_time(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    await sign_in(box, token=own)
    box.clock.advance(timedelta(days=40))
    await sign_in(box, token=own)
    listed = (await box.get("/tokens"))["tokens"]
    sessions = [token for token in listed if token["kind"] == "session"]
    assert len(sessions) == 1
    assert sessions[0]["issuedBy"] in {token["id"] for token in listed}


async def test_who_may_make_links(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    assert (await box.call("POST", "/users/ada/sign-in-link", token=own)).status_code == 403
    assert (await box.call("POST", "/users/nobody/sign-in-link")).status_code == 404


async def test_no_code_stands_in_the_database(box: BoxWorld) -> None:
    await box.person("ada")
    code = (await box.post("/users/ada/sign-in-link"))["url"].partition("#sign-in=")[2]
    for file in box.folder.glob("box.sqlite3*"):
        assert code.encode() not in file.read_bytes()


async def test_another_site_can_sign_nobody_in(box: BoxWorld) -> None:
    await box.person("ada")
    answer = await box.api.post("/app/session", json={"token": await box.token_for("user:ada")})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    preview = await box.api.post("/app/sign-in-link", json={"code": await link_code(box, "ada")})
    assert preview.status_code == 403


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "bos_x"}, {"code": "abc"}])
async def test_what_is_no_key_opens_nothing(box: BoxWorld, body: Any) -> None:
    answer = await sign_in(box, **body)
    assert answer.status_code in (401, 422)
    assert "set-cookie" not in answer.headers


async def test_signing_out_ends_the_pages_own_token(box: BoxWorld) -> None:
    await box.person("ada")
    cookie = cookie_of(await sign_in(box, token=box.token))
    headers = {"Cookie": cookie, **PAGE}
    answer = await box.api.delete("/app/session", headers=headers)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await ask(box, "/users/ada/briefs", cookie) == 401


async def test_signing_out_leaves_a_token_that_was_given(box: BoxWorld) -> None:
    await box.person("ada")
    token = await box.token_for("user:ada")
    cookie = cookie_of(await sign_in(box, token=token))
    await box.api.delete("/app/session", headers={"Cookie": cookie, **PAGE})
    assert (await box.call("GET", "/users/ada", token=token)).status_code == 200


async def test_a_taken_back_token_ends_the_session(box: BoxWorld) -> None:
    await box.person("ada")
    issued = await box.post("/tokens", {"name": "t", "scope": "user:ada"})
    cookie = cookie_of(await sign_in(box, token=issued["token"]))
    await box.call("DELETE", f"/tokens/{issued['id']}")
    assert await ask(box, "/app/session", cookie) == 401


async def test_mails_are_switched_off_and_on_without_a_link(box: BoxWorld) -> None:
    await box.person("ada", at="09:00", isActive=True)
    await box.project()
    own = await box.token_for("user:ada")
    path = "/users/ada/email-subscriptions"
    assert await box.get(path, token=own) == {"briefs": True, "notifications": True}
    answer = await box.call("PUT", path, {"briefs": False}, token=own)
    assert answer.json() == {"briefs": False, "notifications": True}
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    assert box.outbox == []
    answer = await box.call("PUT", path, {"briefs": True}, token=own)
    assert answer.json()["briefs"] is True
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.work()
    assert len(box.outbox) == 1
    assert (
        await box.call("PUT", "/users/bob/email-subscriptions", {}, token=own)
    ).status_code == 404
