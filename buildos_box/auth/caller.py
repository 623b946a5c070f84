"""The caller of a request, and what they may do."""

from dataclasses import dataclass

from buildos_box.auth.tokens import ADMIN, API, SERVICE, SESSION, USER_PREFIX, VIEWER
from buildos_box.clock import Instant
from buildos_box.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a valid credential."""

    scope: str
    token_id: str
    """The token itself, or the one that the link or ticket was made with."""
    name: str
    kind: str = API
    expires_at: Instant | None = None

    @property
    def is_admin(self) -> bool:
        """May do everything."""
        return self.scope == ADMIN

    @property
    def is_service(self) -> bool:
        """May act for every user (the frontend's server), or is an admin.

        A viewer passes too: `Authenticator` lets it only read.
        """
        return self.scope in (ADMIN, SERVICE, VIEWER)

    @property
    def is_session(self) -> bool:
        """Whether it is the users' page that asks, with its cookie."""
        return self.kind == SESSION

    @property
    def may_act(self) -> bool:
        """Whether it may change anything."""
        return self.scope != VIEWER

    @property
    def limit_key(self) -> str:
        """What its requests are counted under: all credentials of one user count together."""
        return self.scope if self.only_user is not None else self.token_id

    @property
    def actor(self) -> str:
        """The caller's name in audit trails."""
        return f"{self.scope} ({self.name})"

    @property
    def only_user(self) -> str | None:
        """The only user whose data this caller may see; None for those who may see all."""
        return None if self.is_service else self.scope.removeprefix(USER_PREFIX)

    def require_user(self, user_id: str) -> None:
        """Allow only that user, the service or an admin. Raises NotFound, as for
        an unknown user.
        """
        if not self.is_service and self.scope != f"{USER_PREFIX}{user_id}":
            raise NotFound(f"there is no user {user_id}")

    def require_service(self) -> None:
        """Allow only the service or an admin. Raises Forbidden."""
        if not self.is_service:
            raise Forbidden("this needs a token with scope service or admin")

    def require_admin(self) -> None:
        """Allow only an admin. Raises Forbidden."""
        if not self.is_admin:
            raise Forbidden("this needs a token with scope admin")
