"""Create the topics of the catalog, and compare the broker's with it."""

from __future__ import annotations

from dataclasses import dataclass

from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.catalog import TOPICS, Topic
from schemas.errors import StreamError
from streams.brokers import admin_of

__all__ = ["TopicState", "create_topics", "topic_states"]

_REJECT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic of the catalog, and how many partitions it has on the broker (0: it is missing)."""

    topic: Topic
    partitions: int


def create_topics(brokers: str, *, partitions: int, replication: int) -> list[str]:
    """Create the topics that are missing; return their names. Existing ones are left as they are.

    Raises:
        StreamError: The broker does not answer or refuses.
    """
    missing = [state.topic for state in topic_states(brokers) if not state.partitions]
    if not missing:
        return []
    new = [
        NewTopic(
            name=topic.name,
            num_partitions=topic.partitions or partitions,
            replication_factor=replication,
            topic_configs=_config(topic),
        )
        for topic in missing
    ]
    with admin_of(brokers) as admin:
        try:
            admin.create_topics(new)
        except TopicAlreadyExistsError:
            # Somebody else was faster; what they made comes from the same catalog.
            return create_topics(brokers, partitions=partitions, replication=replication)
        except KafkaError as error:
            raise StreamError(
                f"The broker {brokers} does not create topics ({type(error).__name__}).",
                cure="Check kafka.replication against the number of brokers, and our rights on it.",
            ) from None
    return [topic.name for topic in missing]


def topic_states(brokers: str) -> list[TopicState]:
    """Return every topic of the catalog with its state on the broker.

    Raises:
        StreamError: The broker does not answer.
    """
    with admin_of(brokers) as admin:
        found = {
            entry["name"]: len(entry["partitions"])
            for entry in admin.describe_topics([topic.name for topic in TOPICS])
            if not entry.get("error_code")
        }
    return [TopicState(topic, found.get(topic.name, 0)) for topic in TOPICS]


def _config(topic: Topic) -> dict[str, str]:
    config = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_ms),
        "min.insync.replicas": "1",
    }
    if topic.name == "feedback.rejects":
        config["max.message.bytes"] = str(_REJECT_BYTES)
    return config
