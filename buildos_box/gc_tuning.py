"""How often the process looks for garbage that only a collector finds."""

import gc


def disable_during_start() -> None:
    """Do not look while the process starts: all that is loaded stays."""
    gc.disable()


def freeze_after_start() -> None:
    """Call once all is loaded and open: what lives now lives for as long as the process.

    A job makes and drops hundreds of objects and nearly no cycles; with Python's own thresholds
    a twentieth of the queue's time goes into looking through all that was loaded at the start.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()
