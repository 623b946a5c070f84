"""The user name and password of a calendar's server, sealed as they lie in the feed's row."""

from buildos_box.auth.sealing import CannotUnseal, seal, unseal
from buildos_box.calendars.feeds.fetch import FeedFault, Login
from buildos_box.calendars.feeds.store import Feed


def sealed(secret: bytes, feed_id: str, password: str) -> str:
    """A password as it is stored; it can be opened for that feed only."""
    return seal(secret, _place(feed_id), password)


def login_of(secret: bytes, feed: Feed) -> Login | None:
    """What to sign in with; None if the feed needs nothing. Raises FeedFault if it is lost."""
    if feed.username is None or feed.sealed_password is None:
        return None
    try:
        return Login(feed.username, unseal(secret, _place(feed.id), feed.sealed_password))
    except CannotUnseal:
        raise FeedFault(
            "the stored password was sealed with another secret.key; give it again"
        ) from None


def _place(feed_id: str) -> str:
    return f"calendar_feeds.sealed_password {feed_id}"
