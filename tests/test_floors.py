"""A package imports only packages of lower layers (docs/architecture.md)."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "buildos_box"
FLOORS: dict[str, int] = {
    "settings": 0,
    "clock": 0,
    "ids": 0,
    "errors": 0,
    "log": 0,
    "untrusted_json": 0,
    "gc_tuning": 0,
    "quiet_hours": 1,
    "retry_after": 1,
    "thread_pool": 0,
    "server": 1,
    "db": 1,
    "egress": 1,
    "jobs": 2,
    "auth": 2,
    "realtime": 2,
    "llm": 2,
    "services": 3,
    "workspace": 4,
    "calendars": 5,
    "imports": 5,
    "mail": 5,
    "sms": 5,
    "web": 5,
    "notifications": 6,
    "briefs": 7,
    "phases": 7,
    "onboarding": 7,
    "forecast": 8,
    "upkeep": 8,
    "registry": 9,
    "api": 10,
    "app": 11,
    "serve": 12,
    "client": 12,
    "cli": 13,
    "tui": 13,
}
MAY_ALSO = {
    # Floor 0 holds each other's words: an error may name an instant, a log line an id.
    *((a, b) for a in ("settings", "clock", "ids", "errors", "log") for b in ("errors", "clock")),
    # Rooms' routes are declared where the rooms are, and read what the API hands them.
    ("jobs", "services"),
    ("llm", "services"),
    ("llm", "auth"),
    ("realtime", "services"),
    # Streams tell of jobs, and end with the token they were opened by.
    ("realtime", "jobs"),
    ("realtime", "auth"),
    # A command starts the dashboard, which knows nothing of the command line.
    ("cli", "tui"),
    ("imports", "calendars"),
}
CLIENTS_ONLY_OVER_CLIENT = {"cli", "tui"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "buildos_box":
                names = [f"buildos_box.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("buildos_box.")}
    return {room for room in found if not room.startswith("__")}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).parts
        room = parts[0].removesuffix(".py")
        if not room.startswith("__"):
            found.append((room, path))
    return found


def test_every_room_has_a_floor() -> None:
    assert {room for room, _ in modules()} <= FLOORS.keys()


def test_a_room_imports_only_rooms_below_it() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for room, path in modules()
        for other in imports_of(path)
        if other != room and FLOORS[other] >= FLOORS[room] and (room, other) not in MAY_ALSO
    ]
    assert wrong == []


def test_only_store_modules_hold_sql() -> None:
    """`store.py` and the queue's ledger are the only places with SQL."""
    verbs = ("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ")
    wrong = []
    for room, path in modules():
        if path.name.endswith("store.py") or room == "db" or path.parent.name == "store":
            continue
        if room == "jobs" and path.name in ("ledger.py", "claims.py", "effects.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.lstrip()
                if text.startswith(verbs) and (
                    " FROM " in text or " SET " in text or "VALUES" in text
                ):
                    wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert wrong == []
