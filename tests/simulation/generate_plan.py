"""A plan from a seed."""

import random

from tests.simulation.cancellations import SecondThoughts
from tests.simulation.fault_plan import add_faults, add_hard_times, add_restores
from tests.simulation.plan import Options, Plan
from tests.simulation.situations import add_situations
from tests.simulation.user_actions import Guest, Person

STARTS = ("2024-10-20", "2025-03-01", "2024-03-20", "2025-10-12", "2024-06-10", "2025-12-20")
"""Most of them within reach of a change of clocks."""


def make(seed: int, *, days: int = 30, people: int = 12, options: Options | None = None) -> Plan:
    """The plan of that seed."""
    options = options or Options()
    plan = Plan(seed, STARTS[seed % len(STARTS)], days, people)
    for number in range(people):
        person = Person(plan, number, random.Random(f"{seed} person {number}"), options)
        person.settle_in()
        thoughts = SecondThoughts(person, random.Random(f"{seed} thoughts {number}"))
        away = person.rng.uniform(0, 3 * days) if person.rng.random() < 0.5 else None
        for day in range(days - 1):
            if away is None or not away <= day < away + 20:
                person.live_a_day(day)
                thoughts.live_a_day(day)
    for number in range(people, people + options.guests):
        guest = Guest(plan, number, random.Random(f"{seed} person {number}"), options)
        guest.settle_in()
        for day in range(days - 1):
            guest.live_a_day(day)
    if options.situations:
        add_situations(plan, random.Random(f"{seed} situations"), options)
    add_faults(plan, random.Random(f"{seed} faults"), options)
    if options.faults_a_day:
        add_hard_times(plan, random.Random(f"{seed} hard times"), options)
        add_restores(plan, random.Random(f"{seed} restores"), options.restore_every)
    plan.items.sort(key=lambda item: item.at)
    return plan
