"""The passwords of calendars' servers, encrypted in the rows that they belong to."""

from buildos_box.auth.sealing import CannotUnseal, seal, unseal

FEEDS = "calendar_feeds"
ACCOUNTS = "caldav_accounts"
"""The tables that hold them."""
OTHER_KEY = "the stored password was encrypted with another secret.key; give it again"


def seal_password(secret: bytes, table: str, row_id: str, password: str) -> str:
    """The encrypted password as it is stored; it can only be decrypted for the same row."""
    return seal(secret, _place(table, row_id), password)


def open_password(secret: bytes, table: str, row_id: str, sealed: str) -> str | None:
    """The password; None if it cannot be decrypted with the current secret.key."""
    try:
        return unseal(secret, _place(table, row_id), sealed)
    except CannotUnseal:
        return None


def _place(table: str, row_id: str) -> str:
    return f"{table}.sealed_password {row_id}"
