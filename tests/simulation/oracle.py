"""The judge: naive, slow, from the specification alone. It knows nothing of the product's code.

It is given the story of what people asked, what was answered, what the world received and what
went wrong, and the rows that the specification names. It excuses only what a trouble nearby can
excuse; in between it is strict.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.simulation.broken import Broken
from tests.simulation.facts import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    SECOND,
    Fact,
    Facts,
    Wishes,
    in_quiet,
    instant,
    local,
    runs_of,
    wall_instant,
)

SUBJECT = re.compile(r"for (\w{3}, \w{3} \d{1,2})\b")
EVENT = re.compile(r"Visit (u\d\de\d+)x")
OWNER = re.compile(r"owner-(u\d\d)")
NOTE = re.compile(r"Note (u\d\dn\d+)x")
AT = re.compile(r"\bat (\d\d:\d\d)\b")


RELAY_CATCHES_UP, TWILIO_CATCHES_UP = 17 * MINUTE, 4 * MINUTE
"""Mail is tried every 15 minutes at the latest, SMS every 2, or when Twilio says."""
LOSSES_CATCH_UP = 40 * MINUTE
"""A job that was lost again and again waits 15 minutes, and then for other suspects."""
MAIL_WAYS = ("relay", "lane email", "lane llm", "disk")
SMS_WAYS = ("twilio", "lane sms")
"""What a brief's mail, and an SMS, waits for; once it is well again they come."""


def judge(facts: Facts) -> list[Broken]:
    """Every broken promise that the story alone shows, the first one first."""
    broken: list[Broken] = []
    briefs = _briefs(facts, broken)
    _mails(facts, briefs, broken)
    _missing_briefs(facts, briefs, broken)
    reminders = _reminders(facts, broken)
    _missing_reminders(facts, reminders, broken)
    _limits(facts, broken)
    for fact in facts.refused_answers:
        says = "a good answer was asked for again"
        broken.append(Broken("a model's good answer is taken", fact["t"], says))
    return sorted(broken, key=lambda one: one.at)


@dataclass
class Brief:
    """A brief's mail as it arrived: whose, of which day."""

    who: str
    day: date
    t: datetime
    fact: Fact


def _briefs(facts: Facts, broken: list[Broken]) -> list[Brief]:
    found = []
    for mail in facts.mails:
        who = mail["to"].partition("@")[0]
        named = SUBJECT.search(mail["subject"])
        if named is None:
            continue
        day = next(
            (
                day
                for ahead in (0, -1, 1, -2, 2)
                if f"{(day := mail['t'].date() + ahead * DAY):%a, %b} {day.day}" == named[1]
            ),
            None,
        )
        if day is None:
            broken.append(Broken("brief of a day at hand", mail["t"], mail["subject"]))
            continue
        found.append(Brief(who, day, mail["t"], mail))
    return found


def _mails(facts: Facts, briefs: list[Brief], broken: list[Broken]) -> None:
    seen: dict[str, list[Fact]] = defaultdict(list)
    for mail in facts.mails:
        who = mail["to"].partition("@")[0]
        strangers = set(OWNER.findall(mail["text"] + mail["subject"])) - {who}
        if strangers:
            broken.append(Broken("nobody sees another's data", mail["t"], f"{who}: {strangers}"))
        for before in seen[mail["message_id"]][-1:]:
            unsure = (
                facts.full_between(before["t"], mail["t"])
                or before["lost"]
                or facts.crashes(before["t"] - SECOND, before["t"] + MINUTE)
            )
            if not unsure and not _clock_near(facts, mail["t"]):
                says = f"{mail['message_id']} again, though its outcome was known"
                broken.append(Broken("a mail leaves once", mail["t"], says))
        seen[mail["message_id"]].append(mail)
    by_day: dict[tuple[str, date], set[str]] = defaultdict(set)
    for brief in briefs:
        ids = by_day[brief.who, brief.day]
        ids.add(brief.fact["message_id"])
        # Whose answer a crash swallowed asks again, and with the same key it is the same request.
        asks = facts.asks_between(brief.who, brief.t - 40 * HOUR, brief.t, of=brief.day)
        forced = sum(bool(ask["body"].get("forceRegenerate")) for ask in asks)
        # What was asked for since the backup, the restored box cannot know; nor what was told
        # ahead of its time, by a clock that was fast.
        forgotten = sum(
            span.end >= brief.t - 40 * HOUR
            and bool(
                facts.asks_between(brief.who, span.begin, brief.t)
                or facts.changed_between(brief.who, span.begin, brief.t)
                or facts.clock_wrong(span.begin - 3 * HOUR, span.end)
            )
            for span in facts.restored
            if span.end <= brief.t
        )
        more = len(ids) - forced - forgotten
        if len(ids) > 1 and more > 0 and more > _comes_by_itself(facts, brief, asks):
            says = f"{brief.who} got {len(ids)} different mails for {brief.day}"
            broken.append(Broken("one brief, one mail", brief.t, says))
        _timely(facts, brief, broken)


def _timely(facts: Facts, brief: Brief, broken: list[Broken]) -> None:
    t, who = brief.t, brief.who
    if _clock_near(facts, t):
        return
    lately = facts.preferences_between(who, t - 36 * HOUR, t)
    ends = [wall_instant(brief.day + DAY, time(0), wishes.zone) for wishes in lately]
    if ends and t > max(ends) + 10 * MINUTE and not facts.asked_by_name(who, brief.day):
        broken.append(Broken("no brief of a past day", t, f"{who} of {brief.day}"))
    now = facts.preferences_between(who, t - 3 * MINUTE, t)
    if now and not any(wishes.email for wishes in now):
        broken.append(Broken("no mail to who wants none", t, who))
    runs = _runs(lately, t, brief.day)
    before = [at for at in runs if at <= t + SECOND]
    asks = facts.asks_between(who, t - 40 * HOUR, t, of=brief.day)
    if asks:
        _as_asked(facts, brief, asks, broken, with_run=bool(before))
        return
    if not before:
        says = f"{who} got {brief.day}'s at {t:%H:%M}Z; times are {[f'{r:%d %H:%M}' for r in runs]}"
        broken.append(Broken("a brief comes at its time", t, says))
        return
    if not any(_may_come(facts, who, run, t) for run in before):
        says = f"{who}'s of {max(before):%m-%d %H:%M}Z came at {t:%H:%M:%S}Z"
        broken.append(Broken("a brief comes at its time", t, says))


def _as_asked(
    facts: Facts, brief: Brief, asks: list[Fact], broken: list[Broken], *, with_run: bool
) -> None:
    """One that was asked for comes when it was asked for, and not once that was called off."""
    t, who = brief.t, brief.who
    dues = [instant(ask["body"].get("scheduledFor", ask["box"])) for ask in asks]
    if with_run or facts.restored_since(min(dues)):
        return
    if t < min(dues) - SECOND:
        says = f"{who} got {brief.day}'s at {t:%H:%M}Z, asked for it at {min(dues):%H:%M}Z"
        broken.append(Broken("a brief comes at its time", t, says))
    for one in facts.called_off_between(who, asks[0]["t"], t - 2 * SECOND):
        if one["sure"] and one["answer"] and one["answer"].get("day") == brief.day.isoformat():
            if len(asks) == 1 and one["t"] > asks[0]["until"]:
                says = f"{who} of {brief.day}, called off at {one['t']:%H:%M:%S}Z"
                broken.append(Broken("what was called off does not come", t, says))


def _comes_by_itself(facts: Facts, brief: Brief, asks: list[Fact]) -> bool:
    """Whether one of that day was due anyway, or was asked for as it is."""
    if not all(ask["body"].get("forceRegenerate") for ask in asks):
        return True
    lately = facts.preferences_between(brief.who, brief.t - 36 * HOUR, brief.t)
    return bool(_runs(lately, brief.t, brief.day))


def _runs(lately: list[Wishes], t: datetime, of: date) -> list[datetime]:
    """When that day's brief is due by those wishes, around `t`."""
    return [
        at
        for wishes in lately
        for at, day in runs_of(wishes, t - 30 * HOUR, t + 3 * HOUR)
        if day == of
    ]


def _may_come(facts: Facts, who: str, run: datetime, t: datetime) -> bool:
    """Whether a brief of that run may still arrive at `t`."""
    begin, end = run - 130 * MINUTE, run + HOUR + MINUTE
    if facts.up_between(begin, end) <= timedelta(0):
        return False  # missed by more than an hour: skipped, not made good
    if t <= run + 10 * MINUTE:
        return True
    return bool(
        facts.crashes(run - 2 * HOUR, t)
        or facts.ill(run - HOUR, t, "model", *MAIL_WAYS)
        or facts.unsettled(who, run - 30 * HOUR, t)
    )


def _missing_briefs(facts: Facts, briefs: list[Brief], broken: list[Broken]) -> None:
    got: dict[tuple[str, date], list[datetime]] = defaultdict(list)
    for brief in briefs:
        got[brief.who, brief.day].append(brief.t)
    for who, history in facts.revisions.items():
        for index, revision in enumerate(history):
            last = index + 1 == len(history)
            over = facts.end if last else history[index + 1].asked
            wishes = revision.wishes
            if not wishes.email:
                continue
            for run, day in runs_of(wishes, revision.since + 5 * MINUTE, over - 20 * MINUTE):
                late = _due_by(facts, who, run)
                if late is None or late > facts.end - MINUTE or late > over - MINUTE:
                    continue
                over_at = wall_instant(day + DAY, time(0), wishes.zone)
                if late >= over_at - MINUTE and any(
                    facts.troubles(way, run - 65 * MINUTE, late) for way in MAIL_WAYS
                ):
                    continue  # all was well again when the day was over, or nearly
                if late >= over_at and facts.crashes(run - 70 * MINUTE, over_at):
                    continue  # back when the day was over: no brief of a past day
                if not any(t <= late for t in got[who, day]) and not _excused(facts, who, run, day):
                    says = f"{who} did not get {day}'s, due {run:%m-%d %H:%M}Z, by {late:%H:%M}Z"
                    broken.append(Broken("every brief comes", late, says))


def _after_troubles(
    facts: Facts, ways: tuple[str, ...], begin: datetime, late: datetime, catches_up: timedelta
) -> datetime:
    """`late`, or as long after the providers' troubles as the box may take to notice their end."""
    while True:
        ends = [span.end for way in ways for span in facts.troubles(way, begin, late)]
        later = max([late, *(end + catches_up for end in ends)])
        if later == late:
            return late
        late = later


def _after_crashes(facts: Facts, begin: datetime, late: datetime) -> datetime:
    """`late`, or as long after the last crash as what was lost may wait to be done again."""
    while True:
        downs = facts.downs(begin, late)
        waits = 12 * MINUTE if len(downs) == 1 else LOSSES_CATCH_UP
        later = max([late, *(span.end + waits for span in downs)])
        if later == late:
            return late
        late = later


def _due_by(facts: Facts, who: str, run: datetime) -> datetime | None:
    """By when the brief must be there; None if something nearby excuses its absence."""
    begin = run - 70 * MINUTE
    late = _after_crashes(facts, begin, run + 10 * MINUTE)
    crashes = facts.crashes(begin, late)
    if crashes and max(span.end for span in facts.downs(begin, late)) > run + 50 * MINUTE:
        return None
    late = _after_troubles(facts, MAIL_WAYS, run - 65 * MINUTE, late, RELAY_CATCHES_UP)
    if facts.ill(run - 65 * MINUTE, late, "model"):
        return None
    if facts.crashes(begin, late) > crashes:
        return None
    if any(span.end >= run - 70 * MINUTE and span.begin <= late for span in facts.restored):
        return None
    return None if facts.unsettled(who, run - 3 * HOUR, late) else late


def _excused(facts: Facts, who: str, run: datetime, day: date) -> bool:
    """The day's brief was made on demand, and its mail was not wanted or went down with trouble."""
    if facts.asks_between(who, run - 40 * HOUR, run + HOUR, of=day):
        return True
    if any("brief" in one["do"] for one in facts.called_off_between(who, run - 2 * HOUR, run + HOUR)):
        return True
    # In another zone the same calendar day had its brief already, perhaps without a mail.
    earlier = facts.preferences_between(who, run - 40 * HOUR, run - SECOND)
    return len({(w.zone, w.time_of_day, w.email) for w in earlier}) > 1


def _clock_near(facts: Facts, t: datetime) -> bool:
    return facts.clock_wrong(t - 3 * HOUR, t + 3 * HOUR)


@dataclass
class Reminder:
    who: str
    event: str
    start: datetime
    t: datetime


def _reminders(facts: Facts, broken: list[Broken]) -> list[Reminder]:
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
        if t > start + grace + SECOND and not _clock_near(facts, t):
            why = f"began at {start:%m-%d %H:%M}Z"
            continue
        zones = {w.zone for w in facts.preferences_between(who, t - 5 * MINUTE, t)}
        walls = {f"{local(start, zone):%H:%M}" for zone in zones}
        if said is None or said[1] not in walls:
            why = f"is at {walls}"
            continue
        return Reminder(who, name, start, t)
    if not _clock_near(facts, t):
        broken.append(Broken("a reminder is true", t, f"{name} {why}: {sms['body']!r} to {who}"))
    return None


def _missing_reminders(facts: Facts, reminders: list[Reminder], broken: list[Broken]) -> None:
    sent = {(one.event, one.start) for one in reminders}
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
            due = _due(facts, event["userId"], start, version.since, over)
            if due is None or (name, start) in sent:
                continue
            who = event["userId"]
            limit = min(w.limit for w in facts.preferences_between(who, due - DAY, due))
            if counts[who, due.date()] >= limit or _may_be_called_off(facts, who, name, start):
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
) -> datetime | None:
    """When the reminder had to be sent; None if none was owed, or its absence is excused."""
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
        if late > min(start, over) or facts.crashes(due, late) > crashes:
            return None
    if late > start + (0 if wishes.lead else 3) * MINUTE:
        return None
    if any(span.end >= due - 26 * HOUR and span.begin <= late for span in facts.restored):
        return None
    if facts.shut(min(begin, midnight), late, "default"):
        return None
    if any(facts.troubles(way, begin, late) for way in SMS_WAYS):
        late = _after_troubles(facts, SMS_WAYS, begin, late, TWILIO_CATCHES_UP)
        if late > min(start - 2 * MINUTE, over, facts.end) or _disturbs(wishes, due, late):
            return None
        if facts.crashes(begin, late) > crashes:
            return None
    if facts.ill(midnight, midnight + 20 * MINUTE) or facts.ill(begin, late):
        return None
    return None if facts.unsettled(who, known - 26 * HOUR, late) else due


def _disturbs(wishes: Wishes, begin: datetime, end: datetime) -> bool:
    """Whether quiet hours, or another day with its own limit, begin between the two."""
    if local(begin, wishes.zone).date() != local(end, wishes.zone).date():
        return True
    minutes = range(int((end - begin) / MINUTE) + 2)
    walls = (local(begin + n * MINUTE, wishes.zone).time() for n in minutes)
    return any(in_quiet(wishes.quiet, wall) for wall in walls)


def _limits(facts: Facts, broken: list[Broken]) -> None:
    numbers = {
        revision.wishes.number: who
        for who, history in facts.revisions.items()
        for revision in history
    }
    counts: Counter[tuple[str, date]] = Counter()
    for sms in facts.sms:
        who, t = numbers.get(sms["to"], "?"), sms["t"]
        lately = facts.preferences_between(who, t - DAY, t)
        if len({w.zone for w in lately}) != 1 or _clock_near(facts, t):
            continue
        day = local(t, lately[0].zone).date()
        # What left after a backup that is put back, the restored box cannot count.
        counts[who, day] += not any(span.begin <= t <= span.end for span in facts.restored)
        most = max(w.limit for w in lately)
        if counts[who, day] > most:
            says = f"{who} got {counts[who, day]} on {day}, wants {most} at most"
            broken.append(Broken("the daily limit holds", t, says))
