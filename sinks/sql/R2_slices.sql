-- From slices to histograms: the counts every score is derived from. What readers use begins here; the
-- tables below may change, the views stay.

-- The end of the current minute: every rolling window ends with it.
CREATE OR REPLACE FUNCTION earshot_now_end AS () ->
    toStartOfMinute(now('UTC')) + 60;

-- Start of the period a slice is in: aligned to UTC for a number of seconds, of the month for 0, and for 1
-- the start of the shortest rolling window that holds it. Written so that a condition on it reaches the
-- key of the table: a query of one day reads one day.
CREATE OR REPLACE FUNCTION earshot_period_start AS (slice_start, seconds) ->
    if(
        seconds = 0,
        toDateTime(toStartOfMonth(slice_start), 'UTC'),
        if(
            seconds = 1,
            earshot_now_end() - multiIf(
                slice_start >= earshot_now_end() - 300, 300,
                slice_start >= earshot_now_end() - 3600, 3600,
                slice_start >= earshot_now_end() - 86400, 86400,
                slice_start >= earshot_now_end() - 604800, 604800,
                2419200),
            toStartOfInterval(slice_start, toIntervalSecond(greatest(seconds, 1)))));

-- Where the period ends, which is where the next one starts.
CREATE OR REPLACE FUNCTION earshot_period_end AS (period_start, seconds) ->
    if(seconds = 0, addMonths(period_start, 1), period_start + seconds);

-- Start of the period before.
CREATE OR REPLACE FUNCTION earshot_period_before AS (period_start, seconds) ->
    if(seconds = 0, subtractMonths(period_start, 1), period_start - seconds);

-- Counts by bucket as two lists of one length, in the order of the buckets, without empty ones.
CREATE OR REPLACE FUNCTION earshot_histogram AS (counts) ->
    (
        mapKeys(mapSort(mapFilter((bucket, n) -> n != 0, counts))),
        mapValues(mapSort(mapFilter((bucket, n) -> n != 0, counts)))
    );

CREATE OR REPLACE VIEW {database}.histograms_by_period AS
SELECT
    period_start,
    measure,
    arrayStringConcat(names, ',') AS grouped_by,
    values[indexOf(names, 'survey_id')] AS survey_id,
    values[indexOf(names, 'question_id')] AS question_id,
    values[indexOf(names, 'touchpoint')] AS touchpoint,
    values[indexOf(names, 'channel')] AS channel,
    values[indexOf(names, 'journey')] AS journey,
    values[indexOf(names, 'journey_stage')] AS journey_stage,
    values[indexOf(names, 'team_id')] AS team_id,
    values[indexOf(names, 'agent_id')] AS agent_id,
    values[indexOf(names, 'product')] AS product,
    values[indexOf(names, 'region')] AS region,
    values[indexOf(names, 'sla_policy')] AS sla_policy,
    values[indexOf(names, 'sla_metric')] AS sla_metric,
    values[indexOf(names, 'contact_rule')] AS contact_rule,
    mapFromArrays(
        arrayMap(name -> substring(name, 12), arrayFilter(name -> startsWith(name, 'attributes.'), names)),
        arrayFilter((value, name) -> startsWith(name, 'attributes.'), values, names)) AS attributes,
    earshot_histogram(sumMap(counts)) AS histogram
FROM
(
    SELECT
        period_start,
        measure,
        counts,
        arrayJoin(groupings) AS grouping,
        grouping.1 AS names,
        grouping.2 AS values
    FROM
    (
        -- By series first: there are far fewer than slices, and each is grouped several times.
        SELECT
            earshot_period_start(slice_start, {seconds:UInt32}) AS period_start,
            measure,
            mapConcat(
                map(
                    'survey_id', any(t.survey_id),
                    'question_id', any(t.question_id),
                    'touchpoint', any(t.touchpoint),
                    'channel', any(t.channel),
                    'journey', any(t.journey),
                    'journey_stage', any(t.journey_stage),
                    'team_id', any(t.team_id),
                    'agent_id', any(t.agent_id),
                    'product', any(t.product),
                    'region', any(t.region),
                    'sla_policy', any(t.sla_policy),
                    'sla_metric', any(t.sla_metric),
                    'contact_rule', any(t.contact_rule)),
                mapApply((name, value) -> (concat('attributes.', name), value), any(t.attributes))) AS known,
            arrayMap(
                names -> (names, arrayMap(name -> known[name], names)),
                arrayFilter(
                    names -> hasAll(any(t.dimensions), names),
                    (
                        SELECT groupUniqArray(dimensions)
                        FROM {database}.rollups
                        WHERE definitions = (SELECT max(definitions) FROM {database}.rollups)
                    ))) AS groupings,
            sumMap(map(bucket, n)) AS counts
        FROM {database}.slices AS t FINAL
        WHERE slice_start <= now()
            AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
            -- The rolling windows reach back four weeks.
            AND ({seconds:UInt32} != 1 OR slice_start >= earshot_now_end() - 2419200)
        GROUP BY measure, series, period_start
    )
)
GROUP BY period_start, measure, names, values
COMMENT 'Histograms of periods of some seconds, aligned to UTC; 0 seconds stand for months. Once for each roll-up of the measures file whose dimensions a series has: counts of a group are summed before a score is derived, scores themselves are never averaged.';

CREATE OR REPLACE VIEW {database}.histograms_by_month AS
SELECT * FROM {database}.histograms_by_period(seconds = 0)
COMMENT 'Histograms of months (UTC).';

CREATE OR REPLACE VIEW {database}.histograms_rolling AS
SELECT
    windows.1 AS window,
    earshot_now_end() - windows.2 AS window_start,
    earshot_now_end() AS window_end,
    h.* EXCEPT (period_start, histogram),
    sumMap(h.histogram) AS histogram
FROM {database}.histograms_by_period(seconds = 1) AS h
CROSS JOIN
(
    SELECT arrayJoin([('5m', 300), ('1h', 3600), ('24h', 86400), ('7d', 604800), ('28d', 2419200)]) AS windows
) AS w
WHERE h.period_start >= earshot_now_end() - w.windows.2
GROUP BY ALL
COMMENT 'Histograms of the rolling windows that end with the current minute.';

CREATE OR REPLACE VIEW {database}.slice_groups AS
SELECT period_start AS slice_start, * EXCEPT (period_start, histogram), bucket, n
FROM {database}.histograms_by_period(seconds = 60)
ARRAY JOIN histogram.1 AS bucket, histogram.2 AS n
COMMENT 'Counts by minute and bucket up to now, once for each roll-up of the measures file whose dimensions a series has.';
