"""`buildos-box tui` in a terminal, and `doctor` of a box that serves."""

import json
import os
import sys

from click.testing import CliRunner

from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from tests.cli.served import Served
from tests.cli.test_demo import Terminal


def test_the_dashboard_says_what_it_draws_with_and_leaves_on_q(served: Served) -> None:
    program = (sys.executable, "-m", "buildos_box.cli.main", "tui", "--signs", "ascii")
    terminal = Terminal(*program, "--url", served.url, "--token", served.token)
    terminal.read_until("Drawn with ascii signs (--signs); --signs chooses others.")
    terminal.read_until("live")
    assert terminal.press("q") == 0


def test_a_token_that_is_wrong_opens_no_dashboard(served: Served) -> None:
    program = (sys.executable, "-m", "buildos_box.cli.main", "tui")
    terminal = Terminal(*program, "--url", served.url, "--token", "bos_no_no")
    assert "(--token or BUILDOS_BOX_TOKEN)" in terminal.read_until("BUILDOS_BOX_TOKEN)")
    assert terminal.press("") == exit_codes.DENIED


def test_a_box_that_serves_is_asked_how_it_is(served: Served) -> None:
    here = ["doctor", "--offline", "--config", os.devnull, "--data", str(served.data)]
    shown = CliRunner().invoke(main, here)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.endswith("No fault.\n")
    told = json.loads(CliRunner().invoke(main, [*here, "--json"]).stdout)["findings"]
    assert {finding["level"] for finding in told} <= {"ok", "note", "warning"}
    assert all(finding["name"] in shown.stdout for finding in told)
