"""Messages to chat services, and what each answer means (docs/spec.md#chat-sending)."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.section import Secret
from tests.chat.conftest import chat_box, deliveries, sending, tell, use
from tests.doubles.chat import (
    ChatDouble,
    GotifyDouble,
    MatrixDouble,
    NtfyDouble,
    TelegramDouble,
    Trouble,
)
from tests.world import BoxWorld

TEXT = "Home: Pay <b>rent</b> & tax\nhttps://box.example/app/#task-t1"


async def test_ntfy_takes_it_with_the_operators_login(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-7f3k")
    await tell(box)
    await box.work()
    (sent,) = ntfy.taken
    assert (sent["topic"], sent["title"]) == ("ada-7f3k", "A task was assigned to you")
    assert sent["message"] == TEXT
    assert await deliveries(box) == [("sent", None)]
    (item,) = (await box.get("/deliveries?channel=chat"))["items"]
    assert item["providerId"] == "ntfy m1"


async def test_nobody_elses_server_is_told_of_it(box: BoxWorld, ntfy: NtfyDouble) -> None:
    """Apprise would have the reader's phone fetch its own picture."""
    await use(box, "ntfy", "ada-7f3k")
    await tell(box)
    await box.work()
    assert not any("icon" in name for name in ntfy.seen[0].headers)
    assert "github" not in str(ntfy.seen[0])


async def test_gotify_takes_it_with_the_persons_token(box: BoxWorld, gotify: GotifyDouble) -> None:
    await use(box, "gotify", GotifyDouble.TOKEN)
    await tell(box)
    await box.work()
    (sent,) = gotify.taken
    assert (sent["title"], sent["message"]) == ("A task was assigned to you", TEXT)


async def test_telegram_shows_marks_as_they_were_written(
    box: BoxWorld, telegram: TelegramDouble
) -> None:
    await use(box, "telegram", "-100123")
    await tell(box)
    await box.work()
    (sent,) = telegram.taken
    assert sent["chat_id"] == -100123
    assert sent["text"].replace("\r", "") == f"A task was assigned to you\n{TEXT}"


async def test_matrix_takes_it_in_the_persons_room(tmp_path: Path) -> None:
    with MatrixDouble() as matrix:
        service = ChatSettings(url=Secret(matrix.template))
        async with chat_box(tmp_path, {"matrix": service}) as box:
            await box.person("ada")
            await use(box, "matrix", MatrixDouble.ROOM)
            await tell(box)
            await box.work()
            assert await deliveries(box) == [("sent", None)], matrix.seen
            assert TEXT in matrix.taken[0]["body"]


BUSY = [
    ("ntfy", "ada-1", 429, {"error": "limit reached: too many requests"}, {"Retry-After": "90"}),
    ("gotify", GotifyDouble.TOKEN, 503, {}, {"Retry-After": "90"}),
    ("telegram", "4711", 429, {"ok": False, "parameters": {"retry_after": 90}}, {}),
    ("ntfy", "ada-1", 429, {"retry_after_ms": 90_000}, {}),
]


@pytest.mark.parametrize(("service", "target", "status", "body", "headers"), BUSY)
async def test_a_busy_service_is_asked_again_when_it_says(
    box: BoxWorld,
    request: pytest.FixtureRequest,
    service: str,
    target: str,
    status: int,
    body: dict[str, object],
    headers: dict[str, str],
) -> None:
    double: ChatDouble = request.getfixturevalue(service)
    await use(box, service, target)
    double.troubles = [Trouble(status, body, headers)]
    await tell(box)
    await box.work()
    job = await sending(box)
    assert (job["status"], job["error_code"]) == ("queued_for_retry", f"http_{status}")
    box.clock.advance(timedelta(seconds=89))
    await box.work()
    assert double.taken == []
    box.clock.advance(timedelta(seconds=10))
    await box.work()
    assert len(double.taken) == 1
    assert await deliveries(box) == [("sent", None)]


@pytest.mark.parametrize(
    "body",
    [{"parameters": "soon"}, {"parameters": {"retry_after": "soon"}}, {"retry_after_ms": "90000"}],
)
async def test_a_busy_service_that_says_no_time_is_asked_again_at_the_usual_one(
    box: BoxWorld, ntfy: NtfyDouble, body: dict[str, object]
) -> None:
    await use(box, "ntfy", "ada-1")
    ntfy.troubles = [Trouble(429, body)]
    await tell(box)
    await box.work()
    job = await sending(box)
    assert (job["status"], job["error_code"]) == ("queued_for_retry", "http_429")
    box.clock.advance(timedelta(minutes=5))
    await box.work()
    assert await deliveries(box) == [("sent", None)]


async def test_a_service_out_of_reach_is_tried_again_for_a_day(
    tmp_path: Path,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ntfy://127.0.0.1:{taken.getsockname()[1]}/{{target}}"
        async with chat_box(tmp_path, {"ntfy": ChatSettings(url=Secret(url))}) as box:
            await box.person("ada")
            await use(box, "ntfy", "ada-1")
            await tell(box)
            await box.work()
            job = await sending(box)
            assert (job["error_kind"], job["error_code"]) == ("transient", "connection")
            assert job["error"] == "ntfy cannot be connected to"
            box.clock.advance(timedelta(days=1, minutes=1))
            await box.work()
            assert (await deliveries(box))[0][0] in ("failed", "skipped")
            assert (await deliveries(box, "in_app"))[0][0] == "sent"


REFUSED = [
    ("ntfy", "secret-ops", "http_403", "ntfy answers 403: forbidden"),
    ("telegram", "666", "http_403", "telegram answers 403: Forbidden: bot was blocked by the user"),
    ("telegram", "4712", "http_400", "telegram answers 400: Bad Request: chat not found"),
    (
        "gotify",
        "Awrong.token",
        "http_401",
        "gotify answers 401: you need to provide a valid access token or user credentials to"
        " access this api",
    ),
]


@pytest.mark.parametrize(("service", "target", "code", "said"), REFUSED)
async def test_a_refusal_is_final_and_it_goes_to_the_inbox(
    box: BoxWorld, service: str, target: str, code: str, said: str
) -> None:
    await use(box, service, target)
    await tell(box)
    await box.work()
    job = await sending(box)
    assert (job["status"], job["error_code"], job["error"]) == ("failed", code, said)
    assert await deliveries(box) == [("failed", said)]
    assert await deliveries(box, "in_app") == [("sent", None)]


async def test_a_refused_login_of_the_operators_alerts_operators_once(
    tmp_path: Path, ntfy: NtfyDouble
) -> None:
    url = ntfy.template.replace("mypass", "old-password")
    async with chat_box(tmp_path, {"ntfy": ChatSettings(url=Secret(url))}) as box:
        await box.person("ada")
        await box.sync(users=[{"id": "ops", "isAdmin": True}])
        await use(box, "ntfy", "ada-1")
        await tell(box)
        await tell(box)
        await box.work()
        items = (await box.get("/users/ops/notifications"))["items"]
        told = [item["body"] for item in items if item["eventType"] == "queue.alert"]
        assert told == ["ntfy answers 401: unauthorized; check the URL in [chat]"]


async def test_an_answer_never_brings_the_address_into_an_error(
    box: BoxWorld, telegram: TelegramDouble
) -> None:
    await use(box, "telegram", "4711")
    said = {"ok": False, "description": f"Not Found: /bot{TelegramDouble.TOKEN}/sendMessage"}
    telegram.troubles = [Trouble(404, said)]
    await tell(box)
    await box.work()
    assert await deliveries(box) == [("failed", "telegram answers 404")]


async def test_a_redirect_is_not_followed(
    box: BoxWorld, ntfy: NtfyDouble, gotify: GotifyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    elsewhere = {"Location": f"http://127.0.0.1:{gotify.port}/message"}
    ntfy.troubles = [Trouble(307, {}, elsewhere)]
    await tell(box)
    await box.work()
    assert gotify.seen == []
    assert await deliveries(box) == [("failed", "ntfy answers 307")]


async def test_an_answer_without_end_is_cut_off(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    ntfy.troubles = [Trouble(200, {"id": "x" * 100_000})]
    await tell(box)
    await box.work()
    job = await sending(box)
    assert (job["status"], job["error_code"]) == ("queued_for_retry", "connection")


async def test_a_service_that_is_no_longer_configured_is_told(
    tmp_path: Path, ntfy: NtfyDouble
) -> None:
    async with chat_box(tmp_path, {"ntfy": ChatSettings(url=Secret(ntfy.template))}) as box:
        await box.person("ada")
        await use(box, "ntfy", "ada-1")
    async with chat_box(tmp_path, {}) as box:
        await tell(box)
        await box.work()
        assert await deliveries(box) == [
            ("failed", "the chat service ntfy is not configured any more, or differently")
        ]
        assert (await box.get("/users/ada/chat"))["available"] is False
