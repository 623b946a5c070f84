"""The tables: medians over the rounds, ratios within each round, and the targets."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.contenders import (
    FAST_PEERS,
    ONE_COMMIT,
    ONE_TRANSACTION,
    OURS,
    SLOW_PEERS,
    THREE_COMMITS,
    Contender,
    Figures,
    Size,
)
from bench.results_file import met_or_missed

HOW = """\
## How it is measured

- Every round of every contender is a process of its own with files of its own; contenders take
  turns within a round, and the order turns from round to round. Shown are medians over
  {rounds} rounds; a ratio is taken within each round, and its median shown.
- Ours: the real engine with 16 workers, `synchronous=FULL`, each job with its attempt and its
  three events. A job counts once its completion is durable. `{jobs}` jobs a phase.
- Three ways to add jobs. *Callers wait*: 64 callers of which each awaits that its enqueue is
  durable before the next, as the API's handlers do. *Threads wait*: 16 threads that are blocked
  for as long. *Pipelined*: one thread that lets up to 1000 enqueues be on their way, each a
  transaction of its own. *One caller* is one thread that waits.
- The floors write the same rows with the same schema on one thread, by prepared ids and times;
  the bench compares the kinds of rows in both files and stops if they differ.
- *enqueue/s* is with no worker running; *drain/s* is workers alone on what was enqueued;
  *jobs/s* is end to end: from the first enqueue until the last job is done, both at once.
- Peers: `{peer_jobs}` jobs a phase; {fast_peers} get four times that, {slow_peers} a tenth.
  Of 1, 16 and 64 producers (threads that wait for each call) the best figure is shown. A peer's
  job counts when its function ends, before the peer has noted that down, which is in its favour.
  No results are kept by Huey, Dramatiq and Celery; RQ, SAQ and DBOS keep theirs, as they come.
  16 threads for Huey, Dramatiq and Celery; RQ runs one job per process: 4 SimpleWorker for
  no-op jobs, 16 for jobs that wait. SAQ, taskiq (on streams, which acknowledge), DBOS and
  Procrastinate run 16 jobs at once in one process; DBOS polls every 50 ms, twenty times as often
  as by itself. PostgreSQL is as it comes: commits are fsynced.
- *fsync always* is `appendonly yes` with `appendfsync always`; *as it comes* is Redis' default,
  which loses what it has acknowledged since its last snapshot when the machine stops.
- Latency: one job at a time while all is idle, {samples} samples a round (peers {peer_samples}),
  from the call that adds it to its end, as above.
- Memory: resident, at the end; ours and Huey with the producers in the same process, the others
  their workers, and Redis if they use it, without the producer.
"""


WAYS = (("pipelined", "jobs_pipelined"), ("callers wait", "jobs"), ("threads wait", "jobs_threads"))


@dataclass(frozen=True)
class Load:
    """What was found for one kind of job."""

    name: str
    io: float
    rounds: dict[str, list[Figures]]
    skipped: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """A target and what was found: `found` is None where it could not be measured."""

    name: str
    target: str
    found: float | None
    met: Callable[[float], bool]
    unit: str = "×"

    def row(self) -> list[str]:
        """As a line of the table."""
        if self.found is None:
            return [self.name, self.target, "not measured", "–"]
        return [
            self.name,
            self.target,
            f"{self.found:.2f} {self.unit}",
            met_or_missed(self.met(self.found)),
        ]


def _at_least(name: str, target: float, found: float | None) -> Verdict:
    return Verdict(name, f"≥ {target:g} ×", found, lambda value: value >= target)


def _at_most(name: str, target: float, found: float | None, unit: str = "×") -> Verdict:
    sign = "<" if unit == "ms" else "≤"
    return Verdict(name, f"{sign} {target:g} {unit}", found, lambda value: value <= target, unit)


def median(rounds: Iterable[Figures], key: str) -> float | None:
    """The figure's median over the rounds; None if none has it."""
    found = [figures[key] for figures in rounds if key in figures]
    return statistics.median(found) if found else None


def ratio(load: Load, key: str, other: str) -> float | None:
    """Ours to the other's jobs/s: the median of the ratios of each round."""
    theirs = load.rounds.get(other)
    if not theirs:
        return None
    pairs = zip(load.rounds[OURS], theirs, strict=True)
    return float(statistics.median(ours[key] / figures["jobs"] for ours, figures in pairs))


def _ratio_to_best(load: Load, key: str, peers: list[Contender]) -> float | None:
    """Ours to the best of these peers."""
    found = [ratio(load, key, peer.name) for peer in peers]
    return min((value for value in found if value is not None), default=None)


def verdicts(
    contenders: list[Contender], loads: Sequence[Load], grown: Figures | None
) -> list[Verdict]:
    """The targets, held against the no-op load, that of jobs that wait, and the growth."""
    load, waiting = loads
    ours = load.rounds[OURS]
    peers = [contender for contender in contenders if contender.kind == "peer"]
    durable = [peer for peer in peers if peer.durable]
    return [
        _at_least(
            "jobs/s, pipelined, to raw SQLite with three commits a job",
            2,
            ratio(load, "jobs_pipelined", THREE_COMMITS),
        ),
        _at_least(
            "jobs/s, pipelined, to raw SQLite in one transaction for all",
            0.5,
            ratio(load, "jobs_pipelined", ONE_TRANSACTION),
        ),
        *(
            _at_least(f"jobs/s, {way}, to the best peer {which}", 2, _ratio_to_best(load, key, of))
            for which, of in (("that is as durable", durable), ("of all", peers))
            for way, key in WAYS
        ),
        _at_least(
            f"{waiting.name}, callers wait, to the best peer of all",
            1.2,
            _ratio_to_best(waiting, "jobs", peers),
        ),
        _at_most("add to done when idle, p50", 2, median(ours, "p50_ms"), "ms"),
        _at_most("add to done when idle, p99", 10, median(ours, "p99_ms"), "ms"),
        *_growth_verdicts(grown),
    ]


def _growth_verdicts(grown: Figures | None) -> list[Verdict]:
    if grown is None:
        return []
    times = [(name, found["one"]) for name, found in grown["plain"].items()]
    empty = times[0][1]
    targets = (1.2, 1.2, 2.0, 2.0)
    return [
        _at_most(f"claim with {name}, to an empty job store", target, found / empty)
        for (name, found), target in zip(times[1:], targets, strict=True)
    ]


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _line(
    name: str, rounds: list[Figures], jobs: str, enqueue: str, times: float | None
) -> list[str]:
    spread = [figures[jobs] for figures in rounds]
    return [
        name,
        _number(median(rounds, enqueue)),
        _number(median(rounds, "drain")),
        _number(median(rounds, jobs)),
        f"{min(spread):,.0f} – {max(spread):,.0f}",
        "1" if times is None else f"{times:.2f}",
        _number(median(rounds, "p50_ms"), 2),
        _number(median(rounds, "p99_ms"), 2),
        _number(median(rounds, "rss_mb")),
    ]


def _load_table(contenders: list[Contender], load: Load) -> str:
    ours = load.rounds[OURS]
    rows = [
        _line(f"{OURS}, callers wait", ours, "jobs", "enqueue", None),
        _line(f"{OURS}, threads wait", ours, "jobs_threads", "enqueue_threads", None),
        _line(f"{OURS}, pipelined", ours, "jobs_pipelined", "enqueue_pipelined", None),
        [f"{OURS}, one caller", _number(median(ours, "enqueue_alone")), *["–"] * 7],
    ]
    for contender in contenders[1:]:
        rounds = load.rounds.get(contender.name)
        if rounds:
            key = "jobs_pipelined" if contender.kind == "floor" else "jobs"
            times = ratio(load, key, contender.name)
            rows.append(_line(contender.name, rounds, "jobs", "enqueue", times))
        elif contender.name in load.skipped:
            rows.append([contender.name, f"skipped: {load.skipped[contender.name]}", *["–"] * 7])
    heads = ["", "enqueue/s", "drain/s", "jobs/s", "lowest – highest", "ours to it"]
    return _table([*heads, "p50 ms", "p99 ms", "MiB"], rows)


def _growth_table(grown: Figures) -> str:
    rows = []
    for name, plain in grown["plain"].items():
        analyzed = grown["analyzed"][name]
        figures = [plain["one"], plain["all"], analyzed["one"], analyzed["all"]]
        rows.append([name, *(_number(figure) for figure in figures)])
    heads = ["job store", "claim 1, µs", "claim 16, µs", "1 after ANALYZE", "16 after ANALYZE"]
    return _table(heads, rows)


def check_rows(load: Load) -> None:
    """End the program unless the floors wrote what the queue wrote, each job run just once."""
    ours = load.rounds[OURS][0]["shape"]
    for name in (THREE_COMMITS, ONE_COMMIT, ONE_TRANSACTION):
        theirs = load.rounds[name][0]["shape"]
        if theirs != ours:
            raise SystemExit(f"{name} wrote other rows than the queue:\n{theirs}\n{ours}")


def write(
    machine: list[str],
    contenders: list[Contender],
    loads: list[Load],
    grown: Figures | None,
    size: Size,
    *,
    quick: bool,
) -> str:
    """The whole report as Markdown."""
    parts = ["# What the queue costs\n"]
    if quick:
        parts.append("**A quick run: few jobs and a small job store; no figure to rely on.**\n")
    parts.append("\n".join(f"- {fact}" for fact in machine) + "\n")
    parts.append("## Targets\n")
    found = verdicts(contenders, loads, grown)
    parts.append(_table(["", "target", "found", ""], [verdict.row() for verdict in found]))
    for load in loads:
        parts.append(f"## {load.name[0].upper()}{load.name[1:]}\n")
        parts.append(_load_table(contenders, load))
    per_commit = median(loads[0].rounds[OURS], "jobs_per_commit")
    parts.append(f"Pipelined, {_number(per_commit, 1)} no-op jobs share one commit.\n")
    if grown is not None:
        parts.append("## A claim as the job store grows\n")
        parts.append(_growth_table(grown))
        parts.append(
            f"Median of {grown['samples']} claims of one job, inside the transaction, without "
            "the commit; the states take turns.\n"
        )
    parts.append(
        HOW.format(
            rounds=size.rounds,
            jobs=size.jobs,
            peer_jobs=size.peer_jobs,
            fast_peers=_listed(FAST_PEERS),
            slow_peers=_listed(SLOW_PEERS),
            samples=size.samples,
            peer_samples=size.peer_samples,
        )
    )
    return "\n".join(parts)
