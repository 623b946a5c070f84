"""The password of an account, encrypted in its row."""

from buildos_box.auth.sealing import CannotUnseal, seal, unseal
from buildos_box.calendars.caldav.dav_client import LoginRefused
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.feeds.fetch import Login


def sealed(secret: bytes, account_id: str, password: str) -> str:
    """The encrypted password as it is stored; it can only be decrypted for the same account."""
    return seal(secret, _place(account_id), password)


def login_of(secret: bytes, account: Account) -> Login:
    """The account's login.

    Raises LoginRefused if the password cannot be decrypted with the current secret.key.
    """
    try:
        password = unseal(secret, _place(account.id), account.sealed_password)
    except CannotUnseal:
        raise LoginRefused(
            "the stored password was encrypted with another secret.key; give it again"
        ) from None
    return Login(account.username, password)


def _place(account_id: str) -> str:
    return f"caldav_accounts.sealed_password {account_id}"
