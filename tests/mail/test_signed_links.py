"""Links of a brief's mail that do one thing without signing in (docs/spec.md#signed-links)."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from buildos_box.mail import signed_links
from buildos_box.mail.signed_links import SignedLink
from tests.world import BoxWorld

BASE = "http://127.0.0.1:8787"


@pytest.fixture
async def mailed(box: BoxWorld) -> BoxWorld:
    """Ada's brief with two tasks was mailed; Bob has a task of his own."""
    await box.person()
    await box.person("bob")
    await box.project(tasks=2)
    await box.project("bob")
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    return box


def links(box: BoxWorld) -> list[str]:
    """Every address in Ada's mail."""
    body = box.outbox[-1].get_body(("plain",))
    assert body is not None
    text = body.get_content()
    return [found.rstrip(">") for found in re.findall(r"https?://\S+", text)]


def done_links(box: BoxWorld) -> list[str]:
    return [urlsplit(url).path for url in links(box) if "/tap/done/" in url]


async def status_of(box: BoxWorld, task: str = "ada-launch-0") -> str:
    return str((await box.get(f"/tasks/{task}"))["status"])


def token(box: BoxWorld, kind: str, user: str, about: str, *, days: int = 7) -> str:
    expires = box.clock.now() + timedelta(days=days)
    link = SignedLink.until(expires, kind, user, about)
    return signed_links.token_of(box.box.services.secret, link)


async def test_the_button_behind_a_tasks_link_marks_that_task_as_done(mailed: BoxWorld) -> None:
    path = done_links(mailed)[0]
    page = await mailed.api.get(path)
    assert page.status_code == 200
    assert "Task 0" in page.text
    assert page.text.count("<button") == 1
    answer = await mailed.api.post(path)
    assert (answer.status_code, "Task 0" in answer.text) == (200, True)
    assert await status_of(mailed) == "done"
    assert await status_of(mailed, "ada-launch-1") == "todo"


async def test_a_scanner_that_opens_every_link_changes_nothing(mailed: BoxWorld) -> None:
    paths = ("/users/ada/tasks", "/users/ada/preferences")
    before = [await mailed.get(path) for path in paths]
    assert len(links(mailed)) >= 5
    for url in links(mailed):
        path = url.removeprefix(BASE)
        for method in ("GET", "HEAD"):
            answer = await mailed.api.request(method, path)
            assert answer.status_code in (200, 302, 405), (method, url)
    assert [await mailed.get(path) for path in paths] == before


async def test_a_link_works_once(mailed: BoxWorld) -> None:
    path = done_links(mailed)[0]
    await mailed.api.post(path)
    await mailed.call("PATCH", "/tasks/ada-launch-0", {"status": "todo"})
    assert (await mailed.api.get(path)).status_code == 409
    assert (await mailed.api.post(path)).status_code == 409
    assert await status_of(mailed) == "todo"


async def test_a_link_is_good_for_a_week(mailed: BoxWorld) -> None:
    path = done_links(mailed)[0]
    mailed.clock.advance(timedelta(days=7, seconds=-1))
    assert (await mailed.api.get(path)).status_code == 200
    mailed.clock.advance(timedelta(seconds=1))
    for answer in (await mailed.api.get(path), await mailed.api.post(path)):
        assert (answer.status_code, "too old" in answer.text) == (404, True)
    assert await status_of(mailed) == "todo"


@pytest.mark.parametrize("change", ["signature", "content", "dot", "padding", "empty", "long"])
async def test_a_forged_link_is_refused(mailed: BoxWorld, change: str) -> None:
    path = done_links(mailed)[0]
    content, _, signature = path.rpartition("/")[2].partition(".")
    forged = {
        "signature": f"{content}.{'A' * len(signature)}",
        "content": f"{token(mailed, 'done', 'ada', 'ada-launch-1').partition('.')[0]}.{signature}",
        "dot": content,
        "padding": f"{content}=.{signature}",
        "empty": ".",
        "long": f"{content}.{signature}{'A' * 2000}",
    }[change]
    answer = await mailed.api.post(f"/tap/done/{forged}")
    assert answer.status_code == 404
    assert await status_of(mailed, "ada-launch-1") == await status_of(mailed) == "todo"


@pytest.mark.parametrize(
    ("user", "task"), [("bob", "ada-launch-0"), ("ada", "bob-launch-0"), ("ada", "unknown")]
)
async def test_a_link_about_a_task_that_is_not_that_persons_is_refused(
    mailed: BoxWorld, user: str, task: str
) -> None:
    path = f"/tap/done/{token(mailed, 'done', user, task)}"
    assert (await mailed.api.get(path)).status_code == 404
    assert (await mailed.api.post(path)).status_code == 404
    assert await status_of(mailed) == await status_of(mailed, "bob-launch-0") == "todo"


async def test_a_link_of_one_kind_is_no_link_of_another(mailed: BoxWorld) -> None:
    brief = token(mailed, "brief", "ada", "ada-launch-0")
    done = token(mailed, "done", "ada", "2024-10-23")
    assert (await mailed.api.post(f"/tap/done/{brief}")).status_code == 404
    assert (await mailed.api.get(f"/tap/brief/{done}")).status_code == 404


async def test_the_briefs_link_shows_that_brief_and_how_its_tasks_stand(mailed: BoxWorld) -> None:
    (path,) = [urlsplit(url).path for url in links(mailed) if "/tap/brief/" in url]
    await mailed.api.post(done_links(mailed)[1])
    page = await mailed.api.get(path)
    assert page.status_code == 200
    assert "<h2>Do first</h2>" in page.text
    assert page.text.count("/tap/done/") == 1
    assert page.text.count("✓") == 1
    marked = re.findall(r'href="http://127.0.0.1:8787(/tap/done/[^"]+)"', page.text)
    await mailed.api.post(marked[0])
    assert await status_of(mailed) == "done"


async def test_the_links_of_a_mail_do_not_show_when_it_is_read_over_the_api(
    mailed: BoxWorld,
) -> None:
    (row,) = await mailed.db.all("SELECT id FROM emails WHERE user_id = 'ada'")
    mail = await mailed.get(f"/users/ada/emails/{row['id']}")
    assert "/tap/" not in str(mail)
    stored = await mailed.db.all("SELECT url FROM email_links")
    assert not any("/tap/" in link["url"] for link in stored)


async def test_a_deleted_person_leaves_no_used_link(mailed: BoxWorld) -> None:
    await mailed.api.post(done_links(mailed)[0])
    await mailed.call("DELETE", "/users/ada")
    assert await mailed.db.all("SELECT * FROM used_links") == []
