"""What the job of a brief is at, as its person reads it on their page and by stream."""

from buildos_box.briefs.facts import DayFacts
from buildos_box.locales.messages import N_, Plural

GATHERING = N_("Gathering projects, tasks, notes and events")
PROJECT_NUMBER = N_("Writing project {number} of {total}: {project}")
SORTING = N_("Sorting the day's tasks and events")
ANALYSING = N_("Analysing the day")
WRITING = N_("Writing the brief")
QUEUEING = N_("Queueing the mail")
READY = N_("Your brief is ready")
_FOUND = N_("Found {things}")
_PROJECTS = Plural("{count} project", "{count} projects")
_TASKS = Plural("{count} task", "{count} tasks")
_EVENTS = Plural("{count} event", "{count} events")


def found(facts: DayFacts) -> str:
    """How much there is to write about."""
    count = facts.language.count
    things = [
        count(_PROJECTS, facts.project_count),
        count(_TASKS, facts.task_counts.open + facts.task_counts.completed),
        count(_EVENTS, facts.event_count),
    ]
    return facts.language.say(_FOUND, things=facts.language.listed(things))
