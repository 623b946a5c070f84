"""The one executable beside the installed program: start, size, memory.

`python -m bench.executable_bench` takes turns between dist/buildos-box, which packaging/build.sh
makes, and the `buildos-box` of this environment. `--write` puts the figures into RESULTS.md.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import results_file
from bench.machine import describe
from bench.measure import pss_mb, rss_mb, tell
from bench.results_file import met_or_missed

HEADING = "# The one executable"
BUILT = Path(__file__).resolve().parent.parent / "dist" / "buildos-box"
INSTALLED = Path(sys.executable).with_name("buildos-box")
COMMANDS = {"--version": ["--version"], "job list": ["job", "list"], "health": ["health"]}
ROUNDS = 15
STARTS = 5
MOST_RATIO = 1.5
MOST_MEGABYTES = 35.0
READY = re.compile(rb"^BuildOS Box.* serves (http\S+)", re.MULTILINE)
REST_SECONDS = 2.0


@dataclass
class Program:
    """One of the two, and what was seen of it: seconds by command, MiB."""

    name: str
    file: Path
    first: float = 0.0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    rss: float = 0.0
    pss: float = 0.0

    def median(self, command: str) -> float:
        """Seconds of one call."""
        return statistics.median(self.seconds[command])


def call(program: Program, arguments: list[str], env: dict[str, str]) -> float:
    """Seconds from the start of the process to its end. Raises CalledProcessError."""
    began = time.perf_counter()
    subprocess.run([program.file, *arguments], env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@contextmanager
def served(program: Program, data: Path, env: dict[str, str]) -> Iterator[tuple[int, float]]:
    """A server on that folder: its process, and the seconds until the first healthy answer."""
    log = data.with_suffix(".log")
    command = [str(program.file), "serve", "--port", "0", "--data", str(data)]
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=env, stdout=file, stderr=file)
    try:
        while (found := READY.search(log.read_bytes())) is None:
            assert process.poll() is None, log.read_text("utf-8")
            time.sleep(0.005)
        with urllib.request.urlopen(f"{found[1].decode()}/health", timeout=10) as answer:
            assert answer.status == 200
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(60)


def measure(programs: list[Program], folder: Path, rounds: int, starts: int) -> None:
    """Take turns, so that a slow minute of the machine is everybody's."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BUILDOS_BOX_DATA__DIR": str(folder / "a"),
    }
    for program in programs:
        program.first = call(program, ["--version"], env)
    with served(programs[0], folder / "a", env):
        for _ in range(rounds):
            for name, arguments in COMMANDS.items():
                for program in programs:
                    program.seconds.setdefault(name, []).append(call(program, arguments, env))
    for turn in range(starts + 1):
        for program in programs:
            data = folder / f"{program.name}-{turn}"
            with served(program, data, env) as (pid, seconds):
                if turn:  # the first one writes Python's compiled code
                    program.starts.append(seconds)
                if turn == starts:
                    time.sleep(REST_SECONDS)
                    program.rss, program.pss = rss_mb([pid]), pss_mb([pid])


def ratio(one: Program, other: Program, command: str) -> float:
    """The median of the ratios of the rounds."""
    pairs = zip(one.seconds[command], other.seconds[command], strict=True)
    return statistics.median(mine / theirs for mine, theirs in pairs)


def report(built: Program, installed: Program) -> str:
    """The section of the results."""
    size = built.file.stat().st_size / 1e6
    rows = [
        (f"`{name}`, ms", built.median(name) * 1000, installed.median(name) * 1000,
         ratio(built, installed, name), 0)
        for name in COMMANDS
    ]  # fmt: skip
    starts = [statistics.median(each.starts) for each in (built, installed)]
    rows += [
        (f"{name}", mine, theirs, mine / theirs, digits)
        for name, mine, theirs, digits in (
            ("first healthy answer of `serve`, s", starts[0], starts[1], 2),
            ("RSS at rest, MiB", built.rss, installed.rss, 0),
            ("PSS at rest, MiB", built.pss, installed.pss, 0),
        )
    ]
    table = "\n".join(
        f"| {name} | {mine:.{digits}f} | {theirs:.{digits}f} | {share:.2f} |"
        for name, mine, theirs, share, digits in rows
    )
    worst = max(ratio(built, installed, name) for name in COMMANDS)
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

| | the executable | installed | ratio |
| --- | ---: | ---: | ---: |
{table}

Targets: {size:.1f} MB of at most {MOST_MEGABYTES:.0f}: {met_or_missed(size <= MOST_MEGABYTES)};
commands in at most {MOST_RATIO} times the installed program's time:
{met_or_missed(worst <= MOST_RATIO)} ({worst:.2f}).
The very first call unpacks it and took {built.first:.1f} s. The two take turns;
shown are medians of {len(built.seconds["health"])} calls, a ratio is taken within each turn.
`job list` asks a server with no jobs. Memory {REST_SECONDS:.0f} s after the first answer.
`python -m bench.executable_bench --write`.
"""


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=BUILT)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not options.file.exists():
        print(f"left out: {options.file} is not built; packaging/build.sh makes it")
        return
    built = Program("executable", options.file.resolve())
    installed = Program("installed", INSTALLED)
    with tempfile.TemporaryDirectory() as name:
        measure([built, installed], Path(name), options.rounds, options.starts)
    section = report(built, installed)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({each.name: each.seconds for each in (built, installed)})


if __name__ == "__main__":
    main()
