"""A write that means nothing, to prove that the database takes one."""

from buildos_box.db.tx import Tx


def beat(tx: Tx) -> None:
    """Write something."""
    tx.execute("UPDATE heartbeat SET beats = beats + 1")
