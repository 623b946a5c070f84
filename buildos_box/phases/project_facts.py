"""What the planner needs to know of a project, and when it cannot be planned."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.errors import PermanentError
from buildos_box.locales.language import Language
from buildos_box.phases.model import PlanTask
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Dependency, Project, Task, User

MOST_TASKS = 2_000


class ProjectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A project with its tasks and dependencies, as the planner needs them."""

    user: User
    language: Language
    project: Project
    tasks: list[Task]
    dependencies: list[Dependency]


async def collect(
    services: Services, user_id: str, project_id: str, language: Language
) -> ProjectFacts:
    """The project as it is now.

    Raises PermanentError (`unknown_project`, `no_tasks`, `too_many_tasks`), StorageError.
    """
    user = await workspace.get_user(services.db, user_id)
    project = await workspace.get_project(services.db, user_id, project_id)
    if user is None or project is None:
        raise no_project()
    tasks = await workspace.tasks_of_project(services.db, project.id, limit=MOST_TASKS + 1)
    require_plannable(len(tasks))
    ids = [task.id for task in tasks]
    links = await services.db.read_snapshot(lambda tx: workspace.dependencies_among(tx, ids))
    return ProjectFacts(
        user=user, language=language, project=project, tasks=tasks, dependencies=links
    )


def plan_tasks(
    tasks: Sequence[Task], dependencies: Sequence[Dependency], zone: ZoneInfo
) -> list[PlanTask]:
    """The tasks in the form that the planner reads, with days as in their owner's zone."""
    waits: dict[str, list[str]] = {}
    for link in dependencies:
        waits.setdefault(link.task_id, []).append(link.depends_on_id)
    return [
        PlanTask(
            id=task.id,
            title=task.title,
            due=due_day(task, zone),
            start=task.start_date,
            done=task.status == "done",
            priority=task.priority,
            after=tuple(waits.get(task.id, ())),
        )
        for task in tasks
    ]


def no_project() -> PermanentError:
    """The error of a project that is gone."""
    return PermanentError("the project is no longer there", code="unknown_project")


def require_plannable(tasks: int) -> None:
    """Raises PermanentError (`no_tasks`, `too_many_tasks`) if so many tasks make no plan."""
    if tasks == 0:
        raise PermanentError("the project has no tasks any more", code="no_tasks")
    if tasks > MOST_TASKS:
        raise PermanentError(
            f"the project has more than {MOST_TASKS} tasks by now", code="too_many_tasks"
        )
