"""What people and models write stays text on the page (docs/spec.md#page-security)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.web.browser import Person

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]
SCRIPTS = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload=window.pwned=1>',
    "[click](javascript:window.pwned=1)",
    "![see](https://evil.example/pixel.png)",
    "<a href='data:text/html,<script>parent.pwned=1</script>'>a</a>",
    "<style>@import 'https://evil.example/a.css'</style>",
]
PAGES = {"#today": "Today", "#tasks": "Tasks", "#late": "Sort out what is late",
         "#tasks-done": "Done tasks", "#calendar": " to ", "#projects": "Projects",
         "#work": "How you work", "#inbox": "Inbox", "#search": "Search",
         "#settings": "Settings"}  # fmt: skip


def test_nothing_that_is_written_becomes_part_of_the_page(home: "Home", person: Someone) -> None:
    token = home.user("eve", name=SCRIPTS[0])
    today = datetime.now(UTC).date().isoformat()
    home.post("/sync", {
        "projects": [
            {"id": "eve-home", "userId": "eve", "name": SCRIPTS[1], "description": SCRIPTS[2]}
        ],
        "tasks": [
            {"id": f"eve-s{n}", "projectId": "eve-home", "title": script, "dueDate": today}
            for n, script in enumerate(SCRIPTS)
        ],
        "notes": [{"id": "eve-n", "projectId": "eve-home", "content": "\n\n".join(SCRIPTS)}],
    })  # fmt: skip
    home.post("/queue/notification", {
        "userId": "eve", "eventType": "task.due_soon", "channel": "in_app",
        "payload": {"taskId": "eve-s0", "taskName": SCRIPTS[1]}})  # fmt: skip
    home.post("/queue/onboarding", {
        "userId": "eve", "userContext": {"name": SCRIPTS[0], "description": SCRIPTS[3],
                                         "goals": SCRIPTS, "challenges": SCRIPTS}})  # fmt: skip
    home.post("/queue/phases", {"userId": "eve", "projectId": "eve-home"})
    eve = person()
    eve.sign_in(token)
    eve.press("Write it now")
    eve.heading("Do first", 3)
    for fragment, title in PAGES.items():
        eve.go(fragment)
        eve.heading(title)
        eve.page.wait_for_timeout(300)
        assert eve.page.evaluate("() => window.pwned") is None, fragment
        kinds = eve.page.evaluate("() => [...document.links].map(a => a.protocol)")
        # A web address in a note is a link in the brief (docs/spec.md#brief-content).
        assert set(kinds) <= {"http:", "https:"}, fragment
        assert (
            eve.page.locator("main :is(script, style, svg[onload], iframe, img[src=x])").count()
            == 0
        )
    eve.go("#tasks")
    eve.page.get_by_role("checkbox").nth(len(SCRIPTS) - 1).wait_for()
    missing = SCRIPTS
    for _ in range(100):  # news of the jobs may have the list drawn anew meanwhile
        shown = eve.page.locator("main").inner_text()
        missing = [script for script in SCRIPTS if script not in shown]
        if not missing:
            break
        eve.page.wait_for_timeout(100)
    assert missing == []


@pytest.mark.parametrize(
    ("markdown", "leads_to"),
    [
        ("[a](https://good.example/b)", ["https://good.example/b"]),
        ("[a](https://good.example@evil.example/)", []),
        ("[a](https://good.example:80@evil.example/)", []),
        ("<https://good.example@evil.example/>", []),
        ("[a](mailto:ada@example.org)", ["mailto:ada@example.org"]),
        ("[a](javascript:alert(1))", []),
    ],
)
def test_a_link_of_a_brief_leads_where_it_seems_to(
    person: Someone, markdown: str, leads_to: list[str]
) -> None:
    eve = person()
    eve.go()
    found = eve.page.evaluate(
        """async text => {
            const { markdown } = await import(new URL("markdown.js", location));
            return markdown(text).flatMap(p => [...p.querySelectorAll("a")].map(a => a.href));
        }""",
        markdown,
    )
    assert found == leads_to
