"""`buildos-box doctor`."""

import asyncio
import os
from pathlib import Path

import click
import msgspec

from buildos_box.cli import exit_codes
from buildos_box.cli.output import AS_JSON, clean, show_json
from buildos_box.clock import SystemClock
from buildos_box.settings import SettingsError, load_settings
from buildos_box.upkeep.findings import Finding, fault

_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "fault": "FAULT  "}
_COLOURS = {"ok": "green", "note": "blue", "warning": "yellow", "fault": "red"}


@click.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="config.toml")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Overrides data.dir.")
@click.option("--offline", is_flag=True, help="Check only this machine.")
@AS_JSON
def doctor(config_path: Path | None, data_dir: Path | None, offline: bool, as_json: bool) -> None:
    """Check everything that the server depends on, and say how to fix what is broken.

    Providers are called and mail servers are logged in to, but nothing is sent to users. Exit code
    0 without faults, 1 with faults, 2 if the settings are invalid.
    """
    from buildos_box.upkeep.doctor import examine

    try:
        settings = load_settings(config_path, dict(os.environ)).settings
    except SettingsError as error:
        found = [fault("settings", str(f), "buildos-box config check") for f in error.faults]
        _tell(found, as_json)
        raise SystemExit(exit_codes.USAGE) from None
    settings = settings.override(data_dir=data_dir)

    async def look() -> list[Finding]:
        findings = []
        async for finding in examine(settings, SystemClock(), offline=offline):
            findings.append(finding)
            if not as_json:
                _say(finding)
        return findings

    findings = asyncio.run(look())
    faults = [finding for finding in findings if finding.level == "fault"]
    if as_json:
        _tell(findings, as_json)
    elif not faults:
        click.echo("No fault.")
    else:
        click.echo(f"{len(faults)} to fix.")
    if faults:
        raise SystemExit(exit_codes.FAILED)


def _tell(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        good = all(finding.level != "fault" for finding in findings)
        show_json({"ok": good, "findings": msgspec.to_builtins(findings)})
        return
    for finding in findings:
        _say(finding)


def _say(finding: Finding) -> None:
    mark = click.style(_MARKS[finding.level], fg=_COLOURS[finding.level])
    click.echo(f"{mark}  {finding.name}: {clean(finding.message)}")
    if finding.cure:
        click.echo(f"           → {clean(finding.cure)}")
