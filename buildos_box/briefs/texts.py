"""Every text of a brief, its subject and its SMS: whole, with named placeholders.

A sentence is never put together from parts, so that another language can order it as it likes;
what ` · ` or CLAUSES separates are items of a list, each whole by itself. `Language` says them.
"""

from buildos_box.locales.messages import N_, Plural

TITLE_ON_HOLIDAY = N_("{day} · {holidays}")
DO_FIRST = N_("Do first")
THE_DAY = N_("The day")
REST_OF_DAY = N_("The rest of the day")
ALSO_TODAY = N_("Also today")
LATE = N_("Late")
COMING_UP = N_("Coming up")
SINCE_YESTERDAY = N_("Since yesterday")
PROJECTS = N_("Projects")

NOTHING = (
    N_("Nothing is planned: no project, no task and no event today."),
    N_("Add something, and tomorrow's brief will tell you about it. Enjoy the quiet."),
)

# The opening sentence. {kind} is one of KINDS.
KINDS = {
    "full": N_("A full day"),
    "steady": N_("A steady day"),
    "light": N_("A light day"),
    "rest": N_("What is left of the day"),
}
OPEN = N_("{kind}: {tasks}, and {meetings}.")
OPEN_URGENT = N_("{kind}: {tasks}, {urgent}, and {meetings}.")
OPEN_WAITED = N_("{kind}: {tasks}, {waited}, and {meetings}.")
OPEN_NOTHING_DUE = N_("{kind}: nothing due, and {meetings}.")
MEETINGS = Plural("one meeting", "{count} meetings")
NO_MEETINGS = N_("no meetings")
TASKS = Plural("one task due or late", "{count} tasks due or late")
URGENT = Plural("one of them urgent", "{count} of them urgent")
WAITED = Plural("one of them holding up others", "{count} of them holding up others")

# Why a task is among the first things to do: clauses that each stand alone.
DUE_TODAY = N_("due today")
DUE_TODAY_AT = N_("due today by {time}")
WAS_DUE_AT = N_("was due at {time}")
DUE_YESTERDAY = N_("due yesterday")
DAYS_LATE = Plural("{count} day late", "{count} days late")
DUE_ON = N_("due {day}")
STARTS_TODAY = N_("starts today")
STARTS_TODAY_DUE = N_("starts today, due {day}")
IN_PROGRESS = N_("in progress, without a date")
NEXT_OPEN = N_("the next open task")
IS_URGENT = N_("urgent")
HELD_UP = N_("held up: find out what it needs")
CLAUSES = N_("{said}; {more}")
"""How such clauses are put behind each other."""
ONE_WAITS = N_("{task} waits for it")
ONE_WAITS_DUE = N_("{task} ({due}) waits for it")
WAITING = Plural("{count} task waits for it", "{count} tasks wait for it")

# Why a project needs a decision, when no task can be begun.
PROJECT_EMPTY = N_("no open task: write down the next step, or close it")
PROJECT_EMPTY_DUE = N_("due {day} and without an open task: close it, or write down what is left")
PROJECT_EMPTY_PAST = N_(
    "past its date and without an open task: close it, or write down what is left"
)

# When an event is, seen from the brief's day.
ALL_DAY = N_("All day")
DAY_OF = N_("day {day} of {days}")
SINCE = N_("since {time}")
UNTIL = N_("until {time}")
SINCE_UNTIL = N_("since {since}, until {until}")
ENDS = N_("ends {day}")

# The load of the day.
LOAD_OVER = N_("The working hours are over.")
LOAD_FREE = N_("{free} free between {since} and {until}.")
LOAD_AFTERNOON = N_("{busy} of meetings; the afternoon is free from {time}.")
LOAD_REST_FREE = N_("{busy} of meetings; free from {time} until {until}.")
LOAD_LONGEST = N_("{busy} of meetings; the longest free stretch is {since} to {until}.")
LOAD_NONE_FREE = N_("{busy} of meetings and no free half hour before {until}.")
FREE = N_("**{span}** free")
OVERLAPS = N_("overlaps")
TENTATIVE = N_("tentative")

# Lines of the lists. A priority that has no word here is not told.
PRIORITIES = {"urgent": N_("urgent"), "high": N_("high")}
BY_TIME = N_("by {time}")
DUE_DAY_AT = N_("{day}, {time}")
WAITS = Plural("waits for another task", "waits for {count} others")
BLOCKED = N_("blocked")
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
DONE = N_("Done: {tasks}")
DONE_AND_MORE = N_("Done: {tasks} and {count} more")
ADDED = Plural("{count} task added", "{count} tasks added")
ADDED_NAMED = N_("Added: {tasks}")
ADDED_NAMED_AND_MORE = N_("Added: {tasks} and {count} more")
MOVED = Plural("{count} task moved to another day", "{count} tasks moved to another day")
NEWLY_BLOCKED = Plural("{count} task newly blocked", "{count} tasks newly blocked")

# Projects with news.
PROJECT_DUE_TODAY = Plural("due today, {count} task left", "due today, {count} tasks left")
PROJECT_DUE_ON = Plural("due {day}, {count} task left", "due {day}, {count} tasks left")
PROJECT_PAST = Plural("past its date by {count} day", "past its date by {count} days")
PROJECT_LEFT = Plural("{count} task left", "{count} tasks left")
PROJECT_AT_RISK = Plural("at risk: {count} task late", "at risk: {count} tasks late")
NOTE_SAYS = N_("{note}: {text}")

# What the brief was written from, and by whom.
READ_FOR_THIS = N_("*Written from the most pressing of everything: {parts}.*")
READ_TASKS = Plural("{read} of {count} task", "{read} of {count} tasks")
READ_PROJECTS = Plural("{read} of {count} project", "{read} of {count} projects")
READ_EVENTS = Plural("{read} of {count} event", "{read} of {count} events")
WEATHER = N_("{place}: {weather}")
WEATHER_BY = N_("{weather} ([Open-Meteo]({url}))")
WORDED_BY = N_("*Worded by {model}, a language model.*")
BUILT_IN = N_("*Worded by fixed rules, without a language model.*")
WHY_BUILT_IN = {
    "budget": N_("*Worded by fixed rules: today's budget for language models is spent.*"),
    "unavailable": N_("*Worded by fixed rules: no language model gave a usable answer.*"),
}

# Subject, preview and SMS.
SUBJECT_BOTH = N_("{action} · first meeting {time}")
SUBJECT_MEETING = N_("First meeting {time} · {event}")
SUBJECT_NOTHING_DUE = N_("Nothing due · {day}")
SUBJECT_NOTHING_PLANNED = N_("Nothing planned · {day}")
THEN_ONE = N_("Then {first}")
THEN_TWO = N_("Then {first} and {second}")
SMS_BOTH = N_("{sender}: First {action}; {time} {event} {url}")
SMS_ACTION = N_("{sender}: First {action} {url}")
SMS_EVENT = N_("{sender}: Nothing due; {time} {event} {url}")
SMS_NOTHING = N_("{sender}: Nothing is due today {url}")

# The inventory: of each project what is counted, its date, its lists and its notes.
EVERYTHING = N_("Everything")
LISTS = {
    "overdue": N_("Overdue ({count})"),
    "today": N_("Today ({count})"),
    "upcoming": N_("Coming week ({count})"),
    "completed": N_("Recently completed ({count})"),
    "undated": N_("Under way, no date ({count})"),
}
NOTES = N_("Notes")
COUNTS = {
    "overdue": Plural("{count} task overdue", "{count} tasks overdue"),
    "today": Plural("{count} task today", "{count} tasks today"),
    "upcoming": Plural("{count} task in the coming week", "{count} tasks in the coming week"),
    "completed": Plural("{count} task just completed", "{count} tasks just completed"),
}
NO_OPEN_TASKS = N_("No open tasks.")
NOTHING_DUE = Plural(
    "Nothing due this week, {count} open task.", "Nothing due this week, {count} open tasks."
)
THE_PROJECT_WAS_DUE = Plural(
    "The project was due {day}, {count} day ago.", "The project was due {day}, {count} days ago."
)
THE_PROJECT_IS_DUE_TODAY = N_("The project is due today.")
THE_PROJECT_IS_DUE = Plural(
    "The project is due {day}, in {count} day.", "The project is due {day}, in {count} days."
)
DAYS_LATE_SINCE = Plural("{count} day late (due {day})", "{count} days late (due {day})")
UNDER_WAY = N_("in progress")
WAITS_FOR = N_("waits for “{task}”")
WAITS_FOR_AND_MORE = Plural(
    "waits for “{task}” and {count} more", "waits for “{task}” and {count} more"
)
