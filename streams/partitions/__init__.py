"""How every partition of the input topics is, from what Kafka, the ledger and the workers say."""

from streams.partitions.log import Log, LogState, ask_kafka
from streams.partitions.standing import Standing, standings
from streams.partitions.written import Told, Written, WrittenState, ask_clickhouse

__all__ = [
    "Log",
    "LogState",
    "Standing",
    "Told",
    "Written",
    "WrittenState",
    "ask_clickhouse",
    "ask_kafka",
    "standings",
]
