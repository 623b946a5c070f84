"""A calendar server of which a test says only what matters to it."""

from typing import Any

from tests.doubles.web import Answer, Web
from tests.world import BoxWorld

SECRET = "s3cr3t-t0ken-of-ada"
PATH = f"/calendar/{SECRET}/basic.ics"


def vevent(uid: str, start: str, *more: str, title: str = "Standup", minutes: int = 30) -> str:
    lines = [f"UID:{uid}", f"SUMMARY:{title}", f"DTSTART:{start}", f"DURATION:PT{minutes}M", *more]
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])


def calendar(*events: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


def serves(web: Web, *events: str, etag: str | None = None) -> None:
    """What the calendar holds from now on."""
    headers = {"Content-Type": "text/calendar"} | ({"ETag": etag} if etag else {})
    web.by_path[PATH] = Answer(200, calendar(*events), headers)


def answers(web: Web, status: int, **headers: str) -> None:
    """How its server answers from now on."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    web.by_path[PATH] = Answer(status, b"", named)


async def subscribe(box: BoxWorld, web: Web, path: str = PATH, **more: Any) -> Any:
    body = {"url": web.url(path), "name": "Work", **more}
    return await box.post("/users/ada/calendar-feeds", body)


async def feed(box: BoxWorld) -> Any:
    (found,) = (await box.get("/users/ada/calendar-feeds"))["items"]
    return found


async def events(box: BoxWorld, user_id: str = "ada") -> dict[str, tuple[str, str]]:
    """By title: when it starts, and how it stands."""
    found = (await box.get(f"/users/{user_id}/calendar-events?limit=200"))["items"]
    return {e["title"]: (e["startAt"] or e["startDate"], e["status"]) for e in found}


async def sync(box: BoxWorld) -> Any:
    """Read the feed now, and tell what came of it."""
    found = await feed(box)
    await box.post(f"/users/ada/calendar-feeds/{found['id']}/sync")
    await box.work()
    jobs = [job for job in await box.jobs() if job["job_type"] == "sync_calendar_feed"]
    assert jobs[-1]["status"] == "completed", jobs[-1]["error"]
    return await feed(box)
