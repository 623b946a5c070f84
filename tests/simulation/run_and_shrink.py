"""One plan lived and judged; and, if a promise was broken, the shortest plan that breaks it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.simulation.audit import Auditor
from tests.simulation.facts import Fact
from tests.simulation.oracle import judge
from tests.simulation.plan import DAY, Item, Plan
from tests.simulation.story_index import gather
from tests.simulation.violations import Broken
from tests.simulation.virtual_time_loop import utc
from tests.simulation.world import World, story_of


@dataclass
class Verdict:
    plan: Plan
    story: list[Fact]
    broken: list[Broken]

    @property
    def first(self) -> Broken:
        return min(self.broken, key=lambda one: one.at)


def tried(plan: Plan, *, with_model: bool = True, until_broken: bool = False) -> Verdict:
    """Live the plan and judge it; `until_broken` ends it with the day of the first fall."""
    auditor = Auditor()

    def look(world: World) -> bool:
        auditor.look(world.database, world.clock.now())
        if not until_broken:
            return False
        facts = gather(world.story, until=world.clock.now())
        auditor.compare(world.database, facts)
        return bool(auditor.broken or judge(facts))

    def judged(world: World) -> Verdict:
        facts = gather(world.story)
        auditor.look(world.database, facts.end)
        auditor.at_end(world.database, facts)
        return Verdict(plan, world.story, judge(facts) + auditor.broken)

    verdict: Verdict = story_of(plan, with_model=with_model, watch=look, judge=judged)
    return verdict


def shortest(verdict: Verdict, *, seconds: float = 60) -> Verdict:
    """Leave out what can be left out while the same promise stays broken."""
    promise, deadline = verdict.first.promise, time.monotonic() + seconds
    best = _only_until(verdict)

    def attempt(items: list[Item]) -> bool:
        nonlocal best
        found = tried(replace(best.plan, items=items))
        same = [one for one in found.broken if one.promise == promise]
        if same:
            best = Verdict(found.plan, found.story, same)
        return bool(same)

    who = _who(verdict.first)
    if who:
        attempt([item for item in best.plan.items if item.who in ("", who)])
    _drop_chunks(lambda: best.plan.items, attempt, deadline)
    return best


def _who(broken: Broken) -> str | None:
    words = broken.says.replace(",", " ").replace(")", " ").replace(":", " ").replace("'", " ")
    return next((w for w in words.split() if len(w) == 3 and w[0] == "u" and w[1:].isdigit()), None)


def _only_until(verdict: Verdict) -> Verdict:
    """What came after the fall has no part in it."""
    plan, promise = verdict.plan, verdict.first.promise
    after = (verdict.first.at - utc(plan.start)).total_seconds()
    days = min(plan.days, int(after // DAY) + 2)
    if days >= plan.days:
        return verdict
    cut = replace(plan, days=days, items=[item for item in plan.items if item.at <= after + 60])
    found = tried(cut)
    same = [one for one in found.broken if one.promise == promise]
    return Verdict(cut, found.story, same) if same else verdict


def _drop_chunks(
    items: Callable[[], list[Item]], attempt: Callable[[list[Item]], bool], deadline: float
) -> None:
    size = max(1, len(items()) // 2)
    while time.monotonic() < deadline:
        start, dropped = 0, False
        while start < len(items()) and time.monotonic() < deadline:
            now = items()
            if attempt(now[:start] + now[start + size :]):
                dropped = True
            else:
                start += size
        if size == 1 and not dropped:
            return
        size = max(1, size // 2)


def report(verdict: Verdict) -> str:
    """Seed, promise and timeline, for whoever must find out why."""
    lines = [
        f"seed {verdict.plan.seed}, from {verdict.plan.start}, {verdict.plan.days} days",
        f"broken: {verdict.first}",
        "what was done:",
        *(
            f"  {item.at / DAY:8.4f} d  {item.who:4} {item.do} {str(item.body)[:160]}"
            for item in verdict.plan.items
        ),
        "what happened:",
        *(f"  {_line(fact)}" for fact in verdict.story[-40:]),
    ]
    return "\n".join(lines)


def _line(fact: Fact) -> str:
    rest = {k: v for k, v in fact.items() if k not in ("at", "box", "what", "text", "body")}
    return f"{fact['box'][:19]} {fact['what']} {str(rest)[:150]}"
