"""Briefs by mail: of their day, at their time, once, and to all to whom they are owed."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.simulation.facts import Fact, Facts, Span
from tests.simulation.grace_periods import (
    LOSSES_CATCH_UP,
    MAIL_WAYS,
    RELAY_CATCHES_UP,
    after_troubles,
    clock_near,
)
from tests.simulation.preferences import Wishes, runs_of
from tests.simulation.violations import Broken
from tests.simulation.wall_time import DAY, HOUR, MINUTE, SECOND, instant, wall_instant

HEADING = re.compile(r"[A-Z][a-z]+day, ([A-Z][a-z]+ \d{1,2}, \d{4})\b")
"""How the text of a brief begins."""
OWNER = re.compile(r"owner-(u\d\d)")


@dataclass
class Brief:
    """A brief's mail as it arrived: whose, of which day."""

    who: str
    day: date
    t: datetime
    fact: Fact


def day_named(text: str) -> date:
    """`October 23, 2024` as a day."""
    return datetime.strptime(f"{text} +0000", "%B %d, %Y %z").date()


def briefs_of(facts: Facts, broken: list[Broken]) -> list[Brief]:
    found = []
    for mail in facts.mails:
        who = mail["to"].partition("@")[0]
        named = HEADING.match(mail["text"])
        if named is None:
            continue
        day = day_named(named[1])
        if abs(day - mail["t"].date()) > 5 * DAY:
            broken.append(Broken("brief of a day at hand", mail["t"], mail["subject"]))
            continue
        found.append(Brief(who, day, mail["t"], mail))
    return found


def mails(facts: Facts, briefs: list[Brief], broken: list[Broken]) -> None:
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
            known = facts.recorded_between(mail["message_id"], before["t"], mail["t"])
            if (known or not unsure) and not clock_near(facts, mail["t"]):
                says = f"{mail['message_id']} again, though its outcome was known"
                broken.append(Broken("a mail leaves once", mail["t"], says))
        seen[mail["message_id"]].append(mail)
    by_day: dict[tuple[str, date], set[str]] = defaultdict(set)
    for brief in briefs:
        ids = by_day[brief.who, brief.day]
        _newest(facts, brief, ids, broken)
        ids.add(brief.fact["message_id"])
        # Whose answer a crash swallowed asks again, and with the same key it is the same request.
        # By a clock that was set back, what was asked before may have been asked later.
        until = brief.t + 2 * HOUR if clock_near(facts, brief.t) else brief.t
        # A day lasts up to fifty hours for who moves from the first zone to the last.
        asks = facts.asks_between(brief.who, brief.t - 3 * DAY, until, of=brief.day)
        forced = sum(bool(ask["body"].get("forceRegenerate")) for ask in asks)
        # What was asked for since the backup, the restored box cannot know; nor what was told
        # ahead of its time, by a clock that was fast; nor that one asked for by hand, which was
        # due before the restore, has left: the day's own comes at its time.
        forgotten = sum(
            span.end >= brief.t - 40 * HOUR
            and bool(
                (asks and any(_left_in(one, brief, span) for one in briefs))
                or facts.asks_between(brief.who, span.begin, brief.t)
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


def _newest(facts: Facts, brief: Brief, ids: set[str], broken: list[Broken]) -> None:
    """Ids sort by time: a version older than one that has arrived is no longer sent."""
    name = brief.fact["message_id"]
    newer = max(ids, default="") > name
    if newer and not clock_near(facts, brief.t) and not facts.restored_since(brief.t - DAY):
        says = f"{name} to {brief.who} after {max(ids)}"
        broken.append(Broken("an old version is not mailed", brief.t, says))


def _timely(facts: Facts, brief: Brief, broken: list[Broken]) -> None:
    t, who = brief.t, brief.who
    if clock_near(facts, t):
        return
    lately = facts.preferences_between(who, t - 36 * HOUR, t)
    ends = [wall_instant(brief.day + DAY, time(0), wishes.zone) for wishes in lately]
    if ends and t > max(ends) + 10 * MINUTE and not facts.asked_by_name(who, brief.day):
        broken.append(Broken("no brief of a past day", t, f"{who} of {brief.day}"))
    now = facts.preferences_between(who, t - 3 * MINUTE, t)
    if now and not any(wishes.email for wishes in now):
        broken.append(Broken("no mail to who wants none", t, who))
    runs = _runs(facts, who, lately, t, brief.day)
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
        of_it = (one["answer"] or {}).get("day") == brief.day.isoformat()
        if one["sure"] and of_it and len(asks) == 1 and one["t"] > asks[0]["until"]:
            says = f"{who} of {brief.day}, called off at {one['t']:%H:%M:%S}Z"
            broken.append(Broken("what was called off does not come", t, says))


def _left_in(one: Brief, brief: Brief, span: Span) -> bool:
    """Whether that mail was of the same day of the same person, and left in that time."""
    return (one.who, one.day) == (brief.who, brief.day) and span.begin <= one.t <= span.end


def _comes_by_itself(facts: Facts, brief: Brief, asks: list[Fact]) -> bool:
    """Whether one of that day was due anyway, or was asked for as it is."""
    if not all(ask["body"].get("forceRegenerate") for ask in asks):
        return True
    lately = facts.preferences_between(brief.who, brief.t - 36 * HOUR, brief.t)
    return bool(_runs(facts, brief.who, lately, brief.t, brief.day))


def _runs(facts: Facts, who: str, lately: list[Wishes], t: datetime, of: date) -> list[datetime]:
    """When that day's brief is due by those wishes, around `t`; never if it tells nothing."""
    if who not in facts.keepers:
        return []
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
        or facts.unfinished(who, run - 30 * HOUR, t)
    )


def missing_briefs(facts: Facts, briefs: list[Brief], broken: list[Broken]) -> None:
    got: dict[tuple[str, date], list[datetime]] = defaultdict(list)
    for brief in briefs:
        got[brief.who, brief.day].append(brief.t)
    for who, history in facts.revisions.items():
        if who not in facts.keepers:
            continue
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
                if not any(t <= late for t in got[who, day]) and not _excused(
                    facts, who, run, late, day
                ):
                    says = f"{who} did not get {day}'s, due {run:%m-%d %H:%M}Z, by {late:%H:%M}Z"
                    broken.append(Broken("every brief comes", late, says))


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
    late = after_troubles(facts, MAIL_WAYS, run - 65 * MINUTE, late, RELAY_CATCHES_UP)
    if facts.ill(run - 65 * MINUTE, late, "model"):
        return None
    if facts.crashes(begin, late) > crashes:
        return None
    if any(span.end >= run - 70 * MINUTE and span.begin <= late for span in facts.restored):
        return None
    return None if facts.unfinished(who, run - 3 * HOUR, late) else late


def _excused(facts: Facts, who: str, run: datetime, late: datetime, day: date) -> bool:
    """The day's brief was made on demand, and its mail was not wanted or went down with trouble."""
    if facts.asks_between(who, run - 40 * HOUR, run + HOUR, of=day):
        return True
    called_off = facts.called_off_between(who, run - 2 * HOUR, max(late, run + HOUR))
    if any("brief" in one["do"] for one in called_off):
        return True
    # In another zone the same calendar day had its brief already, perhaps without a mail.
    earlier = facts.preferences_between(who, run - 40 * HOUR, run - SECOND)
    return len({(w.zone, w.time_of_day, w.email) for w in earlier}) > 1
