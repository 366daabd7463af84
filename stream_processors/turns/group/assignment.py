"""The partitions this worker was given, each with its order. Pure."""

from collections.abc import Mapping

from stream_processors.order import Order, Turn

Partition = tuple[str, int]


class Assignment:
    """What is due in every partition of this assignment; what comes from any other is somebody else's."""

    def __init__(self, starts: Mapping[Partition, int]) -> None:
        self._orders = {partition: Order(start) for partition, start in starts.items()}

    def is_next(self, partition: Partition, offset: int) -> bool:
        """Whether the record is to be taken now; call `done` when it is."""
        order = self._orders.get(partition)
        return order is not None and order.turn_of(offset) is Turn.NEXT

    def done(self, partition: Partition, offset: int) -> None:
        """The record is taken: it is applied, in time, or this assignment ends."""
        if order := self._orders.get(partition):
            order.done(offset)

    def due(self) -> dict[Partition, int]:
        """The offset that must come next in every partition."""
        return {partition: order.due for partition, order in self._orders.items()}

    def missing(self) -> dict[Partition, int]:
        """Where to read again: the first record that did not come, of every partition where a later one did."""
        return {partition: order.due for partition, order in self._orders.items() if order.is_missing_records}
