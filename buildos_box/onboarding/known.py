"""What is known of a user who wrote nothing about themselves: their projects and open tasks."""

from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.onboarding.model import MOST_ITEM_CHARS, MOST_ITEMS, MOST_NAME_CHARS, UserContext
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User


def known_context(tx: Tx, user: User) -> UserContext:
    """The user's projects as text and their tasks as goals.

    Raises Unprocessable (`userContext`) if the user has neither.
    """
    projects, tasks = workspace.active_work(tx, user.id, MOST_ITEMS)
    if not projects and not tasks:
        raise Unprocessable.field(
            "userContext", "is required: nothing is known of this user, who has no project"
        )
    return UserContext(
        name=user.name[:MOST_NAME_CHARS],
        goals=[title[:MOST_ITEM_CHARS] for title in tasks],
        input_projects="\n".join(name[:MOST_ITEM_CHARS] for name in projects) or None,
    )
