"""A brief as it is being written: its lines, and which task stands in which of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.text import title
from buildos_box.page_links import PageLinks
from buildos_box.workspace.model import Event, Project, Task


class Place(StrEnum):
    """Where in a brief a task is named."""

    DO_FIRST = "do_first"
    TODAY = "today"
    LATE = "late"
    COMING_UP = "coming_up"
    MENTIONED = "mentioned"
    """In the line of another task, or among what was added."""
    DONE = "done"
    """Among what was done since yesterday."""


TICKED = (Place.DO_FIRST, Place.TODAY, Place.LATE, Place.COMING_UP)
"""Where a task has a line of its own, in which it can be marked as done."""


class NamedTask(msgspec.Struct, frozen=True):
    """A task, and the line of the brief's Markdown in which it is named, counted from zero."""

    task_id: str
    line: int
    place: Place


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list, and the tasks that it names."""

    text: str
    named: tuple[tuple[str, Place], ...] = ()


@dataclass
class Draft:
    """Collects a brief's lines; each open task is named in one of them at most."""

    facts: DayFacts
    links: PageLinks
    title_words: int
    lines: list[str] = field(default_factory=list)
    named: list[NamedTask] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Tasks that have been named, or are about to be."""

    def heading(self, level: int, text: str) -> None:
        """A heading of that level."""
        self._block([Line(f"{'#' * level} {text}")])

    def paragraph(self, text: str) -> None:
        """A paragraph; nothing for an empty one."""
        if text:
            self._block([Line(text)])

    def bullets(self, lines: Sequence[Line]) -> None:
        """A list; nothing for an empty one."""
        self._block([Line(f"- {line.text}", line.named) for line in lines])

    def numbered(self, lines: Sequence[Line]) -> None:
        """A numbered list; nothing for an empty one."""
        self._block(
            [Line(f"{number}. {line.text}", line.named) for number, line in enumerate(lines, 1)]
        )

    def untaken(self, tasks: Sequence[Task]) -> list[Task]:
        """Those of the tasks that the brief does not name yet, in their order."""
        return [task for task in tasks if task.id not in self.taken]

    def task(self, task: Task, *, bold: bool = False) -> str:
        """The task's title as a link; from now on it is named."""
        self.taken.add(task.id)
        shown = title(task.title, words=self.title_words)
        return self._link(f"**{shown}**" if bold else shown, self.links.task(task.id))

    def event(self, event: Event) -> str:
        """The event's title as a link."""
        shown = title(event.title, words=self.title_words)
        return self._link(shown, self.links.event(event.id))

    def project(self, project: Project) -> str:
        """The project's name as a link."""
        shown = title(project.name, 40, words=self.title_words)
        return self._link(f"**{shown}**", self.links.project(project.id))

    @property
    def markdown(self) -> str:
        """What was written so far."""
        return "\n".join(self.lines) + "\n"

    @staticmethod
    def _link(shown: str, url: str) -> str:
        return f"[{shown}]({url})"

    def _block(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        if self.lines:
            self.lines.append("")
        for line in lines:
            at = len(self.lines)
            self.named += [NamedTask(task_id, at, place) for task_id, place in line.named]
            self.lines.append(line.text)
