"""The user name and password of a calendar's server, encrypted in the feed's row."""

from buildos_box.auth.sealing import CannotUnseal, seal, unseal
from buildos_box.calendars.feeds.fetch import FeedFault, Login
from buildos_box.calendars.feeds.store import Feed


def sealed(secret: bytes, feed_id: str, password: str) -> str:
    """The encrypted password as it is stored; it can only be decrypted for the same feed."""
    return seal(secret, _place(feed_id), password)


def login_of(secret: bytes, feed: Feed) -> Login | None:
    """The feed's login; None if it has none.

    Raises FeedFault if the password cannot be decrypted with the current secret.key.
    """
    if feed.username is None or feed.sealed_password is None:
        return None
    try:
        return Login(feed.username, unseal(secret, _place(feed.id), feed.sealed_password))
    except CannotUnseal:
        raise FeedFault(
            "the stored password was encrypted with another secret.key; give it again"
        ) from None


def _place(feed_id: str) -> str:
    return f"calendar_feeds.sealed_password {feed_id}"
