"""`python -m tests.mutation PACKAGE`: change the package line by line; do its own tests notice?"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of, sampled
from tests.mutation.plugin import Watching
from tests.mutation.reach import KEPT, Reach, TestsFail, measure
from tests.mutation.tree import ROOT, Tree

KILLED, TOO_LONG, SURVIVED, NOT_REACHED = "killed", "too long", "survived", "not reached"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", help="under buildos_box, dotted: jobs, jobs.rescuer, mail.smtp")
    parser.add_argument("--sample", type=int, help="so many mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=1, help="which random ones (1)")
    parser.add_argument("--tests", type=int, help="at most so many tests for each mutant")
    parser.add_argument("--again", action="store_true", help="only what the last run left alive")
    return parser.parse_args(given)


class Runner:
    """Runs mutants one by one in the copy of the tree."""

    def __init__(self, tree: Tree, reach: Reach, at_most: int | None) -> None:
        self.tree = tree
        self.reach = reach
        self.at_most = at_most
        self._kills: Counter[tuple[str, str]] = Counter()

    def judge(self, mutant: Mutant) -> tuple[str, str]:
        """What became of it, and in which test. Tests that killed others of its file go first."""
        tests = self.reach.tests_of(mutant)
        tests.sort(key=lambda test: -self._kills[mutant.path, test])
        if not tests:
            return NOT_REACHED, ""
        noted = self.tree.scratch.with_name("noted")
        noted.write_text("does not import", "utf-8")
        self.tree.put(mutant.path, mutant.text())
        try:
            chosen = ["-x", *tests[: self.at_most]]
            code = self.tree.run(chosen, Watching, self.reach.seconds, noted)
        finally:
            self.tree.put(mutant.path, mutant.module.code)
        if code == 0:
            return SURVIVED, f"{len(tests[: self.at_most])} tests"
        word, _, test = noted.read_text("utf-8").partition(": ")
        self._kills[mutant.path, test] += 1
        return TOO_LONG if word.startswith("took") else KILLED, test or word


def own_tests(name: str) -> list[str]:
    """The files of tests that belong to a package, or to a module beside the packages."""
    beside = ROOT / "tests" / f"test_{name}.py"
    found = [beside] if beside.is_file() else sorted((ROOT / "tests" / name).rglob("test_*.py"))
    return [str(file.relative_to(ROOT)) for file in found]


def main() -> int:
    """Run it; 0 if nothing survived, 1 if something did, 2 if the tests fail by themselves."""
    chosen = arguments()
    top = chosen.package.partition(".")[0]
    package = ROOT / "buildos_box" / top
    package = package if package.is_dir() else package.with_suffix(".py")
    place = ROOT / "buildos_box" / chosen.package.replace(".", "/")
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    paths = [str(file.relative_to(ROOT)) for file in files]
    last = KEPT / f"survivors-{chosen.package}.json"
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        tree = Tree(Path(folder))
        tree.load_third_party()
        try:
            reach = measure(tree, package, own_tests(top))
        except TestsFail as failed:
            print(f"its own tests fail as it is:\n{failed}", file=sys.stderr)
            return 2
        mutants = mutants_of(ROOT, paths)
        if chosen.again:
            before = {tuple(one) for one in json.loads(last.read_text("utf-8"))}
            mutants = [one for one in mutants if (one.path, one.diff()) in before]
        mutants = sampled(mutants, chosen.sample, chosen.seed)
        runner = Runner(tree, reach, chosen.tests)
        return report(mutants, runner, last)


def report(mutants: list[Mutant], runner: Runner, last: Path) -> int:
    """Judge each, say what lives on, and the figures at the end."""
    counts: Counter[str] = Counter()
    alive: list[tuple[str, str]] = []
    for mutant in mutants:
        became, where = runner.judge(mutant)
        counts[became] += 1
        if became in (SURVIVED, NOT_REACHED):
            alive.append((mutant.path, mutant.diff()))
            print(f"\n{became} {where} {mutant.path}:{mutant.line}\n{mutant.diff()}", flush=True)
        else:
            print(f"{became} {mutant.path}:{mutant.line} {where}", file=sys.stderr, flush=True)
        last.write_text(json.dumps(alive), "utf-8")
    killed = counts[KILLED] + counts[TOO_LONG]
    share = 100 * killed / len(mutants) if mutants else 100.0
    print(
        f"\n{len(mutants)} mutants: {killed} killed ({counts[TOO_LONG]} by taking too long), "
        f"{counts[SURVIVED]} survived, {counts[NOT_REACHED]} not reached: {share:.1f} % killed"
    )
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
