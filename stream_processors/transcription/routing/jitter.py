"""Waits that differ from stream to stream, so that what failed together does not come back together.

Chance is a value: the same names give the same wait, on any machine and in any run.
"""

import hashlib

FIRST_MS = 250.0
LONGEST_MS = 10_000.0
DOUBLINGS = 16


def chance(*names: object) -> float:
    """A number from 0 to 1, without 1, that looks random and depends on nothing but the names."""
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def full_jitter_ms(failures: int, luck: float) -> float:
    """How long to wait after so many failures in a row (1 or more): anything between 250 ms and a bound that doubles.

    The bound is 2 s after the first failure and 10 s at most.
    """
    bound = min(LONGEST_MS, 1_000.0 * 2.0 ** min(max(failures, 1), DOUBLINGS))
    return FIRST_MS + luck * (bound - FIRST_MS)
