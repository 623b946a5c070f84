"""Completion in a real bash, asking a box that serves; silent without one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from buildos_box.cli.completion import PROGRAM, SHELLS, VARIABLE, Among, Known
from buildos_box.cli.main import main
from tests.cli.served import Cli

TAB = """
source "$1"
read -ra COMP_WORDS <<< "$2"
[[ "$2" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_buildos_box_completion buildos-box
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""What bash does when the tab key is pressed at the end of that line."""


def in_bash(folder: Path, cli: Cli, line: str) -> list[str]:
    program = folder / PROGRAM
    run = "from buildos_box.cli.main import main; main(prog_name='buildos-box')"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{run}" "$@"\n', "utf-8")
    program.chmod(0o755)
    env = {
        **os.environ, **cli.env, "PATH": f"{folder}:{os.environ['PATH']}",
        "BUILDOS_BOX_URL": cli.url, "BUILDOS_BOX_TOKEN": cli.token, "PYTHONPATH": os.getcwd(),
    }  # fmt: skip
    script = folder / "script"
    script.write_text(cli.ok("completion", "bash"), "utf-8")
    done = subprocess.run(
        ["bash", "--norc", "-c", TAB, "bash", str(script), line],
        capture_output=True, text=True, env=env, check=True, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_tab_in_bash_turns_the_start_of_a_title_into_its_id(ada: Cli, tmp_path: Path) -> None:
    made = ada.json("task", "add", "Pay rent", "-p", "home")
    assert in_bash(tmp_path, ada, "buildos-box task done pay") == [made["id"]]


def offered(cli: Cli, *args: str) -> list[str]:
    """What is offered for the last of the words."""
    *before, last = args
    options = ["--url", cli.url, "--token", cli.token]
    complete = ShellComplete(main, {}, PROGRAM, VARIABLE)
    # The options come first, as the words before the cursor are read in order.
    command = 2 if before[0] not in ("forecast", "export") else 1
    words = [*before[:command], *options, *before[command:]]
    return [item.value for item in complete.get_completions(words, last)]


def test_ids_names_lanes_states_and_zones_are_offered(ada: Cli) -> None:
    own = ("--user", "ada")
    assert offered(ada, "user", "show", "a") == ["ada"]
    assert offered(ada, "user", "show", "Ada B") == ["ada"]
    assert offered(ada, "task", "add", "x", *own, "-p", "Ho") == ["home"]
    assert "email" in offered(ada, "queue", "pause", "--lane", "")
    assert offered(ada, "job", "list", "--status", "failed,ca") == ["failed,cancelled"]
    assert offered(ada, "cron", "run", "br") == ["briefs"]
    assert offered(ada, "user", "set", "ada", "--timezone", "europe/berl") == ["Europe/Berlin"]
    assert offered(ada, "token", "create", "x", "--scope", "user:") == ["user:ada"]
    ada.ok("send-test", "email", "ada@example.org")
    assert offered(ada, "job", "list", "--type", "send_t") == ["send_test_email"]
    assert len(offered(ada, "job", "show", "job-")) >= 1


def test_nothing_is_offered_and_nothing_said_without_a_box(
    ada: Cli, capfd: pytest.CaptureFixture[str]
) -> None:
    nobody = Cli("http://127.0.0.1:1", ada.token)
    assert offered(nobody, "user", "show", "a") == []
    assert offered(Cli("not an address", "x"), "user", "show", "a") == []
    assert capfd.readouterr() == ("", "")


def test_every_argument_that_names_something_is_completed() -> None:
    bare = []
    for path, command in walk(main, ()):
        for param in command.params:
            names = {"job_id", "job_ids", "job_type", "lane", "user_name", "project_name",
                     "timezone", "token_id", "scope"}  # fmt: skip
            if param.name in names and not isinstance(param.type, Known | Among | click.Choice):
                bare.append((*path, param.name))
    assert bare == [("demo", "timezone")]


def walk(
    command: click.Command, path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context, found = click.Context(command), []
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        found += walk(below, (*path, name))
    return found


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(cli: Cli, shell: str) -> None:
    assert f"{VARIABLE}={shell}_complete" in cli.ok("completion", shell)


def test_the_help_has_a_line_for_each_shell(cli: Cli) -> None:
    lines = [line.strip() for line in cli.ok("completion", "--help").splitlines()]
    assert "\\b" not in lines
    for shell in SHELLS:
        assert sum(line.startswith(shell) for line in lines) == 1


def test_the_help_of_reload_names_what_is_applied_at_once(cli: Cli) -> None:
    told = " ".join(cli.ok("reload", "--help").split())
    for word in ("Mail", "SMS", "chat", "weather", "briefs", "backup", "log level"):
        assert word in told
