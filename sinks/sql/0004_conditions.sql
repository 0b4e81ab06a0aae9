-- How every partition is, as the worker that owns it says; and when it last wrote something durable.
--
-- Workers write a row when a condition changes, as well as they can: nothing is decided by it, and
-- no flush waits for it. The newest row of a partition is the one that holds.

CREATE TABLE IF NOT EXISTS {database}.conditions
(
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    state LowCardinality(String) COMMENT 'running; waiting for something that passes; stopped with an alarm; released: given up by its worker.',
    reason LowCardinality(String) COMMENT 'Why, for machines. Empty where it runs.',
    what String COMMENT 'Why, for people.',
    cure String COMMENT 'What to do.',
    since DateTime64(3, 'UTC') COMMENT 'Since when.',
    worker LowCardinality(String) COMMENT 'Worker that says so.',
    changed_at DateTime64(3, 'UTC') COMMENT 'When this row was written, by the clock of the worker.'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (_topic, _partition)
COMMENT 'How every partition is: running, waiting, stopped with an alarm.';

-- Rows from before this migration keep the epoch of Unix: when they were written is not known.
ALTER TABLE {database}.ledger ADD COLUMN IF NOT EXISTS flushed_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') COMMENT 'When this row was written, by the clock of ClickHouse.';
ALTER TABLE {database}.ledger MATERIALIZE COLUMN flushed_at SETTINGS mutations_sync = 1;
ALTER TABLE {database}.ledger MODIFY COLUMN flushed_at DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC');
