"""`buildos-box`: every command, each in a module of its own that is imported when it runs."""

import json
import os
import sys

import click

from buildos_box.cli.root_command import RootCommand
from buildos_box.umask import OWNER_ONLY
from buildos_box.version import VERSION

COMMANDS = {
    "account": "account_commands:account",
    "backup": "backup_commands:backup",
    "brief": "brief_commands:brief",
    "completion": "completion:completion",
    "config": "config_commands:config",
    "cron": "cron_commands:cron",
    "doctor": "doctor_command:doctor",
    "event": "event_commands:event",
    "export": "export_command:export",
    "feed": "feed_commands:feed",
    "forecast": "forecast_command:forecast",
    "health": "health_command:health",
    "import": "import_command:import_file",
    "init": "init_command:init",
    "job": "job_commands:job",
    "mail": "mail_commands:mail",
    "mcp": "mcp_command:mcp",
    "note": "note_commands:note",
    "phases": "phases_commands:phases",
    "project": "project_commands:project",
    "queue": "queue_commands:queue",
    "reload": "reload_command:reload",
    "restore": "backup_commands:restore",
    "send-test": "send_test_commands:send_test",
    "serve": "serve_command:serve",
    "task": "task_commands:task",
    "token": "token_commands:token",
    "tui": "tui_command:tui",
    "user": "user_commands:user",
    "verify": "backup_commands:verify",
}
"""The name of each command, its module in this package and what it is called there."""


@click.group(
    cls=RootCommand,
    places={name: f"buildos_box.cli.{place}" for name, place in COMMANDS.items()},
    invoke_without_command=True,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--version", "asks_version", is_flag=True, help="Show the version and exit.")
@click.option("--json", "as_json", is_flag=True, help="With --version: for programs.")
@click.pass_context
def main(context: click.Context, asks_version: bool, as_json: bool) -> None:
    """BuildOS Box: briefs, mail, reminders and their queue, in one process and one folder.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 3 no server answers, 4
    not allowed.
    """
    # What any command writes (the database, mail, logs, backups, exports) holds people's data.
    os.umask(OWNER_ONLY)
    if asks_version:
        _show_version(as_json)
        context.exit()
    if as_json:
        raise click.UsageError("--json goes with --version here, else after the command")
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _show_version(as_json: bool) -> None:
    if not as_json:
        click.echo(f"buildos-box, version {VERSION}")
        return
    from buildos_box.db.migrate import known_migrations
    from buildos_box.version import commit

    schema = known_migrations()[-1].number
    click.echo(json.dumps({"version": VERSION, "commit": commit(), "schema": schema}))


@main.command()
@click.option("--keep", is_flag=True, help="Keep the demo's folder instead of deleting it.")
@click.option("--timezone", default=None, help="Maya's zone; by default Europe/Berlin.")
def demo(keep: bool, timezone: str | None) -> None:
    """A complete example: a user's data becomes a written, mailed brief."""
    from buildos_box.cli.demo import run_demo

    sys.exit(run_demo(keep=keep, zone_name=timezone or "Europe/Berlin"))


@main.command()
def openapi() -> None:
    """Print the OpenAPI description of this program's API; no server is needed."""
    import asyncio

    from buildos_box.app import describe_api

    click.echo(json.dumps(asyncio.run(describe_api()), indent=2))


if __name__ == "__main__":
    main()
