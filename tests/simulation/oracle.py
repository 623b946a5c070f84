"""The judge: naive, slow, from the specification alone. It knows nothing of the product's code.

It is given the story of what people asked, what was answered, what the world received and what
went wrong, and the rows that the specification names. It excuses only what a trouble nearby can
excuse; in between it is strict.
"""

from tests.simulation.facts import Facts
from tests.simulation.oracle_briefs import briefs_of, mails, missing_briefs
from tests.simulation.oracle_reminders import limits, missing_reminders, reminders_of
from tests.simulation.violations import Broken


def judge(facts: Facts) -> list[Broken]:
    """Every broken promise that the story alone shows, the first one first."""
    broken: list[Broken] = []
    briefs = briefs_of(facts, broken)
    mails(facts, briefs, broken)
    missing_briefs(facts, briefs, broken)
    reminders = reminders_of(facts, broken)
    missing_reminders(facts, reminders, broken)
    limits(facts, broken)
    for fact in facts.refused_answers:
        says = "a good answer was asked for again"
        broken.append(Broken("a model's good answer is taken", fact["t"], says))
    return sorted(broken, key=lambda one: one.at)
