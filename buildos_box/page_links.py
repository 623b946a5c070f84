"""Addresses of tasks, events, projects and briefs: on the box's page, or in the frontend.

Where `[frontend]` gives an address for a kind of thing, links lead there.

The rules: docs/spec.md#page-links.
"""

from dataclasses import dataclass
from urllib.parse import quote

from buildos_box.settings import Settings

LATE = "late"
SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Makes links that people follow from mails, messages and briefs."""

    base_url: str
    """The box's own address, without a trailing slash."""
    task_url: str = ""
    project_url: str = ""
    brief_url: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "PageLinks":
        """The links of a server with these settings."""
        frontend = settings.frontend
        return cls(
            settings.server.public_url,
            frontend.task_url,
            frontend.project_url,
            frontend.brief_url,
        )

    def task(self, task_id: str) -> str:
        """Where a task is shown."""
        return _filled(self.task_url, "{taskId}", task_id) or self.page(f"task-{task_id}")

    def project(self, project_id: str) -> str:
        """Where a project is shown."""
        return _filled(self.project_url, "{projectId}", project_id) or self.page(
            f"project-{project_id}"
        )

    def brief(self, day: str) -> str:
        """Where the brief of that day (`2024-10-23`) is shown."""
        return _filled(self.brief_url, "{briefDate}", day) or self.page(f"brief-{day}")

    def event(self, event_id: str) -> str:
        """Where a calendar event is shown; always the box's page."""
        return self.page(f"event-{event_id}")

    def page(self, fragment: str) -> str:
        """A view of the box's page."""
        return f"{self.base_url}/app/#{quote(fragment, safe=':')}"

    def action(self, action_url: str) -> str:
        """Where the link of a notification leads, like `/app#task-t1`; others stay as they are."""
        path, _, fragment = action_url.partition("#")
        if path.strip("/") != "app":
            return action_url
        kind, _, key = fragment.partition("-")
        made = {"task": self.task, "project": self.project, "brief": self.brief}.get(kind)
        return made(key) if made is not None and key else self.page(fragment)


def _filled(template: str, placeholder: str, value: str) -> str:
    return template.replace(placeholder, quote(value, safe=""))
