"""Which processes make the river of the demo, how each is told where things are, and how its readiness is seen."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.ports import HOST, Port, answers
from schemas.settings import ClickHouseSettings, TranscribeSettings, TurnsSettings, WebhookSettings

BOT = "bot"
BOT_NAME = "Earshot"


@dataclass(frozen=True)
class Place:
    """Where the demo takes place: the stages' own settings, and everything a test may want to have elsewhere."""

    transcribe: TranscribeSettings
    turns: TurnsSettings
    clickhouse: ClickHouseSettings
    webhooks: WebhookSettings
    chromium: Path
    meeting_link: str
    receiver_port: int
    folder: Path

    @property
    def receipts(self) -> Path:
        """Where the receiver writes down what it gets, a JSON line a request."""
        return self.folder / "webhooks.jsonl"

    def settings(self) -> dict[str, str]:
        """The same settings for every stage, as environment variables: each reads those it knows."""
        found: dict[str, str] = {}
        for section in (self.transcribe, self.turns, self.clickhouse, self.webhooks):
            for name, value in section:
                found[f"EARSHOT_{name.upper()}"] = str(getattr(value, "get_secret_value", lambda v=value: v)())
        return found


def stages(place: Place, *, bot_id: str, bot_is_in: Callable[[], bool]) -> tuple[Stage, ...]:
    """The receiver, the river and the bot; each counts as ready when the outside world says so."""
    settings, groups = place.settings(), Groups(place.turns.kafka_bootstrap_servers)

    def river(name: str, group_id: str, *arguments: str) -> Stage:
        return Stage(name, (EARSHOT, *arguments), settings, lambda: groups.has_partitions(group_id))

    meeting = ("--meeting-url", place.meeting_link, "--bot-id", bot_id, "--name", BOT_NAME)
    return (
        _receiver(place, settings),
        river("transcribe", place.transcribe.consumer_group, "transcribe"),
        river("turns", place.turns.turns_consumer_group, "turns"),
        river("sink-clickhouse", place.clickhouse.clickhouse_consumer_group, "sink", "clickhouse"),
        river("sink-webhooks", place.webhooks.webhook_consumer_group, "sink", "webhooks"),
        Stage(BOT, (EARSHOT, "bot", *meeting), settings, bot_is_in),
    )


def _receiver(place: Place, settings: dict[str, str]) -> Stage:
    port = Port(place.receiver_port, "EARSHOT_WEBHOOK_URL")
    command = (sys.executable, "-m", "infra.demo.receiver", str(port.number), str(place.receipts))
    return Stage("webhook-receiver", command, settings, lambda: answers(port.number), ports=(port,))


def receiver_url(port: int) -> str:
    """Where the sink posts."""
    return f"http://{HOST}:{port}/webhooks"
