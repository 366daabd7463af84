"""The world's only clock."""

START_US = 1_790_000_000_000_000


class WorldClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 0.0

    def now_us(self) -> int:
        return START_US + int(self.ms * 1000)

    def monotonic_ms(self) -> float:
        return self.ms
