"""The benchmark of the queue: `python bench/queue_bench.py [--quick]`.

Runs this queue, its floors and its peers by turns, each round of each in a process of its own;
prints the tables and writes them to its part of `bench/RESULTS.md`.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import contenders, machine, report, results_file  # noqa: E402
from bench.contenders import Contender, Figures, Size  # noqa: E402
from bench.peers.env import Unavailable  # noqa: E402

LOADS = {"no-op jobs": 0.0, "jobs that wait 5 ms": 0.005}


def take_rounds(
    found: list[Contender], size: Size, io: float
) -> tuple[dict[str, list[Figures]], dict[str, str]]:
    """Every contender once a round, the order turned each time; and why some were skipped.

    Raises Unavailable for one that is no peer: its bench is broken.
    """
    rounds: dict[str, list[Figures]] = defaultdict(list)
    skipped: dict[str, str] = {}
    for number in range(size.rounds):
        turned = found[number % len(found) :] + found[: number % len(found)]
        for contender in turned:
            if contender.name in skipped or (io and contender.kind == "floor"):
                continue
            try:
                figures = contender.run(io, size)
            except Unavailable as why:
                if contender.kind != "peer":
                    raise
                skipped[contender.name] = str(why)
                rounds.pop(contender.name, None)
                print(f"  {contender.name}: skipped, {why}", flush=True)
                continue
            rounds[contender.name].append(figures)
            print(f"  {number + 1} {contender.name}: {figures['jobs']:,.0f} jobs/s", flush=True)
    return dict(rounds), skipped


def main() -> None:
    """Run all that is asked for and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--smallest", action="store_true", help="hardly anything, once")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "RESULTS.md")
    options = parser.parse_args()
    size = contenders.QUICK if options.quick else contenders.FULL
    size = contenders.SMALLEST if options.smallest else size
    found = contenders.contenders(peers=not options.no_peers)
    loads = {}
    for name, io in LOADS.items():
        print(name, flush=True)
        loads[name] = report.Load(name, io, *take_rounds(found, size, io))
        if not io:
            report.check_rows(loads[name])
    grown = None
    if not options.no_growth:
        print("growth", flush=True)
        grown = contenders.growth(size)
    text = report.write(
        machine.describe(peers=not options.no_peers),
        found,
        list(loads.values()),
        grown,
        size,
        quick=options.quick or options.smallest,
    )
    print("\n" + text)
    results_file.put(options.output, text)


if __name__ == "__main__":
    main()
