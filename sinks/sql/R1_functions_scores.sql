-- Whole scores from histograms, equal to `streams/scores/score.py`.

-- What scores are derived from. A histogram is two arrays: rising buckets, and their counts, all above 0.
-- What is costly stands in no branch of an if: what a branch shares with others would be computed again for
-- each. Where it is not needed its arrays are empty instead, and then it costs nothing.

-- Answers in a box; no box, no answers.
CREATE OR REPLACE FUNCTION earshot_in_box AS (buckets, counts, low, high) ->
    arraySum((bucket, k) -> if(bucket BETWEEN low AND high, toInt64(k), 0), buckets, counts);

-- Answers in the top box and, if there is one, in the base of a share.
CREATE OR REPLACE FUNCTION earshot_in_both AS (buckets, counts, low, high, base_low, base_high) ->
    arraySum(
        (bucket, k) -> if(
            bucket BETWEEN low AND high
                AND bucket BETWEEN ifNull(base_low, -2147483648) AND ifNull(base_high, 2147483647),
            toInt64(k),
            0),
        buckets,
        counts);

-- The seconds of buckets of durations. Their mean and its variance s^2 / n are taken from the first on, so
-- that durations in one bucket have no spread at all.
CREATE OR REPLACE FUNCTION earshot_seconds AS (buckets) ->
    arrayMap(bucket -> earshot_duration_value(bucket) / 1000, buckets);

CREATE OR REPLACE FUNCTION earshot_seconds_mean AS (seconds, counts) ->
    seconds[1] + arraySum((second, k) -> (second - seconds[1]) * k, seconds, counts) / arraySum(counts);

CREATE OR REPLACE FUNCTION earshot_seconds_variance AS (seconds, counts, mean) ->
    arraySum((second, k) -> pow(second - mean, 2) * k, seconds, counts)
        / (toFloat64(arraySum(counts)) * nullIf(arraySum(counts) - 1, 0));

-- (mean, variance) of durations, in seconds.
CREATE OR REPLACE FUNCTION earshot_duration_moments AS (seconds, counts) ->
    tuple(
        earshot_seconds_mean(seconds, counts),
        earshot_seconds_variance(seconds, counts, earshot_seconds_mean(seconds, counts)));

-- (mean, variance) on a scale, in its unit.
CREATE OR REPLACE FUNCTION earshot_scale_moments AS (buckets, counts) ->
    arrayMap(
        sums -> tuple(sums.2 / sums.1, earshot_scale_variance(sums.1, sums.2, sums.3)),
        [tuple(
            toInt64(arraySum(counts)),
            arraySum((bucket, k) -> toInt64(bucket) * k, buckets, counts),
            arraySum((bucket, k) -> toInt64(bucket) * bucket * k, buckets, counts))])[1];

-- The numbers, from 1, of the answers that are a quantile, its lower and its upper bound: ceil(n q) and
-- ceil(n q -+ z sqrt(n q (1 - q))), with q in millionths. https://rdrr.io/cran/rcompanion/man/quantileCI.html
CREATE OR REPLACE FUNCTION earshot_quantile_margin AS (n, millionths, z) ->
    z * sqrt(n * millionths / 1000000 * (1 - millionths / 1000000));

CREATE OR REPLACE FUNCTION earshot_quantile_ranks AS (n, millionths, z) ->
    [
        intDiv(n * millionths + 999999, 1000000),
        toInt64(ceil(n * millionths / 1000000 - earshot_quantile_margin(n, millionths, z))),
        toInt64(ceil(n * millionths / 1000000 + earshot_quantile_margin(n, millionths, z)))
    ];

-- The bucket of an answer by its number; NULL of a number that there is not.
CREATE OR REPLACE FUNCTION earshot_bucket_of_rank AS (buckets, counts, rank) ->
    arrayFirstOrNull(
        (bucket, running) -> rank >= 1 AND running >= rank,
        arrayMap(b -> toInt64(b), buckets),
        arrayCumSum(counts));

-- (value, lower, upper) from the buckets: durations in seconds, their bounds at the outer edges.
CREATE OR REPLACE FUNCTION earshot_quantile_of AS (at, low, high, is_duration) ->
    if(
        is_duration,
        tuple(
            earshot_duration_value(at) / 1000,
            if(low IS NULL, NULL, earshot_duration_low(low) / 1000),
            if(high IS NULL, NULL, earshot_duration_high(high) / 1000)),
        tuple(toFloat64(at), toFloat64(low), toFloat64(high)));

CREATE OR REPLACE FUNCTION earshot_quantile AS (buckets, counts, is_duration, ranks) ->
    arrayMap(
        found -> earshot_quantile_of(found.1, found.2, found.3, is_duration),
        [tuple(
            earshot_bucket_of_rank(buckets, counts, ranks[1]),
            earshot_bucket_of_rank(buckets, counts, ranks[2]),
            earshot_bucket_of_rank(buckets, counts, ranks[3]))])[1];

-- All that a score and its interval, or a difference of two, are derived from. value, lower and upper are
-- those of a quantile, value and variance (s^2 / n) those of a mean.
CREATE OR REPLACE FUNCTION earshot_summary_of AS (kind, found) ->
    CAST(
        tuple(
            found.1,
            found.2,
            found.3,
            multiIf(found.1 = 0, NULL, kind = 'mean', found.4.1, kind = 'quantile', found.5.1, NULL),
            if(found.1 > 0 AND kind = 'quantile', found.5.2, NULL),
            if(found.1 > 0 AND kind = 'quantile', found.5.3, NULL),
            if(found.1 > 1 AND kind = 'mean', found.4.2, NULL)),
        'Tuple(n Int64, top Int64, bottom Int64, value Nullable(Float64), lower Nullable(Float64), upper Nullable(Float64), variance Nullable(Float64))');

CREATE OR REPLACE FUNCTION earshot_summary AS (kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high, q, z) ->
    arrayMap(
        found -> earshot_summary_of(kind, found),
        [tuple(
            [
                toInt64(arraySum(counts)),
                earshot_in_box(
                    earshot_needed(kind = 'share', buckets),
                    earshot_needed(kind = 'share', counts),
                    base_low,
                    base_high)
            ][1 + (kind = 'share' AND base_low IS NOT NULL)],
            earshot_in_both(
                earshot_needed(kind IN ('net', 'share'), buckets),
                earshot_needed(kind IN ('net', 'share'), counts),
                top_low,
                top_high,
                base_low,
                base_high),
            earshot_in_box(
                earshot_needed(kind = 'net', buckets),
                earshot_needed(kind = 'net', counts),
                bottom_low,
                bottom_high),
            [
                earshot_scale_moments(
                    earshot_needed(kind = 'mean' AND NOT is_duration, buckets),
                    earshot_needed(kind = 'mean' AND NOT is_duration, counts)),
                earshot_duration_moments(
                    earshot_seconds(earshot_needed(kind = 'mean' AND is_duration, buckets)),
                    earshot_needed(kind = 'mean' AND is_duration, counts))
            ][1 + is_duration],
            earshot_quantile(
                earshot_needed(kind = 'quantile', buckets),
                earshot_needed(kind = 'quantile', counts),
                is_duration,
                earshot_quantile_ranks(
                    toInt64(arraySum(counts)), toInt64(round(ifNull(q, 0.5) * 1000000)), z)))])[1];

-- Score and status of a summary. A count is complete, so few records are not a thin one.
CREATE OR REPLACE FUNCTION earshot_summary_status AS (kind, summary, n_privacy, n_stat) ->
    earshot_status(summary.1, n_privacy, if(kind = 'count', 0, n_stat));

CREATE OR REPLACE FUNCTION earshot_summary_value AS (kind, summary) ->
    multiIf(
        kind = 'net', earshot_net(summary.2, summary.3, summary.1),
        kind = 'share', earshot_share(summary.2, summary.1),
        kind IN ('mean', 'quantile'), summary.4,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

-- t s / sqrt(n) of a mean; NULL of anything else, and of one answer, which has no spread.
CREATE OR REPLACE FUNCTION earshot_summary_margin AS (summary, confidence) ->
    arrayMap(
        (df, variance) -> earshot_t(df, confidence) * sqrt(variance),
        earshot_needed(summary.7 IS NOT NULL, [summary.1 - 1]),
        earshot_needed(summary.7 IS NOT NULL, [summary.7]))[1];

CREATE OR REPLACE FUNCTION earshot_summary_lower AS (kind, summary, lowest, z, margin) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_lower(summary.2, summary.3, summary.1, z),
        kind = 'share', earshot_wilson_lower(summary.2, summary.1, z),
        kind = 'mean', if(margin IS NULL, NULL, greatest(lowest, summary.4 - margin)),
        kind = 'quantile', summary.5,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

CREATE OR REPLACE FUNCTION earshot_summary_upper AS (kind, summary, highest, z, margin) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_upper(summary.2, summary.3, summary.1, z),
        kind = 'share', earshot_wilson_upper(summary.2, summary.1, z),
        kind = 'mean', if(margin IS NULL, NULL, least(highest, summary.4 + margin)),
        kind = 'quantile', summary.6,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

-- A score from a summary, or at once from a histogram. Every score view is one call of this.
CREATE OR REPLACE FUNCTION earshot_score_of AS (kind, summary, is_duration, scale_low, scale_high, n_privacy, n_stat, z, confidence) ->
    CAST(
        arrayMap(
            (status, margin) -> if(
                status IN ('ok', 'thin'),
                tuple(
                    summary.1,
                    earshot_summary_value(kind, summary),
                    earshot_summary_lower(
                        kind, summary, if(is_duration, 0.0, toFloat64(scale_low)), z, margin),
                    earshot_summary_upper(
                        kind, summary, if(is_duration, inf, toFloat64(scale_high)), z, margin),
                    status),
                tuple(summary.1, NULL, NULL, NULL, status)),
            [earshot_summary_status(kind, summary, n_privacy, n_stat)],
            [earshot_summary_margin(summary, confidence)])[1],
        'Tuple(n Int64, value Nullable(Float64), lower Nullable(Float64), upper Nullable(Float64), status String)');

CREATE OR REPLACE FUNCTION earshot_score AS (kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high, q, scale_low, scale_high, n_privacy, n_stat, z, confidence) ->
    arrayMap(
        summary -> earshot_score_of(
            kind, summary, is_duration, scale_low, scale_high, n_privacy, n_stat, z, confidence),
        [earshot_summary(
            kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high,
            q, z)])[1];
