"""Every answer, a refusal too, carries the security headers, each once."""

import pytest

from tests.world import BoxWorld

WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    "path", ["/health", "/jobs", "/no/such/route", "/docs", "/unsubscribe/nonsense"]
)
async def test_every_answer_has_them_once(box: BoxWorld, path: str) -> None:
    answer = await box.api.get(path, headers={"Authorization": "Bearer nonsense"})
    found = {name: answer.headers.get_list(name) for name in WANTED}
    assert found == {name: [value] for name, value in WANTED.items()}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/no-such-path", 404), ("PUT", "/jobs", 405), ("GET", "/jobs", 401)],
)
async def test_a_refusal_carries_its_correlation_id_whatever_the_path(
    box: BoxWorld, method: str, path: str, status: int
) -> None:
    answer = await box.api.request(method, path, headers={"X-Correlation-Id": "mine-1"})
    assert (answer.status_code, answer.headers["x-correlation-id"]) == (status, "mine-1")
    assert answer.json()["correlationId"] == "mine-1"
    made = await box.api.request(method, path)
    assert made.json()["correlationId"] == made.headers["x-correlation-id"] != ""


async def test_a_wrong_method_is_told_the_right_ones(box: BoxWorld) -> None:
    answer = await box.api.request("PUT", "/tasks/one")
    assert answer.status_code == 405
    allowed = set(answer.headers["allow"].replace(" ", "").split(","))
    assert allowed == {"GET", "PATCH", "DELETE", "OPTIONS"}
    assert "allow" not in (await box.api.get("/no-such-path")).headers


async def test_answers_are_kept_by_nobody_unless_they_say_so(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    for path in ("/users/ada", "/jobs", "/health", "/users/bob", "/no-such-path"):
        answer = await box.call("GET", path, token=own)
        assert answer.headers["cache-control"] == "no-store"
    assert (await box.api.get("/app")).headers["cache-control"] == "no-store"  # a redirect
    assert (await box.api.get("/app/app.css")).headers["cache-control"] == "no-cache"
