"""Everything that a box sends one person, in the language that brackets every text."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import EmailSettings, Settings
from buildos_box.settings.model import ServerSettings
from tests.locales.test_catalogues import outside
from tests.world import BoxWorld, open_world

URL = "http://box.test"
PAGE = {"X-Box-Page": "1"}


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    """A box whose only person has digits for words."""
    settings = Settings(email=EmailSettings(from_name="9"), server=ServerSettings(base_url=URL))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.sync(
            users=[{"id": "ada", "email": "1@2.org", "name": "3", "locale": "el-XA"}],
            projects=[{"id": "p", "userId": "ada", "name": "4", "description": "5"}],
            tasks=[
                {"id": f"t{n}", "projectId": "p", "title": f"60{n}", "dueDate": f"2024-10-2{n}"}
                for n in range(1, 8)
            ],
            events=[
                {
                    "id": "e",
                    "userId": "ada",
                    "title": "7",
                    "startAt": "2024-10-23T10:00:00Z",
                    "endAt": "2024-10-23T11:00:00Z",
                }
            ],
        )
        yield box


def seen(html: str) -> str:
    """What a reader of HTML reads."""
    html = re.sub(r"<(style|script|title)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>|&\w+;", " ", html)


def faults_of(mail: EmailMessage) -> list[str]:
    """The texts of a mail that have letters outside brackets."""
    texts = [str(mail["Subject"])]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        if body is not None:
            text = body.get_content()
            texts += (seen(text) if kind == "html" else text).split("\n")
    return [text for text in texts if outside(text)]


async def test_mails_and_the_pages_behind_their_links(own: BoxWorld) -> None:
    await own.post("/queue/brief", {"userId": "ada", "forceImmediate": True})
    await own.work()
    (mail,) = own.outbox
    assert faults_of(mail) == []
    plain = mail.get_body(("plain",))
    assert plain is not None
    links = sorted(set(re.findall(rf"{URL}(/[^\s)>]+)", plain.get_content())))
    kinds = {"/tap/brief/", "/tap/done/", "/unsubscribe/"}
    pages = {kind: next(link for link in links if kind in link) for kind in kinds}
    for link in pages.values():
        for path in (link, f"{link}x"):
            got = await own.api.get(path)
            assert '<html lang="el-XA" dir="ltr"' in got.text or path != link
            if path == link:
                assert outside(seen(got.text)) == "", path
            posted = await own.api.post(path)
            if path == link and posted.headers.get("content-type", "").startswith("text/html"):
                assert outside(seen(posted.text)) == "", path
    signing_in = {"email": "1@2.org"}
    await own.api.post("/app/sign-in-mail", json=signing_in, headers=PAGE)
    await own.work()
    assert [faults_of(mail) for mail in own.outbox] == [[], []]


async def test_jobs_phases_onboarding_and_the_inbox(own: BoxWorld) -> None:
    await own.post("/queue/brief", {"userId": "ada", "forceImmediate": True})
    await own.post("/queue/phases", {"userId": "ada", "projectId": "p"})
    await own.post("/queue/onboarding", {"userId": "ada"})
    await own.work()
    said = [job["progress"] for job in await own.jobs() if job["job_type"] in MADE_FOR_PEOPLE]
    assert len(said) == len(MADE_FOR_PEOPLE)
    texts: list[str] = [re.sub(r'"\w+":', "", text) for text in said]
    phases = (await own.get("/projects/p/phases"))["phases"]
    texts += [text for phase in phases for text in (phase["name"], phase["description"])]
    analysis: dict[str, Any] = (await own.get("/users/ada/onboarding"))["analysis"]
    texts += analysis["insights"] + analysis["best_practices"]
    told = (await own.get("/users/ada/notifications"))["items"]
    assert told
    texts += [text for one in told for text in (one["title"], one["body"])]
    assert [text for text in texts if outside(text)] == []


MADE_FOR_PEOPLE = ("generate_daily_brief", "generate_phases", "onboarding_analysis")


async def test_a_mail_and_a_page_from_right_to_left(own: BoxWorld) -> None:
    await own.call("PATCH", "/users/ada", {"locale": "ar-XB"})
    await own.post("/queue/brief", {"userId": "ada", "forceImmediate": True})
    await own.work()
    (mail,) = own.outbox
    html = mail.get_body(("html",))
    assert html is not None
    assert '<html lang="ar-XB" dir="rtl">' in html.get_content()
    assert re.findall("[A-Za-z]+", seen(html.get_content())) == []
    link = re.search(rf"{URL}(/unsubscribe/[^\s\"]+)", html.get_content())
    assert link is not None
    assert '<html lang="ar-XB" dir="rtl">' in (await own.api.get(link[1])).text
