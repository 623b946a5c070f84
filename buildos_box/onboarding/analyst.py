"""The built-in analyst: an onboarding analysis by rules, from the user's own words.

The same context always gives the same analysis.
"""

import re
from dataclasses import dataclass

from buildos_box.llm.plain import plain
from buildos_box.onboarding.features import FeatureName
from buildos_box.onboarding.model import (
    OnboardingAnalysis,
    Optimization,
    Recommendation,
    UserContext,
)

_QUOTE_CHARS = 90
MOST_THEMES = 4


@dataclass(frozen=True, slots=True)
class Theme:
    """A topic: the stems of words that indicate it, and what helps."""

    words: re.Pattern[str]
    insight: str
    title: str
    change: str
    feature: FeatureName
    reason: str
    practice: str


def _words(stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{stems})", re.IGNORECASE)


THEMES = (
    Theme(
        _words("overwhelm|too much|too many|busy|stress|juggl|burn"),
        "There is more on your list than one day can hold, so choosing matters more than speed.",
        "Choose three things a day",
        "Each morning pick at most three tasks that make the day a good one; "
        "the others wait without guilt.",
        "daily_brief",
        "It puts the few things that matter today before the long list.",
        "Keep only today's three tasks in sight and put the whole list away.",
    ),
    Theme(
        _words("focus|distract|interrupt|concentrat|attention|adhd|hyperfocus"),
        "Keeping your attention on one thing is hard, so protected time will help you more than "
        "a stricter plan.",
        "Protect a block of focus",
        "Reserve one block of 25 to 50 minutes a day for a single task, at the hour you are "
        "most awake.",
        "do_not_disturb",
        "It keeps messages away in the hours you want for yourself.",
        "Work in short blocks with a timer, and take the break even if it goes well.",
    ),
    Theme(
        _words("procrastinat|start|stuck|motivat|put(?:ting)? off|avoid|perfection"),
        "Beginning is the hard part for you; large tasks without a first step invite delay.",
        "Write the first five minutes",
        "Give every task a first step so small that it takes five minutes, and begin with "
        "only that.",
        "phases",
        "It divides a large project into stages, so that only the first one asks for attention.",
        "Promise yourself five minutes; stopping after them is allowed.",
    ),
    Theme(
        _words("forget|remember|miss|memory|slip|lose track|track of"),
        "What is not in front of you gets lost, so reminders should come to you.",
        "Write it down at once",
        "Keep one place for every result and commitment, and empty it once a day.",
        "notifications",
        "It tells you of what is due before it is late.",
        "Do not trust memory: write it down the moment it comes up.",
    ),
    Theme(
        _words("deadline|late|time management|time blind|behind|on time|overdue|underestimat"),
        "Time runs away from you; dates that are seen early cost less than dates met late.",
        "Plan backwards from the date",
        "Put a date of your own two days before each deadline, and plan the steps back from it.",
        "phases",
        "It orders a project by date and dependency, so that a late step shows early.",
        "Guess how long a task takes, then plan for twice that.",
    ),
    Theme(
        _words("meeting|calendar|appointment|schedul|call"),
        "Appointments cut up your days, so work has to be planned around them.",
        "Plan between appointments",
        "Look at the gaps between meetings first and give each gap one task that fits it.",
        "calendar_events",
        "It shows appointments and tasks together.",
        "Leave ten minutes free after each meeting to note the next step.",
    ),
    Theme(
        _words("organi[sz]|priorit|chaos|messy|scatter|clutter|plan|order"),
        "You want an order that holds; which task waits for which is the best place to begin.",
        "Decide what comes first",
        "For each project note which task holds up the others, and do that one first.",
        "task_dependencies",
        "It shows which task holds up the others.",
        "Review your projects once a week, at the same hour, for fifteen minutes.",
    ),
    Theme(
        _words("idea|creativ|writ|research|learn|stud|book"),
        "Ideas come to you at any hour; kept with their project they are of use later.",
        "Keep ideas beside the work",
        "Note each idea with its project and look through them only when you plan.",
        "notes",
        "It keeps thoughts with the project they belong to.",
        "Park a new idea in a note before you follow it.",
    ),
)

_BASICS = (
    "Break work into steps that can be finished in one sitting.",
    "End the day by writing down the first step of tomorrow.",
    "Count what you finished, not only what is left.",
)


def analyse(context: UserContext) -> OnboardingAnalysis:
    """An analysis of what the user wrote, without a language model."""
    found = _themes(context)
    features = {theme.feature: theme.reason for theme in reversed(found)}
    features.setdefault("daily_brief", "One message each morning tells you what the day asks for.")
    features.setdefault("task_dependencies", "It shows the next step of each project.")
    order = [*(theme.feature for theme in found), "daily_brief", "task_dependencies"]
    return OnboardingAnalysis(
        insights=[*_own_words(context), *(theme.insight for theme in found)],
        workflow_optimizations=[
            *(Optimization(title=theme.title, description=theme.change) for theme in found),
            *_for_first_goal(context),
        ],
        recommended_features=[
            Recommendation(feature=name, reason=features[name])
            for name in dict.fromkeys(order)
            if name in features
        ],
        best_practices=[*(theme.practice for theme in found), *_BASICS],
    )


def _themes(context: UserContext) -> list[Theme]:
    """The topics that occur, the most frequent first."""
    text = "\n".join(context.texts)
    counted = [(len(theme.words.findall(text)), theme) for theme in THEMES]
    counted.sort(key=lambda pair: -pair[0])
    return [theme for count, theme in counted if count][:MOST_THEMES]


def _quotes(items: list[str], most: int = 3) -> list[str]:
    said = (plain(item, _QUOTE_CHARS, own=[item]).rstrip(".") for item in items)
    return [f"“{text}”" for text in said if text][:most]


def _own_words(context: UserContext) -> list[str]:
    goals, challenges = _quotes(context.goals), _quotes(context.challenges)
    said: list[str] = []
    if goals and challenges:
        said.append(f"You want to get to {goals[0]}, and {challenges[0]} stands in the way.")
    elif goals:
        said.append(f"What you are after: {', '.join(goals)}.")
    elif challenges:
        said.append(f"What makes work hard for you: {', '.join(challenges)}.")
    if len(goals) > 1:
        count = len(context.goals)
        said.append(f"Of {count} things you are after, {goals[0]} comes first: begin there.")
    projects = _quotes((context.input_projects or "").splitlines())
    if projects:
        said.append(f"You are working on {', '.join(projects)}.")
    return said or ["You have told little so far; goals and challenges would sharpen this."]


def _for_first_goal(context: UserContext) -> list[Optimization]:
    goals = _quotes(context.goals, 1)
    if not goals:
        text = "Make one project of what matters most now, with three tasks that can be finished."
        return [Optimization(title="Begin with one project", description=text)]
    text = f"Make {goals[0]} a project, with a date and its three next tasks."
    return [Optimization(title="Turn the first goal into a project", description=text)]
