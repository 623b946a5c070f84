"""One job in words: why it is where it is, its attempts, its trail, its data."""

import json
from typing import Any

from buildos_box.client import LiveClient
from buildos_box.tui.words import plain, state


async def describe(client: LiveClient, job_id: str) -> str:
    """Everything known of a job, as text."""
    job = await client.job(job_id)
    why = await client.job(job_id, "why")
    attempts = (await client.job(job_id, "attempts"))["attempts"]
    events = (await client.job(job_id, "events"))["events"]
    lines = [
        f"{plain(job['id'])}  {plain(job['job_type'])}  {plain(job['user_id'])}  "
        f"{state(job['status'])}",
        plain(why["why"]),
        f"lane {plain(job['lane'])}   priority {job['priority']}   {plain(job['correlation_id'])}",
        f"created {job['created_at']}   due {job['scheduled_for']}   (UTC)",
        "",
        "attempts",
        *(_attempt(attempt) for attempt in attempts),
        "",
        "trail",
        *(
            f"  {event['at']}  {state(event['to_status'])}  {plain(event['reason'])}  "
            f"by {plain(event['actor'])}"
            for event in events
        ),
    ]
    for name in ("metadata", "result", "error"):
        lines += ["", name, *_block(job[name])]
    return "\n".join(lines)


def _attempt(attempt: dict[str, Any]) -> str:
    error = f"  {attempt['error_code']}: {attempt['error']}" if attempt["error"] else ""
    return plain(f"  {attempt['number']}  {attempt['started_at']}  {attempt['outcome']}{error}")


def _block(value: Any) -> list[str]:
    if value is None:
        return ["  –"]
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return [f"  {plain(line)}" for line in text.splitlines()]
