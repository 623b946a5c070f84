"""Mails a second over SMTP: `python bench/mail_bench.py [--quick]`.

In each round the same mails go to a mail server on loopback in four ways, the order turned from
round to round: by a plain `smtplib` loop over one open connection, with finished messages and with
messages that it renders itself; by the box's transport alone; and by the whole box, from the first
request to the last mail noted as sent. Prints the ratios and writes its part of
`bench/RESULTS.md`.
"""

import argparse
import asyncio
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, results_file  # noqa: E402
from bench.results_file import met_or_missed  # noqa: E402
from buildos_box.app import Box  # noqa: E402
from buildos_box.mail import store  # noqa: E402
from buildos_box.mail.job import sender_of  # noqa: E402
from buildos_box.mail.outgoing import queue_notification_email  # noqa: E402
from buildos_box.mail.render import Rendered, render  # noqa: E402
from buildos_box.settings import DataSettings, EmailSettings, Settings, SmtpSettings  # noqa: E402
from buildos_box.workspace import store as workspace  # noqa: E402
from buildos_box.workspace.batch import read_sync  # noqa: E402
from buildos_box.workspace.sync import write  # noqa: E402

TARGET = 0.6
TEXT = "**Pay rent** is due at 18:00.\n\n- Ask *Ingrid* for the receipt\n- File it\n"
LEFT = "SELECT 1 FROM queue_jobs WHERE completed_at IS NULL LIMIT 1"
HOW = """\
- The server is a process of its own that answers every command at once and keeps nothing.
- *smtplib* sends finished messages, one after the other, over one open connection; *that renders*
  makes each message from Markdown first, by the box's own functions, in the same loop.
- *transport* sends the same messages by the box's SMTP transport, with as many senders as the email
  lane has slots (4). The target is about this one: connections, and nothing else.
- *whole box*: each mail is a row and a job, rendered, sent once, its intent and its outcome
  committed with `synchronous=FULL`; from the first request until the last mail is noted as sent.
- {count} mails of {size} bytes a round; medians of {rounds} rounds, and of each round's ratios.
"""
WAYS = {
    "loop": "smtplib, one open connection",
    "made": "smtplib that renders",
    "transport": "BuildOS Box, transport",
    "box": "BuildOS Box, whole box",
}


@contextmanager
def mail_server() -> Iterator[int]:
    """Its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.mail_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def taken(port: int) -> tuple[int, int]:
    """Mails and connections that the server has seen since it was last asked."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        _, answer = client.docmd("XCOUNT")
    mails, connections = answer.split()
    return int(mails), int(connections)


def plain_loop(port: int, letters: Iterable[Rendered]) -> float:
    """Seconds that a plain loop takes."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        began = time.perf_counter()
        for letter in letters:
            client.sendmail("box@bench.example", [letter.recipient], letter.message)
        return time.perf_counter() - began


async def transport(box: Box, letters: list[Rendered], senders: int) -> float:
    """Seconds that the transport takes."""

    async def some(mine: list[Rendered]) -> None:
        for letter in mine:
            await box.services.mailer.send("bench", letter.recipient, letter.message)

    began = time.perf_counter()
    await asyncio.gather(*(some(letters[n::senders]) for n in range(senders)))
    seconds = time.perf_counter() - began
    await box.services.mailer.close()
    return seconds


async def whole_box(box: Box, users: list[str]) -> float:
    """Seconds from the first request to the last mail that is noted as sent."""
    services = box.services

    def queue(tx: Any, user_id: str) -> None:
        user = workspace.find_user(tx, user_id)
        assert user is not None
        queued = queue_notification_email(
            tx,
            services,
            user,
            subject="Due soon",
            body_markdown=TEXT,
            correlation_id="bench",
            event_type="task.due_soon",
        )
        assert queued.email_id is not None

    before = await _sent(box)
    began = time.perf_counter()
    requests = [services.db.submit(partial(queue, user_id=user)) for user in users]
    await asyncio.gather(*(asyncio.wrap_future(request) for request in requests))
    while await services.db.one(LEFT) is not None:
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    assert await _sent(box) - before == len(users), "not every mail was sent"
    return seconds


async def _sent(box: Box) -> int:
    row = await box.services.db.one("SELECT count(*) FROM emails WHERE status = 'sent'")
    assert row is not None
    return int(row[0])


def one_mail(box: Box, user_id: str) -> store.Email:
    """A mail as the whole box would send it."""
    services = box.services
    now = services.clock.now()
    email_id = services.ids.new("email", now)
    return store.Email(
        id=email_id,
        user_id=user_id,
        subject="Due soon",
        body_markdown=TEXT,
        message_id=f"<{email_id}@bench.example>",
        tracking=True,
        status=store.QUEUED,
        brief_id=None,
        address=f"{user_id}@example.org",
        tracking_id=services.ids.secret(128),
        created_at=now,
        send_at=now,
        correlation_id="corr-bench",
    )


async def measure(port: int, folder: str, count: int, rounds: int) -> dict[str, list[float]]:
    """Mails a second in each round, by way; and the connections that the box made."""
    smtp = SmtpSettings(host="127.0.0.1", port=port, security="none")
    email = EmailSettings(transport="smtp", from_address="box@bench.example", smtp=smtp)
    box = await Box.open(Settings(data=DataSettings(dir=folder), email=email))
    found: dict[str, list[float]] = {name: [] for name in (*WAYS, "connections")}
    try:
        users = [f"u{n}" for n in range(count)]
        people = [{"id": user, "email": f"{user}@example.org", "name": user} for user in users]
        await write(box.services.db, read_sync({"users": people}), box.services.clock.now())
        letters = [render(one_mail(box, user), sender_of(box.services)) for user in users]
        found["size"] = [len(letters[0].message)]
        await box.start()
        taken(port)
        ways = list(WAYS)
        for number in range(rounds):
            turn = number % len(ways)
            for way in ways[turn:] + ways[:turn]:
                if way == "loop":
                    seconds = await asyncio.to_thread(plain_loop, port, letters)
                elif way == "made":
                    mails = (render(one_mail(box, user), sender_of(box.services)) for user in users)
                    seconds = await asyncio.to_thread(plain_loop, port, mails)
                elif way == "transport":
                    seconds = await transport(box, letters, smtp.connections)
                else:
                    seconds = await whole_box(box, users)
                arrived, connections = await asyncio.to_thread(taken, port)
                assert arrived == count, f"{way}: the server took {arrived} mails"
                found[way].append(count / seconds)
                if way == "box":
                    found["connections"].append(connections)
                print(f"  {number + 1} {way}: {count / seconds:,.0f} mails/s", flush=True)
    finally:
        await box.close()
    return found


def report(found: dict[str, list[float]], count: int, rounds: int, *, quick: bool) -> str:
    """This bench's part of the results."""

    def ratio(way: str, other: str) -> float:
        pairs = zip(found[way], found[other], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def line(way: str) -> str:
        figures, to_loop = found[way], ratio(way, "loop")
        verdict = "–"
        if way == "transport":
            verdict = f"≥ {TARGET} × " + met_or_missed(to_loop >= TARGET)
        return " | ".join(
            [
                f"| {WAYS[way]}",
                f"{statistics.median(figures):,.0f}",
                f"{min(figures):,.0f} – {max(figures):,.0f}",
                f"{to_loop:.2f}",
                f"{ratio(way, 'made'):.2f}",
                f"{verdict} |",
            ]
        )

    table = [
        "|  | mails/s | lowest – highest | to smtplib | to smtplib that renders | target |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(line(way) for way in WAYS),
    ]
    how = HOW.format(count=f"{count:,}", size=f"{found['size'][0]:,.0f}", rounds=rounds)
    kept = statistics.median(found["connections"])
    return "\n".join(
        [
            "# What a mail costs\n",
            *(["**A quick run; no figure to rely on.**\n"] if quick else []),
            *(f"- {fact}" for fact in machine.describe(peers=False)),
            "",
            *table,
            "",
            f"The whole box sent its {count:,} mails over {kept:.0f} connections.\n",
            how,
        ]
    )


def main() -> None:
    """Run it and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few mails, to see that it runs")
    parser.add_argument("--output", type=Path, default=results_file.RESULTS)
    options = parser.parse_args()
    count, rounds = (200, 1) if options.quick else (options.mails, options.rounds)
    with mail_server() as port, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(port, folder, count, rounds))
    text = report(found, count, rounds, quick=options.quick)
    print("\n" + text)
    results_file.put(options.output, text)


if __name__ == "__main__":
    main()
