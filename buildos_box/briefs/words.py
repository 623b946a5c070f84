"""Every sentence of a brief, its subject and its SMS: whole, with named placeholders.

A sentence is never put together from parts, so that another language can order it as it likes;
what is separated by ` · ` or `; ` are items of a list, each whole by itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plural:
    """A text about a number of things, in the singular and in the plural."""

    one: str
    many: str

    def of(self, count: int, **values: object) -> str:
        """The text for that many; `{count}` is the number."""
        return (self.one if count == 1 else self.many).format(count=count, **values)


TITLE = "{day}"
TITLE_ON_HOLIDAY = "{day} · {holidays}"
DO_FIRST = "Do first"
THE_DAY = "The day"
REST_OF_DAY = "The rest of the day"
ALSO_TODAY = "Also today"
LATE = "Late"
COMING_UP = "Coming up"
SINCE_YESTERDAY = "Since yesterday"
PROJECTS = "Projects"

NOTHING = (
    "Nothing is planned: no project, no task and no event today.",
    "Add something, and tomorrow's brief will tell you about it. Enjoy the quiet.",
)

# The opening sentence. {kind} is one of KINDS.
KINDS = {
    "full": "A full day",
    "steady": "A steady day",
    "light": "A light day",
    "rest": "What is left of the day",
}
OPEN = "{kind}: {tasks} due or late, and {meetings}."
OPEN_URGENT = "{kind}: {tasks} due or late, {urgent}, and {meetings}."
OPEN_WAITED = "{kind}: {tasks} due or late, {waited}, and {meetings}."
OPEN_NOTHING_DUE = "{kind}: nothing due, and {meetings}."
MEETINGS = Plural("one meeting", "{count} meetings")
NO_MEETINGS = "no meetings"
TASKS = Plural("one task", "{count} tasks")
URGENT = Plural("one of them urgent", "{count} of them urgent")
WAITED = Plural("one of them holding up others", "{count} of them holding up others")

# Why a task is among the first things to do: clauses that each stand alone.
DUE_TODAY = "due today"
DUE_TODAY_AT = "due today by {time}"
WAS_DUE_AT = "was due at {time}"
DUE_YESTERDAY = "due yesterday"
DAYS_LATE = Plural("{count} day late", "{count} days late")
DUE_ON = "due {day}"
STARTS_TODAY = "starts today"
STARTS_TODAY_DUE = "starts today, due {day}"
IN_PROGRESS = "in progress, without a date"
NEXT_OPEN = "the next open task"
IS_URGENT = "urgent"
HELD_UP = "held up: find out what it needs"
ONE_WAITS = "{task} waits for it"
ONE_WAITS_DUE = "{task} ({due}) waits for it"
WAITING = Plural("{count} task waits for it", "{count} tasks wait for it")

# Why a project needs a decision, when no task can be begun.
PROJECT_EMPTY = "no open task: write down the next step, or close it"
PROJECT_EMPTY_DUE = "due {day} and without an open task: close it, or write down what is left"
PROJECT_EMPTY_PAST = "past its date and without an open task: close it, or write down what is left"

# When an event is, seen from the brief's day.
ALL_DAY = "All day"
DAY_OF = "day {day} of {days}"
SINCE = "since {time}"
UNTIL = "until {time}"
SINCE_UNTIL = "since {since}, until {until}"
ENDS = "ends {day}"

# The load of the day.
LOAD_OVER = "The working hours are over."
LOAD_FREE = "{free} free between {since} and {until}."
LOAD_AFTERNOON = "{busy} of meetings; the afternoon is free from {time}."
LOAD_REST_FREE = "{busy} of meetings; free from {time} until {until}."
LOAD_LONGEST = "{busy} of meetings; the longest free stretch is {since} to {until}."
LOAD_NONE_FREE = "{busy} of meetings and no free half hour before {until}."
FREE = "**{since}–{until}** free"
OVERLAPS = "overlaps"
TENTATIVE = "tentative"

# Lines of the lists. A priority that has no word here is not told.
PRIORITIES = {"urgent": "urgent", "high": "high"}
BY_TIME = "by {time}"
DUE_DAY_AT = "{day}, {time}"
WAITS = Plural("waits for another task", "waits for {count} others")
BLOCKED = "blocked"
AND_MORE = Plural("and {count} more", "and {count} more")
LATE_MORE = Plural("[{count} more to sort out]({url})", "[{count} more to sort out]({url})")
LATE_LONG = Plural(
    "[Give it a new date, or drop it]({url})",
    "[Give them new dates, or drop them]({url})",
)
LATE_MORE_AND_LONG = Plural(
    "[{count} more, {long} of all over two weeks late: give them new dates, or drop them]({url})",
    "[{count} more, {long} of all over two weeks late: give them new dates, or drop them]({url})",
)

# Since yesterday.
DONE = "Done: {tasks}"
DONE_AND_MORE = "Done: {tasks} and {count} more"
ADDED = Plural("{count} task added", "{count} tasks added")
ADDED_NAMED = "Added: {tasks}"
ADDED_NAMED_AND_MORE = "Added: {tasks} and {count} more"
MOVED = Plural("{count} task moved to another day", "{count} tasks moved to another day")
NEWLY_BLOCKED = Plural("{count} task newly blocked", "{count} tasks newly blocked")

# Projects with news.
PROJECT_DUE_TODAY = Plural("due today, {count} task left", "due today, {count} tasks left")
PROJECT_DUE_ON = Plural("due {day}, {count} task left", "due {day}, {count} tasks left")
PROJECT_PAST = Plural(
    "past its date by {past}, {count} task left", "past its date by {past}, {count} tasks left"
)
PROJECT_AT_RISK = Plural("at risk: {count} task late", "at risk: {count} tasks late")
DAYS = Plural("{count} day", "{count} days")
NOTE_SAYS = "{note}: {text}"

# What the brief was written from, and by whom.
READ_FOR_THIS = "*Written from the most pressing of everything: {parts}.*"
READ_TASKS = "{read} of {all} tasks"
READ_PROJECTS = "{read} of {all} projects"
READ_EVENTS = "{read} of {all} events"
WORDED_BY = "*Worded by {model}, a language model.*"
BUILT_IN = "*Worded by fixed rules, without a language model.*"
WHY_BUILT_IN = {
    "budget": "*Worded by fixed rules: today's budget for language models is spent.*",
    "unavailable": "*Worded by fixed rules: no language model gave a usable answer.*",
}

# Subject, preview and SMS.
SUBJECT_BOTH = "{action} · first meeting {time}"
SUBJECT_ACTION = "{action}"
SUBJECT_MEETING = "First meeting {time} · {event}"
SUBJECT_NOTHING_DUE = "Nothing due · {day}"
SUBJECT_NOTHING_PLANNED = "Nothing planned · {day}"
THEN_ONE = "Then {first}"
THEN_TWO = "Then {first} and {second}"
SMS_BOTH = "{sender}: First {action}; {time} {event} {url}"
SMS_ACTION = "{sender}: First {action} {url}"
SMS_EVENT = "{sender}: Nothing due; {time} {event} {url}"
SMS_NOTHING = "{sender}: Nothing is due today {url}"

# The inventory: of each project what is counted, its date, its lists and its notes.
EVERYTHING = "Everything"
LISTS = {
    "overdue": "Overdue ({count})",
    "today": "Today ({count})",
    "upcoming": "Coming week ({count})",
    "completed": "Recently completed ({count})",
    "undated": "Under way, no date ({count})",
}
NOTES = "Notes"
COUNTS = {
    "overdue": Plural("{count} task overdue", "{count} tasks overdue"),
    "today": Plural("{count} task today", "{count} tasks today"),
    "upcoming": Plural("{count} task in the coming week", "{count} tasks in the coming week"),
    "completed": Plural("{count} task just completed", "{count} tasks just completed"),
}
NO_OPEN_TASKS = "No open tasks."
NOTHING_DUE = Plural(
    "Nothing due this week, {count} open task.", "Nothing due this week, {count} open tasks."
)
THE_PROJECT_WAS_DUE = Plural(
    "The project was due {day}, {count} day ago.", "The project was due {day}, {count} days ago."
)
THE_PROJECT_IS_DUE_TODAY = "The project is due today."
THE_PROJECT_IS_DUE = Plural(
    "The project is due {day}, in {count} day.", "The project is due {day}, in {count} days."
)
DAYS_LATE_SINCE = Plural("{count} day late (due {day})", "{count} days late (due {day})")
UNDER_WAY = "in progress"
WAITS_FOR = "waits for “{task}”"
WAITS_FOR_AND_MORE = Plural(
    "waits for “{task}” and {count} more", "waits for “{task}” and {count} more"
)

# While a brief is being written.
FOUND = "Found {projects}, {tasks} and {events}"
SOME_PROJECTS = Plural("{count} project", "{count} projects")
SOME_TASKS = Plural("{count} task", "{count} tasks")
SOME_EVENTS = Plural("{count} event", "{count} events")
