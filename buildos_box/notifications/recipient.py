"""Whom a notification goes to, read once in a transaction, and over which channels it goes."""

from functools import cached_property

from buildos_box.chat import store as chat_store
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError
from buildos_box.notifications import preferences_store, store
from buildos_box.notifications.preferences import NotificationPreferences
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Person, User

NO_SUBSCRIPTION = "no push subscription"
NO_ADDRESS = "no chat address"


class Recipient:
    """A user as one transaction knows them; each part is read when it is needed first."""

    def __init__(self, tx: Tx, user_id: str, person: Person | None = None) -> None:
        """`person` is the user if the transaction has read them already."""
        self._tx = tx
        self._person = person
        self.user_id = user_id

    @cached_property
    def person(self) -> Person | None:
        """The user with their preferences; None if they were deleted."""
        return self._person or workspace.find_person(self._tx, self.user_id)

    @property
    def user(self) -> User:
        """The user. Raises PermanentError (`unknown_user`) if they were deleted."""
        if self.person is None:
            raise PermanentError("its user no longer exists", code="unknown_user")
        return self.person.user

    @cached_property
    def _settings(self) -> tuple[NotificationPreferences, bool]:
        return preferences_store.find_settings(self._tx, self.user_id)

    @property
    def wanted(self) -> NotificationPreferences:
        """What they want to be notified of, and how."""
        return self._settings[0]

    @cached_property
    def has_chat(self) -> bool:
        """Whether they have confirmed a chat address."""
        return chat_store.address(self._tx, self.user_id) is not None

    @property
    def has_browser(self) -> bool:
        """Whether a browser of theirs takes push messages."""
        return self._settings[1]

    def why_unreachable(self, channel: str) -> str | None:
        """Why push or chat cannot reach the user at all; None if it can."""
        if channel == "push" and not self.has_browser:
            return NO_SUBSCRIPTION
        return NO_ADDRESS if channel == "chat" and not self.has_chat else None


class Addressed:
    """A notification of which deliveries are added in one transaction."""

    def __init__(
        self, tx: Tx, notification: Row, recipient: Recipient | None = None, *, is_new: bool = False
    ) -> None:
        """`is_new` says that it has no delivery yet."""
        self._has_deferred = False
        self._tx = tx
        self.row = notification
        self.recipient = recipient or Recipient(tx, notification["user_id"])
        self._channels: set[str] | None = set() if is_new else None

    @property
    def channels(self) -> frozenset[str]:
        """The channels that have a delivery."""
        if self._channels is None:
            self._tx.flush()  # deliveries of this commit may wait to be inserted
            self._channels = store.channels_of(self._tx, self.row["id"])
        return frozenset(self._channels)

    def note(self, channel: str, *, deferred: bool = False) -> None:
        """A delivery over that channel was added; a deferred one is inserted before the commit."""
        self._has_deferred |= deferred
        if self._channels is not None:
            self._channels.add(channel)

    def keep_order(self) -> None:
        """Let a delivery that is inserted now come after those that were added before it."""
        if self._has_deferred:
            self._tx.flush()
            self._has_deferred = False
