-- What became of records that could not be counted: sent again and counted, or dropped.
--
-- The worker writes the rows of what was sent again, and they follow from the log alone: of several that
-- name one record, the one with the lowest offset wins. `earshot rejects drop` writes the others, and
-- they lose to those: a record that was counted is not dropped.

ALTER TABLE {database}.rejects
    ADD COLUMN IF NOT EXISTS replay_of String COMMENT 'Where the record was rejected first, as topic/epoch/partition/offset, if it was sent again; otherwise empty.';

ALTER TABLE {database}.rejects
    COMMENT COLUMN replays 'How often the record had been replayed; 2147483648 more once its bytes are erased, so that no later writing of the row brings them back.';

CREATE TABLE IF NOT EXISTS {database}.reject_outcomes
(
    _topic LowCardinality(String) COMMENT 'Input topic of the rejected record.',
    _epoch UInt32 COMMENT 'First epoch of that incarnation of the topic.',
    _partition UInt32 COMMENT 'Input partition of the rejected record.',
    _offset UInt64 COMMENT 'Offset at which the record was rejected first.',
    outcome LowCardinality(String) COMMENT 'replayed: it was sent again and not rejected. dropped: somebody had it dropped.',
    fate LowCardinality(String) COMMENT 'Fate of the replay: accepted, corrected or duplicate. Empty for a dropped record.',
    by_epoch UInt32 COMMENT 'Epoch of the topic in which it came to that.',
    by_partition Nullable(UInt32) COMMENT 'Partition the replay stands in; null for a dropped record.',
    by_offset Nullable(UInt64) COMMENT 'Offset of the replay; null for a dropped record.',
    replays UInt32 COMMENT 'How often the record had been replayed by then.',
    at DateTime64(3, 'UTC') COMMENT 'Broker timestamp of the replay, or when the record was dropped.',
    why String COMMENT 'Why it was dropped, as whoever dropped it wrote. Empty for a replayed record.',
    _precedence UInt64 COMMENT 'Of the rows with one key the highest wins: a replay over a drop, and the replay with the lowest offset.'
)
ENGINE = ReplacingMergeTree(_precedence)
ORDER BY (_topic, _epoch, _partition, _offset, by_epoch)
COMMENT 'What became of rejected records that are no longer on the list.';
