"""What pytest is watched with: which lines a test reaches, and which test fails first."""

import faulthandler
import json
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import Phase, settings

SLACK_SECONDS = 20.0
TIMES_AS_LONG = 10.0


class Measuring:
    """Records, test by test, the lines of a folder that run, and how long it takes."""

    def __init__(self, measured: Path, out: Path) -> None:
        self.out = out
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.coverage = Coverage(data_file=None, source=[str(measured)], config_file=False)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        begun = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = round(time.monotonic() - begun, 3)
            self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {path: data.contexts_by_lineno(path) for path in data.measured_files()}
        found = {"lines": lines, "seconds": self.seconds, "failed": self.failed}
        self.out.write_text(json.dumps(found), "utf-8")


class Watching:
    """Writes down the first test that fails, and ends the process when one takes too long."""

    def __init__(self, seconds: Mapping[str, float], out: Path) -> None:
        self.seconds = seconds
        self.out = out

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Only whether an example fails counts: to find a smaller one would take minutes."""
        phases = [Phase.explicit, Phase.reuse, Phase.generate]
        settings.register_profile("mutation", settings(), phases=phases)
        settings.load_profile("mutation")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        limit = SLACK_SECONDS + TIMES_AS_LONG * self.seconds.get(item.nodeid, 0.0)
        self.out.write_text(f"took too long: {item.nodeid}", "utf-8")
        faulthandler.dump_traceback_later(limit, exit=True)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.out.write_text(f"failed: {report.nodeid}", "utf-8")
