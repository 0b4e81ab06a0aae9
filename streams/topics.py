"""Create the topics of the catalog, and compare the broker's with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.catalog import TOPICS, Topic
from schemas.errors import StreamError

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
    admin = _admin(brokers)
    try:
        admin.create_topics(
            [
                NewTopic(
                    name=topic.name,
                    num_partitions=topic.partitions or partitions,
                    replication_factor=replication,
                    topic_configs=_config(topic),
                )
                for topic in missing
            ]
        )
    except TopicAlreadyExistsError:
        # Somebody else was faster; what they made comes from the same catalog.
        return create_topics(brokers, partitions=partitions, replication=replication)
    except KafkaError as error:
        raise StreamError(
            f"The broker {brokers} does not create topics ({type(error).__name__}).",
            cure="Check kafka.replication against the number of brokers, and our rights on it.",
        ) from None
    finally:
        admin.close()
    return [topic.name for topic in missing]


def topic_states(brokers: str) -> list[TopicState]:
    """Return every topic of the catalog with its state on the broker.

    Raises:
        StreamError: The broker does not answer.
    """
    admin = _admin(brokers)
    try:
        found = {
            entry["name"]: len(entry["partitions"])
            for entry in admin.describe_topics([topic.name for topic in TOPICS])
            if not entry.get("error_code")
        }
    except KafkaError as error:
        raise _unreachable(brokers, error) from None
    finally:
        admin.close()
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


def _admin(brokers: str) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(
            bootstrap_servers=_servers(brokers), client_id="earshot", request_timeout_ms=15_000
        )
    except (KafkaError, OSError) as error:
        raise _unreachable(brokers, error) from None


def _servers(brokers: str) -> Sequence[str]:
    return [server.strip() for server in brokers.split(",") if server.strip()]


def _unreachable(brokers: str, error: Exception) -> StreamError:
    return StreamError(
        f"No Kafka broker answers at {brokers} ({type(error).__name__}).",
        cure="Start one (`earshot up` on a laptop), or correct EARSHOT_KAFKA__BROKERS.",
    )
