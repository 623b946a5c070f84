"""The days of phases as a person plans with them (docs/spec.md#phases-days)."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from buildos_box.phases.days import with_days_ahead
from buildos_box.phases.model import Phase, PlanTask

TODAY = date(2026, 3, 10)
Row = tuple[date | None, date | None, bool]
DAYS = st.none() | st.dates(date(2026, 2, 1), date(2026, 5, 1))


def task(key: str, *after: str, done: bool = False) -> PlanTask:
    return PlanTask(id=key, title=key, after=after, done=done)


def phase(key: str, first: date | None, last: date | None) -> Phase:
    return Phase(name=key, task_ids=(key,), start_date=first, end_date=last)


def test_a_range_that_is_over_ends_today() -> None:
    (made,) = with_days_ahead((phase("a", date(2026, 2, 1), date(2026, 2, 8)),), [task("a")], TODAY)
    assert (made.start_date, made.end_date) == (TODAY, TODAY)


def test_a_finished_phase_has_no_days() -> None:
    (made,) = with_days_ahead((phase("a", TODAY, TODAY),), [task("a", done=True)], TODAY)
    assert (made.start_date, made.end_date) == (None, None)


def test_a_phase_ends_no_earlier_than_what_it_waits_for() -> None:
    late, soon = date(2026, 4, 1), date(2026, 3, 20)
    made = with_days_ahead(
        (phase("a", None, late), phase("b", None, soon), phase("c", None, soon)),
        [task("a"), task("b", "a"), task("c")],
        TODAY,
    )
    assert [one.end_date for one in made] == [late, late, soon]


@given(st.lists(st.tuples(DAYS, DAYS, st.booleans()), min_size=1, max_size=6))
def test_every_range_lies_ahead_and_in_order(
    rows: list[Row],
) -> None:
    phases = tuple(phase(str(n), first, last) for n, (first, last, _) in enumerate(rows))
    tasks = [task(str(n), *(str(m) for m in range(n)), done=row[2]) for n, row in enumerate(rows)]
    made = with_days_ahead(phases, tasks, TODAY)
    ends = [one.end_date for one in made if one.end_date]
    assert ends == sorted(ends)
    for one in made:
        days = [day for day in (one.start_date, one.end_date) if day]
        assert days == sorted(days)
        assert all(day >= TODAY for day in days)
