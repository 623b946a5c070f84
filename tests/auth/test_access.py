"""Tokens and scopes: closed unless declared public, revocable (docs/spec.md#api-auth)."""

from datetime import timedelta

import pytest

from tests.world import BoxWorld

PUBLIC = {
    "/health",
    "/email/track/open/{tracking_id}",
    "/email/track/click/{tracking_id}",
    "/unsubscribe/{token}",
    # Signed by the box; tests/mail/test_signed_links.py holds what each of them refuses.
    "/tap/done/{token}",
    "/tap/brief/{token}",
    "/docs",
    "/docs/openapi.json",
    "/docs/rapidoc-min.js",
    "/unsubscribe/{token}/undo",
    # Signed by Twilio; tests/sms holds that nothing is read before the signature.
    "/webhooks/twilio/inbound",
    "/webhooks/twilio/status",
    # The users' page: files without anyone's data, and signing in (tests/web).
    "/",
    "/app",
    "/app/texts.json",
    "/app/{name}",
    "/app/session",
    "/app/sign-in-link",
    "/app/sign-in-mail",
    "/favicon.ico",
}


def routes(box: BoxWorld) -> list[tuple[str, str, bool]]:
    """(method, path, public) of every route."""
    found = []
    for route in box.box.api.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in getattr(handler, "http_methods", []):
                if method != "OPTIONS":
                    found.append((method, route.path_format, bool(handler.opt.get("public"))))
    return found


async def test_only_the_listed_routes_are_public(box: BoxWorld) -> None:
    public = {path for _, path, is_public in routes(box) if is_public}
    assert {path.rstrip("/") or "/" for path in public} - {"/docs/{path}"} == PUBLIC


async def test_every_other_route_wants_a_token(box: BoxWorld) -> None:
    checked = 0
    for method, path, is_public in routes(box):
        if is_public:
            continue
        answer = await box.api.request(method, path.replace("{", "").replace("}", ""))
        assert (method, path, answer.status_code) == (method, path, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer bos_aaaaaaaaaaaaaaaa_" + "a" * 32],
)
async def test_a_wrong_token_is_refused(box: BoxWorld, header: str) -> None:
    answer = await box.api.get("/jobs", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_a_user_sees_only_what_is_theirs(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("bob")
    ada = await box.token_for("user:ada")
    own = (await box.post("/queue/brief", {"userId": "ada"}, token=ada))["jobId"]
    other = (await box.post("/queue/brief", {"userId": "bob"}))["jobId"]
    for path in (f"/jobs/{other}", "/users/bob/jobs", "/users/bob/briefs", "/jobs?user=bob"):
        assert (await box.call("GET", path, token=ada)).status_code == 404
    assert (await box.call("POST", f"/jobs/{other}/cancel", token=ada)).status_code == 404
    assert (await box.call("POST", "/queue/brief", {"userId": "bob"}, token=ada)).status_code == 404
    assert [j["id"] for j in (await box.get("/jobs", token=ada))["jobs"]] == [own]


async def test_a_result_is_never_another_users(box: BoxWorld) -> None:
    """A result endpoint answered with another user's data."""
    await box.person("ada")
    await box.person("bob")
    job = (await box.post("/queue/brief", {"userId": "bob"}))["jobId"]
    await box.work()
    ada = await box.token_for("user:ada")
    for path in (
        f"/jobs/{job}",
        f"/jobs/{job}/attempts",
        f"/jobs/{job}/events",
        f"/jobs/{job}/why",
    ):
        assert (await box.call("GET", path, token=ada)).status_code == 404
    assert (await box.call("GET", "/users/bob/briefs/2024-10-23", token=ada)).status_code == 404


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("user:ada", "/queue/stats", 403),
        ("user:ada", "/schedule", 403),
        ("user:ada", "/tokens", 403),
        ("service", "/queue/stats", 200),
        ("service", "/tokens", 403),
        ("admin", "/tokens", 200),
    ],
)
async def test_scopes_open_what_they_should(
    box: BoxWorld, scope: str, path: str, status: int
) -> None:
    token = await box.token_for(scope)
    assert (await box.call("GET", path, token=token)).status_code == status


async def test_a_revoked_token_is_refused_at_once(box: BoxWorld) -> None:
    issued = await box.post("/tokens", {"name": "t", "scope": "service"})
    assert (await box.call("GET", "/queue/stats", token=issued["token"])).status_code == 200
    assert (await box.call("DELETE", f"/tokens/{issued['id']}")).status_code == 204
    assert (await box.call("GET", "/queue/stats", token=issued["token"])).status_code == 401


async def test_a_token_ends_when_it_says(box: BoxWorld) -> None:
    body = {"name": "t", "scope": "service", "expiresAt": "2024-10-23T09:00:00Z"}
    issued = await box.post("/tokens", body)
    box.clock.advance(timedelta(hours=1))
    assert (await box.call("GET", "/queue/stats", token=issued["token"])).status_code == 401


async def test_an_impossible_scope_is_refused(box: BoxWorld) -> None:
    answer = await box.call("POST", "/tokens", {"name": "t", "scope": "root"})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "scope")


async def test_a_token_for_a_user_who_is_not_there_is_refused(box: BoxWorld) -> None:
    answer = await box.call("POST", "/tokens", {"name": "t", "scope": "user:cleo"})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (404, "user_not_found")
    assert told["details"] == [{"field": "scope", "message": "there is no user cleo"}]
    listed = (await box.get("/tokens"))["tokens"]
    assert [token["scope"] for token in listed] == ["admin"]
    await box.person("cleo")
    await box.post("/tokens", {"name": "t", "scope": "user:cleo"})


async def test_no_token_stands_in_the_database(box: BoxWorld) -> None:
    issued = await box.post("/tokens", {"name": "t", "scope": "service"})
    await box.db.write(lambda tx: tx.execute("PRAGMA user_version"))
    for file in box.folder.glob("box.sqlite3*"):
        content = file.read_bytes()
        assert issued["token"].encode() not in content
        assert issued["token"].rsplit("_", 1)[1].encode() not in content


async def test_the_admin_token_is_readable_by_its_owner_alone(box: BoxWorld) -> None:
    assert (box.folder / "admin-token").stat().st_mode & 0o777 == 0o600
    assert (box.folder / "secret.key").stat().st_mode & 0o777 == 0o600


async def test_with_a_user_go_their_waiting_work_and_their_keys(box: BoxWorld) -> None:
    await box.person("ada")
    queued = await box.post("/queue/brief", {"userId": "ada"})
    own = await box.token_for("user:ada")
    await box.sync(delete={"users": ["ada"]})
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert (job["status"], job["cancel_reason"]) == ("cancelled", "its user was deleted")
    assert (await box.call("GET", "/users/ada/jobs", token=own)).status_code == 401


async def test_a_token_in_the_header_counts_before_the_pages_cookie(box: BoxWorld) -> None:
    await box.person()
    keyring, cookie = box.box.api.state.keyring, box.box.api.state.session_cookie
    session, _ = await box.db.write(
        lambda tx: keyring.open_session(tx, "ada", issued_by=None, instead_of=None)
    )
    page = {"X-Box-Page": "1", "Cookie": f"{cookie.name}={session}"}
    by_token = {"Authorization": f"Bearer {box.token}"}
    for headers, scope in ((page, "user:ada"), ({**page, **by_token}, "admin")):
        assert (await box.api.get("/me", headers=headers)).json()["scope"] == scope
    without_page = {"Cookie": page["Cookie"]}
    assert (await box.api.get("/me", headers=without_page)).status_code == 401
