"""How long what was in trouble may take once all is well again."""

from datetime import datetime, timedelta

from tests.simulation.facts import Facts
from tests.simulation.wall_time import HOUR, MINUTE

RELAY_CATCHES_UP, TWILIO_CATCHES_UP = 17 * MINUTE, 4 * MINUTE
"""Mail is tried every 15 minutes at the latest, SMS every 2, or when Twilio says."""
LOSSES_CATCH_UP = 40 * MINUTE
"""A job that was lost again and again waits 15 minutes, and then for other suspects."""
MAIL_WAYS = ("relay", "lane email", "lane llm", "disk")
SMS_WAYS = ("twilio", "lane sms")
"""What a brief's mail, and an SMS, waits for; once it is well again they come."""


def after_troubles(
    facts: Facts, ways: tuple[str, ...], begin: datetime, late: datetime, catches_up: timedelta
) -> datetime:
    """`late`, or as long after the providers' troubles as the box may take to notice their end."""
    while True:
        ends = [span.end for way in ways for span in facts.troubles(way, begin, late)]
        later = max([late, *(end + catches_up for end in ends)])
        if later == late:
            return late
        late = later


def clock_near(facts: Facts, t: datetime) -> bool:
    return facts.clock_wrong(t - 3 * HOUR, t + 3 * HOUR)
