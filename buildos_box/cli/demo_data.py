"""A made-up user for the demo: projects, tasks, notes and a calendar around today."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

USER_ID = "demo-maya"
Json = dict[str, Any]


def demo_document(today: date, zone: ZoneInfo, now: datetime) -> Json:
    """The body of `POST /sync`: one user in `zone` with days around `today`."""
    days = _Days(today, zone)
    return {
        "users": [
            {
                "id": USER_ID,
                "email": "maya@example.org",
                "name": "Maya Lindqvist",
                "timezone": zone.key,
                "country": "DE",
                "lastVisitAt": _utc(now - timedelta(hours=14)),
            }
        ],
        "preferences": [
            {
                "userId": USER_ID,
                "isActive": True,
                "frequency": "daily",
                "timeOfDay": _time_of_day(now.astimezone(zone)),
                "emailDailyBrief": True,
            }
        ],
        "projects": _projects(days),
        "tasks": _tasks(days, now),
        "taskDependencies": [
            {"taskId": "demo-deploy", "dependsOnId": "demo-copy"},
            {"taskId": "demo-deploy", "dependsOnId": "demo-payments"},
            {"taskId": "demo-newsletter", "dependsOnId": "demo-deploy"},
            {"taskId": "demo-print", "dependsOnId": "demo-poster"},
        ],
        "notes": _notes(now),
        "events": _events(days),
    }


def _time_of_day(now: datetime) -> str:
    """When the daily brief comes: not soon, for the demo's own would then be mailed with it."""
    return "12:30" if 5 <= now.hour < 8 else "07:30"


class _Days:
    def __init__(self, today: date, zone: ZoneInfo) -> None:
        self.today = today
        self.zone = zone

    def day(self, offset: int) -> str:
        return (self.today + timedelta(days=offset)).isoformat()

    def at(self, offset: int, hour: int, minute: int = 0) -> str:
        wall = datetime.combine(self.today + timedelta(days=offset), time(hour, minute))
        return _utc(wall.replace(tzinfo=self.zone))


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _projects(days: _Days) -> list[Json]:
    return [
        {
            "id": "demo-launch",
            "userId": USER_ID,
            "name": "Launch the studio's new site",
            "description": "Portfolio, shop and booking in one place. Goes live this month.",
            "status": "active",
            "startDate": days.day(-30),
            "dueDate": days.day(6),
        },
        {
            "id": "demo-festival",
            "userId": USER_ID,
            "name": "Poster for the jazz festival",
            "description": "Client: Havn Jazz. Poster, programme and signs.",
            "status": "active",
            "startDate": days.day(-12),
            "dueDate": days.day(16),
        },
        {
            "id": "demo-home",
            "userId": USER_ID,
            "name": "Home and family",
            "status": "active",
        },
    ]


def _tasks(days: _Days, now: datetime) -> list[Json]:
    def task(key: str, project: str, title: str, **more: Any) -> Json:
        return {
            "id": f"demo-{key}",
            "projectId": f"demo-{project}",
            "title": title,
            "status": "todo",
            "priority": "medium",
            **more,
        }

    done = _utc(now - timedelta(hours=9))
    return [
        task("copy", "launch", "Finish the copy for the about page", priority="high",
             status="in_progress", dueDate=days.day(-2)),
        task("payments", "launch", "Test card payments end to end", priority="urgent",
             dueDate=days.day(0)),
        task("deploy", "launch", "Move the site to the new host", priority="high",
             dueAt=days.at(0, 17)),
        task("alt", "launch", "Write alt texts for the gallery", priority="low",
             dueDate=days.day(3)),
        task("newsletter", "launch", "Announce the launch in the newsletter",
             dueDate=days.day(6)),
        task("photos", "launch", "Pick photos for the shop", status="done", completedAt=done),
        task("poster", "festival", "Send the second poster draft to Havn Jazz", priority="high",
             dueDate=days.day(1)),
        task("programme", "festival", "Lay out the programme, 12 pages", status="in_progress"),
        task("print", "festival", "Book the printer in Kiel", status="blocked",
             dueDate=days.day(5)),
        task("invoice", "festival", "Invoice the first half", dueDate=days.day(-5)),
        task("dentist", "home", "Call the dentist about Noa's appointment", dueDate=days.day(0)),
        task("tyres", "home", "Have the winter tyres put on", priority="low",
             dueDate=days.day(4)),
    ]  # fmt: skip


def _notes(now: datetime) -> list[Json]:
    return [
        {
            "id": "demo-note-host",
            "projectId": "demo-launch",
            "title": "New host",
            "content": "Support says the **DNS change takes up to 4 hours**. Do it before noon, "
            "and keep the old host until Friday.",
            "updatedAt": _utc(now - timedelta(days=1)),
        },
        {
            "id": "demo-note-call",
            "projectId": "demo-festival",
            "title": "Call with Ingrid",
            "content": "She loves the blue one. The sponsor's logo must be on the poster. "
            "Final files by the end of next week.",
            "updatedAt": _utc(now - timedelta(days=2)),
        },
    ]


def _events(days: _Days) -> list[Json]:
    def event(key: str, title: str, start: str, end: str, **more: Any) -> Json:
        return {
            "id": f"demo-event-{key}",
            "userId": USER_ID,
            "title": title,
            "startAt": start,
            "endAt": end,
            "allDay": False,
            "status": "confirmed",
            **more,
        }

    return [
        event("standup", "Weekly with Jonas", days.at(0, 9, 30), days.at(0, 10), location="Zoom"),
        event("client", "Havn Jazz: poster review", days.at(0, 14), days.at(0, 15),
              location="Speicherstadt 4"),
        event("pickup", "Pick up Noa", days.at(0, 16, 30), days.at(0, 17)),
        {
            "id": "demo-event-visit",
            "userId": USER_ID,
            "title": "Grandma visits",
            "allDay": True,
            "startDate": days.day(0),
            "endDate": days.day(2),
            "status": "confirmed",
        },
        event("swim", "Swimming", days.at(1, 18), days.at(1, 19)),
    ]  # fmt: skip
