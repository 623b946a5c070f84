"""An open marks one recipient; no open redirect (docs/spec.md#tracking-per-recipient)."""

from urllib.parse import quote

import pytest

from tests.mail.test_tracking import PERSON, a_brief, clicks, mail_row, pixel, public
from tests.world import BoxWorld


async def test_a_pixel_marks_its_own_mail_and_no_other(box: BoxWorld) -> None:
    for name in ("ada", "bo", "cy"):
        await a_brief(box, name)
    await public(box, "GET", pixel(box, 1))
    opened = {name: (await mail_row(box, name))["openCount"] for name in ("ada", "bo", "cy")}
    assert sorted(opened.values()) == [0, 0, 1]
    assert opened["bo"] == 1


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "https:evil.example",
        "https://site.example@evil.example/",
        "https://site.example/plan?a=1&b=%20x#top\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/\\evil.example",
        "https://other.example",
    ],
)
async def test_a_click_leads_to_a_link_of_its_own_mail_only(box: BoxWorld, target: str) -> None:
    await a_brief(box)
    base = clicks(box)[0].partition("?url=")[0]
    answer = await public(box, "GET", f"{base}?url={quote(target, safe='')}", headers=PERSON)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert (await mail_row(box))["clickCount"] == 0


async def test_a_link_of_anothers_mail_is_no_link_of_this_one(box: BoxWorld) -> None:
    await a_brief(box, "ada", "https://ada.example/secret")
    await a_brief(box, "bo", "https://bo.example/plan")
    base = clicks(box, 1)[0].partition("?url=")[0]
    stolen = quote("https://ada.example/secret", safe="")
    assert (await public(box, "GET", f"{base}?url={stolen}")).status_code == 400
