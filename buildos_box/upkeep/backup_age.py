"""How old the newest backup may be before somebody is told."""

from datetime import timedelta

OLDEST_BACKUP = timedelta(days=2)
