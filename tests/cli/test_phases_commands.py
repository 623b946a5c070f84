from zoneinfo import ZoneInfo

from buildos_box.clock import from_text
from tests.cli.served import Cli


def test_a_project_is_divided_into_phases_and_shown(ada: Cli) -> None:
    ada.ok("project", "add", "Bathroom", "--id", "bath")
    assert "has no phases yet" in ada.fails("phases", "show", "Bathroom", code=1)
    refused = ada.fails("phases", "now", "bath", code=1)
    assert "the project has no task" in refused
    for title in ("Order tiles", "Lay tiles"):
        ada.ok("task", "add", title, "-p", "bath", "--id", title.split()[0].lower())
    ada.client().put("/tasks/lay/dependencies", {"dependsOn": ["order"]})
    shown = ada.ok("phases", "now", "bathroom")
    assert shown.splitlines()[:6] == [
        "1. Order tiles",
        "   Another waits for it.",
        "   [ ] Order tiles",
        "2. Lay tiles",
        "   Nothing waits for it.",
        "   [ ] Lay tiles",
    ]
    listed = ada.json("phases", "show", "bath")
    at = from_text(listed["plan"]["generatedAt"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert shown.endswith(f"Made {at:%Y-%m-%d %H:%M} by the built-in planner.\n")
    assert [phase["taskIds"] for phase in listed["phases"]] == [["order"], ["lay"]]
    ada.ok("task", "add", "Mirror", "-p", "bath")
    assert "1 task has come since" in ada.ok("phases", "show", "bath")
