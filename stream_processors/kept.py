"""Which partitions stay a member's over a rebalance as they are. Pure."""

from collections.abc import Set


def kept(ours: Set[int], owned: Set[int], generation: int, before: int) -> set[int]:
    """Of `ours` in this generation those that were `owned` in the one before; after a generation that was missed somebody
    else may have had them.
    """
    return {*ours} & {*owned} if generation in (before, before + 1) else set()
