-- The ways customers take, against the journey maps of the measures file.

CREATE OR REPLACE VIEW {database}.journey_paths AS
SELECT
    subject,
    journey,
    arrayMap(visit -> visit[1].4, visits) AS stages,
    arrayMap(visit -> visit[1].1, visits) AS entered_at,
    -- As the facts journey.on_map: the step to each stage, the first one included.
    arrayMap(
        (visit, stage, before, i) -> toBool(
            NOT arrayExists(event -> event.5, visit)
            AND if(i = 1, has(starts, stage), has(transitions, (before, stage)))),
        visits,
        stages,
        arrayPushFront(arrayPopBack(stages), ''),
        arrayEnumerate(stages)) AS on_map,
    toBool(NOT has(on_map, false)) AS is_on_map,
    events[1].1 AS started_at,
    events[-1].1 AS last_event_at,
    (toUnixTimestamp64Milli(last_event_at) - toUnixTimestamp64Milli(started_at)) / 1000 AS seconds
FROM
(
    SELECT
        subject,
        journey,
        starts,
        transitions,
        events,
        -- Events of one stage in a row are one visit.
        arraySplit(
            (event, before) -> event.4 != before.4,
            events,
            arrayPushFront(arrayPopBack(events), events[1])) AS visits
    FROM
    (
        SELECT
            e.subject AS subject,
            e.journey AS journey,
            m.starts AS starts,
            m.transitions AS transitions,
            -- A silence ends a path.
            arrayJoin(arraySplit(
                (event, gap_ms) -> gap_ms > m.ends_after_ms,
                e.history,
                arrayDifference(arrayMap(event -> toUnixTimestamp64Milli(event.1), e.history)))) AS events
        FROM
        (
            SELECT
                _subject AS subject,
                journey,
                arraySort(groupUniqArray(
                    (event_time, source, event_id, journey_stage::String, on_map = 'OFF'))) AS history
            FROM {database}.interactions FINAL
            WHERE journey != '' AND journey_stage != '' AND NOT is_test AND event_time <= now64(3)
                AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
            GROUP BY subject, journey
        ) AS e
        INNER JOIN
        (
            SELECT * FROM {database}.journey_maps FINAL
            WHERE definitions = (SELECT max(definitions) FROM {database}.rollups)
        ) AS m ON m.journey = e.journey
    )
)
COMMENT 'The paths of customers through the journeys of the measures file: stages in order, when each was entered, and whether the map foresees the step to it.';

-- Who left the map in a way of their own could be known by it: here the few are those who did, not only those
-- who might have.
CREATE OR REPLACE FUNCTION earshot_rare_status AS (k, n, n_privacy, n_stat) ->
    if(k < n_privacy, 'suppressed', earshot_status(n, n_privacy, n_stat));

CREATE OR REPLACE VIEW {database}.off_map_paths AS
SELECT
    journey,
    stages,
    earshot_of_group(found.paths, found.paths, n_privacy) AS paths,
    paths_of_journey,
    earshot_share(paths, paths_of_journey) AS share,
    earshot_wilson_lower(paths, paths_of_journey, z) AS lower,
    earshot_wilson_upper(paths, paths_of_journey, z) AS upper,
    confidence,
    earshot_rare_status(found.paths, paths_of_journey, n_privacy, n_stat) AS status
FROM
(
    SELECT
        journey,
        stages,
        is_on_map,
        count() AS paths,
        sum(paths) OVER (PARTITION BY journey) AS paths_of_journey
    FROM {database}.journey_paths
    GROUP BY journey, stages, is_on_map
) AS found
CROSS JOIN {database}.thresholds AS t
WHERE NOT is_on_map
COMMENT 'Paths that leave the journey map, with how often they are taken: sort by paths. Every distinct path once.';

CREATE OR REPLACE VIEW {database}.off_map_steps AS
SELECT
    journey,
    from_stage,
    to_stage,
    earshot_of_group(found.steps, found.steps, n_privacy) AS steps,
    steps_of_journey,
    earshot_share(steps, steps_of_journey) AS share,
    earshot_wilson_lower(steps, steps_of_journey, z) AS lower,
    earshot_wilson_upper(steps, steps_of_journey, z) AS upper,
    confidence,
    earshot_rare_status(found.steps, steps_of_journey, n_privacy, n_stat) AS status
FROM
(
    SELECT
        journey,
        step.1 AS from_stage,
        step.2 AS to_stage,
        countIf(NOT step.3) AS steps,
        sum(count()) OVER (PARTITION BY journey) AS steps_of_journey
    FROM {database}.journey_paths
    ARRAY JOIN arrayZip(arrayPushFront(arrayPopBack(stages), ''), stages, on_map) AS step
    GROUP BY journey, from_stage, to_stage
) AS found
CROSS JOIN {database}.thresholds AS t
WHERE found.steps > 0
COMMENT 'Steps the journey map does not foresee, with how often they are taken: sort by steps. A path that begins in the wrong stage has no from_stage.';

-- A quantile of durations, as (n, value, lower, upper, status) in seconds.
CREATE OR REPLACE FUNCTION earshot_duration_quantile AS (histogram, q, n_privacy, n_stat, z, confidence) ->
    earshot_score(
        'quantile', histogram.1, histogram.2, true, NULL::Nullable(Int32), NULL::Nullable(Int32),
        NULL::Nullable(Int32), NULL::Nullable(Int32), NULL::Nullable(Int32), NULL::Nullable(Int32), q,
        NULL::Nullable(Int32), NULL::Nullable(Int32), n_privacy, n_stat, z, confidence);

CREATE OR REPLACE VIEW {database}.journey_stage_times AS
SELECT
    period_start,
    journey,
    journey_stage,
    p50.1 AS n,
    p50.2 AS p50_s,
    p50.3 AS p50_lower_s,
    p50.4 AS p50_upper_s,
    p90.2 AS p90_s,
    p90.3 AS p90_lower_s,
    p90.4 AS p90_upper_s,
    p50.5 AS status,
    expected_s,
    due,
    if(due_status IN ('ok', 'thin'), earshot_share(in_time, due), NULL) AS in_time_share,
    if(due_status IN ('ok', 'thin'), earshot_wilson_lower(in_time, due, z), NULL) AS in_time_lower,
    if(due_status IN ('ok', 'thin'), earshot_wilson_upper(in_time, due, z), NULL) AS in_time_upper,
    due_status AS in_time_status,
    confidence
FROM
(
    SELECT
        s.period_start AS period_start,
        s.journey AS journey,
        s.journey_stage AS journey_stage,
        if(mapContains(m.expected_ms, s.journey_stage), m.expected_ms[s.journey_stage] / 1000, NULL) AS expected_s,
        s.due AS due,
        s.in_time AS in_time,
        t.z AS z,
        t.confidence AS confidence,
        earshot_status(s.due, t.n_privacy, t.n_stat) AS due_status,
        earshot_duration_quantile(s.times, 0.5, t.n_privacy, t.n_stat, t.z, t.confidence) AS p50,
        earshot_duration_quantile(s.times, 0.9, t.n_privacy, t.n_stat, t.z, t.confidence) AS p90
    FROM
    (
        SELECT
            toDateTime(toStartOfMonth(slice_start), 'UTC') AS period_start,
            journey,
            journey_stage,
            earshot_histogram(sumMapIf(map(bucket, n), measure = 'journey.stage_time')) AS times,
            sumIf(n, measure = 'journey.in_time') AS due,
            sumIf(n, measure = 'journey.in_time' AND bucket = 1) AS in_time
        FROM {database}.slices FINAL
        WHERE measure IN ('journey.stage_time', 'journey.in_time') AND slice_start <= now()
            AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
        GROUP BY period_start, journey, journey_stage
        HAVING due > 0 OR notEmpty(times.1)
    ) AS s
    LEFT JOIN
    (
        SELECT * FROM {database}.journey_maps FINAL
        WHERE definitions = (SELECT max(definitions) FROM {database}.rollups)
    ) AS m ON m.journey = s.journey
    CROSS JOIN {database}.thresholds AS t
)
COMMENT 'By month: how long customers stay in a stage, half of them and nine of ten, and how many leave it within the time the journey map expects.';
