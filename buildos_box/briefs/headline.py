"""What a brief says before it is opened: subject, preview line and SMS.

The rules: docs/spec.md#brief-subject.
"""

from buildos_box.briefs import texts
from buildos_box.briefs.actions import actions, project_to_decide
from buildos_box.briefs.agenda import span_of
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.text import name, shorten
from buildos_box.briefs.timeline import load, meetings_ahead
from buildos_box.locales.language import Language
from buildos_box.sms.text import plain, segments

SUBJECT_CHARS = 60
PREHEADER_CHARS = 140
SMS_SEGMENTS = 2
_LONGEST_IN_SMS = 60
_SHORTEST_IN_SMS = 8


def subject(facts: DayFacts) -> str:
    """`Send the contract · first meeting 9:30`: one line of at most 60 characters."""
    action, meeting, language = _action(facts), _meeting(facts), facts.language
    day = language.short_day(facts.brief_date)
    if facts.is_empty:
        return language.say(texts.SUBJECT_NOTHING_PLANNED, day=day)
    if action and meeting:
        return _fitted(language, texts.SUBJECT_BOTH, "action", action, time=meeting[0])
    if action:
        return shorten(action, SUBJECT_CHARS)
    if meeting:
        return _fitted(language, texts.SUBJECT_MEETING, "event", meeting[1], time=meeting[0])
    return language.say(texts.SUBJECT_NOTHING_DUE, day=day)


def preheader(facts: DayFacts) -> str:
    """The next most useful line after the subject: the other actions, else the load of the day."""
    others = [name(action.task.title, 60) for action in actions(facts)[1:]]
    if facts.is_empty:
        text = facts.language.say(texts.NOTHING[0])
    elif len(others) > 1:
        text = facts.language.say(texts.THEN_TWO, first=others[0], second=others[1])
    elif others:
        text = facts.language.say(texts.THEN_ONE, first=others[0])
    else:
        text = load(facts)
    return shorten(text, PREHEADER_CHARS)


def sms(facts: DayFacts, *, sender: str, url: str) -> str:
    """The top action, the first meeting and the link, in two segments at most."""
    action, meeting = _action(facts), _meeting(facts)
    time, event = meeting or ("", "")
    text = texts.SMS_NOTHING
    if action and meeting:
        text = texts.SMS_BOTH
    elif action:
        text = texts.SMS_ACTION
    elif meeting:
        text = texts.SMS_EVENT
    known = {"action": plain(action), "event": plain(event)}
    said = ""
    for chars in range(_LONGEST_IN_SMS, _SHORTEST_IN_SMS - 1, -4):
        short = {key: shorten(value, chars) for key, value in known.items()}
        filled = facts.language.say(text, sender=sender, url=url, time=time, **short)
        said = plain(filled, links=True)
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
    begins = span_of(ahead[0])[0]
    return facts.language.spoken_time(begins, facts.zone), name(ahead[0].title)


def _fitted(language: Language, text: str, field: str, value: str, **more: str) -> str:
    """The text with the value shortened so that all of it fits a subject."""
    room = SUBJECT_CHARS - len(language.say(text, **{field: ""}, **more))
    return language.say(text, **{field: shorten(value, room)}, **more)
