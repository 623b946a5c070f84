"""Are briefs good? `python -m bench.brief_quality` checks 200 made-up days in each language.

Days are light, heavy, with a stale backlog, of blocked chains, empty, on holidays, and between
night shifts. Of each brief it is checked: its words, that each open task is named once at most,
that lists stand in the order of the ranking, that the first action is that of a plain oracle, and
that no fact in it is absent from the data, and no word of another language but what people wrote.
It ends with 1 if one of the limits is broken. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bench import results_file
from bench.brief_languages import UNSPACED, in_language, letters, strange_words
from bench.machine import describe
from bench.sample_days import KINDS, Made, make_day
from buildos_box.briefs.compose import WORD_BUDGET, Brief, compose, word_count
from buildos_box.briefs.draft import Place
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.headline import SMS_SEGMENTS, SUBJECT_CHARS, preheader, sms, subject
from buildos_box.locales.tags import LANGUAGES, SOURCE
from buildos_box.page_links import PageLinks
from buildos_box.sms.text import segments
from buildos_box.workspace.model import Task

DAYS = 200
ORACLE_RIGHT = 0.95
LINKS = PageLinks("https://box.example")
LINK = re.compile(r"\]\(([^\s)]+)\)")
NUMBER = re.compile(r"\d+")
TASK_LINK = re.compile(r"/app/#task-(\S+?)\)")

CHECKED = f"""\
The kinds of days take turns. Checked besides: each open task is named once at most; lists stand in
the order of the ranking; subjects have {SUBJECT_CHARS} characters at most, and there is a preview
line; an SMS has {SMS_SEGMENTS} segments at most; no link and no number that the data does not have;
outside English, every word is one of the language's catalogue, of its dates and times, or one that
people wrote. Two letters of Japanese count as a word.

`python -m bench.brief_quality --write`.
"""


@dataclass
class Verdict:
    """What was found in the briefs."""

    words: list[int] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    """Days on which the oracle names an action."""
    right: int = 0

    def fault(self, what: str, where: str) -> None:
        """Count a fault, and remember the first of its kind."""
        self.faults[what] += 1
        self.examples.setdefault(what, where)


def oracle(facts: DayFacts) -> str | None:
    """The task that a sensible person would begin with, by plain rules of its own."""
    day, tasks = facts.brief_date, {task.id: task for task in facts.tasks if task.status != "done"}

    def due(task: Task) -> date | None:
        return task.due_at.astimezone(facts.zone).date() if task.due_at else task.due_date

    def weight(task: Task) -> tuple[int, int]:
        """How near its date is, and its priority."""
        level = {"urgent": 0, "high": 1, "medium": 2, "low": 3}[task.priority]
        on = due(task)
        if on is None:
            starts = task.start_date == day
            return (1 if starts else 3 if task.status == "in_progress" else 5), level
        left = (on - day).days
        if left < -14:
            return 4, level
        if left <= 0 or (left <= 7 and level == 0):
            return 0, level
        if left == 1 or task.start_date == day:
            return 1, level
        return (2 if left <= 7 else 5), level

    def with_waiters(task_id: str, seen: frozenset[str] = frozenset()) -> tuple[int, int]:
        waiters = [w for w in facts.waited_on_by.get(task_id, ()) if w in tasks and w not in seen]
        return min([weight(tasks[task_id]),
                    *(with_waiters(w, seen | {task_id}) for w in waiters)])  # fmt: skip

    def choice(task: Task) -> Any:
        waiters = sum(w in tasks for w in facts.waited_on_by.get(task.id, ()))
        on, at = due(task), task.due_at.timestamp() if task.due_at else None
        late = on is not None and on < day
        end = (
            datetime(on.year, on.month, on.day, tzinfo=facts.zone).timestamp() + 86_400 if on else 0
        )
        moment = at or end or float("inf")
        return with_waiters(task.id), -waiters, (late, -moment if late else moment)

    free = [
        task for task in tasks.values()
        if task.status != "blocked"
        and not any(other in tasks for other in facts.waits_for.get(task.id, ()))
        and weight(task)[0] != 4 and with_waiters(task.id)[0] < 4
    ]  # fmt: skip
    if not free:
        return None
    best = min(free, key=choice)
    equal = [task.id for task in free if choice(task) == choice(best)]
    return " ".join(equal)


def check(made: Made, brief: Brief, verdict: Verdict, where: str) -> None:
    """Note what is wrong with a brief."""
    facts, text = made.facts, brief.markdown
    verdict.words.append(word_count(text))
    verdict.letters.append(letters(text))
    if verdict.words[-1] > WORD_BUDGET:
        verdict.fault("over the word budget", where)
    linked = TASK_LINK.findall(text)
    open_ones = [task_id for task_id in linked if facts.task_by_id[task_id].status != "done"]
    titles = Counter(
        task.title for task in facts.ranked if text.count(f"[{task.title}]") > 1
    )  # fmt: skip
    if len(open_ones) != len(set(open_ones)) or titles:
        verdict.fault("a task named twice", where)
    _check_order(made, brief, verdict, where)
    _check_facts(made, text, verdict, where)
    strange = strange_words(made, "\n".join([text, subject(facts), preheader(facts)]))
    if strange and not facts.language.tag.startswith("en"):
        verdict.fault("a word of another language", f"{where}: {sorted(strange)}")
    if len(subject(facts)) > SUBJECT_CHARS or not preheader(facts):
        verdict.fault("a subject too long, or no preview", where)
    if segments(sms(facts, sender="BuildOS", url=LINKS.brief("2024-10-23"))) > SMS_SEGMENTS:
        verdict.fault("an SMS of more than two segments", where)
    expected = oracle(facts)
    if expected is not None:
        verdict.asked += 1
        first = [one.task_id for one in brief.named if one.place is Place.DO_FIRST][:1]
        verdict.right += bool(first) and first[0] in expected.split()


def _check_order(made: Made, brief: Brief, verdict: Verdict, where: str) -> None:
    facts = made.facts
    first = [one.task_id for one in brief.named if one.place is Place.DO_FIRST]
    late_ones = [t for t in first if facts.days_late(facts.task_by_id[t]) > 14]
    keys = [facts.ranking.key(facts.task_by_id[task_id]) for task_id in first]
    if keys != sorted(keys) or late_ones:
        verdict.fault("actions not in the order of the ranking", where)
    for place in (Place.TODAY, Place.LATE, Place.COMING_UP):
        tasks = [facts.task_by_id[o.task_id] for o in brief.named if o.place is place]
        days = [facts.due(task) or facts.brief_date for task in tasks]
        ranks = [facts.ranking.key(task) for task in tasks]
        timed = [task.due_at or datetime.max.replace(tzinfo=UTC) for task in tasks]
        orders: dict[Place, list[Any]] = {
            Place.TODAY: list(zip(timed, ranks, strict=True)),
            Place.LATE: [(-day.toordinal(), rank) for day, rank in zip(days, ranks, strict=True)],
            Place.COMING_UP: list(zip(days, ranks, strict=True)),
        }
        if orders[place] != sorted(orders[place]):
            verdict.fault(f"{place} not in its order", where)


def _check_facts(made: Made, text: str, verdict: Verdict, where: str) -> None:
    """Every title, address and number in a brief is in its data, or counted from it."""
    facts = made.facts
    known = {LINKS.task(t.id) for t in facts.tasks} | {LINKS.event(e.id) for e in made.events}
    known |= {LINKS.project(p.id) for p in facts.projects}
    known |= {LINKS.page("late"), "https://example.org/a"}
    if set(LINK.findall(text)) - known:
        verdict.fault("a link to nothing", where)
    numbers = {int(n) for n in NUMBER.findall(LINK.sub("]", text))}
    if numbers - _numbers(made):
        verdict.fault("a number that no data has", f"{where}: {sorted(numbers - _numbers(made))}")


def _numbers(made: Made) -> set[int]:
    """The numbers of titles, dates, times and counts; minutes of free time are made of times."""
    facts = made.facts
    found = {int(n) for t in facts.tasks for n in NUMBER.findall(t.title)}
    found |= {int(n) for e in made.events for n in NUMBER.findall(e.title)}
    found |= set(range(max(len(facts.tasks), len(made.events), 24, 31) + 1))
    found |= {facts.days_late(t) for t in facts.tasks} | {facts.brief_date.year, 30, 45, 15}
    found |= {facts.brief_date.year + offset for offset in (-2, -1, 1)}
    minute = facts.now.astimezone(facts.zone).minute
    return found | {minute} | {(other - minute) % 60 for other in (0, 15, 30, 45)}


def run(days: int, tag: str = SOURCE) -> Verdict:
    """Write and check the briefs of that many days in a language."""
    verdict = Verdict()
    for number in range(days):
        made = in_language(make_day(number), tag)
        check(made, compose(made.facts, LINKS), verdict, f"{tag}, day {number} ({made.kind})")
    return verdict


def report(verdicts: dict[str, Verdict], days: int) -> str:
    """The figures as Markdown."""
    lines = [
        "# Quality of briefs", "", f"{'; '.join(describe(peers=False))}.", "",
        f"{days} made-up days in each language: {', '.join(KINDS)}.", "",
        f"| language | words, middle and most (limit {WORD_BUDGET}) | letters and digits |"
        " first action is the oracle's | faults |",
        "| --- | --- | --- | --- | ---: |",
        *(_row(tag, verdict) for tag, verdict in verdicts.items()),
    ]  # fmt: skip
    lines += [f"- {what}: {count}, first {verdict.examples[what]}"
              for verdict in verdicts.values()
              for what, count in verdict.faults.items()]  # fmt: skip
    return "\n".join(lines) + f"\n\n{CHECKED}"


def _row(tag: str, verdict: Verdict) -> str:
    kind = " (two letters)" if tag in UNSPACED else ""
    words, chars = (_middle_and_most(found) for found in (verdict.words, verdict.letters))
    right = f"{verdict.right} of {verdict.asked}"
    return f"| {tag} | {words}{kind} | {chars} | {right} | {verdict.faults.total()} |"


def _middle_and_most(found: list[int]) -> str:
    ordered = sorted(found)
    return f"{ordered[len(ordered) // 2]}, {ordered[-1]}"


def main() -> int:
    """Print the figures; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    verdicts = {tag: run(options.days, tag) for tag in LANGUAGES}
    text = report(verdicts, options.days)
    sys.stdout.write(text)
    if options.write:
        results_file.put(results_file.RESULTS, text)
    good = all(one.right >= ORACLE_RIGHT * one.asked for one in verdicts.values())
    return 0 if good and not any(one.faults for one in verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
