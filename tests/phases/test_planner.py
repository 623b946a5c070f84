"""The built-in planner: each task once, nothing backwards, cycles by name."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.phases.planner import MOST_PHASES, Plan, PlanTask, plan


def places(made: Plan) -> dict[str, int]:
    listed = [(t, n) for n, phase in enumerate(made.phases) for t in phase.task_ids]
    assert len(listed) == len(dict(listed))
    return dict(listed)


def test_two_hundred_tasks_and_three_hundred_dependencies() -> None:
    dice = random.Random(7)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < 300:
        early, late = sorted(dice.sample(range(200), 2))
        pairs.add((early, late))
    tasks = [
        PlanTask(id=f"t{n}", title=f"T{n}", after=tuple(f"t{a}" for a, b in pairs if b == n))
        for n in range(200)
    ]
    made = plan(tasks)
    at = places(made)
    assert set(at) == {task.id for task in tasks}
    assert 1 < len(made.phases) <= MOST_PHASES
    assert all(at[f"t{a}"] <= at[f"t{b}"] for a, b in pairs)
    assert made.cycles == ()


def test_circles_are_named_and_kept_together() -> None:
    made = plan(
        [
            PlanTask(id="a", title="Paint", after=("b",)),
            PlanTask(id="b", title="Sand", after=("a",)),
            PlanTask(id="c", title="Sell", after=("a",)),
        ]
    )
    assert made.cycles == (("Paint", "Sand"),)
    assert [set(phase.task_ids) for phase in made.phases] == [{"a", "b"}, {"c"}]


def test_a_chain_of_twenty_is_cut_into_eight_phases_at_most() -> None:
    chain = [PlanTask(id=f"{n:02}", title=f"T{n}", after=(f"{n - 1:02}",)) for n in range(20)]
    made = plan(chain)
    assert [len(phase.task_ids) for phase in made.phases] == [3, 3, 3, 3, 3, 3, 2]
    done = PlanTask(id="zz", title="Done", done=True)
    assert [len(phase.task_ids) for phase in plan([*chain, done]).phases] == [1, *[3] * 6, 2]


def test_a_long_title_is_cut_where_it_names_a_phase() -> None:
    (phase,) = plan([PlanTask(id="a", title="x" * 100)]).phases
    assert phase.name == "x" * 59 + "…"


GRAPHS = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.sets(st.integers(0, n), max_size=3), min_size=n, max_size=n)
)


@settings(max_examples=1000)
@given(GRAPHS)
def test_any_graph_is_planned_without_a_step_back(graph: list[set[int]]) -> None:
    tasks = [
        PlanTask(id=str(n), title=f"T{n}", after=tuple(str(a) for a in sorted(after)))
        for n, after in enumerate(graph)
    ]
    at = places(plan(tasks))
    assert set(at) == {task.id for task in tasks}
    for task in tasks:
        assert all(at[a] <= at[task.id] for a in task.after if a in at)
