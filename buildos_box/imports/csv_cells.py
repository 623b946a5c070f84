"""Priorities and states in the words of other programs.

Every parser raises ValueError with a clause that follows the column's name.
"""

from buildos_box.imports.csv_columns import plain

Words = dict[str, tuple[str, ...]]
"""Our words, and those of other programs for them, in letters and digits only."""
_PRIORITY: Words = {
    "urgent": ("1", "p1", "urgent", "highest", "critical"),
    "high": ("2", "p2", "high", "important"),
    "medium": ("3", "p3", "medium", "normal", "none", "nopriority"),
    "low": ("4", "p4", "low", "lowest"),
}
_TASK_STATUS: Words = {
    "todo": ("todo", "open", "new", "notstarted", "needsaction", "backlog", "false", "no", "0",
             "incomplete", "active", "unstarted", "deferred"),
    "in_progress": ("inprogress", "doing", "started", "inprocess", "wip", "inreview"),
    "blocked": ("blocked", "waiting", "onhold", "waitingonsomeoneelse", "waitingonothers"),
    "done": ("done", "completed", "complete", "closed", "finished", "true", "yes", "1", "x"),
}  # fmt: skip
_PROJECT_STATUS: Words = {
    "active": ("active", "open", "inprogress", "ontrack", "started"),
    "paused": ("paused", "onhold", "waiting"),
    "completed": ("completed", "complete", "done", "closed", "finished"),
    "archived": ("archived",),
}
_EVENT_STATUS: Words = {
    "confirmed": ("confirmed", "busy"),
    "tentative": ("tentative", "maybe"),
    "cancelled": ("cancelled", "canceled"),
}
_STATUS = {"tasks": _TASK_STATUS, "projects": _PROJECT_STATUS, "events": _EVENT_STATUS}


def priority(text: str) -> str:
    """The priority for a word of another program; 1 is the most urgent number, 4 the least."""
    return _word(text, _PRIORITY)


def status(text: str, kind: str) -> str:
    """The status for a word of another program, for an item of that list."""
    return _word(text, _STATUS[kind])


def _word(text: str, words: Words) -> str:
    given = plain(text)
    for ours, theirs in words.items():
        if given in (plain(ours), *theirs):
            return ours
    raise ValueError(f"{text!r} is not one of {', '.join(words)}")
