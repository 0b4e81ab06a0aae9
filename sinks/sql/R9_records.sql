-- What became of the records.

CREATE OR REPLACE VIEW {database}.fates AS
SELECT
    _topic AS topic,
    _partition AS partition,
    sum(read) AS read,
    sum(accepted) AS accepted,
    sum(corrected) AS corrected,
    sum(duplicate) AS duplicate,
    sum(rejected) AS rejected,
    sum(gaps) AS gaps,
    max(last) AS last_offset
FROM {database}.ledger FINAL
GROUP BY topic, partition
COMMENT 'The fates of all records, by partition: `read` is the sum of the four fates.';

CREATE OR REPLACE VIEW {database}.rejects_current AS
SELECT
    _topic AS topic,
    _partition AS partition,
    _offset AS offset,
    _timestamp AS timestamp,
    reason,
    detail,
    schema_id,
    length(value) AS bytes,
    replays
FROM {database}.rejects FINAL
COMMENT 'Records that could not be counted, without their bytes.';
