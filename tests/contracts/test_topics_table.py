"""schemas/topics.py agrees with itself."""

from earshot.command import SUBCOMMANDS
from schemas.topics import (
    AUDIO_FRAMES,
    BY_NAME,
    PARTITIONS,
    RECORD_TOPICS,
    STT_RESULTS,
    TOPICS,
    WEBHOOK_COMMANDS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_PARKED,
    dlq_of,
)
from sinks.cli import SINKS

PLANNED = {"ingest", "fleet", "recordings", "live", "operators"}


def test_names_are_unique():
    """Looking a topic up by name finds the only one."""
    assert len(BY_NAME) == len(TOPICS)


def test_topics_are_co_partitioned_by_bot():
    """One bot's records are in the same partition number of every topic, so stages can join what they own."""
    about_bots = [topic for topic in RECORD_TOPICS if topic.key == "bot_id"]
    assert {topic.partitions for topic in about_bots} == {PARTITIONS}
    assert set(RECORD_TOPICS) - set(about_bots) == {WEBHOOK_ENDPOINTS, WEBHOOK_COMMANDS, WEBHOOK_PARKED}
    assert WEBHOOK_COMMANDS.partitions == WEBHOOK_PARKED.partitions == PARTITIONS
    assert STT_RESULTS.partitions == AUDIO_FRAMES.partitions


def test_every_topic_has_a_dead_letter_topic_that_outlives_it():
    """A poison record has somewhere to go, and is still there when its origin has expired."""
    for topic in RECORD_TOPICS:
        dead = BY_NAME[f"{topic.name}.dlq"]
        assert dead == dlq_of(topic)
        assert dead.record is None
        assert dead.retention_ms > topic.retention_ms


def test_writers_and_readers_are_commands_there_are_or_will_be():
    """Who writes and who reads is said in names a person can run."""
    runnable = set(SUBCOMMANDS) | {f"sink {name}" for name in SINKS} | PLANNED
    named = {name for topic in TOPICS for name in topic.writers + topic.readers}
    assert named <= runnable


def test_every_topic_is_written_and_read():
    """No topic without a use."""
    assert all(topic.writers and topic.readers for topic in TOPICS)


def test_capture_delay_can_be_told_from_the_log():
    """The broker stamps audio itself, so capture to Kafka is measured and not claimed."""
    assert AUDIO_FRAMES.config()["message.timestamp.type"] == "LogAppendTime"


def test_subjects_follow_the_registry_s_own_naming():
    """TopicNameStrategy: stock serialisers find the schema of a topic without being told."""
    assert AUDIO_FRAMES.subject == "audio.frames-value"
