-- How far apart two scores are, equal to `streams/scores/difference.py`; correlation and relative risk.

-- Two-sided p of a z. https://dlmf.nist.gov/7.18#E2
CREATE OR REPLACE FUNCTION earshot_p_of_z AS (z) ->
    erfc(abs(z) / sqrt(2));

-- Two-sided p of a t: 2 / sqrt(pi) * gamma_ratio(df / 2) times the integral of the shape over
-- theta..pi / 2, cut where it has fallen to nothing, by the double exponential rule with 63 nodes.
CREATE OR REPLACE FUNCTION earshot_p_of_t_tail AS (start, half, df) ->
    half * arraySum(
        (node, weight) -> weight * earshot_t_shape(start + half * (1 + node), df),
        arrayMap(i -> tanh(pi() / 2 * sinh((i - 31) / 10)), range(63)),
        arrayMap(i -> pi() / 20 * cosh((i - 31) / 10) / pow(cosh(pi() / 2 * sinh((i - 31) / 10)), 2), range(63)));

CREATE OR REPLACE FUNCTION earshot_p_of_t_solve AS (t, df) ->
    arrayMap(
        start -> arrayMap(
            half -> least(1.0, 2 / sqrt(pi()) * earshot_gamma_ratio(df / 2) * earshot_p_of_t_tail(start, half, df)),
            [(acos(cos(start) * exp(-37 / (df - 1))) - start) / 2])[1],
        [atan(abs(t) / sqrt(df))])[1];

CREATE OR REPLACE FUNCTION earshot_p_of_t AS (t, df) ->
    if(t IS NOT NULL AND df >= 1, earshot_p_of_t_solve(assumeNotNull(t), assumeNotNull(df)), NULL);

-- One net score minus another, in points: both adjusted as in their intervals.
-- https://measuringu.com/nps-significance-test/
CREATE OR REPLACE FUNCTION earshot_net_difference_centre AS (top1, bottom1, n1, top2, bottom2, n2) ->
    earshot_adjusted_wald_centre(top1, bottom1, n1) - earshot_adjusted_wald_centre(top2, bottom2, n2);

CREATE OR REPLACE FUNCTION earshot_net_difference_margin AS (top1, bottom1, n1, top2, bottom2, n2, z) ->
    hypot(
        earshot_adjusted_wald_margin(top1, bottom1, n1, z), earshot_adjusted_wald_margin(top2, bottom2, n2, z));

CREATE OR REPLACE FUNCTION earshot_net_difference_z AS (top1, bottom1, n1, top2, bottom2, n2) ->
    if(
        n1 > 0 AND n2 > 0,
        earshot_net_difference_centre(top1, bottom1, n1, top2, bottom2, n2)
            / earshot_net_difference_margin(top1, bottom1, n1, top2, bottom2, n2, 1),
        NULL);

CREATE OR REPLACE FUNCTION earshot_net_difference_lower AS (top1, bottom1, n1, top2, bottom2, n2, z) ->
    if(
        n1 > 0 AND n2 > 0,
        greatest(
            -200.0,
            earshot_net_difference_centre(top1, bottom1, n1, top2, bottom2, n2)
                - earshot_net_difference_margin(top1, bottom1, n1, top2, bottom2, n2, z)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_net_difference_upper AS (top1, bottom1, n1, top2, bottom2, n2, z) ->
    if(
        n1 > 0 AND n2 > 0,
        least(
            200.0,
            earshot_net_difference_centre(top1, bottom1, n1, top2, bottom2, n2)
                + earshot_net_difference_margin(top1, bottom1, n1, top2, bottom2, n2, z)),
        NULL);

-- One share minus another, in percentage points: Newcombe's hybrid of the two Wilson intervals, and the
-- "N - 1" test; shares that are both 0 % or both 100 % differ by nothing.
-- https://search.r-project.org/CRAN/refmans/misty/html/ci.prop.diff.html
-- https://measuringu.com/what-is-the-n-1-two-proportion-test/
CREATE OR REPLACE FUNCTION earshot_share_difference_z AS (k1, n1, k2, n2) ->
    multiIf(
        n1 > 0 AND n2 > 0 AND k1 + k2 BETWEEN 1 AND n1 + n2 - 1,
        (k1 / n1 - k2 / n2)
            / sqrt((k1 + k2) / (n1 + n2) * (1 - (k1 + k2) / (n1 + n2)) * (1 / n1 + 1 / n2))
            * sqrt((n1 + n2 - 1) / (n1 + n2)),
        n1 > 0 AND n2 > 0, 0.0,
        NULL);

CREATE OR REPLACE FUNCTION earshot_share_difference_lower AS (k1, n1, k2, n2, z) ->
    if(
        n1 > 0 AND n2 > 0,
        100 * (k1 / n1 - k2 / n2) - hypot(
            100 * k1 / n1 - earshot_wilson_lower(k1, n1, z), earshot_wilson_upper(k2, n2, z) - 100 * k2 / n2),
        NULL);

CREATE OR REPLACE FUNCTION earshot_share_difference_upper AS (k1, n1, k2, n2, z) ->
    if(
        n1 > 0 AND n2 > 0,
        100 * (k1 / n1 - k2 / n2) + hypot(
            earshot_wilson_upper(k1, n1, z) - 100 * k1 / n1, 100 * k2 / n2 - earshot_wilson_lower(k2, n2, z)),
        NULL);

-- One mean minus another: Welch's t. A variance is s^2 / n. NULL where a side has one answer, or none has
-- any spread. https://search.r-project.org/CRAN/refmans/superb/html/WelchDegreeOfFreedom.html
CREATE OR REPLACE FUNCTION earshot_mean_difference_df AS (n1, variance1, n2, variance2) ->
    if(
        n1 > 1 AND n2 > 1 AND variance1 + variance2 > 0,
        1 / (
            pow(variance1 / (variance1 + variance2), 2) / (n1 - 1)
            + pow(1 - variance1 / (variance1 + variance2), 2) / (n2 - 1)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_mean_difference_t AS (mean1, variance1, mean2, variance2) ->
    if(variance1 + variance2 > 0, (mean1 - mean2) / sqrt(variance1 + variance2), NULL);

CREATE OR REPLACE FUNCTION earshot_mean_difference_margin AS (n1, variance1, n2, variance2, confidence) ->
    earshot_t(earshot_mean_difference_df(n1, variance1, n2, variance2), confidence) * sqrt(variance1 + variance2);

-- One count minus another, in records of the time of the first; `ratio` is the time of the first over that
-- of the second. The score test of two Poisson rates, and the hybrid of their two score intervals.
-- https://www.statsmodels.org/devel/generated/statsmodels.stats.rates.test_poisson_2indep.html
CREATE OR REPLACE FUNCTION earshot_count_difference_z AS (n1, n2, ratio) ->
    if(n1 + n2 > 0, (n1 - ratio * n2) / sqrt(ratio * (n1 + n2)), NULL);

CREATE OR REPLACE FUNCTION earshot_count_difference_lower AS (n1, n2, ratio, z) ->
    if(
        n1 + n2 > 0,
        n1 - ratio * n2 - hypot(
            z * sqrt(n1 + z * z / 4) - z * z / 2, ratio * (z * sqrt(n2 + z * z / 4) + z * z / 2)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_count_difference_upper AS (n1, n2, ratio, z) ->
    if(
        n1 + n2 > 0,
        n1 - ratio * n2 + hypot(
            z * sqrt(n1 + z * z / 4) + z * z / 2, ratio * (z * sqrt(n2 + z * z / 4) - z * z / 2)),
        NULL);

-- One score minus another, from their summaries, which must share no answer: (value, lower, upper, z, p,
-- status). `width` is the largest difference possible of a mean, inf of durations. A difference of
-- quantiles has a value and no test.
CREATE OR REPLACE FUNCTION earshot_difference_method AS (kind) ->
    transform(
        kind,
        ['net', 'share', 'mean', 'quantile', 'count'],
        ['adjusted_wald', 'newcombe', 'welch', 'none', 'poisson_score'],
        '');

CREATE OR REPLACE FUNCTION earshot_difference_status AS (kind, one, other, n_privacy, n_stat) ->
    earshot_status(least(one.1, other.1), n_privacy, if(kind = 'count', 0, n_stat));

CREATE OR REPLACE FUNCTION earshot_difference_of AS (kind, one, other, ratio, width, z, df, margin, status) ->
    arrayMap(
        found -> tuple(
            found.1,
            found.2,
            found.3,
            found.4,
            if(kind = 'mean', earshot_p_of_t(found.4, df), earshot_p_of_z(found.4)),
            status),
        [multiIf(
            status NOT IN ('ok', 'thin'),
            tuple(NULL, NULL, NULL, NULL),
            kind = 'net',
            tuple(
                earshot_net(one.2, one.3, one.1) - earshot_net(other.2, other.3, other.1),
                earshot_net_difference_lower(one.2, one.3, one.1, other.2, other.3, other.1, z),
                earshot_net_difference_upper(one.2, one.3, one.1, other.2, other.3, other.1, z),
                earshot_net_difference_z(one.2, one.3, one.1, other.2, other.3, other.1)),
            kind = 'share',
            tuple(
                earshot_share(one.2, one.1) - earshot_share(other.2, other.1),
                earshot_share_difference_lower(one.2, one.1, other.2, other.1, z),
                earshot_share_difference_upper(one.2, one.1, other.2, other.1, z),
                earshot_share_difference_z(one.2, one.1, other.2, other.1)),
            kind = 'mean',
            tuple(
                one.4 - other.4,
                if(margin IS NULL, NULL, greatest(-width, one.4 - other.4 - margin)),
                if(margin IS NULL, NULL, least(width, one.4 - other.4 + margin)),
                earshot_mean_difference_t(one.4, one.7, other.4, other.7)),
            kind = 'quantile',
            tuple(one.4 - other.4, NULL, NULL, NULL),
            tuple(
                one.1 - ratio * other.1,
                earshot_count_difference_lower(one.1, other.1, ratio, z),
                earshot_count_difference_upper(one.1, other.1, ratio, z),
                earshot_count_difference_z(one.1, other.1, ratio)))])[1];

CREATE OR REPLACE FUNCTION earshot_difference AS (kind, one, other, ratio, width, n_privacy, n_stat, z, confidence) ->
    CAST(
        arrayMap(
            (df, status) -> arrayMap(
                margin -> earshot_difference_of(kind, one, other, ratio, width, z, df, margin, status),
                [arrayMap(
                    known -> earshot_t(known, confidence) * sqrt(one.7 + other.7),
                    earshot_needed(df IS NOT NULL, [df]))[1]])[1],
            [earshot_mean_difference_df(one.1, one.7, other.1, other.7)],
            [earshot_difference_status(kind, one, other, n_privacy, n_stat)])[1],
        'Tuple(value Nullable(Float64), lower Nullable(Float64), upper Nullable(Float64), z Nullable(Float64), p Nullable(Float64), status String)');

-- Interval of Pearson's r of n pairs, by Fisher's z; NULL below four pairs and of a perfect line.
-- https://rdrr.io/cran/DescTools/man/CorCI.html
CREATE OR REPLACE FUNCTION earshot_pearson_lower AS (r, n, z) ->
    if(n > 3 AND abs(r) < 1, tanh(atanh(r) - z / sqrt(n - 3)), NULL);

CREATE OR REPLACE FUNCTION earshot_pearson_upper AS (r, n, z) ->
    if(n > 3 AND abs(r) < 1, tanh(atanh(r) + z / sqrt(n - 3)), NULL);

-- How many times likelier something is in one group than in another, with the interval of its logarithm.
-- https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.contingency.relative_risk.html
CREATE OR REPLACE FUNCTION earshot_relative_risk AS (k1, n1, k2, n2) ->
    if(n1 > 0 AND k2 > 0, k1 / n1 * n2 / k2, NULL);

CREATE OR REPLACE FUNCTION earshot_relative_risk_margin AS (k1, n1, k2, n2, z) ->
    exp(z * sqrt(1 / k1 - 1 / n1 + 1 / k2 - 1 / n2));

CREATE OR REPLACE FUNCTION earshot_relative_risk_lower AS (k1, n1, k2, n2, z) ->
    if(
        n1 > 0 AND k1 > 0 AND k2 > 0,
        earshot_relative_risk(k1, n1, k2, n2) / earshot_relative_risk_margin(k1, n1, k2, n2, z),
        NULL);

CREATE OR REPLACE FUNCTION earshot_relative_risk_upper AS (k1, n1, k2, n2, z) ->
    if(
        n1 > 0 AND k1 > 0 AND k2 > 0,
        earshot_relative_risk(k1, n1, k2, n2) * earshot_relative_risk_margin(k1, n1, k2, n2, z),
        NULL);
