"""The features that an analysis may recommend."""

from typing import Literal, get_args

FeatureName = Literal[
    "daily_brief",
    "phases",
    "task_dependencies",
    "calendar_events",
    "sms_reminders",
    "notifications",
    "do_not_disturb",
    "notes",
]

WHAT_IT_DOES: dict[FeatureName, str] = {
    "daily_brief": "one message a day with what is due, what is late and what to do first",
    "phases": "a project's tasks put into phases by dependency and date",
    "task_dependencies": "which task waits for which, so that the next step is plain",
    "calendar_events": "appointments beside tasks, so that a day is not filled twice",
    "sms_reminders": "a text message before an event begins",
    "notifications": "word of what is due soon and what has been finished",
    "do_not_disturb": "hours in which nothing interrupts",
    "notes": "thoughts kept with the project they belong to",
}

NAMES: tuple[FeatureName, ...] = get_args(FeatureName)
