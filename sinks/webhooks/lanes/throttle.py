"""How hard an endpoint may be pressed: tries under way (additive increase, multiplicative decrease) and tries a second
(token bucket). Pure.
"""

from sinks.webhooks.endpoints.retry_policy import SECOND_US


class Throttle:
    """One endpoint's. It starts at `most` tries under way, halves with every sign of overload and grows back by one for
    each round of deliveries; `places` is how many may be under way now. `rate_per_s` None: no limit; else a second's worth of
    tries may come at once.
    """

    def __init__(self, most: int, rate_per_s: float | None) -> None:
        self._most = most
        self._places = float(most)
        self.places = most
        self._rate_per_s = rate_per_s
        self._burst = max(1.0, rate_per_s or 0.0)
        self._tokens = self._burst
        self._filled_us = 0

    def answered(self, delivered: bool, overloaded: bool) -> None:
        """`overloaded`: the endpoint took too long or said that it is too much."""
        if delivered and self.places < self._most:
            self._places = min(float(self._most), self._places + 1 / self._places)
        elif overloaded:
            self._places = max(1.0, self._places / 2)
        self.places = int(self._places)

    def ready_us(self, now_us: int) -> int:
        """From when on the rate allows one more try."""
        if self._rate_per_s is None:
            return 0
        self._fill(now_us)
        missing = 1.0 - self._tokens
        return 0 if missing <= 0 else now_us + int(missing / self._rate_per_s * SECOND_US) + 1

    def started(self, now_us: int) -> None:
        if self._rate_per_s is not None:
            self._fill(now_us)
            self._tokens -= 1

    def _fill(self, now_us: int) -> None:
        gained = max(0, now_us - self._filled_us) / SECOND_US * (self._rate_per_s or 0.0)
        self._tokens = min(self._burst, self._tokens + gained)
        self._filled_us = max(now_us, self._filled_us)
