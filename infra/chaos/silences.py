"""How long anybody stayed away, of all who were heard before. Pure."""


class Silences:
    """Tell it of everybody heard; whoever was heard once counts from then on, to the end."""

    def __init__(self) -> None:
        self._last_s: dict[bytes | str, float] = {}
        self._longest_s = 0.0

    def heard(self, who: bytes | str, now_s: float) -> None:
        self._longest_s = max(self._longest_s, now_s - self._last_s.get(who, now_s))
        self._last_s[who] = now_s

    def longest_s(self, now_s: float) -> float:
        """The longest silence of one, the one that lasts until now included."""
        return max([self._longest_s, *(now_s - at_s for at_s in self._last_s.values())])

    def __len__(self) -> int:
        """How many were heard."""
        return len(self._last_s)
