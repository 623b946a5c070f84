"""`buildos-box demo`: a user's day from data to mailed brief, over the API."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from buildos_box.auth.local_files import ADMIN_FILE
from buildos_box.cli import exit_codes
from buildos_box.cli.brief_commands import without_addresses
from buildos_box.cli.demo_data import USER_ID, demo_document
from buildos_box.client import BoxClient, BoxRefused, BoxUnreachable
from buildos_box.clock import SystemClock, is_zone
from buildos_box.plural import plural

START_SECONDS = 20.0
MAIL_SECONDS = 20.0
ADDED = ("project", "task", "note", "event")
OPEN_LINK = re.compile(r"Open the brief: (http\S+)")


def run_demo(*, keep: bool, zone_name: str) -> int:
    """Run the demo and return an exit code. The folder is removed unless `keep`."""
    console = Console()
    if not is_zone(zone_name):
        console.print(f"{zone_name} is not an IANA time zone", style="red")
        return exit_codes.USAGE
    folder = Path(tempfile.mkdtemp(prefix="buildos-box-demo-"))
    try:
        with _box(folder) as client:
            return _show(console, client, folder, ZoneInfo(zone_name), keep=keep)
    except (BoxUnreachable, BoxRefused, TimeoutError) as error:
        console.print(f"The demo failed: {error}", style="red")
        console.print((folder / "serve.log").read_text("utf-8"), style="dim")
        return exit_codes.FAILED
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _box(folder: Path) -> Iterator[BoxClient]:
    """A server of its own: a free port, an empty folder, without the user's configuration."""
    empty = folder / "config.toml"
    empty.write_text("", "utf-8")
    command = [*_this_program(), "serve", "--config", str(empty)]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--host", "127.0.0.1", "--port", "0", "--data", str(folder / "data")],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not _is_ours(k)},
        )
    try:
        yield _wait_for(process, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _this_program() -> list[str]:
    """The command that starts this program again; the single executable has no separate Python."""
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, "-m", "buildos_box.cli.main"]


def _is_ours(name: str) -> bool:
    return name.startswith(("BUILDOS_", "PRIVATE_", "QUEUE_")) or name in {
        "PORT",
        "USE_WEBHOOK_EMAIL",
    }


def _wait_for(process: "subprocess.Popen[bytes]", folder: Path) -> BoxClient:
    """Wait until the server has written its address."""
    clock = SystemClock()
    deadline = clock.monotonic() + START_SECONDS
    while clock.monotonic() < deadline and process.poll() is None:
        for line in (folder / "serve.log").read_text("utf-8").splitlines():
            words = line.split()
            if line.startswith("BuildOS Box") and "serves" in words:
                url = words[words.index("serves") + 1]
                token = (folder / "data" / ADMIN_FILE).read_text("utf-8").strip()
                return BoxClient(url, token)
        _pause()
    raise BoxUnreachable("the server did not start")


def _pause() -> None:
    time.sleep(0.05)


def _show(console: Console, client: BoxClient, folder: Path, zone: ZoneInfo, *, keep: bool) -> int:
    now = SystemClock().now()
    today = now.astimezone(zone).date()
    console.print(f"[bold]BuildOS Box[/bold] runs at {client.url}, its data in {folder}/data")
    changed = client.sync(demo_document(today, zone, now))["changed"]
    counted = ", ".join(plural(changed[f"{noun}s"]["created"], noun) for noun in ADDED)
    console.print(f"Added Maya's data: {counted}.")
    queued = client.queue_brief(USER_ID)
    console.print(f"Requested a brief over HTTP: job [cyan]{queued['jobId']}[/cyan]\n")
    job = _follow(console, client, queued["jobId"])
    if job["status"] != "completed":
        console.print(f"The brief {job['status']}: {job['error']}", style="red")
        return exit_codes.FAILED
    brief = client.brief(USER_ID, queued["briefDate"])
    from rich.markdown import Markdown

    text = without_addresses(brief["summaryContent"])
    console.print(Panel(Markdown(text), title=brief["subject"], padding=(1, 2)))
    mail = _mail(client, folder)
    if mail is None:
        console.print("The mail was not written in time", style="red")
        return exit_codes.FAILED
    _tell_of_mail(console, mail, keep=keep)
    if sys.stdin.isatty() and console.is_terminal:
        _wait_for_reader(console)
    return exit_codes.OK


def _follow(console: Console, client: BoxClient, job_id: str) -> dict[str, Any]:
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
    )
    job: dict[str, Any] = {}
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        bar = bars.add_task("Waiting in the queue", total=100)
        for job in client.follow(job_id, every_seconds=0.01, timeout_seconds=120):
            progress = job["progress"] or {"current": 0, "message": job["status"]}
            bars.update(bar, completed=progress["current"], description=progress["message"])
    return job


def _mail(client: BoxClient, folder: Path) -> Path | None:
    """The mail in the outbox, once its job is done."""
    clock = SystemClock()
    deadline = clock.monotonic() + MAIL_SECONDS
    while clock.monotonic() < deadline:
        found = sorted((folder / "data" / "outbox").glob("*.eml"))
        if found:
            return found[0]
        _pause()
    return None


def _tell_of_mail(console: Console, mail: Path, *, keep: bool) -> None:
    message = BytesParser(policy=policy.default).parsebytes(mail.read_bytes())
    parts = " + ".join(part.get_content_type() for part in message.iter_parts())
    console.print(f"\nMailed to [bold]{message['To']}[/bold]: “{message['Subject']}” ({parts})")
    console.print(f"The mail is in {mail}", soft_wrap=True)
    text = message.get_body(("plain",))
    opened = OPEN_LINK.search(text.get_content()) if text is not None else None
    if opened is not None:
        console.print("Open the brief by its mail's link:", soft_wrap=True)
        console.print(opened[1], style="cyan", soft_wrap=True)
    if not keep:
        console.print("Its folder is deleted at the end; run with --keep to keep it.", style="dim")


def _wait_for_reader(console: Console) -> None:
    """Serve on until Enter is pressed, so that the mail's links can be tried."""
    console.print("The links work until you press Enter.", style="bold")
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        input()
