"""Mails and other deliveries as they are stored: each brief has its mail, nothing goes too soon."""

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from tests.simulation.audit_briefs import tells_nothing
from tests.simulation.facts import Facts
from tests.simulation.violations import Broken
from tests.simulation.wall_time import DAY, HOUR, MINUTE, instant, wall_instant

FRESH_FOR = DAY
"""How long a notification is of use after it is due; that of a brief until the end of its day."""


@dataclass
class Mails:
    """What the stored mails say, gathered from day to day; the story must excuse the rest."""

    versions: dict[str, dict[str, datetime]] = field(default_factory=lambda: defaultdict(dict))
    """Of each brief, when the mail of each version was written, by its Message-ID."""
    mailless: dict[str, Any] = field(default_factory=dict)
    """Briefs that were completed and have no mail of their newest version, by id."""
    expired: dict[str, Any] = field(default_factory=dict)
    """Deliveries that were given up as too old, by id."""
    doubled: dict[tuple[str, str], Broken] = field(default_factory=dict)
    """Briefs that an inbox tells of more than once, by person and tag."""

    def look(self, reading: sqlite3.Connection, since: str) -> None:
        lately = since and (instant(since) - 3 * HOUR).isoformat()
        for row in reading.execute(
            "SELECT * FROM emails WHERE kind = 'brief' AND created_at >= ?", (lately,)
        ):
            self.versions[row["brief_id"]][row["message_id"]] = instant(row["created_at"])
        for row in reading.execute(
            """SELECT * FROM daily_briefs b
                WHERE generation_status = 'completed' AND generation_completed_at >= ?
                  AND generation_started_at <= generation_completed_at
                  AND NOT EXISTS (SELECT 1 FROM emails WHERE brief_id = b.id
                                   AND created_at >= b.generation_started_at)""",
            (lately,),
        ):
            if not tells_nothing(reading, row):
                self.mailless[row["id"]] = row
        for row in reading.execute(
            """SELECT d.*, n.payload, j.completed_at, j.created_at AS asked_at
                 FROM queue_jobs j
                 JOIN notification_deliveries d ON d.id = j.metadata ->> 'deliveryId'
                 JOIN notifications n ON n.id = d.notification_id
                WHERE j.status = 'cancelled' AND j.cancel_reason = 'expired'
                  AND j.updated_at >= ?""",
            (lately,),
        ):
            self.expired[row["id"]] = row

        # What takes the place of another does so in its commit, so there is no excuse.
        for row in reading.execute(
            """SELECT user_id, tag, max(created_at) AS at FROM notifications
                WHERE event_type = 'brief.completed' AND in_inbox = 1 AND read_at IS NULL
                GROUP BY user_id, tag HAVING count(*) > 1"""
        ):
            says = f"{row['user_id']} has more than one of {row['tag']}"
            promise = "the inbox has the newest of a brief"
            self.doubled[row["user_id"], row["tag"]] = Broken(promise, instant(row["at"]), says)

    def explained(self, facts: Facts) -> list[Broken]:
        """What no wrong clock, restored backup or wish of its person excuses."""
        found = [*self._old_versions(facts), *self._mailless(facts), *self._too_soon(facts)]
        found += self.doubled.values()
        return [one for one in found if not facts.clock_wrong(one.at - 3 * HOUR, one.at + 3 * HOUR)]

    def _old_versions(self, facts: Facts) -> list[Broken]:
        """Whatever the order: once a newer one is written, an older one no longer leaves."""
        broken = []
        last = {fact["message_id"]: fact["t"] for fact in facts.mails}
        for written in self.versions.values():
            for name in written.keys() & last.keys():
                # One that was on its way to the relay then may still arrive.
                until = last[name] - MINUTE
                newer = [at for at in written.values() if written[name] < at < until]
                if newer and not facts.restored_since(min(newer)):
                    says = f"{name}, though a newer one was written at {min(newer):%H:%M:%S}Z"
                    broken.append(Broken("an old version is not mailed", last[name], says))
        return broken

    def _mailless(self, facts: Facts) -> list[Broken]:
        broken = []
        for row in self.mailless.values():
            who, at = row["user_id"], instant(row["generation_completed_at"])
            wishes = facts.preferences_between(who, at - 3 * MINUTE, at)
            if wishes and all(one.email and one.has_preferences for one in wishes):
                says = f"{who}'s of {row['brief_date']}, complete at {at:%m-%d %H:%M:%S}Z"
                broken.append(Broken("a brief is complete with its mail", at, says))
        return broken

    def _too_soon(self, facts: Facts) -> list[Broken]:
        broken = []
        for row in self.expired.values():
            who, at = row["user_id"], instant(row["completed_at"])
            asked, payload = instant(row["asked_at"]), json.loads(row["payload"])
            limit = asked + FRESH_FOR
            if row["event_type"] == "brief.completed":
                day = date.fromisoformat(payload["briefDate"])
                zones = {one.zone for one in facts.preferences_between(who, asked - DAY, at)}
                limit = min(wall_instant(day + DAY, time(0), zone) for zone in zones)
                if facts.asked_by_name(who, day):
                    continue
            if at < limit:
                says = f"{who}'s {row['event_type']} by {row['channel']}, good until {limit}"
                broken.append(Broken("nothing is stale before its time", at, says))
        return broken
