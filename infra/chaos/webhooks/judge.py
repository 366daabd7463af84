"""What the receivers' receipts amount to: lost, out of order, twice, and how late. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles

import msgspec

LaneKey = tuple[str, str]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that a receiver accepted, in order of arrival."""

    endpoint_id: str
    bot_id: str
    sequence: int
    message_id: str
    happened_at: str
    received_at_us: int


@dataclass(frozen=True)
class Verdict:
    """`lost` and `lanes_out_of_order` break the promise; `duplicates` are allowed where an outcome was unknown."""

    deliveries: int
    lost: int
    lanes_out_of_order: int
    duplicates: int
    p99_ms: float


def verdict(receipts: Iterable[Receipt], lanes: Collection[LaneKey], events: int, punctual: Collection[str]) -> Verdict:
    """Every lane of `lanes` was to get `events` deliveries. How late is asked of the `punctual` endpoints only."""
    arrived: dict[LaneKey, dict[int, None]] = defaultdict(dict)
    accepted, late_ms = 0, list[float]()
    for receipt in receipts:
        lane = (receipt.endpoint_id, receipt.bot_id)
        if lane not in lanes:
            continue
        accepted += 1
        if receipt.sequence not in arrived[lane] and receipt.endpoint_id in punctual:
            late_ms.append(
                receipt.received_at_us / 1000 - datetime.fromisoformat(receipt.happened_at).timestamp() * 1000
            )
        arrived[lane].setdefault(receipt.sequence)
    first = sum(map(len, arrived.values()))
    return Verdict(
        deliveries=first,
        lost=sum(len(set(range(events)) - arrived[lane].keys()) for lane in lanes),
        lanes_out_of_order=sum(list(arrived[lane]) != sorted(arrived[lane]) for lane in lanes),
        duplicates=accepted - first,
        p99_ms=round(quantiles(late_ms, n=100)[-1]) if len(late_ms) > 1 else 0.0,
    )


def read_receipts(text: bytes) -> list[Receipt]:
    """Whole lines only: the last one may be half written."""
    return [msgspec.json.decode(line, type=Receipt) for line in text.split(b"\n")[:-1]]
