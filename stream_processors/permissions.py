"""What the broker lets this process do, asked before it joins its group: a reader that is refused would only wait. Shell."""

import time
from collections.abc import Iterable
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConsumerGroupDescription, TopicDescription

from schemas.errors import Unavailable
from schemas.topics import Topic

FORMING = (
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
    KafkaError._TIMED_OUT,
)
COORDINATOR_WAIT_S = 1.0
REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)


def demand_permissions(
    admin: AdminClient, group: str, *, reads: Iterable[Topic], writes: Iterable[Topic], timeout_s: float
) -> None:
    """Raise Unavailable that names topic, group and remedy unless the broker's ACLs allow all of it.

    A topic that is missing, or a broker that does not answer, is for others to find out.
    """
    needed = [(topic.name, AclOperation.READ) for topic in reads]
    needed += [(topic.name, AclOperation.WRITE) for topic in writes]
    described = admin.describe_topics(
        TopicCollection(list(dict(needed))), include_authorized_operations=True, request_timeout=timeout_s
    )
    for name, operation in needed:
        if not _allowed(described[name], operation):
            raise _refusal(f"{operation.name.lower()} topic {name}", f"--topic {name}", operation, group)
    if not _allowed(_group_described(admin, group, timeout_s), AclOperation.READ):
        raise _refusal("join it", f"--group {group}", AclOperation.READ, group)


def _group_described(admin: AdminClient, group: str, timeout_s: float) -> Future[ConsumerGroupDescription]:
    """The broker's answer; a broker that is young has no coordinator for a moment."""
    for _ in range(max(1, round(timeout_s / COORDINATOR_WAIT_S))):
        groups = admin.describe_consumer_groups([group], include_authorized_operations=True, request_timeout=timeout_s)
        error = groups[group].exception()
        if not isinstance(error, KafkaException) or error.args[0].code() not in FORMING:
            break
        time.sleep(COORDINATOR_WAIT_S)
    return groups[group]


def _allowed(answer: Future[TopicDescription] | Future[ConsumerGroupDescription], operation: AclOperation) -> bool:
    try:
        operations = answer.result().authorized_operations
    except KafkaException as error:
        return error.args[0].code() not in REFUSED
    return operations is None or operation in operations


def _refusal(what: str, resource: str, operation: AclOperation, group: str) -> Unavailable:
    word = operation.name.capitalize()
    return Unavailable(
        f"Kafka lets this process connect, but as group {group} it may not {what}",
        remedy=f"allow it: `kafka-acls --add --allow-principal User:NAME --operation {word} {resource}`",
    )
