"""How much of what the bot heard the browser had to invent because packets were late or lost. Pure."""


class Reception:
    """The page's own counts of samples, which grow as long as the page lives; a new page begins at zero."""

    def __init__(self) -> None:
        self._earlier = (0, 0)
        self._latest = (0, 0)

    def new_page(self) -> None:
        """What earlier pages counted is kept."""
        self._earlier = self._total
        self._latest = (0, 0)

    def count(self, concealed_samples: int, received_samples: int) -> None:
        """The page's counts so far; the later ones hold."""
        self._latest = (concealed_samples, received_samples)

    @property
    def concealed_ratio(self) -> float | None:
        """Concealed samples of all samples, 0 to 1; None when no sound was received."""
        concealed, received = self._total
        return concealed / received if received else None

    @property
    def _total(self) -> tuple[int, int]:
        return self._earlier[0] + self._latest[0], self._earlier[1] + self._latest[1]
