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
WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
GROUP BY topic, partition
COMMENT 'The fates of all records, by partition: `read` is the sum of the four fates.';

-- Readers may have join_use_nulls set, hence ifNull. Where a record was rejected first names it, in the first epoch of its incarnation of the topic: a replay
-- of the whole log folds the same records under another epoch.
CREATE OR REPLACE VIEW {database}.reject_attempts AS
WITH
    rejected AS
    (
        SELECT
            *,
            splitByChar('/', if(replay_of = '', concat(_topic, '/', toString(_epoch), '/', toString(_partition), '/', toString(_offset)), replay_of)) AS first
        FROM {database}.rejects FINAL
        WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    ),
    incarnations AS
    (
        SELECT topic, toString(epoch) AS epoch, toString(min(epoch) OVER (PARTITION BY topic, topic_id)) AS first_epoch
        FROM {database}.epochs FINAL
        WHERE topic_id != ''
    )
SELECT
    r._topic AS topic,
    r._epoch AS epoch,
    r._partition AS partition,
    r._offset AS offset,
    r._timestamp AS timestamp,
    r.reason AS reason,
    r.detail AS detail,
    r.schema_id AS schema_id,
    length(r.value) AS bytes,
    bitAnd(r.replays, 2147483647) AS replays,
    concat(r.first[1], '/', if(ifNull(i.first_epoch, '') = '', r.first[2], ifNull(i.first_epoch, '')), '/', r.first[3], '/', r.first[4]) AS first_rejected,
    r.replays >= 2147483648 AS bytes_erased
FROM rejected AS r
LEFT ANY JOIN incarnations AS i ON r.first[1] = i.topic AND r.first[2] = i.epoch
COMMENT 'Every rejection, without the bytes: of a record that was replayed and rejected again, every attempt.';

CREATE OR REPLACE VIEW {database}.reject_outcomes_current AS
WITH
    incarnations AS
    (
        SELECT topic, epoch, min(epoch) OVER (PARTITION BY topic, topic_id) AS first_epoch
        FROM {database}.epochs FINAL
        WHERE topic_id != ''
    ),
    outcomes AS
    (
        SELECT *
        FROM {database}.reject_outcomes FINAL
        WHERE outcome = 'dropped' OR (_topic, by_epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
        ORDER BY outcome = 'replayed' DESC, by_epoch DESC
        LIMIT 1 BY _topic, _epoch, _partition, _offset
    ),
    reasons AS
    (
        SELECT first_rejected AS first, argMax(reason, replays) AS reason
        FROM {database}.reject_attempts
        GROUP BY first_rejected
    ),
    named AS
    (
        SELECT
            o._topic AS topic,
            o._partition AS partition,
            o._offset AS offset,
            o.outcome AS outcome,
            o.fate AS fate,
            o.by_partition AS by_partition,
            o.by_offset AS by_offset,
            o.replays AS replays,
            o.at AS at,
            o.why AS why,
            concat(o._topic, '/', toString(if(ifNull(i.topic, '') = '', o._epoch, ifNull(i.first_epoch, 0))), '/', toString(o._partition), '/', toString(o._offset)) AS first_rejected
        FROM outcomes AS o
        LEFT ANY JOIN incarnations AS i ON o._topic = i.topic AND o._epoch = i.epoch
    )
SELECT
    n.topic AS topic,
    n.partition AS partition,
    n.offset AS offset,
    ifNull(r.reason, '') AS reason,
    n.outcome AS outcome,
    n.fate AS fate,
    n.by_partition AS by_partition,
    n.by_offset AS by_offset,
    n.replays AS replays,
    n.at AS at,
    n.why AS why,
    n.first_rejected AS first_rejected
FROM named AS n
LEFT ANY JOIN reasons AS r ON n.first_rejected = r.first
COMMENT 'What became of rejected records that are no longer on the list: sent again and counted, or dropped.';

CREATE OR REPLACE VIEW {database}.rejects_current AS
SELECT
    topic,
    epoch,
    partition,
    offset,
    timestamp,
    reason,
    detail,
    schema_id,
    bytes,
    replays,
    first_rejected
FROM {database}.reject_attempts
WHERE first_rejected NOT IN (SELECT first_rejected FROM {database}.reject_outcomes_current)
    AND (first_rejected NOT IN (SELECT first_rejected FROM {database}.reject_attempts WHERE replays > 0)
        OR (first_rejected, (replays, epoch, offset)) IN
        (
            SELECT first_rejected, max((replays, epoch, offset))
            FROM {database}.reject_attempts
            WHERE replays > 0
            GROUP BY first_rejected
        ))
COMMENT 'Records that could not be counted, without their bytes. One that was replayed and rejected again is here once, as it was last; one that was counted or dropped is not here any more.';

CREATE OR REPLACE VIEW {database}.reject_counts AS
SELECT
    toDate(timestamp, 'UTC') AS day,
    topic,
    reason,
    count() AS n,
    min(timestamp) AS first,
    max(timestamp) AS last
FROM {database}.rejects_current
GROUP BY day, topic, reason
COMMENT 'How many records `rejects_current` has, by day, topic and reason.';
