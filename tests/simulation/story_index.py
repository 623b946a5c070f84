"""Sorts a story out: it reads the story's lines and knows nothing of the product."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tests.simulation.facts import Fact, Facts, Revision, Span, Version
from tests.simulation.preferences import Wishes
from tests.simulation.wall_time import FOREVER, SECOND, instant


@dataclass
class Kept:
    """What a backup holds, by what had been acknowledged before it, whatever the clock said."""

    made: datetime
    wishes: dict[str, Wishes]
    tasks: dict[str, Fact | None]
    events: dict[str, Fact | None]
    answers: list[Fact]


def _stopped(wishes: dict[str, Wishes], number: str) -> bool:
    """Whether the box has been told STOP: by the order of things, whatever its clock says."""
    return any(one.number == number and one.stopped and not one.unsure for one in wishes.values())


def gather(story: Iterable[Fact], *, until: datetime = FOREVER) -> Facts:
    """Sort the story out, as far as it has been told (`until`)."""
    facts = Facts(end=until)
    wishes: dict[str, Wishes] = defaultdict(Wishes)
    asked: dict[int, datetime] = {}
    who_asked: dict[int, str] = {}
    began: dict[str, datetime] = {}
    kept: Kept | None = None
    answered = {fact["n"] for fact in story if fact["what"] in ("acked", "refused")}
    for fact in story:
        at = instant(fact["box"])
        facts.begin = min(facts.begin, at)
        match fact["what"]:
            case "mail":
                facts.mails.append({**fact, "t": at})
            case "sms":
                facts.sms.append({**fact, "t": at, "stopped": _stopped(wishes, fact["to"])})
            case "good_answer_refused":
                facts.refused_answers.append({**fact, "t": at})
            case "sms_refused":
                stopped = _stopped(wishes, fact["to"])
                facts.refused_sms.append({**fact, "t": at, "stopped": stopped})
                for who, before in list(wishes.items()):
                    if before.number == fact["to"] and not before.stopped:
                        # Twilio says that this number has told it STOP: now the box knows too.
                        wishes[who] = replace(before, stopped=True, unsure=False)
                        facts.revisions[who].append(Revision(at, at + SECOND, wishes[who]))
            case "asked":
                asked[fact["n"]], who_asked[fact["n"]] = at, fact["who"]
                if fact["do"] == "brief":
                    facts.asks[fact["who"]].append({**fact, "t": at, "until": FOREVER, "day": None})
                elif fact["do"].startswith("call_off"):
                    unsure = {**fact, "t": at, "until": FOREVER, "answer": None, "sure": False}
                    facts.called_off[fact["who"]].append(unsure)
                elif fact["do"] == "word" and fact["n"] not in answered:
                    wishes[fact["who"]] = replace(wishes[fact["who"]], unsure=True)
                    facts.revisions[fact["who"]].append(Revision(at, at, wishes[fact["who"]]))
            case "acked":
                since = asked.pop(fact["n"])
                if fact["do"] == "brief":
                    for ask in facts.asks[fact["who"]]:
                        if ask["n"] == fact["n"]:
                            ask["until"] = at
                            if not any(since <= span.end <= at for span in facts.restored):
                                ask["day"] = fact["answer"]["day"]
                for one in facts.called_off[fact["who"]]:
                    if one["n"] == fact["n"]:
                        one |= {"until": at, "answer": fact["answer"], "sure": at - since < SECOND}
                if at - since > SECOND:
                    facts.open_deeds[fact["who"]].append(Span(since, at))
                _learn(facts, wishes, fact, since, at)
            case "refused":
                asked.pop(fact["n"], None)
                whose = who_asked[fact["n"]]
                for ask in facts.asks[whose] + facts.called_off[whose]:
                    if ask["n"] == fact["n"]:
                        ask["until"] = at
            case "called_back":
                facts.called_back[fact["sid"]].append((at, fact["status"]))
            case "trouble":
                key = f"trouble {fact['provider']}"
                if fact["mode"] == "well":
                    _close(facts.trouble[fact["provider"]], began, key, at)
                else:
                    began.setdefault(key, at)
            case "down" | "stopping":
                began.setdefault("down", at)
            case "up":
                _close(facts.down, began, "down", at)
            case "recorded":
                for name in fact["mails"]:
                    facts.recorded[name].append(at)
            case "disk_full":
                if fact["on"]:
                    began.setdefault("disk", at)
                else:
                    _close(facts.disk, began, "disk", at)
            case "clock":
                true = instant(fact["at"])
                facts.clock.append(Span(min(at, true), max(at, true)))
            case "backed_up":
                answers = list(facts.answers)
                kept = Kept(at, dict(wishes), dict(facts.tasks), _last(facts), answers)
            case "restored":
                assert kept is not None
                _turn_back(facts, wishes, at, kept)
            case "end":
                facts.end = at
    for key, since in began.items():
        spans = {"down": facts.down, "disk": facts.disk}.get(key)
        (facts.trouble[key[8:]] if spans is None else spans).append(Span(since, facts.end))
    for number, since in asked.items():
        facts.open_deeds[who_asked[number]].append(Span(since, FOREVER))
    _join_clocks(facts)
    return facts


def _last(facts: Facts) -> dict[str, Fact | None]:
    return {name: history[-1].event for name, history in facts.events.items()}


def _turn_back(
    facts: Facts,
    wishes: dict[str, Wishes],
    at: datetime,
    kept: Kept,
) -> None:
    """All is again as it was when the backup was made; what was acknowledged since is gone."""
    made = kept.made
    facts.restored.append(Span(made, at))
    for who in wishes:
        old = kept.wishes.get(who, Wishes())  # nobody had told of them as yet
        if wishes[who] != old:
            wishes[who] = old
            facts.revisions[who].append(Revision(made, at, wishes[who]))
    for name, history in facts.events.items():
        if history[-1].event != kept.events.get(name):
            history.append(Version(made, at, kept.events.get(name)))
    facts.tasks = dict(kept.tasks)
    facts.answers = list(kept.answers)
    for sid, told in facts.called_back.items():
        facts.called_back[sid] = [one for one in told if one[0] <= made]


def _join_clocks(facts: Facts) -> None:
    """From the step to the step back the clock was wrong all the time."""
    joined = []
    for index in range(0, len(facts.clock), 2):
        pair = facts.clock[index : index + 2]
        last = pair[-1].end if len(pair) == 2 else facts.end
        joined.append(Span(min(s.begin for s in pair), max(last, pair[0].end)))
    facts.clock = joined


def _close(spans: list[Span], began: dict[str, datetime], key: str, at: datetime) -> None:
    since = began.pop(key, None)
    if since is not None:
        spans.append(Span(min(since, at), max(since, at)))


def _learn(
    facts: Facts, wishes: dict[str, Wishes], fact: Fact, asked: datetime, at: datetime
) -> None:
    who, body = fact["who"], fact["body"]
    before = wishes[who]
    values = dict(before.__dict__)
    match fact["do"]:
        case "brief":
            facts.answers.append({**fact, "t": at})
            return
        case "word":
            values |= {"stopped": body["Body"] == "STOP", "unsure": False}
        case "sms_preferences":
            quiet = (body["quiet_hours_start"], body["quiet_hours_end"])
            values |= {
                "reminders": body.get("enabled", before.reminders),
                "lead": body["lead_time_minutes"],
                "limit": body["daily_limit"],
                "quiet": quiet if quiet[0] is not None else None,
                "number": body.get("phone_number", before.number),
            }
        case "sync":
            for user in body.get("users", ()):
                values["zone"] = user["timezone"]
            for wanted in body.get("preferences", ()):
                values |= {
                    "has_preferences": True,
                    "active": wanted["isActive"],
                    "frequency": wanted["frequency"],
                    "day_of_week": wanted.get("dayOfWeek", before.day_of_week),
                    "days": tuple(wanted.get("days", before.days)),
                    "time_of_day": wanted["timeOfDay"],
                    "email": wanted["emailDailyBrief"],
                }
            if body.get("projects"):
                facts.keepers.add(who)
            for event in body.get("events", ()):
                facts.events[event["id"]].append(Version(asked, at, event))
            for task in body.get("tasks", ()):
                facts.tasks[task["id"]] = task
            deleted = body.get("delete", {})
            for name in deleted.get("events", ()):
                facts.events[name].append(Version(asked, at, None))
            for name in deleted.get("tasks", ()):
                facts.tasks[name] = None
    after = Wishes(**values)
    if after != before:
        wishes[who] = after
        facts.revisions[who].append(Revision(asked, at, after))
