"""What this room does when something below it changes, in the same transaction."""

from buildos_box.services import Services


def listen(box: Services) -> None:
    """Subscribe to changes below."""
