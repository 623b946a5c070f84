"""The page behind a mail's link to its brief (docs/spec.md#signed-links)."""

from datetime import timedelta

import pytest

from buildos_box.mail import signed_links
from buildos_box.mail.signed_links import SignedLink
from tests.world import BoxWorld


@pytest.fixture
async def written(box: BoxWorld) -> BoxWorld:
    """Ada's brief of two tasks."""
    await box.person()
    await box.project(tasks=2)
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    return box


def path(box: BoxWorld, day: str) -> str:
    expires = box.clock.now() + timedelta(days=7)
    link = SignedLink.until(expires, signed_links.BRIEF, "ada", day)
    return f"/tap/brief/{signed_links.token_of(box.box.services.secret, link)}"


async def test_open_tasks_have_a_link_and_what_is_done_has_a_mark(written: BoxWorld) -> None:
    await written.call("PATCH", "/tasks/ada-launch-0", {"status": "done"})
    page = await written.api.get(path(written, "2024-10-23"))
    assert page.status_code == 200
    assert page.text.count("/tap/done/") == 1
    (done,) = [line for line in page.text.splitlines() if "✓" in line]
    assert "Task 0" in done
    assert "Task 1" not in done


async def test_a_day_without_a_brief_is_refused(written: BoxWorld) -> None:
    assert (await written.api.get(path(written, "2024-10-22"))).status_code == 404


async def test_a_task_that_is_gone_is_only_text(written: BoxWorld) -> None:
    await written.sync(delete={"tasks": ["ada-launch-0"]})
    page = await written.api.get(path(written, "2024-10-23"))
    assert page.status_code == 200
    assert "Task 0" in page.text
    assert page.text.count("/tap/done/") == 1
