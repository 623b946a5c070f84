"""Failed logins and frequent requests are slowed down, whatever headers claim."""

import httpx
import pytest

from buildos_box.settings import Settings
from buildos_box.settings.model import ServerSettings
from tests.world import BoxWorld, open_world

WRONG = "bos_aaaaaaaaaaaaaaaa_" + "a" * 32


def from_address(world: BoxWorld, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(
        app=world.box.api,  # type: ignore[arg-type]
        client=(address, 4000),
        raise_app_exceptions=False,
    )
    return httpx.AsyncClient(transport=transport, base_url="http://box.test")


async def guess(api: httpx.AsyncClient, times: int, **headers: str) -> list[int]:
    found = []
    for n in range(times):
        wrong = f"Bearer {WRONG[:-3]}{n:03}"
        answer = await api.get("/queue/stats", headers={"Authorization": wrong, **headers})
        found.append(answer.status_code)
    return found


async def test_fifty_guesses_with_changing_forwarded_addresses_end_in_429(box: BoxWorld) -> None:
    async with from_address(box, "203.0.113.7") as api:
        seen = []
        for n in range(50):
            seen += await guess(api, 1, **{"X-Forwarded-For": f"198.51.100.{n}"})
    assert seen[:20] == [401] * 20
    assert set(seen[20:]) == {429}


async def test_wrong_tokens_lock_no_right_one_out(box: BoxWorld) -> None:
    async with from_address(box, "203.0.113.7") as api, from_address(box, "203.0.113.8") as other:
        await guess(api, 30)
        fresh = {"Authorization": f"Bearer {await box.token_for('service')}"}
        assert (await api.get("/queue/stats", headers=fresh)).status_code == 200
        wrong = {"Authorization": f"Bearer {WRONG}"}
        refused = await api.get("/queue/stats", headers=wrong)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["code"] == "rate_limited"
        assert (await other.get("/queue/stats", headers=wrong)).status_code == 401
        box.clock.set("2024-10-23T08:02:00Z")
        assert (await api.get("/queue/stats", headers=wrong)).status_code == 401


async def test_health_is_no_way_around_it(box: BoxWorld) -> None:
    async with from_address(box, "203.0.113.9") as api:
        for n in range(20):
            headers = {"Authorization": f"Bearer {WRONG[:-3]}{n:03}"}
            assert (await api.get("/health", headers=headers)).json()["stats"] == []
        assert await guess(api, 1) == [429]


async def test_only_operators_see_the_queue_through_health(box: BoxWorld) -> None:
    await box.person("ada")
    await box.post("/queue/brief", {"userId": "ada"})
    for scope, sees in (("user:ada", False), ("viewer", True), ("service", True)):
        answer = await box.call("GET", "/health", token=await box.token_for(scope))
        assert bool(answer.json()["stats"]) is sees


@pytest.mark.parametrize(
    ("peer", "forwarded", "others"),
    [
        ("10.1.2.3", "198.51.100.1", "198.51.100.2"),
        ("10.1.2.3", "6.6.6.6, 198.51.100.1", "6.6.6.6, 198.51.100.2"),
        ("10.1.2.3", "198.51.100.1, 10.9.9.9", "198.51.100.2, 10.9.9.9"),
        ("::ffff:10.1.2.3", "2001:db8:1:1::5", "2001:db8:2::5"),
    ],
)
async def test_behind_a_trusted_proxy_the_real_client_counts(
    tmp_path: object, peer: str, forwarded: str, others: str
) -> None:
    settings = Settings(server=ServerSettings(trusted_proxies=("10.0.0.0/8",)))
    async with (
        open_world(tmp_path / "data", settings=settings) as world,  # type: ignore[operator]
        from_address(world, peer) as api,
    ):
        seen = await guess(api, 25, **{"X-Forwarded-For": forwarded})
        assert seen.count(429) == 5
        assert await guess(api, 1, **{"X-Forwarded-For": others}) == [401]


async def test_addresses_of_one_ipv6_network_count_together(box: BoxWorld) -> None:
    seen = []
    for n in range(25):
        async with from_address(box, f"2001:db8:1:1::{n:x}") as api:
            seen += await guess(api, 1)
    assert seen.count(429) == 5


async def test_a_users_token_has_its_requests_counted_and_the_service_none(
    tmp_path: object,
) -> None:
    settings = Settings(server=ServerSettings(user_requests_per_minute=5))
    async with open_world(tmp_path / "data", settings=settings) as world:  # type: ignore[operator]
        await world.person("ada")
        await world.person("bob")
        ada, bob = await world.token_for("user:ada"), await world.token_for("user:bob")
        seen = [(await world.call("GET", "/users/ada", token=ada)).status_code for _ in range(7)]
        assert seen == [200] * 5 + [429] * 2
        assert (await world.call("GET", "/users/bob", token=bob)).status_code == 200
        for _ in range(10):
            assert (await world.call("GET", "/users/ada")).status_code == 200
        world.clock.set("2024-10-23T08:01:00Z")
        assert (await world.call("GET", "/users/ada", token=ada)).status_code == 200


async def test_signing_in_to_the_page_is_no_way_around_it(box: BoxWorld) -> None:
    seen = []
    async with from_address(box, "203.0.113.10") as api:
        for n in range(25):
            body = {"token": f"{WRONG[:-3]}{n:03}"} if n % 2 else {"code": f"wrong-{n}"}
            answer = await api.post("/app/session", json=body, headers={"X-Box-Page": "1"})
            seen.append(answer.status_code)
    assert seen == [401] * 20 + [429] * 5


async def test_who_guesses_too_often_is_told_so(box: BoxWorld) -> None:
    async with from_address(box, "203.0.113.11") as api:
        await guess(api, 20)
        refused = await api.get("/queue/stats", headers={"Authorization": f"Bearer {WRONG}"})
        assert refused.json()["error"] == "too many wrong tokens came from this address"


async def test_whoever_may_only_read_may_also_read_by_a_post_that_changes_nothing(
    box: BoxWorld,
) -> None:
    viewer = await box.token_for("viewer")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    asked = {"Accept": "application/json, text/event-stream"}
    reads = await box.call("POST", "/mcp", ping, token=viewer, headers=asked)
    assert reads.status_code == 200, reads.text
    changes = await box.call("POST", "/queue/brief", {"userId": "ada"}, token=viewer)
    assert changes.status_code == 403
