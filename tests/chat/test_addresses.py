"""A chat address: what may be given, and how it is proved (docs/spec.md#chat-verification)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.settings import LimitsSettings
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.section import Secret
from tests.chat.conftest import chat_box, use
from tests.doubles.chat import NtfyDouble, TelegramDouble
from tests.world import BoxWorld


async def ask(box: BoxWorld, target: str = "ada-7f3k", **more: object) -> str:
    """Ask for a code; the code that came, empty if none did."""
    await box.post("/users/ada/chat", {"service": "ntfy", "target": target}, **more)
    await box.work()
    return ""


def code_in(double: NtfyDouble) -> str:
    found = re.search(r"code is (\d{6})\.", double.taken[-1]["message"])
    assert found is not None
    return found[1]


async def test_an_address_is_proved_by_the_code_that_came_there(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    mine = await box.token_for("user:ada")
    await ask(box, token=mine)
    assert ntfy.taken[-1]["topic"] == "ada-7f3k"
    known = await box.get("/users/ada/chat", token=mine)
    assert (known["service"], known["pendingService"]) == (None, "ntfy")
    assert [one["name"] for one in known["services"]] == ["ntfy", "gotify", "telegram"]
    done = await box.post("/users/ada/chat/verify", {"code": code_in(ntfy)}, token=mine)
    assert done == {"success": True, "service": "ntfy"}
    known = await box.get("/users/ada/chat", token=mine)
    assert (known["service"], known["target"], known["available"]) == ("ntfy", "ad…", True)
    assert known["pendingService"] is None
    again = await box.call("POST", "/users/ada/chat/verify", {"code": code_in(ntfy)}, token=mine)
    assert again.status_code == 422


async def test_what_is_asked_for_is_said_in_the_persons_language(box: BoxWorld) -> None:
    await box.sync(users=[{"id": "ada", "email": "ada@example.org", "locale": "de"}])
    hints = [one["hint"] for one in (await box.get("/users/ada/chat"))["services"]]
    assert hints[0].startswith("Dein Thema")
    assert hints[2] == "Die Nummer deines Chats mit dem Bot"


async def test_five_wrong_codes_end_it(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await ask(box)
    wrong = "000000" if code_in(ntfy) != "000000" else "111111"
    for _ in range(5):
        answer = await box.call("POST", "/users/ada/chat/verify", {"code": wrong})
        assert "is not the code" in answer.text
    answer = await box.call("POST", "/users/ada/chat/verify", {"code": code_in(ntfy)})
    assert "too many wrong codes" in answer.text


async def test_a_code_is_good_for_ten_minutes(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await ask(box)
    box.clock.advance(timedelta(minutes=10))
    answer = await box.call("POST", "/users/ada/chat/verify", {"code": code_in(ntfy)})
    assert "has expired" in answer.text
    assert (await box.get("/users/ada/chat"))["pendingService"] is None


async def test_a_newer_code_takes_the_place_of_the_older(box: BoxWorld, ntfy: NtfyDouble) -> None:
    body = {"service": "ntfy", "target": "ada-7f3k"}
    await box.post("/users/ada/chat", body)
    await box.post("/users/ada/chat", {**body, "target": "ada-other"})
    await box.work()
    assert [sent["topic"] for sent in ntfy.taken] == ["ada-other"]
    done = await box.post("/users/ada/chat/verify", {"code": code_in(ntfy)})
    assert done["service"] == "ntfy"


async def test_codes_are_limited_like_those_to_a_phone(tmp_path: Path, ntfy: NtfyDouble) -> None:
    limits = LimitsSettings(codes_per_target_hour=2)
    chat = {"ntfy": ChatSettings(url=Secret(ntfy.template))}
    async with chat_box(tmp_path, chat, limits) as box:
        await box.person("ada")
        body = {"service": "ntfy", "target": "ada-7f3k"}
        for _ in range(2):
            await box.post("/users/ada/chat", body)
        answer = await box.call("POST", "/users/ada/chat", body)
        assert (answer.status_code, "codes_per_target_hour" in answer.text) == (429, True)


async def test_only_operators_vouch_for_an_address(box: BoxWorld, ntfy: NtfyDouble) -> None:
    mine = await box.token_for("user:ada")
    body = {"service": "ntfy", "target": "ada-7f3k", "confirmed": True}
    assert (await box.call("POST", "/users/ada/chat", body, token=mine)).status_code == 403
    await use(box, "ntfy", "ada-7f3k")
    assert ntfy.seen == []
    await ask(box, "ada-new")
    assert (await box.call("DELETE", "/users/ada/chat", token=mine)).status_code == 204
    known = await box.get("/users/ada/chat")
    assert (known["service"], known["pendingService"]) == (None, None)
    assert (await box.call("DELETE", "/users/ada/chat")).status_code == 404


async def test_an_address_that_is_vouched_for_ends_an_open_code(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await ask(box, "ada-old")
    await use(box, "ntfy", "ada-7f3k")
    known = await box.get("/users/ada/chat")
    assert (known["target"], known["pendingService"], known["pendingUntil"]) == ("ad…", None, None)
    answer = await box.call("POST", "/users/ada/chat/verify", {"code": code_in(ntfy)})
    assert answer.status_code == 422


async def test_neither_code_nor_target_is_part_of_any_read(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await ask(box)
    code = code_in(ntfy)
    await box.post("/users/ada/chat/verify", {"code": code})
    (job,) = [job for job in await box.jobs() if job["job_type"] == "send_chat_code"]
    read = [
        (await box.call("GET", path)).text
        for path in (f"/jobs/{job['queue_job_id']}", "/users/ada/chat", "/users/ada/export")
    ]
    assert all("ada-7f3k" not in text and code not in text for text in read)


TRICKS = [
    "a/b", "..", "a%2Fb", "a?auth=x", "a#b", "a@evil.example", "evil.example/a", "a,b", "a b",
    "a;b", "a&to=b", "a\\b", "a:b@c", "ä", "", " ", "a\nb", "a" * 129, "{target}", "a+b", "a%00",
]  # fmt: skip


@pytest.mark.parametrize("target", TRICKS)
@pytest.mark.parametrize("service", ["ntfy", "gotify", "telegram"])
async def test_a_target_with_a_trick_is_refused_by_its_field(
    box: BoxWorld, ntfy: NtfyDouble, telegram: TelegramDouble, service: str, target: str
) -> None:
    answer = await box.call("POST", "/users/ada/chat", {"service": service, "target": target})
    assert answer.status_code == 422, answer.text
    assert [fault["field"] for fault in answer.json()["details"]] == ["target"]
    await box.work()
    assert (ntfy.seen, telegram.seen) == ([], [])


async def test_an_unknown_service_is_told_with_those_there_are(box: BoxWorld) -> None:
    answer = await box.call("POST", "/users/ada/chat", {"service": "irc", "target": "x"})
    assert "ntfy, gotify, telegram" in answer.text
