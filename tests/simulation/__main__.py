"""`python -m tests.simulation --seed 1 --days 30 --people 12`: live a plan, judge it, shrink it."""

import argparse
import gc
import sys
import time
from collections import Counter

from tests.simulation.generate_plan import make
from tests.simulation.plan import Options
from tests.simulation.process_run import quiet_logs
from tests.simulation.run_and_shrink import report, shortest, tried
from tests.simulation.world import text_of


def main() -> int:
    say = sys.stdout.write
    parser = argparse.ArgumentParser(prog="tests.simulation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds, from --seed on")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--faults", type=float, default=8.0, help="faults a day")
    parser.add_argument("--deeds", type=float, default=1.0, help="how busy people are")
    parser.add_argument("--thoughts", type=float, default=1.0, help="how often they reconsider")
    parser.add_argument("--restore-every", type=int, default=8, help="days")
    parser.add_argument("--guests", type=int, default=0, help="people who keep nothing here")
    parser.add_argument("--situations", type=float, default=0, help="rare situations a day")
    parser.add_argument("--zone", help="where all live at first; else everywhere")
    parser.add_argument("--log", help="write the event log to this file")
    parser.add_argument("--shrink", type=float, default=0, help="seconds for the search")
    parser.add_argument("--until-broken", action="store_true", help="end at the first fall")
    parser.add_argument("--no-model", action="store_true")
    asked = parser.parse_args()
    gc.set_threshold(200_000, 50, 100)  # a life makes little garbage that goes in circles
    failed = 0
    for seed in range(asked.seed, asked.seed + asked.seeds):
        begun = time.process_time()
        options = Options(
            asked.faults,
            asked.deeds,
            asked.thoughts,
            asked.restore_every,
            asked.guests,
            asked.situations,
            asked.zone,
        )
        plan = make(seed, days=asked.days, people=asked.people, options=options)
        verdict = tried(plan, with_model=not asked.no_model, until_broken=asked.until_broken)
        if asked.log:
            with open(asked.log, "w", encoding="utf-8") as file:
                file.write(text_of(verdict.story))
        counts = Counter(fact["what"] for fact in verdict.story)
        say(
            f"seed {seed}: {len(verdict.broken)} broken, {time.process_time() - begun:.1f} s; "
            f"{counts['mail']} mails, {counts['sms']} SMS, {counts['down']} deaths, "
            f"{counts['trouble'] // 2} troubles\n"
        )
        for promise, count in Counter(one.promise for one in verdict.broken).items():
            first = next(one for one in verdict.broken if one.promise == promise)
            say(f"  {count} x {first}\n")
        if verdict.broken:
            failed += 1
            if asked.shrink:
                say(report(shortest(verdict, seconds=asked.shrink)) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    with quiet_logs():
        sys.exit(main())
