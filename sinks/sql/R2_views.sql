-- What readers use: the public contract of ClickHouse. The tables below may change, the views stay.

-- A score from the sums of its boxes: NULL, never 0, where there is nothing to say.
CREATE OR REPLACE FUNCTION earshot_score_value AS (kind, n, top, bottom, total) ->
    multiIf(
        kind = 'net', earshot_net(top, bottom, n),
        kind = 'share', earshot_share(top, n),
        kind = 'mean', earshot_mean(n, total),
        n > 0, toFloat64(n),
        NULL);

CREATE OR REPLACE FUNCTION earshot_score_lower AS (kind, n, top, bottom, total, squares, scale_low, z, confidence) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_lower(top, bottom, n, z),
        kind = 'share', earshot_wilson_lower(top, n, z),
        kind = 'mean', earshot_student_t_lower(n, total, squares, scale_low, confidence),
        n > 0, toFloat64(n),
        NULL);

CREATE OR REPLACE FUNCTION earshot_score_upper AS (kind, n, top, bottom, total, squares, scale_high, z, confidence) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_upper(top, bottom, n, z),
        kind = 'share', earshot_wilson_upper(top, n, z),
        kind = 'mean', earshot_student_t_upper(n, total, squares, scale_high, confidence),
        n > 0, toFloat64(n),
        NULL);

CREATE OR REPLACE VIEW {database}.answers_current AS
SELECT * EXCEPT (_topic, _epoch, _partition, _offset, _timestamp, _definitions)
FROM
(
    SELECT *
    FROM {database}.answers FINAL
    ORDER BY revision DESC, _epoch, _partition, _offset
    LIMIT 1 BY source, response_id, question_id
)
WHERE op != 'DELETE'
COMMENT 'The newest revision of every answer that was not deleted.';

CREATE OR REPLACE VIEW {database}.slice_groups AS
SELECT
    s.measure AS measure,
    s.slice_start AS slice_start,
    arrayStringConcat(grouping, ',') AS grouped_by,
    if(has(grouping, 'survey_id'), s.survey_id, '') AS survey_id,
    if(has(grouping, 'question_id'), s.question_id, '') AS question_id,
    if(has(grouping, 'touchpoint'), s.touchpoint, '') AS touchpoint,
    if(has(grouping, 'channel'), s.channel, '') AS channel,
    if(has(grouping, 'journey_stage'), s.journey_stage, '') AS journey_stage,
    if(has(grouping, 'team_id'), s.team_id, '') AS team_id,
    if(has(grouping, 'product'), s.product, '') AS product,
    if(has(grouping, 'region'), s.region, '') AS region,
    s.bucket AS bucket,
    s.n AS n
FROM {database}.slices AS s FINAL
ARRAY JOIN arrayFilter(
    names -> hasAll(s.dimensions, names),
    [
        emptyArrayString(),
        ['touchpoint'],
        ['channel'],
        ['touchpoint', 'channel'],
        ['survey_id', 'question_id'],
        ['journey_stage'],
        ['team_id'],
        ['product'],
        ['region']
    ]) AS grouping
COMMENT 'Slices, once for each way they are grouped: by nothing, by one dimension, by some pairs. Counts of a group are summed before a score is derived; scores themselves are never averaged.';

CREATE OR REPLACE VIEW {database}.histograms_by_period AS
SELECT
    toStartOfInterval(slice_start, toIntervalSecond({seconds:UInt32})) AS period_start,
    measure,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    sumMap([bucket], [n]) AS histogram
FROM {database}.slice_groups
GROUP BY ALL
COMMENT 'Histograms of periods of some seconds, aligned to UTC.';

CREATE OR REPLACE VIEW {database}.histograms_by_month AS
SELECT
    toDateTime(toStartOfMonth(slice_start), 'UTC') AS period_start,
    measure,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    sumMap([bucket], [n]) AS histogram
FROM {database}.slice_groups
GROUP BY ALL
COMMENT 'Histograms of months (UTC).';

CREATE OR REPLACE VIEW {database}.histograms_rolling AS
SELECT
    rolling.1 AS window,
    toStartOfMinute(now('UTC')) + 60 - rolling.2 AS window_start,
    toStartOfMinute(now('UTC')) + 60 AS window_end,
    measure,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    sumMap([bucket], [n]) AS histogram
FROM {database}.slice_groups
CROSS JOIN
(
    SELECT arrayJoin([('5m', 300), ('1h', 3600), ('24h', 86400), ('7d', 604800), ('28d', 2419200)]) AS rolling
) AS windows
WHERE slice_start >= toStartOfMinute(now('UTC')) + 60 - 2419200
    AND slice_start >= toStartOfMinute(now('UTC')) + 60 - rolling.2
    AND slice_start < toStartOfMinute(now('UTC')) + 60
GROUP BY ALL
COMMENT 'Histograms of the rolling windows that end with the current minute.';

CREATE OR REPLACE VIEW {database}.scores_by_period AS
SELECT
    period_start,
    measure,
    score,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    n,
    if(status IN ('ok', 'thin'), earshot_score_value(kind, n, top, bottom, total), NULL) AS value,
    if(
        status IN ('ok', 'thin'),
        earshot_score_lower(kind, n, top, bottom, total, squares, scale_low, z, confidence),
        NULL) AS lower,
    if(
        status IN ('ok', 'thin'),
        earshot_score_upper(kind, n, top, bottom, total, squares, scale_high, z, confidence),
        NULL) AS upper,
    unit,
    earshot_method(kind) AS method,
    confidence,
    status
FROM
(
    SELECT
        h.period_start AS period_start,
        h.measure AS measure,
        h.grouped_by AS grouped_by,
        h.survey_id AS survey_id,
        h.question_id AS question_id,
        h.touchpoint AS touchpoint,
        h.channel AS channel,
        h.journey_stage AS journey_stage,
        h.team_id AS team_id,
        h.product AS product,
        h.region AS region,
        r.score AS score,
        r.kind AS kind,
        r.unit AS unit,
        r.scale_low AS scale_low,
        r.scale_high AS scale_high,
        r.confidence AS confidence,
        r.z AS z,
        arraySum(h.histogram.2) AS n,
        arraySum((bucket, k) -> if(bucket BETWEEN r.top_low AND r.top_high, k, 0), h.histogram.1, h.histogram.2) AS top,
        arraySum((bucket, k) -> if(bucket BETWEEN r.bottom_low AND r.bottom_high, k, 0), h.histogram.1, h.histogram.2) AS bottom,
        arraySum((bucket, k) -> bucket * k, h.histogram.1, h.histogram.2) AS total,
        arraySum((bucket, k) -> bucket * bucket * k, h.histogram.1, h.histogram.2) AS squares,
        earshot_status(arraySum(h.histogram.2), r.n_privacy, if(r.kind = 'count', 0, r.n_stat)) AS status
    FROM {database}.histograms_by_period(seconds = {seconds:UInt32}) AS h
    INNER JOIN
    (
        SELECT * FROM {database}.score_rules FINAL
        -- A score that the newest definitions dropped is shown no more.
        WHERE definitions = (SELECT max(definitions) FROM {database}.score_rules)
    ) AS r ON r.measure = h.measure
)
COMMENT 'Scores of periods of some seconds, aligned to UTC: scores_by_period(seconds = 900).';

CREATE OR REPLACE VIEW {database}.scores_by_minute AS
SELECT * FROM {database}.scores_by_period(seconds = 60)
COMMENT 'Scores by minute (UTC).';

CREATE OR REPLACE VIEW {database}.scores_by_hour AS
SELECT * FROM {database}.scores_by_period(seconds = 3600)
COMMENT 'Scores by hour (UTC).';

CREATE OR REPLACE VIEW {database}.scores_by_day AS
SELECT * FROM {database}.scores_by_period(seconds = 86400)
COMMENT 'Scores by day (UTC).';

CREATE OR REPLACE VIEW {database}.scores_by_month AS
SELECT
    period_start,
    measure,
    score,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    n,
    if(status IN ('ok', 'thin'), earshot_score_value(kind, n, top, bottom, total), NULL) AS value,
    if(
        status IN ('ok', 'thin'),
        earshot_score_lower(kind, n, top, bottom, total, squares, scale_low, z, confidence),
        NULL) AS lower,
    if(
        status IN ('ok', 'thin'),
        earshot_score_upper(kind, n, top, bottom, total, squares, scale_high, z, confidence),
        NULL) AS upper,
    unit,
    earshot_method(kind) AS method,
    confidence,
    status
FROM
(
    SELECT
        h.period_start AS period_start,
        h.measure AS measure,
        h.grouped_by AS grouped_by,
        h.survey_id AS survey_id,
        h.question_id AS question_id,
        h.touchpoint AS touchpoint,
        h.channel AS channel,
        h.journey_stage AS journey_stage,
        h.team_id AS team_id,
        h.product AS product,
        h.region AS region,
        r.score AS score,
        r.kind AS kind,
        r.unit AS unit,
        r.scale_low AS scale_low,
        r.scale_high AS scale_high,
        r.confidence AS confidence,
        r.z AS z,
        arraySum(h.histogram.2) AS n,
        arraySum((bucket, k) -> if(bucket BETWEEN r.top_low AND r.top_high, k, 0), h.histogram.1, h.histogram.2) AS top,
        arraySum((bucket, k) -> if(bucket BETWEEN r.bottom_low AND r.bottom_high, k, 0), h.histogram.1, h.histogram.2) AS bottom,
        arraySum((bucket, k) -> bucket * k, h.histogram.1, h.histogram.2) AS total,
        arraySum((bucket, k) -> bucket * bucket * k, h.histogram.1, h.histogram.2) AS squares,
        earshot_status(arraySum(h.histogram.2), r.n_privacy, if(r.kind = 'count', 0, r.n_stat)) AS status
    FROM {database}.histograms_by_month AS h
    INNER JOIN
    (
        SELECT * FROM {database}.score_rules FINAL
        -- A score that the newest definitions dropped is shown no more.
        WHERE definitions = (SELECT max(definitions) FROM {database}.score_rules)
    ) AS r ON r.measure = h.measure
)
COMMENT 'Scores by month (UTC).';

CREATE OR REPLACE VIEW {database}.scores_rolling AS
SELECT
    window,
    window_start,
    window_end,
    measure,
    score,
    grouped_by,
    survey_id,
    question_id,
    touchpoint,
    channel,
    journey_stage,
    team_id,
    product,
    region,
    n,
    if(status IN ('ok', 'thin'), earshot_score_value(kind, n, top, bottom, total), NULL) AS value,
    if(
        status IN ('ok', 'thin'),
        earshot_score_lower(kind, n, top, bottom, total, squares, scale_low, z, confidence),
        NULL) AS lower,
    if(
        status IN ('ok', 'thin'),
        earshot_score_upper(kind, n, top, bottom, total, squares, scale_high, z, confidence),
        NULL) AS upper,
    unit,
    earshot_method(kind) AS method,
    confidence,
    status
FROM
(
    SELECT
        h.window AS window,
        h.window_start AS window_start,
        h.window_end AS window_end,
        h.measure AS measure,
        h.grouped_by AS grouped_by,
        h.survey_id AS survey_id,
        h.question_id AS question_id,
        h.touchpoint AS touchpoint,
        h.channel AS channel,
        h.journey_stage AS journey_stage,
        h.team_id AS team_id,
        h.product AS product,
        h.region AS region,
        r.score AS score,
        r.kind AS kind,
        r.unit AS unit,
        r.scale_low AS scale_low,
        r.scale_high AS scale_high,
        r.confidence AS confidence,
        r.z AS z,
        arraySum(h.histogram.2) AS n,
        arraySum((bucket, k) -> if(bucket BETWEEN r.top_low AND r.top_high, k, 0), h.histogram.1, h.histogram.2) AS top,
        arraySum((bucket, k) -> if(bucket BETWEEN r.bottom_low AND r.bottom_high, k, 0), h.histogram.1, h.histogram.2) AS bottom,
        arraySum((bucket, k) -> bucket * k, h.histogram.1, h.histogram.2) AS total,
        arraySum((bucket, k) -> bucket * bucket * k, h.histogram.1, h.histogram.2) AS squares,
        earshot_status(arraySum(h.histogram.2), r.n_privacy, if(r.kind = 'count', 0, r.n_stat)) AS status
    FROM {database}.histograms_rolling AS h
    INNER JOIN
    (
        SELECT * FROM {database}.score_rules FINAL
        -- A score that the newest definitions dropped is shown no more.
        WHERE definitions = (SELECT max(definitions) FROM {database}.score_rules)
    ) AS r ON r.measure = h.measure
)
COMMENT 'Scores of the rolling windows that end now.';

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
