"""The topics on a real broker are those of schemas/topics.py."""

import pytest

from infra.topics import Broker, create_topics, register_schemas
from schemas.errors import UsageError
from schemas.topics import RECORD_TOPICS, TOPICS, Topic

pytestmark = pytest.mark.integration


def test_every_topic_is_on_the_broker_as_declared(kafka_bootstrap: str) -> None:
    """Partition count and settings on the broker equal the declaration, for every topic."""
    there = Broker(kafka_bootstrap).topics()
    for topic in TOPICS:
        assert there[topic.name].partitions == topic.partitions
        assert topic.config().items() <= there[topic.name].config.items()


def test_creating_topics_again_changes_nothing(kafka_bootstrap: str) -> None:
    """`earshot topics create` is idempotent."""
    assert create_topics(kafka_bootstrap) == []


def test_a_drifted_setting_is_brought_back(kafka_bootstrap: str) -> None:
    """A topic that lives with another retention gets the declared one."""
    declared = Topic("drift.probe", None, "", (), (), retention_ms=60_000)
    drifted = Topic("drift.probe", None, "", (), (), retention_ms=1_000)
    create_topics(kafka_bootstrap, [drifted])
    assert create_topics(kafka_bootstrap, [declared]) == ["drift.probe"]
    assert Broker(kafka_bootstrap).topics()["drift.probe"].config["retention.ms"] == "60000"


def test_another_partition_count_is_refused(kafka_bootstrap: str) -> None:
    """Changing the partition count would move keys, so it is an error that says so."""
    create_topics(kafka_bootstrap, [Topic("count.probe", None, "", (), (), retention_ms=1_000, partitions=1)])
    with pytest.raises(UsageError, match="1 partitions where 2 are wanted"):
        create_topics(kafka_bootstrap, [Topic("count.probe", None, "", (), (), retention_ms=1_000, partitions=2)])


def test_every_schema_is_registered_and_keeps_its_id(registry_url: str) -> None:
    """Registering again gives the same ids."""
    first = register_schemas(registry_url)
    assert set(first) == {topic.name for topic in RECORD_TOPICS}
    assert register_schemas(registry_url) == first
