"""Opens, clicks and unsubscribing over HTTP (docs/spec.md#tracking)."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from buildos_box.settings import EmailSettings, Settings
from tests.mail.sample_mails import Tags, part
from tests.world import BoxWorld, open_world

LINK = "https://site.example/plan?a=1&b=%20x#top"
PERSON = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"}
BASE = "http://127.0.0.1:8787"


async def mail_row(box: BoxWorld, user_id: str = "ada") -> Any:
    (row,) = (await box.get(f"/users/{user_id}/emails"))["items"]
    return row


async def a_brief(box: BoxWorld, user_id: str = "ada", link: str = LINK, **user: Any) -> None:
    """A person whose brief, with `link` in it, has been mailed a while ago."""
    await box.person(user_id)
    await box.sync(users=[{"id": user_id, **user}])
    await box.project(user_id)
    await box.post("/queue/brief", {"userId": user_id})
    await box.step()
    await box.db.write(
        lambda tx: tx.execute(
            "UPDATE emails SET body_markdown = body_markdown || ? WHERE user_id = ?",
            (f"\n\n[the plan](<{link}>) [other](https://other.example/)\n", user_id),
        )
    )
    await box.work()
    box.clock.advance(timedelta(minutes=5))


async def public(box: BoxWorld, method: str, url: str, **more: Any) -> httpx.Response:
    """As a mail program or browser asks: no token."""
    path = url.removeprefix(BASE)
    return await box.api.request(method, path, **{"headers": PERSON, **more})


def tags(box: BoxWorld, number: int = 0) -> Tags:
    return Tags(part(box.outbox[number], "html"))


def pixel(box: BoxWorld, number: int = 0) -> str:
    (image,) = tags(box, number).named("img")
    return str(image["src"])


def clicks(box: BoxWorld, number: int = 0) -> list[str]:
    """The wrapped links to another site; those to the box's own page are in the brief too."""
    found = [str(a.get("href")) for a in tags(box, number).named("a")]
    return [
        url
        for url in found
        if "/email/track/click/" in url and "127.0.0.1" not in urlsplit(url).query
    ]


def unsubscribing(box: BoxWorld, number: int = 0) -> str:
    return str(box.outbox[number]["List-Unsubscribe"]).strip("<>")


async def test_the_pixel_is_a_gif_that_is_never_kept_and_counts_opens(box: BoxWorld) -> None:
    await a_brief(box)
    for _ in range(2):
        answer = await public(box, "GET", pixel(box))
        box.clock.advance(timedelta(hours=1))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert len(answer.content) == 43
        assert "no-store" in answer.headers["cache-control"]
    row = await mail_row(box)
    assert (row["openCount"], row["openedAt"]) == (2, "2024-10-23T08:05:00.000Z")


@pytest.mark.parametrize("tracking_id", ["unknown", "x" * 5000, "%00", "'; DROP TABLE emails"])
async def test_an_unknown_pixel_is_the_same_gif(box: BoxWorld, tracking_id: str) -> None:
    answer = await public(box, "GET", f"/email/track/open/{quote(tracking_id)}")
    assert (answer.status_code, len(answer.content)) == (200, 43)


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("HEAD", PERSON, "head"),
        ("GET", {"user-agent": "SomeBot/1.0"}, "agent"),
        ("GET", {"user-agent": "Barracuda Sentinel"}, "agent"),
        ("GET", {**PERSON, "sec-purpose": "prefetch;prerender"}, "prefetch"),
        ("GET", {**PERSON, "purpose": "prefetch"}, "prefetch"),
        ("GET", {**PERSON, "x-moz": "prefetch"}, "prefetch"),
    ],
)
async def test_hits_of_scanners_are_kept_apart(
    box: BoxWorld, method: str, headers: dict[str, str], why: str
) -> None:
    await a_brief(box)
    await public(box, method, pixel(box), headers=headers)
    await public(box, method, clicks(box)[0], headers=headers)
    row = await mail_row(box)
    assert (row["openCount"], row["openedAt"]) == (0, None)
    assert (row["clickCount"], row["clickedAt"]) == (0, None)
    events = await box.db.all("SELECT kind, suspect FROM email_tracking_events ORDER BY id")
    assert [tuple(event) for event in events] == [("opened", why), ("clicked", why)]


async def test_a_hit_within_ten_seconds_of_delivery_is_a_scanners(box: BoxWorld) -> None:
    await a_brief(box)
    box.clock.set("2024-10-23T08:00:09.999Z")
    await public(box, "GET", pixel(box))
    assert (await mail_row(box))["openCount"] == 0
    box.clock.set("2024-10-23T08:00:10Z")
    await public(box, "GET", pixel(box))
    assert (await mail_row(box))["openCount"] == 1


async def test_many_links_in_a_second_are_a_scanners_even_the_first(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.step()
    links = " ".join(f"<https://site.example/{n}>" for n in range(5))
    await box.db.write(
        lambda tx: tx.execute("UPDATE emails SET body_markdown = '# Hi\n\n' || ?", (links,))
    )
    await box.work()
    box.clock.advance(timedelta(minutes=5))
    for url in clicks(box)[:4]:
        assert (await public(box, "GET", url)).status_code == 302
    assert (await mail_row(box))["clickCount"] == 0
    box.clock.advance(timedelta(seconds=30))
    await public(box, "GET", clicks(box)[4])
    assert (await mail_row(box))["clickCount"] == 1


async def test_no_address_of_a_reader_is_kept(box: BoxWorld) -> None:
    columns = await box.db.all("SELECT name FROM pragma_table_info('email_tracking_events')")
    assert {row["name"] for row in columns} == {
        *("id", "recipient_id", "kind", "link_id", "suspect", "at")
    }


async def test_a_click_leads_to_the_very_link_and_is_counted(box: BoxWorld) -> None:
    await a_brief(box)
    answer = await public(box, "GET", clicks(box)[0])
    assert (answer.status_code, answer.headers["location"]) == (302, LINK)
    assert answer.headers["referrer-policy"] == "no-referrer"
    row = await mail_row(box)
    assert (row["clickCount"], row["openCount"]) == (1, 0)


@pytest.mark.parametrize(
    ("link", "location"),
    [
        ("https://site.example/Foo_(bar)", "https://site.example/Foo_(bar)"),
        ("https://site.example/привет", f"https://site.example/{quote('привет')}"),
        ("https://site.example/a+b?c=d+e&f=%2F", "https://site.example/a+b?c=d+e&f=%2F"),
    ],
)
async def test_a_link_of_any_spelling_survives_the_detour(
    box: BoxWorld, link: str, location: str
) -> None:
    await a_brief(box, link=link)
    answer = await public(box, "GET", clicks(box)[0])
    assert (answer.status_code, answer.headers["location"]) == (302, location)


FOREIGN = [
    "https://evil.example/",
    "https://site.example/plan",
    "https://site.example/plan?a=1&b=%20x",
    "https://site.example/plan?a=1&b= x#top",
    "https://site.example/plan?a=1&b=%20x#top ",
    " https://site.example/plan?a=1&b=%20x#top",
    "HTTPS://site.example/plan?a=1&b=%20x#top",
    "https://site.example:443/plan?a=1&b=%20x#top",
    "https://site.example@evil.example/",
    "https://site.example.evil.example/",
    "https://evil.example/?https://site.example/plan?a=1&b=%20x#top",
    "https://evil.example\\@site.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/unsubscribe/x",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/\r\nSet-Cookie: a=b",
    "https://evil.example/%0d%0aSet-Cookie:%20a=b",
    "https://еvil.example/",
    "https://[::1]/",
    "https://[bad",
    "%",
    "_",
    "",
    "x" * 20_000,
]


@pytest.mark.parametrize("url", FOREIGN)
async def test_a_click_redirects_nowhere_but_to_a_link_of_that_mail(
    box: BoxWorld, url: str
) -> None:
    """Open redirect in click tracking."""
    await a_brief(box)
    path = clicks(box)[0].partition("?")[0]
    for query in (quote(url, safe=""), quote(quote(url, safe=""), safe="")):
        answer = await public(box, "GET", f"{path}?url={query}")
        assert 400 <= answer.status_code < 500
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "http-equiv" not in answer.text
        assert "<script" not in answer.text
        assert Tags(answer.text).named("a") == []
    assert (await mail_row(box))["clickCount"] == 0


async def test_a_link_of_another_mail_or_of_no_mail_is_refused(box: BoxWorld) -> None:
    """A link is known to one mail only."""
    await a_brief(box)
    await a_brief(box, "bob", link="https://bobs.example/")
    ada, bob = clicks(box, 0)[0], clicks(box, 1)[0]
    bobs_path = bob.partition("?")[0]
    for path in (bobs_path, "/email/track/click/unknown", "/email/track/click/"):
        answer = await public(box, "GET", f"{path}?{urlsplit(ada).query}")
        assert 400 <= answer.status_code < 500
        assert "location" not in answer.headers
    twice = await public(box, "GET", f"{bob}&url=https://evil.example/")
    assert twice.headers.get("location") in (None, "https://bobs.example/")
    missing = await public(box, "GET", bobs_path)
    assert missing.status_code == 400


async def test_the_page_of_a_refused_link_shows_the_host_as_text(box: BoxWorld) -> None:
    answer = await public(
        box, "GET", "/email/track/click/x?url=" + quote("https://<b>evil</b>.example/", safe="")
    )
    assert answer.status_code == 400
    assert "&lt;b&gt;" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_one_pixel_marks_its_own_recipient_only(box: BoxWorld) -> None:
    """One pixel hit marked every recipient opened."""
    for user_id in ("ada", "bob", "eve"):
        await a_brief(box, user_id)
    assert len({pixel(box, number) for number in range(3)}) == 3
    await public(box, "GET", pixel(box, 1))
    opens = {user: (await mail_row(box, user))["openCount"] for user in ("ada", "bob", "eve")}
    assert opens == {"ada": 0, "bob": 1, "eve": 0}


async def test_a_user_without_tracking_gets_no_pixel_and_plain_links(box: BoxWorld) -> None:
    await a_brief(box, emailTracking=False)
    assert tags(box).named("img") == []
    assert clicks(box) == []
    assert LINK in [a.get("href") for a in tags(box).named("a")]
    assert await box.db.all("SELECT * FROM email_links") == []


async def test_a_box_without_tracking_sends_no_pixel(tmp_path: Path) -> None:
    settings = Settings(email=EmailSettings(tracking=False))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await a_brief(box)
        assert tags(box).named("img") == []
        assert clicks(box) == []


@pytest.fixture
async def mailed(box: BoxWorld) -> BoxWorld:
    await a_brief(box)
    return box


async def unsubscribed(box: BoxWorld) -> int:
    return len(await box.db.all("SELECT * FROM email_unsubscribes"))


async def test_looking_at_the_unsubscribe_page_unsubscribes_nobody(mailed: BoxWorld) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        await public(mailed, method, unsubscribing(mailed))
    page = await public(mailed, "GET", unsubscribing(mailed))
    assert page.status_code == 200
    assert Tags(page.text).named("form")[0]["method"] == "post"
    assert "<script" not in page.text
    assert await unsubscribed(mailed) == 0


async def test_one_click_unsubscribes_at_once_and_again_changes_nothing(mailed: BoxWorld) -> None:
    for _ in range(2):
        answer = await public(
            mailed, "POST", unsubscribing(mailed), data={"List-Unsubscribe": "One-Click"}
        )
        assert answer.status_code == 200
        assert "location" not in answer.headers
    assert await unsubscribed(mailed) == 1


async def test_one_click_takes_whatever_body_a_provider_sends(mailed: BoxWorld) -> None:
    multipart = await public(
        mailed,
        "POST",
        unsubscribing(mailed),
        files={"List-Unsubscribe": (None, "One-Click")},
    )
    assert multipart.status_code == 200
    assert (await public(mailed, "POST", unsubscribing(mailed))).status_code == 200


async def test_after_unsubscribing_there_is_a_brief_and_no_mail(mailed: BoxWorld) -> None:
    await public(mailed, "POST", unsubscribing(mailed))
    job = await mailed.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await mailed.work()
    result = (await mailed.get(f"/jobs/{job['jobId']}"))["result"]
    assert (result["emailId"], result["emailSkipped"]) == (None, "unsubscribed")
    assert len(mailed.outbox) == 1


async def test_unsubscribing_can_be_taken_back_by_the_same_link(mailed: BoxWorld) -> None:
    done = await public(mailed, "POST", unsubscribing(mailed))
    (form,) = Tags(done.text).named("form")
    undo = str(httpx.URL(unsubscribing(mailed)).join(str(form["action"])))
    assert (await public(mailed, "GET", undo)).status_code in (404, 405)
    assert (await public(mailed, "POST", undo)).status_code == 200
    assert await unsubscribed(mailed) == 0


@pytest.mark.parametrize("token", ["x", "0" * 32, "%2e%2e", "a" * 5000])
async def test_a_made_up_unsubscribe_link_says_so(mailed: BoxWorld, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await public(mailed, method, f"/unsubscribe/{token}")
        assert answer.status_code == 404
    assert await unsubscribed(mailed) == 0


async def test_the_unsubscribe_link_stands_in_both_parts_too(mailed: BoxWorld) -> None:
    (mail,) = mailed.outbox
    assert unsubscribing(mailed) in part(mail, "plain")
    assert unsubscribing(mailed) in [a.get("href") for a in tags(mailed).named("a")]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_user_sees_their_own_mails_and_nobody_elses(mailed: BoxWorld) -> None:
    await mailed.person("bob")
    row = await mail_row(mailed)
    detail = await mailed.get(f"/users/ada/emails/{row['id']}")
    assert detail["mail"]["status"] == "sent"
    assert [line["status"] for line in detail["log"]] == ["queued", "sending", "sent"]
    written = part(mailed.outbox[0], "plain")
    link = written.partition("Unsubscribe: ")[2].split()[0]
    shown = written.replace(link, "by the link in the mail itself")
    assert detail["text"] == re.sub(r" · Done <\S+>|Open the brief: \S+\n", "", shown)
    assert "/tap/" not in detail["text"]
    answer = await mailed.call("GET", f"/users/bob/emails/{row['id']}")
    assert answer.status_code == 404


async def test_the_query_of_a_wrapped_link_holds_nothing_but_the_link(mailed: BoxWorld) -> None:
    assert parse_qs(urlsplit(clicks(mailed)[0]).query) == {"url": [LINK]}
