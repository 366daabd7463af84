"""The one shape of a figure file: var/bench/<name>.json and var/chaos/<scenario>.json."""

from pathlib import Path

import msgspec

Figure = float | int | str | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What was run, whether what it must show held, and what was seen."""

    name: str
    command: str
    seed: int
    passed: bool = msgspec.field(name="pass")
    figures: dict[str, Figure]

    def write(self, folder: Path) -> Path:
        """Write `folder`/NAME.json and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        return path
