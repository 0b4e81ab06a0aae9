-- Scores: every histogram with every score of its measure. How they are computed stands in
-- R1_functions_scores.

CREATE OR REPLACE VIEW {database}.score_rules_current AS
SELECT
    measure,
    score,
    topic,
    unit,
    higher_is_better,
    once_per,
    horizon_s,
    n_stat,
    n_privacy,
    confidence,
    tuple(
        kind, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high, q, scale_low,
        scale_high, n_privacy, n_stat, z, confidence)
        ::Tuple(
            kind LowCardinality(String), is_duration Bool, top_low Nullable(Int32), top_high Nullable(Int32),
            bottom_low Nullable(Int32), bottom_high Nullable(Int32), base_low Nullable(Int32),
            base_high Nullable(Int32), q Nullable(Float64), scale_low Nullable(Int32),
            scale_high Nullable(Int32), n_privacy UInt32, n_stat UInt32, z Float64, confidence Float64) AS rule
FROM {database}.score_rules FINAL
-- A score that the newest definitions dropped is shown no more.
WHERE definitions = (SELECT max(definitions) FROM {database}.score_rules)
COMMENT 'The scores of the newest measures file, and how they are derived.';

-- By a rule: what a score is derived from, the score (n, value, lower, upper, status), and a difference of
-- two (value, lower, upper, z, p, status). A view computes each step in a subquery of its own: a function
-- writes its arguments out as often as it names them.
CREATE OR REPLACE FUNCTION earshot_summary_by AS (rule, histogram) ->
    earshot_summary(
        rule.1, histogram.1, histogram.2, rule.2, rule.3, rule.4, rule.5, rule.6, rule.7, rule.8, rule.9,
        rule.14);

CREATE OR REPLACE FUNCTION earshot_score_from AS (rule, summary) ->
    earshot_score_of(rule.1, summary, rule.2, rule.10, rule.11, rule.12, rule.13, rule.14, rule.15);

CREATE OR REPLACE FUNCTION earshot_difference_by AS (rule, one, other, ratio) ->
    earshot_difference(
        rule.1, one, other, toFloat64(ratio), if(rule.2, inf, toFloat64(rule.11 - rule.10)), rule.12, rule.13, rule.14,
        rule.15);

-- Whether a measure is shown by periods of some seconds. In a longer period than its own, a customer that
-- counts once would count several times.
CREATE OR REPLACE FUNCTION earshot_shown_by_period AS (once_per, seconds) ->
    once_per IN ('', transform(seconds, [0, 3600, 86400], ['month', 'hour', 'day'], ''));

CREATE OR REPLACE VIEW {database}.thresholds AS
SELECT
    any(n_privacy) AS n_privacy,
    any(n_stat) AS n_stat,
    any(confidence) AS confidence,
    any(rule.14) AS z
FROM {database}.score_rules_current
COMMENT 'What the settings say about all scores: one row.';

CREATE OR REPLACE VIEW {database}.scores_by_period AS
SELECT
    * EXCEPT (rule, found, unit, until, higher_is_better),
    found.1 AS n,
    found.2 AS value,
    found.3 AS lower,
    found.4 AS upper,
    unit,
    earshot_method(rule.1) AS method,
    rule.15 AS confidence,
    found.5 AS status,
    toBool(until > now()) AS provisional,
    higher_is_better
FROM
(
    SELECT * EXCEPT (summary), earshot_score_from(rule, summary) AS found
    FROM
    (
        SELECT
            h.* EXCEPT (histogram),
            r.score AS score,
            r.unit AS unit,
            earshot_period_end(h.period_start, {seconds:UInt32}) + r.horizon_s AS until,
            r.higher_is_better AS higher_is_better,
            r.rule AS rule,
            earshot_summary_by(r.rule, h.histogram) AS summary
        FROM {database}.histograms_by_period(seconds = {seconds:UInt32}) AS h
        INNER JOIN {database}.score_rules_current AS r ON r.measure = h.measure
        WHERE earshot_shown_by_period(r.once_per, {seconds:UInt32})
    )
)
COMMENT 'Scores of periods of some seconds, aligned to UTC: scores_by_period(seconds = 900). 0 stands for months.';

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
SELECT * FROM {database}.scores_by_period(seconds = 0)
COMMENT 'Scores by month (UTC).';

CREATE OR REPLACE VIEW {database}.scores_rolling AS
SELECT
    * EXCEPT (rule, found, unit, until, higher_is_better),
    found.1 AS n,
    found.2 AS value,
    found.3 AS lower,
    found.4 AS upper,
    unit,
    earshot_method(rule.1) AS method,
    rule.15 AS confidence,
    found.5 AS status,
    toBool(until > now()) AS provisional,
    higher_is_better
FROM
(
    SELECT * EXCEPT (summary), earshot_score_from(rule, summary) AS found
    FROM
    (
        SELECT
            h.* EXCEPT (histogram),
            r.score AS score,
            r.unit AS unit,
            now() + r.horizon_s AS until,
            r.higher_is_better AS higher_is_better,
            r.rule AS rule,
            earshot_summary_by(r.rule, h.histogram) AS summary
        FROM {database}.histograms_rolling AS h
        INNER JOIN {database}.score_rules_current AS r ON r.measure = h.measure
        -- A window is longer or shorter than the period in which a customer counts once.
        WHERE r.once_per = ''
    )
)
COMMENT 'Scores of the rolling windows that end now: 5m, 1h, 24h, 7d and 28d.';
