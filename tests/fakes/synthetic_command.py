"""A real `earshot synthetic` process under test, its lines and its script."""

import json
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.earshot_process import EARSHOT


class SyntheticCommand:
    """Started at once; `script` has every line that was said so far."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        self._script = folder / "script.jsonl"
        command = [*EARSHOT, "synthetic", "--script", str(self._script), *options]
        self.process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, text=True)
        self.bot_ids: list[str] = self._line()["bot_ids"]

    def ended(self, number: int | None = None) -> dict[str, Any]:
        """Send the signal, if one is given, and wait; the last line."""
        if number is not None:
            self.process.send_signal(signal.Signals(number))
        done = self._line()
        assert self.process.wait(60) == 0
        assert done["event"] == "done"
        return done

    @property
    def script(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._script.read_text("utf-8").splitlines()]

    def words_of(self, bot_id: str, stream_id: str) -> list[str]:
        """What one speaker said, in order."""
        lines = [line for line in self.script if (line["bot_id"], line["stream_id"]) == (bot_id, stream_id)]
        return [word["text"] for line in lines for word in line["words"]]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(30)
        assert self.process.stdout
        self.process.stdout.close()

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found
