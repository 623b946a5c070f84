"""What a brief says before it is opened: subject, preview line and SMS.

The rules: docs/spec.md#brief-subject.
"""

from buildos_box.briefs import words
from buildos_box.briefs.actions import actions, project_to_decide
from buildos_box.briefs.agenda import span_of
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.formatting import short_day, spoken_time
from buildos_box.briefs.text import name, shorten
from buildos_box.briefs.timeline import load, meetings_ahead
from buildos_box.sms.text import plain, segments

SUBJECT_CHARS = 60
PREHEADER_CHARS = 140
SMS_SEGMENTS = 2
_LONGEST_IN_SMS = 60
_SHORTEST_IN_SMS = 8


def subject(facts: DayFacts) -> str:
    """`Send the contract · first meeting 9:30`: one line of at most 60 characters."""
    action, meeting = _action(facts), _meeting(facts)
    day = short_day(facts.brief_date)
    if facts.is_empty:
        return words.SUBJECT_NOTHING_PLANNED.format(day=day)
    if action and meeting:
        return _fitted(words.SUBJECT_BOTH, "action", action, time=meeting[0])
    if action:
        return _fitted(words.SUBJECT_ACTION, "action", action)
    if meeting:
        return _fitted(words.SUBJECT_MEETING, "event", meeting[1], time=meeting[0])
    return words.SUBJECT_NOTHING_DUE.format(day=day)


def preheader(facts: DayFacts) -> str:
    """The next most useful line after the subject: the other actions, else the load of the day."""
    others = [name(action.task.title, 60) for action in actions(facts)[1:]]
    if facts.is_empty:
        text = words.NOTHING[0]
    elif len(others) > 1:
        text = words.THEN_TWO.format(first=others[0], second=others[1])
    elif others:
        text = words.THEN_ONE.format(first=others[0])
    else:
        text = load(facts)
    return shorten(text, PREHEADER_CHARS)


def sms(facts: DayFacts, *, sender: str, url: str) -> str:
    """The top action, the first meeting and the link, in two segments at most."""
    action, meeting = _action(facts), _meeting(facts)
    time, event = meeting or ("", "")
    text = words.SMS_NOTHING
    if action and meeting:
        text = words.SMS_BOTH
    elif action:
        text = words.SMS_ACTION
    elif meeting:
        text = words.SMS_EVENT
    known = {"action": plain(action), "event": plain(event)}
    said = ""
    for chars in range(_LONGEST_IN_SMS, _SHORTEST_IN_SMS - 1, -4):
        short = {key: shorten(value, chars) for key, value in known.items()}
        said = plain(text.format(sender=sender, url=url, time=time, **short), links=True)
        if segments(said) <= SMS_SEGMENTS:
            break
    return said


def _action(facts: DayFacts) -> str:
    """What to do first, as plain text; empty if there is nothing."""
    found = actions(facts)
    if found:
        return name(found[0].task.title)
    project = project_to_decide(facts)
    return name(project.name) if project else ""


def _meeting(facts: DayFacts) -> tuple[str, str] | None:
    """When the first meeting ahead begins, and its title."""
    ahead = meetings_ahead(facts)
    if not ahead:
        return None
    return spoken_time(span_of(ahead[0])[0], facts.zone), name(ahead[0].title)


def _fitted(text: str, field: str, value: str, **more: str) -> str:
    """The text with the value shortened so that all of it fits a subject."""
    room = SUBJECT_CHARS - len(text.format(**{field: ""}, **more))
    return text.format(**{field: shorten(value, room)}, **more)
