"""The built-in analyst: an onboarding analysis by rules, from the user's own words.

The same context in the same language always gives the same analysis.
"""

import re
from functools import lru_cache

from buildos_box.llm.plain_text import plain
from buildos_box.locales.language import ENGLISH, Language
from buildos_box.locales.messages import N_, Plural
from buildos_box.onboarding.model import (
    OnboardingAnalysis,
    Optimization,
    Recommendation,
    UserContext,
)
from buildos_box.onboarding.themes import BASICS, THEMES, Theme

_QUOTE_CHARS = 90
MOST_THEMES = 4

_BRIEF_HELPS = N_("One message each morning tells you what the day asks for.")
_ORDER_HELPS = N_("It shows the next step of each project.")
_QUOTE = N_("“{words}”")
_GOAL_AND_CHALLENGE = N_("You want to get to {goal}, and {challenge} stands in the way.")
_GOALS = N_("What you are after: {goals}.")
_CHALLENGES = N_("What makes work hard for you: {challenges}.")
_FIRST_GOAL = Plural(
    "Of {count} thing you are after, {goal} comes first: begin there.",
    "Of {count} things you are after, {goal} comes first: begin there.",
)
_PROJECTS = N_("You are working on {projects}.")
_TOLD_LITTLE = N_("You have told little so far; goals and challenges would sharpen this.")
_ONE_PROJECT = N_("Begin with one project")
_ONE_PROJECT_HOW = N_(
    "Make one project of what matters most now, with three tasks that can be finished."
)
_GOAL_PROJECT = N_("Turn the first goal into a project")
_GOAL_PROJECT_HOW = N_("Make {goal} a project, with a date and its three next tasks.")


def analyse(context: UserContext, language: Language) -> OnboardingAnalysis:
    """An analysis of what the user wrote, without a language model."""
    say, found = language.say, _themes(context, language)
    features = {theme.feature: theme.reason for theme in reversed(found)}
    features.setdefault("daily_brief", _BRIEF_HELPS)
    features.setdefault("task_dependencies", _ORDER_HELPS)
    order = [*(theme.feature for theme in found), "daily_brief", "task_dependencies"]
    return OnboardingAnalysis(
        insights=[*_own_words(context, language), *(say(theme.insight) for theme in found)],
        workflow_optimizations=[
            *(Optimization(title=say(one.title), description=say(one.change)) for one in found),
            _for_first_goal(context, language),
        ],
        recommended_features=[
            Recommendation(feature=name, reason=say(features[name]))
            for name in dict.fromkeys(order)
            if name in features
        ],
        best_practices=[say(text) for text in (*(theme.practice for theme in found), *BASICS)],
    )


def _themes(context: UserContext, language: Language) -> list[Theme]:
    """The topics that occur, the most frequent first.

    The English words are for who writes in English whatever they read, and so count only if none
    of the person's language occurs.
    """
    text = "\n".join(context.texts).replace("’", "'")
    for say in (language.say, ENGLISH.say):
        counted = [(len(_words(say(theme.stems)).findall(text)), theme) for theme in THEMES]
        counted.sort(key=lambda pair: -pair[0])
        found = [theme for count, theme in counted if count]
        if found:
            return found[:MOST_THEMES]
    return []


@lru_cache
def _words(stems: str) -> re.Pattern[str]:
    """Words that begin so, or are so if a full stop ends the stem; anywhere in scripts that do not
    separate words.
    """
    return re.compile("|".join(map(_word, stems.replace("’", "'").split("|"))), re.IGNORECASE)


def _word(stem: str) -> str:
    begins = r"\b" if stem < "\u3000" else ""
    return begins + re.escape(stem.removesuffix(".")) + (r"\b" if stem.endswith(".") else "")


def _quotes(items: list[str], language: Language, most: int = 3) -> list[str]:
    said = (plain(item, _QUOTE_CHARS, own=[item]).rstrip(".") for item in items)
    return [language.say(_QUOTE, words=text) for text in said if text][:most]


def _own_words(context: UserContext, language: Language) -> list[str]:
    goals = _quotes(context.goals, language)
    challenges = _quotes(context.challenges, language)
    said: list[str] = []
    if goals and challenges:
        said.append(language.say(_GOAL_AND_CHALLENGE, goal=goals[0], challenge=challenges[0]))
    elif goals:
        said.append(language.say(_GOALS, goals=language.listed(goals)))
    elif challenges:
        said.append(language.say(_CHALLENGES, challenges=language.listed(challenges)))
    if len(goals) > 1:
        said.append(language.count(_FIRST_GOAL, len(context.goals), goal=goals[0]))
    projects = _quotes((context.input_projects or "").splitlines(), language)
    if projects:
        said.append(language.say(_PROJECTS, projects=language.listed(projects)))
    return said or [language.say(_TOLD_LITTLE)]


def _for_first_goal(context: UserContext, language: Language) -> Optimization:
    goals = _quotes(context.goals, language, 1)
    if not goals:
        return Optimization(
            title=language.say(_ONE_PROJECT), description=language.say(_ONE_PROJECT_HOW)
        )
    return Optimization(
        title=language.say(_GOAL_PROJECT),
        description=language.say(_GOAL_PROJECT_HOW, goal=goals[0]),
    )
