"""A short meeting through every stage as processes, on real services, by the demo's own code."""

import io
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import SecretStr

from infra.demo.course import Course
from infra.demo.figures import report
from infra.demo.live import Live
from infra.demo.script import Line, Part
from infra.demo.stages import Place
from infra.demo.stopwatch import Stopwatch
from infra.demo.voices import flite_recordings
from infra.local.clickhouse import ClickHouseServer
from infra.local.janus import JanusServer
from infra.local.ports import free_ports
from schemas.ids import new_bot_id
from schemas.kafka_client import consumer_config
from schemas.settings import BotSettings, ClickHouseSettings, TranscribeSettings, TurnsSettings, WebhookSettings
from schemas.timebase import SystemClock
from schemas.topics import TOPICS

pytestmark = [pytest.mark.integration, pytest.mark.browser, pytest.mark.timeout(180)]
SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
ANN = Part(
    name="Ann",
    voice="slt",
    lines=(
        Line("We have to send them a letter before the end of the month.", pause_s=3.0),
        Line("They will pay for the lights but not for the heating or the water."),
    ),
)
BOB = Part(
    name="Bob",
    voice="rms",
    joins_at_s=2.0,
    lines=(
        Line("The old library will open its doors again in the spring.", pause_s=3.0),
        Line("My brother has a truck and he can bring the tables on Friday afternoon."),
    ),
)


def start_at_the_end(bootstrap_servers: str, groups: list[str]) -> None:
    """Let new groups begin with what is written from now on: other tests' records are not this test's business."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    places = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
    ends = admin.list_offsets({place: OffsetSpec.latest() for place in places})
    offsets = [TopicPartition(place.topic, place.partition, end.result().offset) for place, end in ends.items()]
    for group in groups:
        consumer = Consumer(consumer_config(bootstrap_servers, group))
        consumer.commit(offsets=offsets, asynchronous=False)
        consumer.close()


def place_of(
    kafka_bootstrap: str, registry_url: str, clickhouse: ClickHouseServer, meeting_link: str, folder: Path
) -> Place:
    """The river on the test's services, with groups and a database of its own."""
    run = uuid4().hex[:12]
    (port,) = free_ports(1)
    log = {
        "var_dir": folder,
        "kafka_bootstrap_servers": kafka_bootstrap,
        "schema_registry_url": registry_url,
    }
    return Place(
        transcribe=TranscribeSettings(**log, consumer_group=f"transcribe-{run}", decoders=2, decoders_give_way=False),
        turns=TurnsSettings(**log, turns_consumer_group=f"turns-{run}"),
        clickhouse=ClickHouseSettings(
            **log,
            clickhouse_host=clickhouse.host,
            clickhouse_port=clickhouse.port,
            clickhouse_http_port=clickhouse.http_port,
            clickhouse_database=f"river_{run}",
            clickhouse_consumer_group=f"clickhouse-{run}",
        ),
        webhooks=WebhookSettings(
            **log,
            webhook_url=f"http://127.0.0.1:{port}/",
            webhook_secret=SecretStr(SECRET),
            webhook_allowed_ranges="127.0.0.0/8",
            webhook_consumer_group=f"webhooks-{run}",
        ),
        chromium=BotSettings().chromium_path,
        meeting_link=meeting_link,
        receiver_port=port,
        folder=folder,
    )


async def test_what_was_said_arrives_everywhere(
    kafka_bootstrap: str, registry_url: str, clickhouse: ClickHouseServer, janus: JanusServer, tmp_path: Path
) -> None:
    """Two talkers, one late: the ledger closes, turns are in the table, webhooks are in order, words are the right ones."""
    place = place_of(kafka_bootstrap, registry_url, clickhouse, janus.link(janus.create_room()), tmp_path)
    start_at_the_end(
        kafka_bootstrap,
        [
            place.transcribe.consumer_group,
            place.turns.turns_consumer_group,
            place.clickhouse.clickhouse_consumer_group,
            place.webhooks.webhook_consumer_group,
        ],
    )
    screen = io.StringIO()
    course = Course(
        place=place,
        recordings=flite_recordings([ANN, BOB], tmp_path / "voices"),
        bot_id=new_bot_id(),
        clock=SystemClock(),
        say=lambda step: None,
        live=Live(screen),
    )
    evidence = await course.run(Stopwatch(SystemClock()))
    figures = report(evidence)
    assert evidence.proof.closed, evidence.proof.reasons
    assert figures.frames.unaccounted == 0
    assert figures.misattributed_turns == 0
    assert {speaker.name for speaker in figures.speakers} == {"Ann", "Bob"}
    assert figures.words.wer < 0.4
    assert figures.turns.topic == figures.turns.clickhouse > 0
    assert figures.webhooks.received == figures.webhooks.expected > 0
    assert (figures.webhooks.out_of_order, figures.webhooks.bad_signature) == (0, 0)
    assert "Ann" in screen.getvalue()
