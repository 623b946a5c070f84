"""What people write ends where it was written: no header, no line, no path comes of it."""

from pathlib import Path

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.mail.sample_mails import Tags, part
from tests.sms.conftest import sms_box
from tests.world import BoxWorld

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
}  # fmt: skip
EVIL = "Bcc: evil@example.org"
BREAKS = [f"\r\n{EVIL}\r\n\r\n<script>", f"\n{EVIL}", f"\r{EVIL}"]
ODD_BREAKS = [f"\u2028{EVIL}", f"\u2029{EVIL}&To=%2B15005550006"]
"""Line breaks to some programs; to us they are spaces."""


@pytest.mark.parametrize("line", BREAKS)
async def test_names_and_titles_are_one_line(box: BoxWorld, line: str) -> None:
    await box.person()
    await box.project()
    await box.post("/sync", {
        "users": [{"id": "ada", "name": f"Ada{line}"}],
        "projects": [{"id": "ada-launch", "name": f"Launch{line}"}],
        "tasks": [{"id": "ada-launch-0", "title": f"Task{line}"}],
        "events": [{"id": "e", "userId": "ada", "title": f"Call{line}",
                    "startAt": "2024-10-23T12:00:00Z"}],
    })  # fmt: skip
    for query in (
        "SELECT name FROM users", "SELECT name FROM projects",
        "SELECT title FROM tasks", "SELECT title FROM events",
    ):  # fmt: skip
        stored = (await box.db.one(query))[0]
        assert EVIL in stored
        assert stored.splitlines() == [stored]


@pytest.mark.parametrize("line", [*BREAKS, *ODD_BREAKS])
async def test_nothing_that_is_written_adds_a_header_to_a_mail(box: BoxWorld, line: str) -> None:
    await box.person()
    key = await box.project()
    if line in ODD_BREAKS:
        await box.sync(
            users=[{"id": "ada", "name": f"Ada{line}"}],
            projects=[{"id": key, "name": f"Launch{line}"}],
            tasks=[{"id": f"{key}-0", "title": f"Task{line}"}],
        )
    await box.sync(tasks=[{"id": f"{key}-0", "description": f"Words{line}"}])
    await box.post("/queue/brief", {"userId": "ada"})
    await box.post("/queue/notification", {
        "userId": "ada", "eventType": "task.due_soon", "channel": "email",
        "payload": {"taskId": f"{key}-0", "taskName": f"Task{line}"}})  # fmt: skip
    await box.work()
    assert len(box.outbox) == 2
    for mail in box.outbox:
        assert set(mail.keys()) == HEADERS
        assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]
        assert Tags(part(mail, "html")).named("script") == []


@pytest.mark.parametrize("line", ODD_BREAKS)
async def test_an_sms_is_one_line_to_one_number(
    tmp_path: Path, twilio: TwilioDouble, line: str
) -> None:
    async with sms_box(tmp_path, twilio) as box:
        await box.person()
        await box.post("/sms/scheduled", {
            "userId": "ada", "phone_number": "+14155552671", "phone_verified": True,
            "enabled": True})  # fmt: skip
        await box.sync(events=[{
            "id": "e", "userId": "ada", "title": f"Call{line}",
            "startAt": "2024-10-23T09:00:00Z"}])  # fmt: skip
        await box.run_until("2024-10-23T09:00:00Z")
    (sent,) = twilio.sent
    assert sent["To"] == "+14155552671"
    assert sent["Body"].isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "/app/../../pyproject.toml",
        "/app/%2e%2e/%2e%2e/pyproject.toml",
        "/app/..%2f..%2fadmin-token",
        "/app/..%5c..%5cadmin-token",
        "/app/%00",
        "/app//etc/passwd",
        "/app/index.html/../../admin-token",
        "/docs/..%2f..%2fadmin-token",
        "/docs//etc/passwd",
        "/%2e%2e/admin-token",
        "/static/app/index.html",
        "/email/track/open/..%2f..%2fadmin-token",
    ],
)
async def test_no_path_leads_out_of_the_page(box: BoxWorld, path: str) -> None:
    answer = await box.api.get(path)
    assert answer.status_code in (200, 400, 401, 404)
    if answer.status_code == 200:
        # The pixel is the same for whatever is asked.
        assert answer.headers["content-type"] == "image/gif"
    assert box.token not in answer.text
    assert "[project]" not in answer.text


@pytest.mark.parametrize("user_id", ["...", "..:..", "admin-token", "box.sqlite3"])
async def test_a_user_named_like_a_file_touches_none(box: BoxWorld, user_id: str) -> None:
    await box.sync(users=[{"id": user_id, "email": "odd@example.org", "name": "Odd"}])
    await box.post("/queue/brief", {"userId": user_id})
    await box.work()
    before = {path.name for path in box.folder.iterdir()}
    answer = await box.call("DELETE", f"/users/{user_id.replace('.', '%2e')}")
    assert answer.status_code in (200, 204), answer.text
    assert {path.name for path in box.folder.iterdir()} == before
    assert list((box.folder / "outbox").glob("*.eml")) == []


@pytest.mark.parametrize(
    "user_id", [".", "..", "../ada", "a/b", "a\\b", "a\x00b", "a b", "ä", "", "a" * 129]
)
async def test_an_id_that_could_be_a_path_is_none(box: BoxWorld, user_id: str) -> None:
    answer = await box.call("POST", "/sync", {"users": [{"id": user_id, "email": "a@b.example"}]})
    assert answer.status_code in (400, 422)
    assert answer.json()["details"][0]["field"] == "users[0].id"
