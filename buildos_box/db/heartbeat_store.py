"""A write without meaning, which proves that the database accepts writes."""

from buildos_box.db.tx import Tx


def beat(tx: Tx) -> None:
    """Change the heartbeat row."""
    tx.execute("UPDATE heartbeat SET beats = beats + 1")
