"""`buildos-box doctor`."""

import asyncio
import os
from pathlib import Path

import click
import msgspec

from buildos_box.auth.local_files import local_address, local_admin_token
from buildos_box.cli import exit_codes
from buildos_box.cli.output import AS_JSON, clean, show_json
from buildos_box.client import BoxClient, BoxRefused, BoxUnreachable
from buildos_box.clock import SystemClock
from buildos_box.settings import Settings, SettingsError, load_settings
from buildos_box.upkeep.findings import Finding, fault

LONGEST_SECONDS = 180.0
"""Local language models may have to be loaded first."""
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
    try:
        settings = load_settings(config_path, dict(os.environ)).settings
    except SettingsError as error:
        found = [fault("settings", str(f), "buildos-box config check") for f in error.faults]
        _tell(found, as_json)
        raise SystemExit(exit_codes.USAGE) from None
    settings = settings.override(data_dir=data_dir)
    findings = _ask_the_box(settings, offline=offline)
    if findings is None:
        findings = _look_here(settings, offline=offline, show=not as_json)
    elif not as_json:
        _tell(findings, as_json)
    faults = [finding for finding in findings if finding.level == "fault"]
    if as_json:
        _tell(findings, as_json)
    elif not faults:
        click.echo("No fault.")
    else:
        click.echo(f"{len(faults)} to fix.")
    if faults:
        raise SystemExit(exit_codes.FAILED)


def _ask_the_box(settings: Settings, *, offline: bool) -> list[Finding] | None:
    """What the process that serves the folder finds; None if none does or it does not answer.

    It has its own settings and variables, which are what counts.
    """
    folder = Path(settings.data.dir)
    url, token = local_address(folder), local_admin_token(folder)
    if url is None or token is None:
        return None
    try:
        with BoxClient(url, token, timeout_seconds=LONGEST_SECONDS) as client:
            found = client.get("/doctor", offline=offline or None)
    except (BoxUnreachable, BoxRefused):
        return None
    return msgspec.convert(found["findings"], list[Finding])


def _look_here(settings: Settings, *, offline: bool, show: bool) -> list[Finding]:
    """What this process finds; shown as it is found."""
    from buildos_box.upkeep.doctor import examine

    async def look() -> list[Finding]:
        findings = []
        async for finding in examine(settings, SystemClock(), offline=offline):
            findings.append(finding)
            if show:
                _say(finding)
        return findings

    return asyncio.run(look())


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
