"""Proposed phases are put right, as little changed as that takes."""

import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.phases.check import Repairs, in_words, repair, too_wrong
from buildos_box.phases.model import Phase, Plan, PlanTask, Span
from buildos_box.phases.planner import plan

ANY_TIME = Span()


def task(key: str, *after: str, **more: object) -> PlanTask:
    return PlanTask(id=key, title=key.upper(), after=after, **more)  # type: ignore[arg-type]


def phases(*groups: str, **more: object) -> tuple[Phase, ...]:
    return tuple(
        Phase(name=f"P{n}", task_ids=tuple(group.split()), **more)  # type: ignore[arg-type]
        for n, group in enumerate(groups, start=1)
    )


def listed(made: Plan) -> list[str]:
    return [" ".join(phase.task_ids) for phase in made.phases]


def assert_right(made: Plan, tasks: list[PlanTask]) -> None:
    """Every task once; nothing waits for a task of a later phase; cycles stand together."""
    pairs = [(t, n) for n, phase in enumerate(made.phases) for t in phase.task_ids]
    at = dict(pairs)
    assert len(pairs) == len(at)
    assert set(at) == {t.id for t in tasks}
    assert all(phase.task_ids for phase in made.phases)
    for t in tasks:
        assert all(at[a] <= at[t.id] for a in t.after if a in at), t


def test_a_right_answer_is_left_as_it_is() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b")]
    repaired = repair(phases("a b", "c"), tasks, ANY_TIME)
    assert listed(repaired.plan) == ["a b", "c"]
    assert repaired.repairs == Repairs()
    assert [p.name for p in repaired.plan.phases] == ["P1", "P2"]


def test_missing_doubled_invented_and_backward_ones_are_put_right() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b"), task("d", "c"), task("e")]
    repaired = repair(phases("a d ghost", "a b", "c"), tasks, ANY_TIME)
    assert_right(repaired.plan, tasks)
    assert repaired.repairs == Repairs(
        invented=("ghost",), doubled=("a",), missing=("e",), moved=("d",)
    )
    assert listed(repaired.plan) == ["a", "b", "e c d"]
    assert repaired.repairs.counts == {"invented": 1, "doubled": 1, "missing": 1, "moved": 1}


def test_a_missing_task_goes_where_its_neighbours_and_its_date_want_it() -> None:
    early, late = date(2026, 3, 1), date(2026, 5, 1)
    tasks = [
        task("a", due=early),
        task("z", due=late),
        task("new", due=date(2026, 2, 1)),
        task("mid", "a"),
        task("pre"),
        task("b", "pre"),
    ]
    repaired = repair(phases("a b", "z"), tasks, ANY_TIME)
    assert listed(repaired.plan) == ["a new pre b mid", "z"] or listed(repaired.plan) == [
        "a new pre mid b",
        "z",
    ]


def test_a_missing_task_goes_into_the_first_phase_that_ends_no_earlier_than_it_is_due() -> None:
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    tasks = [task("a", due=march), task("b", due=april), task("new", due=march)]
    assert listed(repair(phases("a", "b"), tasks, ANY_TIME).plan) == ["a new", "b"]
    tasks[2] = task("new", due=march + timedelta(days=1))
    assert listed(repair(phases("a", "b"), tasks, ANY_TIME).plan) == ["a", "b new"]


def test_a_circle_is_named_and_stands_in_one_phase() -> None:
    tasks = [task("a", "b"), task("b", "a"), task("c", "a")]
    repaired = repair(phases("a", "b c"), tasks, ANY_TIME)
    assert_right(repaired.plan, tasks)
    assert repaired.plan.cycles == (("A", "B"),)
    assert listed(repaired.plan) == ["a b c"]
    assert repaired.repairs.moved == ("a",)


def test_days_outside_the_project_are_moved_in_and_impossible_ones_come_from_the_tasks() -> None:
    span = Span(date(2026, 3, 1), date(2026, 3, 31))
    out = phases("a", start_date=date(2026, 2, 1), end_date=date(2026, 4, 9))
    (phase,) = repair(out, [task("a")], span).plan.phases
    assert (phase.start_date, phase.end_date) == (date(2026, 3, 1), date(2026, 3, 31))
    wrong = phases("a", start_date=date(2026, 3, 9), end_date=date(2026, 3, 2))
    repaired = repair(wrong, [task("a", due=date(2026, 3, 5))], span)
    (phase,) = repaired.plan.phases
    assert (phase.start_date, phase.end_date) == (date(2026, 3, 5), date(2026, 3, 5))
    assert repaired.repairs.dates == 1


def test_emptied_and_nameless_phases() -> None:
    nameless = (Phase(name="", task_ids=("a",)), Phase(name="Gone", task_ids=("x",)))
    made = repair(nameless, [task("a")], ANY_TIME).plan
    assert [(p.name, p.task_ids) for p in made.phases] == [("Phase 1", ("a",))]


def test_what_was_wrong_is_said_in_words() -> None:
    repairs = Repairs(missing=("a", "b"), invented=("x",), moved=tuple("abcdefghij"))
    assert in_words(repairs, str.upper) == (
        "A, B: must be in a phase but are in none; X: unknown tasks; "
        "A, B, C, D, E, F, G, H and 2 more: in an earlier phase than a task that it waits for"
    )
    assert too_wrong(repairs, 12)
    assert not too_wrong(Repairs(missing=("a", "b")), 2)


def test_two_hundred_tasks_with_a_third_of_the_answer_wrong() -> None:
    dice = random.Random(11)
    pairs = {tuple(sorted(dice.sample(range(200), 2))) for _ in range(330)}
    chosen = sorted(pairs)[:300]
    tasks = [task(f"t{n}", *(f"t{a}" for a, b in chosen if b == n)) for n in range(200)]
    names = [t.id for t in tasks if dice.random() > 0.1]
    names += [f"x{n}" for n in range(20)] + dice.sample(names, 20)
    dice.shuffle(names)
    proposed = phases(*(" ".join(names[n::6]) for n in range(6)))
    repaired = repair(proposed, tasks, ANY_TIME)
    assert_right(repaired.plan, tasks)
    assert len(repaired.repairs.invented) == 20
    assert len(repaired.repairs.missing) == 200 - len({n for n in names if n[0] == "t"})


def day(number: int) -> date | None:
    """That day of the year; none for a number below zero."""
    return date(2026, 1, 1) + timedelta(days=number) if number >= 0 else None


DAYS = st.integers(-60, 300)
PRIORITIES = ("low", "medium", "high", "urgent")
TASKS = st.lists(
    st.tuples(st.lists(st.integers(0, 13), max_size=3), DAYS, DAYS, st.integers(0, 7)),
    min_size=1,
    max_size=12,
)
ANSWERS = st.lists(
    st.tuples(st.lists(st.integers(0, 15), max_size=7), DAYS, DAYS), min_size=1, max_size=6
)


@settings(max_examples=1000)
@given(TASKS, ANSWERS, DAYS, DAYS)
def test_any_answer_to_any_project_becomes_a_right_plan(
    rows: list[tuple[list[int], int, int, int]],
    answer: list[tuple[list[int], int, int]],
    starts: int,
    ends: int,
) -> None:
    """Circles, tasks that wait for themselves or for none there, any ids, any days."""
    tasks = [
        PlanTask(
            id=f"t{number}",
            title=f"T{number}",
            after=tuple(f"t{other}" for other in dict.fromkeys(after)),
            due=day(due),
            start=day(start),
            done=bool(flags & 1),
            priority=PRIORITIES[flags >> 1],
        )
        for number, (after, due, start, flags) in enumerate(rows)
    ]
    proposed = tuple(
        Phase(
            name=f"P{number}",
            task_ids=tuple(f"t{key}" for key in keys),
            start_date=day(first),
            end_date=day(last),
        )
        for number, (keys, first, last) in enumerate(answer)
    )
    span = Span(day(starts), day(ends))
    repaired = repair(proposed, tasks, span)
    assert_right(repaired.plan, tasks)
    again = repair(repaired.plan.phases, tasks, span)
    assert again.repairs == Repairs()
    assert again.plan == repaired.plan
    ours = plan(tasks, span)
    assert_right(ours, tasks)
    checked = repair(ours.phases, tasks, span)
    assert checked.repairs == Repairs()
    assert ours == plan(reversed(tasks), span)
    for phase in (*repaired.plan.phases, *ours.phases):
        for edge in (phase.start_date, phase.end_date):
            if edge and span.starts and span.ends and span.starts <= span.ends:
                assert span.starts <= edge <= span.ends
