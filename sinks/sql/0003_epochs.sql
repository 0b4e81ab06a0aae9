-- Which incarnations of the input topics there are, and which of them the views show.
--
-- Every row of every other table carries its epoch. So what belongs to a topic that was deleted and
-- created again cannot overwrite what belongs to the one before; and a replay writes beside what is
-- shown, until one row here says that it is shown instead.

CREATE TABLE IF NOT EXISTS {database}.epochs
(
    topic LowCardinality(String) COMMENT 'Input topic.',
    epoch UInt32 COMMENT 'Number of the epoch, counted up for each topic.',
    topic_id String COMMENT 'Id the broker gave the topic when it was created. A replay keeps it.',
    chunk UInt64 COMMENT 'Offsets in a chunk that nothing cuts short.',
    state LowCardinality(String) COMMENT 'current: shown and written to. shadow: a replay writes to it. retired: neither.',
    changed_at DateTime64(6, 'UTC') COMMENT 'When this row was written.'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (topic, epoch)
COMMENT 'Incarnations and replays of the input topics.';

-- What somebody allowed by hand, so that a partition goes on which had stopped.
CREATE TABLE IF NOT EXISTS {database}.allowances
(
    topic LowCardinality(String) COMMENT 'Input topic.',
    epoch UInt32 COMMENT 'Epoch of the topic.',
    partition UInt32 COMMENT 'Input partition.',
    accepts LowCardinality(String) COMMENT 'rejects: any number of them. lost: records Kafka deleted before they were read.',
    until UInt64 COMMENT 'Offset before which it is allowed.',
    why String COMMENT 'What whoever allowed it gave as the reason.',
    at DateTime64(3, 'UTC') COMMENT 'When it was allowed.'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (topic, epoch, partition, accepts, until)
COMMENT 'What an operator allowed, so that a stopped partition goes on.';

-- A chunk of which only rejects were written before a crash is folded with the same definitions again.
ALTER TABLE {database}.rejects
    ADD COLUMN IF NOT EXISTS _definitions UInt32 COMMENT 'Version of the measure definitions the record was judged by.';
