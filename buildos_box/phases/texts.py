"""What the built-in planner calls a phase, and what it says of it: whole texts by `Language`."""

from collections.abc import Sequence

from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_, Plural
from buildos_box.phases.model import PlanTask

PHASE_NUMBER = N_("Phase {number}")
FINISHED = N_("Finished")
AND_MORE = Plural("{task} and {count} more", "{task} and {count} more")
BEGIN_WITH = Plural(
    "Begin with “{task}”: another task waits for it.",
    "Begin with “{task}”: {count} others wait for it.",
)
OTHERS_WAIT = Plural("Another waits for it.", "{count} others wait for it.")
IT_IS_DUE = N_("It is due on {day}.")
ONE_IS_DUE = N_("One of them is due on {day}.")
LAST_IS_DUE = N_("The last of them is due on {day}.")
NOTHING_WAITS = N_("Nothing waits for it.")
ANY_ORDER = N_("Take these in any order.")
# Translators: two sentences, one after the other
SENTENCES = N_("{first} {second}")


def name(task: str, tasks: int, over: bool, language: Language) -> str:
    """What a phase of so many tasks is called; `task` is the one that leads it."""
    if over:
        return language.say(FINISHED)
    return language.count(AND_MORE, tasks - 1, task=task) if tasks > 1 else task


def about(tasks: Sequence[PlanTask], task: str, waiting: int, language: Language) -> str:
    """The description of an open phase, from its tasks; `waiting` wait for the leading one."""
    said = []
    if waiting:
        said.append(
            language.count(BEGIN_WITH if len(tasks) > 1 else OTHERS_WAIT, waiting, task=task)
        )
    due = [one.due for one in tasks if one.due]
    if due:
        text = IT_IS_DUE if len(tasks) == 1 else ONE_IS_DUE if len(due) == 1 else LAST_IS_DUE
        said.append(language.say(text, day=language.short_day(max(due), year=True)))
    if not said:
        return language.say(NOTHING_WAITS if len(tasks) == 1 else ANY_ORDER)
    return said[0] if len(said) == 1 else language.say(SENTENCES, first=said[0], second=said[1])
