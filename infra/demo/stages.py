"""Which processes make the river of the demo, how each is told where things are, and how its readiness is seen."""

import json
import secrets
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from infra.demo.outage import Providers
from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.ports import HOST, Port, answers, free_ports
from schemas.settings import (
    BotSettings,
    ClickHouseSettings,
    TranscribeSettings,
    TurnsSettings,
    WebhookSettings,
    load,
)

BOT = "bot"
PROVIDER = "deepgram-fake"
FAILING = Providers(primary="deepgram", fallback="local")
REPOSITORY = Path(__file__).parents[2]
BOT_NAME = "Earshot"


@dataclass(frozen=True)
class Place:
    """Where a meeting takes place: its link, the settings of every stage, a port for the receiver, a folder."""

    transcribe: TranscribeSettings
    turns: TurnsSettings
    clickhouse: ClickHouseSettings
    webhooks: WebhookSettings
    chromium: Path
    meeting_link: str
    receiver_port: int
    folder: Path
    provider_port: int | None = None

    @property
    def receipts(self) -> Path:
        """Where the receiver writes down what it gets, a JSON line a request."""
        return self.folder / "webhooks.jsonl"

    def settings(self) -> dict[str, str]:
        """The same settings for every stage, as environment variables: each reads those it knows."""
        sections = (self.transcribe, self.turns, self.clickhouse, self.webhooks)
        return {f"EARSHOT_{name.upper()}": _plain(value) for section in sections for name, value in section}


def local_place(meeting_link: str, folder: Path, provider: str = FAILING.fallback) -> Place:
    """The river as this machine's settings have it, with a receiver and a secret of its own.

    With PROVIDER, speech goes to a fake cloud service of the demo's own first, and to the local engine when that fails.
    """
    port, provider_port = free_ports(2)
    fails = provider == PROVIDER
    secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
    endpoint = {
        "webhook_url": f"http://{HOST}:{port}/",
        "webhook_secret": SecretStr(secret),
        "webhook_allowed_ranges": f"{HOST}/32",
    }
    return Place(
        transcribe=_with_fallback(load(TranscribeSettings), provider_port) if fails else load(TranscribeSettings),
        turns=load(TurnsSettings),
        clickhouse=load(ClickHouseSettings),
        webhooks=load(WebhookSettings).model_copy(update=endpoint),
        chromium=load(BotSettings).chromium_path,
        meeting_link=meeting_link,
        receiver_port=port,
        folder=folder,
        provider_port=provider_port if fails else None,
    )


def _with_fallback(settings: TranscribeSettings, port: int) -> TranscribeSettings:
    return settings.model_copy(
        update={
            "provider": FAILING.primary,
            "provider_fallbacks": FAILING.fallback,
            "deepgram_url": f"ws://{HOST}:{port}/v1/listen",
            "deepgram_api_key": SecretStr("of-the-fake"),
        }
    )


def river(place: Place) -> tuple[Stage, ...]:
    """The webhook receiver and every stage behind the bot; a stage is ready when it has its partitions."""
    settings, groups = place.settings(), Groups(place.turns.kafka_bootstrap_servers)

    def stage(name: str, group_id: str) -> Stage:
        return Stage(name, (EARSHOT, *name.split("-")), settings, lambda: groups.has_partitions(group_id))

    return (
        *_provider(place, settings),
        _receiver(place, settings),
        stage("transcribe", place.transcribe.consumer_group),
        stage("turns", place.turns.turns_consumer_group),
        stage("sink-clickhouse", place.clickhouse.clickhouse_consumer_group),
        stage("sink-webhooks", place.webhooks.webhook_consumer_group),
    )


def bot(place: Place, bot_id: str, is_in: Callable[[], bool]) -> Stage:
    """The bot, sent to the meeting; ready when it says that it is in the call and hears."""
    meeting = ("--meeting-url", place.meeting_link, "--bot-id", bot_id, "--name", BOT_NAME)
    return Stage(BOT, (EARSHOT, "bot", *meeting), place.settings(), is_in)


def _receiver(place: Place, settings: Mapping[str, str]) -> Stage:
    port = Port(place.receiver_port, "EARSHOT_WEBHOOK_URL")
    command = (sys.executable, "-m", "infra.demo.receiver", str(port.number), str(place.receipts))
    return Stage("webhook-receiver", command, settings, lambda: answers(port.number), ports=(port,))


def _provider(place: Place, settings: Mapping[str, str]) -> tuple[Stage, ...]:
    """The fake service, which really listens: the local engine transcribes for it. Run from the repository, it is a test's."""
    port = place.provider_port
    if port is None:
        return ()
    fake = (sys.executable, "-m", "tests.fakes.stt", FAILING.primary, "--port", str(port), "--knob", "words=engine")
    return (Stage(PROVIDER, ("env", "-C", str(REPOSITORY), *fake), settings, lambda: answers(port)),)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
