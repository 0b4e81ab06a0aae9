-- What changed, and who differs. Of many looks some differ by chance: q is p adjusted for their number
-- (Benjamini, Hochberg), equal to `streams/scores/false_discovery.py`. As in scores, each step has a
-- subquery of its own.

-- The looks at one measure and score in one period, by one dimension or grouping, are one family. Each of the
-- first three is a window over its rows; a look without a p is none, and stands apart.
CREATE OR REPLACE FUNCTION earshot_p_rank AS (p, measure, score, dimension, period_start) ->
    row_number() OVER (PARTITION BY measure, score, dimension, period_start, p IS NULL ORDER BY p);

CREATE OR REPLACE FUNCTION earshot_looks AS (p, measure, score, dimension, period_start) ->
    count(p) OVER (PARTITION BY measure, score, dimension, period_start);

CREATE OR REPLACE FUNCTION earshot_q AS (p, p_rank, looks, measure, score, dimension, period_start) ->
    if(
        p IS NULL,
        NULL,
        least(1.0, min(p * looks / p_rank) OVER (
            PARTITION BY measure, score, dimension, period_start, p IS NULL
            ORDER BY p DESC, p_rank DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)));

CREATE OR REPLACE FUNCTION earshot_significant AS (p, q, confidence, status) ->
    if(p IS NULL, NULL, toBool(q < 1 - confidence AND status = 'ok'));

CREATE OR REPLACE VIEW {database}.score_changes AS
SELECT
    * EXCEPT (p_rank, looks),
    earshot_q(p, p_rank, looks, measure, score, grouped_by, period_start) AS q,
    earshot_significant(p, q, confidence, status) AS significant
FROM
(
    SELECT
        * EXCEPT (found),
        found.1 AS difference,
        found.2 AS lower,
        found.3 AS upper,
        found.4 AS z,
        found.5 AS p,
        found.6 AS status,
        earshot_p_rank(p, measure, score, grouped_by, period_start) AS p_rank,
        earshot_looks(p, measure, score, grouped_by, period_start) AS looks
    FROM
    (
        SELECT
            * EXCEPT (rule, here, before, ratio, until),
            here.1 AS n,
            before.1 AS n_before,
            earshot_difference_method(rule.1) AS method,
            rule.15 AS confidence,
            toBool(until > now()) AS provisional,
            earshot_difference_by(rule, here, before, ratio) AS found
        FROM
        (
            SELECT
                h.* EXCEPT (here, before),
                r.score AS score,
                r.unit AS unit,
                r.higher_is_better AS higher_is_better,
                r.rule AS rule,
                earshot_summary_by(r.rule, h.here) AS here,
                earshot_summary_by(r.rule, h.before) AS before,
                earshot_period_end(h.period_start, {seconds:UInt32}) + r.horizon_s AS until,
                -- Records are compared with those that came in as much time of the period before.
                dateDiff(
                    'second', h.period_start, least(now(), earshot_period_end(h.period_start, {seconds:UInt32})))
                    / dateDiff(
                        'second', earshot_period_before(h.period_start, {seconds:UInt32}), h.period_start) AS ratio
            FROM
            (
                -- Every histogram stands for its own period, and for what came before the next one: of who fell
                -- silent there is a row too, without records, once the next period has begun.
                SELECT
                    side.1 AS period_start,
                    s.* EXCEPT (period_start, histogram),
                    anyIf(s.histogram, side.2) AS here,
                    anyIf(s.histogram, NOT side.2) AS before
                FROM {database}.histograms_by_period(seconds = {seconds:UInt32}) AS s
                ARRAY JOIN
                    [
                        (s.period_start, true),
                        (earshot_period_end(s.period_start, {seconds:UInt32}), false)
                    ] AS side
                GROUP BY ALL
                HAVING notEmpty(here.1) OR (notEmpty(before.1) AND period_start <= now())
            ) AS h
            INNER JOIN {database}.score_rules_current AS r ON r.measure = h.measure
            WHERE earshot_shown_by_period(r.once_per, {seconds:UInt32})
        )
    )
)
COMMENT 'Each score of a period against the period before, for periods of some seconds; 0 stands for months. What score_changes_by_day and score_changes_by_month show.';

CREATE OR REPLACE VIEW {database}.score_changes_by_day AS
SELECT * FROM {database}.score_changes(seconds = 86400)
COMMENT 'Each score of a day against the day before; q is adjusted for the groups of one grouping that are looked at.';

CREATE OR REPLACE VIEW {database}.score_changes_by_month AS
SELECT * FROM {database}.score_changes(seconds = 0)
COMMENT 'Each score of a month against the month before; q is adjusted for the groups of one grouping that are looked at.';

CREATE OR REPLACE VIEW {database}.segment_differences AS
SELECT
    * EXCEPT (p_rank, looks),
    earshot_q(p, p_rank, looks, measure, score, dimension, period_start) AS q,
    earshot_significant(p, q, confidence, status) AS significant
FROM
(
    SELECT
        * EXCEPT (found),
        found.1 AS difference,
        found.2 AS lower,
        found.3 AS upper,
        found.4 AS z,
        found.5 AS p,
        found.6 AS status,
        earshot_p_rank(p, measure, score, dimension, period_start) AS p_rank,
        earshot_looks(p, measure, score, dimension, period_start) AS looks
    FROM
    (
        SELECT
            * EXCEPT (rule, own, others, until),
            own.1 AS n,
            others.1 AS n_others,
            earshot_difference_method(rule.1) AS method,
            rule.15 AS confidence,
            toBool(until > now()) AS provisional,
            earshot_difference_by(rule, own, others, 1) AS found
        FROM
        (
            SELECT
                h.period_start AS period_start,
                h.measure AS measure,
                h.dimension AS dimension,
                h.segment AS segment,
                r.score AS score,
                r.unit AS unit,
                r.higher_is_better AS higher_is_better,
                r.rule AS rule,
                earshot_summary_by(r.rule, h.own) AS own,
                earshot_summary_by(
                    r.rule,
                    earshot_histogram(mapSubtract(mapFromArrays(h.whole.1, h.whole.2), mapFromArrays(h.own.1, h.own.2))))
                    AS others,
                earshot_period_end(h.period_start, {seconds:UInt32}) + r.horizon_s AS until
            FROM
            (
                SELECT
                    period_start,
                    measure,
                    part.1 AS dimension,
                    part.2 AS segment,
                    part.3 AS own,
                    whole
                FROM
                (
                    SELECT
                        period_start,
                        measure,
                        anyIf(histogram, grouped_by = '') AS whole,
                        groupArrayIf(
                            (
                                grouped_by,
                                concat(
                                    survey_id, question_id, touchpoint, channel, journey, journey_stage, team_id,
                                    agent_id, product, region, sla_policy, sla_metric, contact_rule,
                                    arrayStringConcat(mapValues(attributes))),
                                histogram
                            ),
                            grouped_by != '' AND notEmpty(histogram.1)) AS parts
                    FROM {database}.histograms_by_period(seconds = {seconds:UInt32})
                    WHERE position(grouped_by, ',') = 0
                    GROUP BY period_start, measure
                )
                ARRAY JOIN parts AS part
            ) AS h
            INNER JOIN {database}.score_rules_current AS r ON r.measure = h.measure
            -- Records of one segment are no sample of all records: a count has nothing to be compared with.
            WHERE rule.1 != 'count'
                AND earshot_shown_by_period(r.once_per, {seconds:UInt32})
        )
    )
)
COMMENT 'Each segment, for example one channel, against all others of its measure, for periods of some seconds; 0 stands for months. What segment_differences_by_day and segment_differences_by_month show.';

CREATE OR REPLACE VIEW {database}.segment_differences_by_day AS
SELECT * FROM {database}.segment_differences(seconds = 86400)
COMMENT 'By day: each segment, for example one channel, against all others of its measure; q is adjusted for the number of segments.';

CREATE OR REPLACE VIEW {database}.segment_differences_by_month AS
SELECT * FROM {database}.segment_differences(seconds = 0)
COMMENT 'By month: each segment, for example one channel, against all others of its measure; q is adjusted for the number of segments.';
