"""What the built-in analyst knows of: topics by the words that indicate them, and what helps.

Every text is marked for the catalogues, the stems of words too: a person writes of their work in
their own language.
"""

from dataclasses import dataclass

from buildos_box.locales.messages import N_
from buildos_box.onboarding.product_features import FeatureName


@dataclass(frozen=True, slots=True)
class Theme:
    """A topic, and what helps; marked texts."""

    stems: str
    """How words that indicate it begin, separated by `|`; those with a full stop are whole."""
    insight: str
    title: str
    change: str
    feature: FeatureName
    reason: str
    practice: str


THEMES = (
    Theme(
        N_(
            "overwhelm|too much|too many|busy.|stress|juggl|burnout|burned out|burnt out|"
            "burning out"
        ),
        N_(
            "There is more on your list than one day can hold, so choosing matters more than speed."
        ),
        N_("Choose three things a day"),
        N_(
            "Each morning pick at most three tasks that make the day a good one; the others wait "
            "without guilt."
        ),
        "daily_brief",
        N_("It puts the few things that matter today before the long list."),
        N_("Keep only today's three tasks in sight and put the whole list away."),
    ),
    Theme(
        N_("focus|distract|interrupt|concentrat|attention|adhd|hyperfocus"),
        N_(
            "Keeping your attention on one thing is hard, so protected time will help you more "
            "than a stricter plan."
        ),
        N_("Protect a block of focus"),
        N_(
            "Reserve one block of 25 to 50 minutes a day for a single task, at the hour you are "
            "most awake."
        ),
        "do_not_disturb",
        N_("It keeps messages away in the hours you want for yourself."),
        N_("Work in short blocks with a timer, and take the break even if it goes well."),
    ),
    Theme(
        N_(
            "procrastinat|get started|getting started|to start on|stuck.|motivation|motivated|"
            "motivate myself|put off|putting off|avoiding|i avoid|perfectionis"
        ),
        N_("Beginning is the hard part for you; large tasks without a first step invite delay."),
        N_("Write the first five minutes"),
        N_(
            "Give every task a first step so small that it takes five minutes, and begin with "
            "only that."
        ),
        "phases",
        N_(
            "It divides a large project into stages, so that only the first one asks for attention."
        ),
        N_("Promise yourself five minutes; stopping after them is allowed."),
    ),
    Theme(
        N_(
            "forget|forgot|remember|miss.|missed|missing|memory|slips|slip through|lose track|"
            "losing track|track of"
        ),
        N_("What is not in front of you gets lost, so reminders should come to you."),
        N_("Write it down at once"),
        N_("Keep one place for every result and commitment, and empty it once a day."),
        "notifications",
        N_("It tells you of what is due before it is late."),
        N_("Do not trust memory: write it down the moment it comes up."),
    ),
    Theme(
        N_(
            "deadline|late.|lateness|time management|time blind|behind.|on time.|overdue|"
            "underestimat"
        ),
        N_("Time runs away from you; dates that are seen early cost less than dates met late."),
        N_("Plan backwards from the date"),
        N_(
            "Put a date of your own two days before each deadline, and plan the steps back from it."
        ),
        "phases",
        N_("It orders a project by date and dependency, so that a late step shows early."),
        N_("Guess how long a task takes, then plan for twice that."),
    ),
    Theme(
        N_("meeting|calendar|appointment|schedul|calls."),
        N_("Appointments cut up your days, so work has to be planned around them."),
        N_("Plan between appointments"),
        N_("Look at the gaps between meetings first and give each gap one task that fits it."),
        "calendar_events",
        N_("It shows appointments and tasks together."),
        N_("Leave ten minutes free after each meeting to note the next step."),
    ),
    Theme(
        N_(
            "organise|organize|organising|organizing|organisation|organization|disorgan|priorit|"
            "chaos|chaotic|messy|scattered|clutter|planning|a plan.|out of order|put in order"
        ),
        N_("You want an order that holds; which task waits for which is the best place to begin."),
        N_("Decide what comes first"),
        N_("For each project note which task holds up the others, and do that one first."),
        "task_dependencies",
        N_("It shows which task holds up the others."),
        N_("Review your projects once a week, at the same hour, for fifteen minutes."),
    ),
    Theme(
        N_(
            "idea.|ideas.|creativ|write.|writing.|research|learn|study.|studies.|studying|"
            "student|reading"
        ),
        N_("Ideas come to you at any hour; kept with their project they are of use later."),
        N_("Keep ideas beside the work"),
        N_("Note each idea with its project and look through them only when you plan."),
        "notes",
        N_("It keeps thoughts with the project they belong to."),
        N_("Park a new idea in a note before you follow it."),
    ),
)

BASICS = (
    N_("Break work into steps that can be finished in one sitting."),
    N_("End the day by writing down the first step of tomorrow."),
    N_("Count what you finished, not only what is left."),
)
