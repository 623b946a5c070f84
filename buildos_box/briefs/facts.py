"""The facts that a brief is written from: one user's day, sorted.

`day_facts` builds it from plain rows; everything here is a pure function of its arguments. Days
begin and end at local midnight, also when clocks change.

The rules: docs/spec.md#brief-content.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.briefs.agenda import Span, agenda, hours_ahead
from buildos_box.briefs.empty import is_empty
from buildos_box.briefs.ranking import BLOCKED, DONE, IN_PROGRESS, Key, Ranking, ranking
from buildos_box.briefs.task_counts import TaskCounts
from buildos_box.clock import Instant, day_bounds, zone_or_utc
from buildos_box.locales.language import Language, language
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Dependency, Event, Note, Project, Task
from buildos_box.workspace.store.day import LONG_LATE_DAYS, RECENT, UPCOMING_DAYS


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The user of a brief. `zone` is an IANA name (an unknown one means UTC).

    Work that ends before it starts, or when it starts, ends on the next day.
    """

    id: str
    name: str = ""
    zone: str = "UTC"
    country: str | None = None
    work_starts: time = time(9)
    work_ends: time = time(18)
    language: Language = msgspec.field(default_factory=language)
    """What they are written to in."""


class Category(StrEnum):
    """The category of a task on the day; each task is in at most one."""

    OVERDUE = "overdue"
    TODAY = "today"
    UPCOMING = "upcoming"
    COMPLETED = "completed"
    UNDATED = "undated"


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks by category, each list in the order of `ranking`."""

    overdue: tuple[Task, ...] = ()
    today: tuple[Task, ...] = ()
    upcoming: tuple[Task, ...] = ()
    completed: tuple[Task, ...] = ()
    undated: tuple[Task, ...] = ()

    def listed(self, category: Category) -> tuple[Task, ...]:
        """The tasks of one category."""
        tasks: tuple[Task, ...] = getattr(self, category.value)
        return tasks

    def by_project(self) -> dict[str, "Split"]:
        """The same split for each project that has a task in it."""
        lists: dict[str, dict[str, list[Task]]] = {}
        for category in Category:
            for task in self.listed(category):
                own = lists.setdefault(task.project_id, {})
                own.setdefault(category.value, []).append(task)
        return {
            project_id: Split(**{category: tuple(tasks) for category, tasks in own.items()})
            for project_id, own in lists.items()
        }


class DayFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All facts of a brief. Made by `day_facts`, which makes sure that its parts agree.

    Lists hold what was read, the most pressing; counts are of all that there is.
    """

    brief_date: date
    zone: ZoneInfo
    now: Instant
    person: Person
    projects: tuple[Project, ...]
    tasks: tuple[Task, ...]
    notes: tuple[Note, ...]
    events: tuple[Event, ...]
    holidays: tuple[str, ...]
    split: Split
    category: dict[str, Category]
    """The projects by id."""
    project_by_id: dict[str, Project]
    task_by_id: dict[str, Task]
    waits_for: dict[str, tuple[str, ...]]
    waited_on_by: dict[str, tuple[str, ...]]
    split_by_project: dict[str, Split]
    tasks_by_project: dict[str, tuple[Task, ...]]
    task_counts: TaskCounts
    task_counts_by_project: dict[str, TaskCounts]
    project_count: int
    event_count: int
    ranking: Ranking
    ranked: tuple[Task, ...]
    """The open tasks, the most pressing first."""
    moment: Instant
    """From when on the day is told: `now`, or the day's beginning if it is another day now."""
    hours: Span | None
    """The working hours that lie ahead of `moment`; None when they are over."""

    @property
    def language(self) -> Language:
        """What the person is written to in."""
        return self.person.language

    @property
    def counts(self) -> dict[str, int]:
        """The number of tasks in each category, of projects and of events: of all, read or not."""
        listed = {category.value: self.task_counts.of(category) for category in Category}
        return listed | {"projects": self.project_count, "events": self.event_count}

    @property
    def has_all_tasks(self) -> bool:
        """Whether every open task was read."""
        return sum(task.status != DONE for task in self.tasks) >= self.task_counts.open

    def of_project(self, project_id: str) -> Split:
        """The listed tasks of that project."""
        return self.split_by_project.get(project_id, Split())

    def counts_of(self, project_id: str) -> TaskCounts:
        """How many tasks that project has, read or not."""
        return self.task_counts_by_project.get(project_id, TaskCounts())

    @property
    def is_empty(self) -> bool:
        """Whether there is no active project, and so no task, and no event."""
        return is_empty(self.project_count, self.event_count)

    @property
    def is_late_in_the_day(self) -> bool:
        """Whether less than half of the working hours is left, and the day has not ended."""
        day, person = self.brief_date, self.person
        begin = day_bounds(day, self.zone)[0]
        whole = hours_ahead(day, self.zone, begin, person.work_starts, person.work_ends)
        return whole is not None and self.moment > whole[0] + (whole[1] - whole[0]) / 2

    def due(self, task: Task) -> date | None:
        """The local day a task is due on."""
        return due_day(task, self.zone)

    def days_late(self, task: Task) -> int:
        """Local days since the task was due; 0 or less if it is not late."""
        due = self.due(task)
        return (self.brief_date - due).days if due else 0

    def tasks_of(self, project_id: str) -> tuple[Task, ...]:
        """The project's tasks that were read."""
        return self.tasks_by_project.get(project_id, ())

    def open_tasks(self, project_id: str) -> list[Task]:
        """The project's unfinished tasks that were read, listed or not."""
        return [task for task in self.tasks_of(project_id) if task.status != DONE]

    def blockers(self, task: Task) -> list[Task]:
        """The open tasks that this one depends on."""
        return self._open(self.waits_for.get(task.id, ()))

    def waiting(self, task: Task) -> list[Task]:
        """The open tasks that depend on this one."""
        return self._open(self.waited_on_by.get(task.id, ()))

    def notes_of(self, project_id: str) -> list[Note]:
        """A project's notes, the latest first."""
        mine = [note for note in self.notes if note.project_id == project_id]
        return sorted(mine, key=lambda note: (self.now - note.updated_at, note.id))

    def _open(self, ids: tuple[str, ...]) -> list[Task]:
        found = (self.task_by_id[task_id] for task_id in ids)
        return [task for task in found if task.status != DONE]


def day_facts(
    *,
    brief_date: date,
    now: Instant,
    person: Person,
    projects: Iterable[Project] = (),
    tasks: Iterable[Task] = (),
    notes: Iterable[Note] = (),
    events: Iterable[Event] = (),
    holidays: Iterable[str] = (),
    dependencies: Iterable[Dependency] = (),
    counted: Mapping[str, TaskCounts] | None = None,
    event_count: int | None = None,
) -> DayFacts:
    """The facts of one user's day. `now` is the moment of generation.

    `counted` are the tasks of every active project and `event_count` the events of the day where
    not all were read; without them what is given is all.

    Left out are tasks and notes of other projects, dependencies on other tasks, and events that are
    cancelled, declined or not on the day.
    """
    zone = zone_or_utc(person.zone)
    project_by_id = {project.id: project for project in projects}
    task_by_id = {task.id: task for task in tasks if task.project_id in project_by_id}
    waits_for, waited_on_by = _links(dependencies, task_by_id)
    order = ranking(task_by_id, waits_for, waited_on_by, brief_date=brief_date, zone=zone)
    split = split_tasks(
        task_by_id.values(), brief_date=brief_date, zone=zone, now=now, order=order.key
    )
    by_project = split.by_project()
    if counted is None:
        counted = count_tasks(
            project_by_id, task_by_id.values(), split, brief_date=brief_date, zone=zone
        )
    on_the_day = agenda(events, brief_date, zone)
    begins, ends = day_bounds(brief_date, zone)
    moment = now if begins <= now < ends else begins
    return DayFacts(
        brief_date=brief_date,
        zone=zone,
        now=now,
        person=person,
        projects=_pressing_first(project_by_id.values(), counted),
        tasks=tuple(task_by_id.values()),
        notes=tuple(note for note in notes if note.project_id in project_by_id),
        events=on_the_day,
        holidays=tuple(holidays),
        split=split,
        category={task.id: kind for kind in Category for task in split.listed(kind)},
        project_by_id=project_by_id,
        task_by_id=task_by_id,
        waits_for=waits_for,
        waited_on_by=waited_on_by,
        split_by_project=by_project,
        tasks_by_project=_by_project(task_by_id.values()),
        task_counts=sum(counted.values(), TaskCounts()),
        task_counts_by_project=dict(counted),
        project_count=len(counted),
        event_count=len(on_the_day) if event_count is None else event_count,
        ranking=order,
        ranked=tuple(sorted((t for t in task_by_id.values() if t.status != DONE), key=order.key)),
        moment=moment,
        hours=hours_ahead(brief_date, zone, moment, person.work_starts, person.work_ends),
    )


def count_tasks(
    projects: Iterable[str],
    tasks: Iterable[Task],
    split: Split,
    *,
    brief_date: date,
    zone: ZoneInfo,
) -> dict[str, TaskCounts]:
    """The tasks of each project, counted from the tasks themselves."""
    found: dict[str, Counter[str]] = {project_id: Counter() for project_id in projects}
    for task in tasks:
        found[task.project_id]["open"] += task.status != DONE
    for category in Category:
        for task in split.listed(category):
            found[task.project_id][category.value] += 1
    long_late = brief_date - timedelta(days=LONG_LATE_DAYS)
    for task in split.today:
        found[task.project_id]["due_today"] += due_day(task, zone) == brief_date
    for task in split.overdue:
        found[task.project_id]["long_late"] += (due_day(task, zone) or brief_date) < long_late
    for task in split.undated:
        found[task.project_id]["adrift"] += task.status != BLOCKED
    return {project_id: TaskCounts(**counter) for project_id, counter in found.items()}


def _by_project(tasks: Iterable[Task]) -> dict[str, tuple[Task, ...]]:
    found: dict[str, list[Task]] = {}
    for task in tasks:
        found.setdefault(task.project_id, []).append(task)
    return {project_id: tuple(own) for project_id, own in found.items()}


def category_of(task: Task, *, brief_date: date, zone: ZoneInfo, now: Instant) -> Category | None:
    """The category of a task; None if it is in none."""
    if task.status == DONE:
        done_at = task.completed_at
        recent = done_at is not None and now - RECENT <= done_at <= now
        return Category.COMPLETED if recent else None
    due = due_day(task, zone)
    if due is not None and due < brief_date:
        return Category.OVERDUE
    if brief_date in (due, task.start_date):
        return Category.TODAY
    if due is not None:
        soon = due <= brief_date + timedelta(days=UPCOMING_DAYS)
        return Category.UPCOMING if soon else None
    return Category.UNDATED if task.status in (IN_PROGRESS, BLOCKED) else None


def split_tasks(
    tasks: Iterable[Task],
    *,
    brief_date: date,
    zone: ZoneInfo,
    now: Instant,
    order: Callable[[Task], Key],
) -> Split:
    """The tasks by category, each list in that order."""
    lists: dict[Category, list[Task]] = {category: [] for category in Category}
    for task in tasks:
        category = category_of(task, brief_date=brief_date, zone=zone, now=now)
        if category is not None:
            lists[category].append(task)
    return Split(
        **{category.value: tuple(sorted(found, key=order)) for category, found in lists.items()}
    )


def _links(
    dependencies: Iterable[Dependency], tasks: dict[str, Task]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """For each task, the tasks it depends on and those that depend on it, among the given ones."""
    waits: dict[str, dict[str, None]] = {}
    waited: dict[str, dict[str, None]] = {}
    for link in dependencies:
        known = link.task_id in tasks and link.depends_on_id in tasks
        if known and link.task_id != link.depends_on_id:
            waits.setdefault(link.task_id, {})[link.depends_on_id] = None
            waited.setdefault(link.depends_on_id, {})[link.task_id] = None
    return {k: tuple(v) for k, v in waits.items()}, {k: tuple(v) for k, v in waited.items()}


def _pressing_first(
    projects: Iterable[Project], counted: Mapping[str, TaskCounts]
) -> tuple[Project, ...]:
    """Projects with overdue tasks first, then with tasks of today, then by their own due date."""

    def order(project: Project) -> tuple[int, int, date, str, str]:
        own = counted.get(project.id, TaskCounts())
        due = project.due_date or date.max
        return -own.overdue, -own.today, due, project.name.casefold(), project.id

    return tuple(sorted(projects, key=order))
