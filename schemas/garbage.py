"""Python's cycle collector in a process that runs for days."""

import gc

THRESHOLDS = (100_000, 20, 50)


def spare_what_stays() -> None:
    """Call when all that a process keeps is there: modules, schemas and pools are not looked through again and again.

    What is made from now on is looked through after 100,000 new objects rather than 700: a batch is thousands that live for
    a moment and are in no cycle, and looking through them costs more than making them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
