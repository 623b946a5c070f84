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
