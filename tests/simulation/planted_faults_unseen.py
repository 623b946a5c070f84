"""The faults of PLANTED.md, chosen without a look at the oracle."""

from tests.simulation.planted_faults import Planted

RARE = ("--situations", "7", "--faults", "0", "--people", "6")
"""Days of what chance brings about once in years, and of nothing else that could excuse it."""
OFTEN = ("--situations", "3", "--people", "12", "--deeds", "2")
"""Days of all that there is."""

BLIND = [
    Planted(
        "quiet reminders skipped",
        (
            (
                "sms/planning.py",
                'SendAt(end) if end < latest else Skip("quiet_hours")',
                'Skip("quiet_hours")',
            ),
        ),
        ("every reminder comes",),
        ("--faults", "1", "--deeds", "4", "--people", "12"),
    ),
    Planted(
        "no notification of a brief",
        (
            (
                "briefs/job.py",
                "    _notify(tx, job, services, reader, brief_id, finished, now)\n",
                "",
            ),
        ),
        ("what happened is in the inbox",),
    ),
    Planted(
        "asked for by name expires",
        (("briefs/job.py", "    if payload.asked_by_date:\n", "    if False:\n"),),
        ("asked for by name is written",),
        ("--days", "6", "--deeds", "10", "--people", "6", "--faults", "2"),
    ),
    Planted(
        "a Message-ID for each attempt",
        (
            (
                "mail/render.py",
                "message_id=email.message_id,",
                "message_id=f\"<{__import__('time').time_ns()}.{email.message_id[1:]}\",",
            ),
        ),
        ("one brief, one mail",),
        ("--faults", "16", "--people", "12"),
    ),
    Planted(
        "invitation declined after planning",
        (
            (
                "sms/send_job.py",
                'event.status != "confirmed" or event.declined or event.all_day:',
                'event.status != "confirmed" or event.all_day:',
            ),
            (
                "sms/listeners.py",
                "    if replan_changed(tx, services, change.event) == "
                "store.SCHEDULED and writes(services):",
                "    if change.event.declined:\n        return\n"
                "    if replan_changed(tx, services, change.event) == "
                "store.SCHEDULED and writes(services):",
            ),
        ),
        ("a reminder is true",),
        ("--faults", "1", "--deeds", "3"),
    ),
    Planted(
        "change of zone not heard",
        (
            (
                "sms/listeners.py",
                "    if change.zone_changed:\n        plan_today",
                "    if False:\n        plan_today",
            ),
            (
                "briefs/listeners.py",
                "    if change.zone_changed:\n        reschedule",
                "    if False:\n        reschedule",
            ),
        ),
        ("every brief comes", "a brief comes at its time"),
        ("--faults", "1", "--deeds", "3"),
    ),
    Planted(
        "old version mailed",
        (
            ("mail/job.py", "if objections.superseded:", "if False:"),
            (
                "mail/outgoing.py",
                "    services.queue.cancel_by_key(tx, email_key(brief_id), "
                'reason="superseded", actor="system")\n'
                "    for email_id in store.unsent_of_brief(tx, brief_id):",
                "    for email_id in ():",
            ),
            (
                "mail/job.py",
                "dedup_key=lambda payload: email_key(payload.brief_id),",
                "dedup_key=lambda payload: email_key(payload.email_id),",
            ),
        ),
        ("an old version is not mailed",),
        RARE,
    ),
    Planted(
        "effect done again",
        (
            (
                "jobs/external_effects.py",
                'if before is not None and before["state"] == "done":',
                "if False:",
            ),
            (
                "jobs/external_effects.py",
                '        if before["state"] == "done":',
                "        if False:",
            ),
            (
                "mail/job.py",
                "    if email.status == store.SENT:\n        raise",
                "    if False:\n        raise",
            ),
            (
                "mail/job.py",
                "    if email.status == store.SENT:\n        return store.SENT",
                "    if False:\n        return store.SENT",
            ),
            (
                "mail/job.py",
                "    job.finish_if_held(tx, EmailResult(email.id, store.SENT, provider_id))",
                "",
            ),
        ),
        ("a mail leaves once",),
        RARE,
    ),
    Planted(
        "daily_sms once an hour",
        (("sms/cron.py", 'schedule="*/15 * * * *"', 'schedule="0 * * * *"'),),
        ("a reminder comes at its time", "every reminder comes"),
        (*RARE, "--zone", "Asia/Kathmandu", "--people", "12"),
    ),
    Planted(
        "undelivered mail told to nobody",
        (
            (
                "mail/listeners.py",
                "    tx.announce(EmailUndelivered(email.id, email.user_id, email.brief_id, "
                "reason, correlation_id))\n",
                "",
            ),
        ),
        ("what is not delivered is told",),
        RARE,
    ),
    Planted(
        "stale after a minute",
        (
            (
                "notifications/outgoing.py",
                "stale_at=stale_at or (send_at or now) + event.fresh_for,",
                "stale_at=(send_at or now) + (event.fresh_for / 720),",
            ),
        ),
        ("nothing is stale before its time",),
        RARE,
    ),
    Planted(
        "mail queued after the commit",
        (
            (
                "briefs/job.py",
                "    email_id, skipped = "
                "_queue_mail(tx, job, services, reader, brief_id, finished, now)\n",
                "    email_id, skipped = None, None\n",
            ),
            (
                "briefs/job.py",
                "    return await services.db.write(\n"
                "        lambda tx: _conclude("
                "tx, job, services, brief_id, payload, finished, facts.language)\n"
                "    )\n",
                "    result = await services.db.write(\n"
                "        lambda tx: _conclude("
                "tx, job, services, brief_id, payload, finished, facts.language)\n"
                "    )\n"
                "    await services.db.write(lambda tx: _queue_mail(tx, job, services, person, "
                "brief_id, finished, services.clock.now()))\n"
                "    return result\n",
            ),
        ),
        ("a brief is complete with its mail",),
        RARE,
    ),
    Planted(
        "brief written after its day",
        (
            (
                "jobs/claims.py",
                "job.expires_at is not None and job.expires_at <= at:",
                'job.lane != "llm" and (job.expires_at or "9") <= at:',
            ),
        ),
        ("no brief of a past day",),
        RARE,
    ),
    Planted(
        "suspects given up at once",
        (
            (
                "jobs/rescuer.py",
                "MOST_LOSSES_AS_SUSPECT = 5",
                "MOST_LOSSES_AS_SUSPECT = 1",
            ),
        ),
        ("nothing innocent fails",),
        RARE,
    ),
    Planted(
        "pause of a lane not kept",
        (
            (
                "jobs/claim_order.py",
                'closed = {pause.name for pause in pauses if pause.kind == "lane"}',
                "closed: set[str] = set()",
            ),
        ),
        ("a paused lane begins nothing",),
        OFTEN,
    ),
    Planted(
        "older news of a brief stays in the inbox",
        (("notifications/store.py", "SET in_inbox = 0\n", "SET in_inbox = 1\n"),),
        ("the inbox has the newest of a brief",),
        OFTEN,
    ),
]
"""Seen by a run of some days."""

UNSEEN: list[Planted] = [
    Planted(
        "not run again on request",
        (("jobs/job_store.py", "SET rerun_wanted = 1 WHERE id", "SET rerun_wanted = 0 WHERE id"),),
        ("every reminder comes", "a reminder comes at its time"),
        OFTEN,
    ),
    Planted(
        "mail to who wants none any more",
        (("mail/job.py", "if objections.unsubscribed:", "if False:"),),
        ("no mail to who wants none",),
        OFTEN,
    ),
    Planted(
        "saved steps not read",
        (("jobs/attempt.py", "return self._steps.get(step)", "return None"),),
        ("what is saved is not done again",),
        OFTEN,
    ),
]
"""Not seen as yet by a run of some days; `seen_as` is what they should be seen as."""
