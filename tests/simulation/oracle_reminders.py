"""SMS: true, once, at their time, never in quiet hours or after STOP, and none missed."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.simulation.facts import Fact, Facts
from tests.simulation.grace_periods import (
    LOSSES_CATCH_UP,
    SMS_WAYS,
    TWILIO_CATCHES_UP,
    after_troubles,
    clock_near,
)
from tests.simulation.preferences import Wishes
from tests.simulation.violations import Broken
from tests.simulation.wall_time import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    SECOND,
    in_quiet,
    instant,
    local,
    wall_instant,
)

EVENT = re.compile(r"Visit (u\d\de\d+)x")
OWNER = re.compile(r"owner-(u\d\d)")
NOTE = re.compile(r"Note (u\d\dn\d+)x")
AT = re.compile(r"\bat (\d\d:\d\d)\b")


@dataclass
class Reminder:
    who: str
    event: str
    start: datetime
    t: datetime


def reminders_of(facts: Facts, broken: list[Broken]) -> list[Reminder]:
    numbers = {
        revision.wishes.number: who
        for who, history in facts.revisions.items()
        for revision in history
    }
    found: list[Reminder] = []
    notes: set[str] = set()
    once: dict[tuple[str, datetime], Fact] = {}
    for sms in facts.sms + facts.refused_sms:
        who, t = numbers.get(sms["to"], "?"), sms["t"]
        now = facts.preferences_between(who, t - 2 * SECOND, t)
        if sms["stopped"] and now and all(one.stopped and not one.unsure for one in now):
            broken.append(Broken("no SMS after STOP", t, f"{who}: {sms['body']}"))
        if sms["what"] == "sms_refused":
            continue
        if now and all(in_quiet(w.quiet, local(t, w.zone).time()) for w in now):
            says = f"{who} at {local(t, now[-1].zone):%H:%M} local: {sms['body']}"
            broken.append(Broken("no SMS in quiet hours", t, says))
        strangers = set(OWNER.findall(sms["body"])) - {who}
        if strangers:
            broken.append(Broken("nobody sees another's data", t, f"{who}: {sms['body']}"))
        note = NOTE.search(sms["body"])
        if note is not None:
            if note[1] in notes:
                broken.append(Broken("a message is sent once", t, sms["body"]))
            notes.add(note[1])
            continue
        named = EVENT.search(sms["body"])
        if named is None:
            broken.append(Broken("an SMS names its event", t, sms["body"]))
            continue
        reminder = _matching(facts, who, named[1], sms, now, broken)
        if reminder is None:
            continue
        before = once.get((reminder.event, reminder.start))
        # Wishes of since the backup are forgotten: the restored box has another time in mind.
        forgotten = before is not None and any(
            span.begin <= before["t"] <= span.end <= t
            and facts.changed_between(who, span.begin, span.end)
            for span in facts.restored
        )
        if before is not None and not forgotten:
            says = f"{who}, {reminder.event} of {reminder.start:%m-%d %H:%M}Z, before at " + str(
                before["t"]
            )
            broken.append(Broken("a reminder is sent once", t, says))
        _still_wanted(facts, reminder, broken)
        once[reminder.event, reminder.start] = sms
        found.append(reminder)
    return found


def _still_wanted(facts: Facts, reminder: Reminder, broken: list[Broken]) -> None:
    """What its person cancelled stays cancelled."""
    for one in facts.called_off_between(reminder.who, facts.begin, reminder.t - 2 * SECOND):
        if (
            one["sure"]
            and _is_of(one, reminder.event, reminder.start)
            and not facts.restored_since(one["t"])
        ):
            says = f"{reminder.who}, {reminder.event}, called off at {one['t']:%m-%d %H:%M:%S}Z"
            broken.append(Broken("what was called off does not come", reminder.t, says))


def _is_of(called_off: Fact, event: str, start: datetime) -> bool:
    answer = called_off["answer"] or {}
    return answer.get("event") == event and instant(answer["start"]) == start


def _matching(
    facts: Facts, who: str, name: str, sms: Fact, now: list[Wishes], broken: list[Broken]
) -> Reminder | None:
    """The event as it stood when its reminder left; it must have stood like that."""
    t = sms["t"]
    said = AT.search(sms["body"])
    why = "was deleted"
    for event in facts.versions_between(name, t - 3 * SECOND, t):
        if event is None:
            continue
        start = instant(event["startAt"])
        if event["status"] != "confirmed" or event["declined"]:
            why = f"is {event['status']}, declined: {event['declined']}"
            continue
        grace = timedelta(0) if now and all(w.lead for w in now) else 5 * MINUTE
        if t > start + grace + SECOND and not clock_near(facts, t):
            why = f"began at {start:%m-%d %H:%M}Z"
            continue
        zones = {w.zone for w in facts.preferences_between(who, t - 5 * MINUTE, t)}
        walls = {f"{local(start, zone):%H:%M}" for zone in zones}
        if said is None or said[1] not in walls:
            why = f"is at {walls}"
            continue
        return Reminder(who, name, start, t)
    if not clock_near(facts, t):
        broken.append(Broken("a reminder is true", t, f"{name} {why}: {sms['body']!r} to {who}"))
    return None


def missing_reminders(facts: Facts, reminders: list[Reminder], broken: list[Broken]) -> None:
    sent = {(one.event, one.start): one.t for one in reversed(reminders)}  # the first of each
    counts = Counter(
        (who, sms["t"].date() + DAY * n)
        for who, history in facts.revisions.items()
        for sms in facts.sms
        if sms["to"] == history[-1].wishes.number
        for n in (-1, 0, 1)
    )
    for name, history in facts.events.items():
        for index, version in enumerate(history):
            event = version.event
            if event is None or event["status"] != "confirmed" or event["declined"]:
                continue
            over = history[index + 1].asked if index + 1 < len(history) else FOREVER
            start = instant(event["startAt"])
            who, came = event["userId"], sent.get((name, start))
            owed = _due(facts, who, start, version.since, over)
            if owed is None or (came is not None and came <= owed[1]):
                continue
            due, late = owed
            limit = min(w.limit for w in facts.preferences_between(who, due - DAY, due))
            if counts[who, due.date()] >= limit or _may_be_called_off(facts, who, name, start):
                continue
            if came is not None:
                says = f"{who}'s of {name}, due {due:%m-%d %H:%M}Z, at {came:%m-%d %H:%M:%S}Z"
                broken.append(Broken("a reminder comes at its time", late, says))
                continue
            says = f"{who} was not told of {name} at {start:%m-%d %H:%M}Z, due {due:%m-%d %H:%M}Z"
            broken.append(Broken("every reminder comes", due, says))


def _may_be_called_off(facts: Facts, who: str, name: str, start: datetime) -> bool:
    return any(
        _is_of(one, name, start) or (not one["sure"] and "text" in one["do"])
        for one in facts.called_off_between(who, facts.begin, start)
    )


def _due(
    facts: Facts, who: str, start: datetime, known: datetime, over: datetime
) -> tuple[datetime, datetime] | None:
    """When the reminder had to be sent, and by when; None if none was owed, or it is excused."""
    around = facts.preferences_between(who, min(start, known) - 26 * HOUR, start)
    if len(around) != 1 or not around[0].reminders or around[0].stopped or around[0].unsure:
        return None
    wishes = around[0]
    first = start - wishes.lead * MINUTE
    midnight = wall_instant(local(first, wishes.zone).date(), time(0), wishes.zone)
    due = max(first, known)
    while in_quiet(wishes.quiet, local(due, wishes.zone).time()):
        due = (due + MINUTE).replace(second=0, microsecond=0)
    late = due + 3 * MINUTE
    if due >= start or late > over or late > facts.end:
        return None
    begin = due - 20 * MINUTE
    crashes = facts.crashes(begin, late)
    if crashes or facts.crashes(midnight - MINUTE, midnight + 20 * MINUTE):
        backs = [span.end for span in facts.downs(midnight - MINUTE, late)]
        waits = 3 * MINUTE if len(backs) == 1 else LOSSES_CATCH_UP
        late = max([late, *(back + waits for back in backs)])
        if late > min(start, over) or _disturbs(wishes, due, late):
            return None
        if facts.crashes(due, late) > crashes:
            return None
    if late > start + (0 if wishes.lead else 3) * MINUTE:
        return None
    if any(span.end >= due - 26 * HOUR and span.begin <= late for span in facts.restored):
        return None
    if facts.shut(min(begin, midnight), late, "default"):
        return None
    if any(facts.troubles(way, begin, late) for way in SMS_WAYS):
        late = after_troubles(facts, SMS_WAYS, begin, late, TWILIO_CATCHES_UP)
        if late > min(start - 2 * MINUTE, over, facts.end) or _disturbs(wishes, due, late):
            return None
        if facts.crashes(begin, late) > crashes:
            return None
    if facts.ill(midnight, midnight + 20 * MINUTE) or facts.ill(begin, late):
        return None
    return None if facts.unfinished(who, known - 26 * HOUR, late) else (due, late)


def _disturbs(wishes: Wishes, begin: datetime, end: datetime) -> bool:
    """Whether quiet hours, or another day with its own limit, begin between the two."""
    if local(begin, wishes.zone).date() != local(end, wishes.zone).date():
        return True
    minutes = range(int((end - begin) / MINUTE) + 2)
    walls = (local(begin + n * MINUTE, wishes.zone).time() for n in minutes)
    return any(in_quiet(wishes.quiet, wall) for wall in walls)


def limits(facts: Facts, broken: list[Broken]) -> None:
    numbers = {
        revision.wishes.number: who
        for who, history in facts.revisions.items()
        for revision in history
    }
    counts: Counter[tuple[str, date]] = Counter()
    for sms in facts.sms:
        who, t = numbers.get(sms["to"], "?"), sms["t"]
        lately = facts.preferences_between(who, t - DAY, t)
        if len({w.zone for w in lately}) != 1 or clock_near(facts, t):
            continue
        day = local(t, lately[0].zone).date()
        # What left after a backup that is put back, the restored box cannot count.
        counts[who, day] += not any(span.begin <= t <= span.end for span in facts.restored)
        most = max(w.limit for w in lately)
        if counts[who, day] > most:
            says = f"{who} got {counts[who, day]} on {day}, wants {most} at most"
            broken.append(Broken("the daily limit holds", t, says))
