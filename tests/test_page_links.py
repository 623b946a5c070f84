"""Links lead to the box's page, or to the frontend where it is set (docs/spec.md#page-links)."""

import pytest

from buildos_box.app import static_folder
from buildos_box.page_links import LATE, SETTINGS, PageLinks
from buildos_box.settings import Settings
from buildos_box.settings.model import FrontendSettings, ServerSettings

BOX = PageLinks("https://box.example")
FRONTEND = PageLinks(
    "https://box.example",
    task_url="https://app.example/t/{taskId}",
    project_url="https://app.example/p/{projectId}?tab=all",
    brief_url="https://app.example/b/{briefDate}",
)


@pytest.mark.parametrize(
    ("links", "action", "leads_to"),
    [
        (BOX, "/app#task-t1", "https://box.example/app/#task-t1"),
        (BOX, "/app/#task-a b", "https://box.example/app/#task-a%20b"),
        (BOX, "/app#project-p:1", "https://box.example/app/#project-p:1"),
        (BOX, "/app#brief-2024-10-23", "https://box.example/app/#brief-2024-10-23"),
        (BOX, "/app#late", "https://box.example/app/#late"),
        (BOX, "/app#task-", "https://box.example/app/#task-"),
        (BOX, "/app", "https://box.example/app/#"),
        (BOX, "https://else.example/#task-t1", "https://else.example/#task-t1"),
        (FRONTEND, "/app#task-a/b:c", "https://app.example/t/a%2Fb%3Ac"),
        (FRONTEND, "/app#project-p1", "https://app.example/p/p1?tab=all"),
        (FRONTEND, "/app#brief-2024-10-23", "https://app.example/b/2024-10-23"),
        (FRONTEND, "/app#event-e1", "https://box.example/app/#event-e1"),
        (FRONTEND, "/app#late", "https://box.example/app/#late"),
    ],
)
def test_the_link_of_a_notification(links: PageLinks, action: str, leads_to: str) -> None:
    assert links.action(action) == leads_to


def test_each_kind_of_thing_has_its_link() -> None:
    assert BOX.task("t/1") == "https://box.example/app/#task-t%2F1"
    assert BOX.project("p1") == "https://box.example/app/#project-p1"
    assert BOX.brief("2024-10-23") == "https://box.example/app/#brief-2024-10-23"
    assert BOX.event("e1") == FRONTEND.event("e1") == "https://box.example/app/#event-e1"


@pytest.mark.parametrize(("view", "fragment"), [(LATE, "late"), (SETTINGS, "settings")])
def test_the_views_are_those_that_the_page_itself_links_to(view: str, fragment: str) -> None:
    assert BOX.page(view) == f"https://box.example/app/#{fragment}"
    scripts = [file.read_text("utf-8") for file in (static_folder() / "app").glob("*.js")]
    assert any(f'"#{view}"' in script for script in scripts)


def test_a_servers_links_are_those_of_its_settings() -> None:
    frontend = FrontendSettings(
        task_url=FRONTEND.task_url,
        project_url=FRONTEND.project_url,
        brief_url=FRONTEND.brief_url,
    )
    server = ServerSettings(base_url="https://box.example")
    assert PageLinks.of(Settings(server=server, frontend=frontend)) == FRONTEND
    assert PageLinks.of(Settings(server=server)) == BOX
