"""One partition without a Kafka: what a worker makes of records, as far as the rows and the messages."""

from __future__ import annotations

from collections import Counter

from aiokafka.structs import ConsumerRecord

from schemas.codec import Encoder
from sinks.tables import TABLES
from streams.agents.messages import reject_columns, reject_messages, slice_messages
from streams.agents.pieces import pieces_of, refused
from streams.batch import LogRecord, TopicPartition
from streams.fold.columns import (
    Origin,
    conversation_columns,
    ledger_columns,
    raw_columns,
    revision_columns,
    slice_columns,
)
from streams.fold.customer_memory import CustomerMemory
from streams.fold.decoding import RecordDecoder
from streams.fold.erasing import ErasureRecord
from streams.fold.judging import Rules, check
from streams.fold.kinds import KINDS
from streams.fold.known import KnownRecords
from streams.fold.partition import Decoded, PartitionFold
from streams.fold.rejection import Rejection
from tests.fold.model import MEASURES
from tests.worker.sending import REGISTRY, Outgoing

__all__ = ["CHUNK", "DECODER", "Lane", "seen"]

CHUNK = 1_024

#: The reference path, with the limits of a worker.
DECODER = RecordDecoder(REGISTRY, max_bytes=1_048_576)


class Lane:
    """One partition without a Kafka, as far as everything that is written of it."""

    def __init__(self, topic: str) -> None:
        self.tp = TopicPartition(topic, 0)
        self.origin: Origin = (topic, 0, 0)
        self.records: list[LogRecord] = []
        self.rejected: Counter[str] = Counter()
        self.read = 0
        self._chunks: dict[int, Counter[str]] = {}
        self._fold = PartitionFold(
            KINDS[topic],
            start=0,
            chunk_size=CHUNK,
            known=KnownRecords(10**9, complete=True),
            customers=CustomerMemory(10**9, complete=True),
            rules_for=lambda _: Rules(MEASURES),
        )

    def take(self, item: Outgoing) -> None:
        """Put a record on the log, and read some of them at once."""
        self.records.append(_record(item, self.read + len(self.records)))
        if len(self.records) == 500:
            self.fold()

    def fold(self) -> None:
        """Fold what waits, and make the rows and the messages of it."""
        records, self.records = self.records, []
        self.read += len(records)
        rejects = []
        for piece in pieces_of(records, 0):
            if isinstance(piece, ErasureRecord):
                self._fold.close_before(piece.offset)
                self._fold.erase(piece, {})
                continue
            decoded = [
                Decoded(
                    one.offset,
                    one.timestamp,
                    refused(one) or DECODER.decode(self.tp.topic, one.value),
                )
                for one in piece
            ]
            by_offset = {one.offset: one for one in piece}
            rejects += [
                (self.tp, reject, by_offset[reject.offset]) for reject in self._fold.fold(decoded)
            ]
        self.rejected.update(reject.rejection.reason for _, reject, _ in rejects)
        drained = self._fold.drain()
        self._fold.written(drained)
        raw_columns(TABLES[KINDS[self.tp.topic].table], drained.rows, self.origin)
        conversation_columns(drained.conversations, self.origin)
        revision_columns(drained.revisions, self.origin)
        ledger_columns(drained.ledgers, self.origin, "w")
        slice_messages(
            slice_columns(drained.slices, self.origin), Encoder(REGISTRY, "feedback.slices")
        )
        reject_columns(rejects, 0)
        reject_messages(rejects, 0, Encoder(REGISTRY, "feedback.rejects"))
        # The open chunk tells of itself again at each flush.
        self._chunks |= {one.chunk: Counter(one.fates) for one in drained.ledgers}

    @property
    def fates(self) -> Counter[str]:
        return sum(self._chunks.values(), Counter[str]())


def seen(item: Outgoing, decoder: RecordDecoder = DECODER) -> str | None:
    """Return what a record is rejected for by the reference path, None if it is not."""
    record = _record(item)
    content = refused(record) or decoder.decode(item.topic, item.value)
    if not isinstance(content, Rejection):
        found = check(item.topic, content, item.timestamp_ms, Rules(MEASURES))
        return found.reason if found else None
    return content.reason


def _record(item: Outgoing, offset: int = 0) -> LogRecord:
    _, key, value, timestamp_ms, headers = item
    record: LogRecord = ConsumerRecord(
        topic=item.topic, partition=0, offset=offset, timestamp=timestamp_ms, timestamp_type=0, key=key,
        value=value, checksum=None, serialized_key_size=0, serialized_value_size=0, headers=headers,
    )  # fmt: skip
    return record
