-- Scores and their intervals, equal to `streams/scores` to 1e-9 (tests/scores compares them).
--
-- Here are intervals and quantiles; `R1_functions_*.sql` hold durations, whole scores and differences.
--
-- k, n, top, bottom, total and squares are integer totals of slices. Scores of boxes and their bounds
-- are in percent or points, those of a mean in the unit of its scale, those of durations in seconds.
-- NULL, never 0, without answers. docs/statistics.md says why each interval is the one it is, and where
-- its formula comes from.
--
-- A function is a macro: its arguments are written out wherever its body names them. Where a body needs
-- a long argument more than once, arrayMap(name -> ..., [argument])[1] computes it once.
--
-- These functions belong to the server, not to a database. A view keeps the body a function had when
-- the view was created, so the views are applied again after a change here.

-- empty: no answers, suppressed: too few to show, thin: too few to lean on, ok: enough.
CREATE OR REPLACE FUNCTION earshot_status AS (n, n_privacy, n_stat) ->
    multiIf(n >= greatest(n_privacy, n_stat), 'ok', n >= n_privacy, 'thin', n > 0, 'suppressed', 'empty');

-- How the interval of a kind of score is computed.
CREATE OR REPLACE FUNCTION earshot_method AS (kind) ->
    transform(
        kind,
        ['net', 'share', 'mean', 'quantile', 'count'],
        ['adjusted_wald', 'wilson', 'student_t', 'order_statistics', 'exact'],
        '');

-- NPS, CES net index: -100 to 100 points.
CREATE OR REPLACE FUNCTION earshot_net AS (top, bottom, n) ->
    if(n > 0, 100 * (toInt64(top) - toInt64(bottom)) / n, NULL);

-- CSAT top box, CES share: 0 to 100 %.
CREATE OR REPLACE FUNCTION earshot_share AS (k, n) ->
    if(n > 0, 100 * k / n, NULL);

-- CSAT mean, CES mean: in the unit of the scale.
CREATE OR REPLACE FUNCTION earshot_mean AS (n, total) ->
    if(n > 0, total / n, NULL);

-- z with P(-z <= Z <= z) = confidence, for a confidence that is not NULL. ClickHouse has no inverse normal
-- of its own, but the interval of its z test needs one: for 1 of 2 against 1 of 2 the difference is 0 and
-- its standard error 1/2. https://github.com/ClickHouse/ClickHouse/blob/master/src/Functions/ztest.cpp
CREATE OR REPLACE FUNCTION earshot_z_solve AS (confidence) ->
    2 * tupleElement(proportionsZTest(1, 1, 2, 2, confidence, 'unpooled'), 4);

-- The same for any confidence: NULL unless it is more than 0.5.
CREATE OR REPLACE FUNCTION earshot_z AS (confidence) ->
    if(confidence > 0.5, earshot_z_solve(assumeNotNull(confidence)), NULL);

-- Wilson interval of a share. The two ends are exact, so that rounding never excludes the share.
-- https://rdrr.io/cran/cicalc/man/ci_prop_wilson.html
CREATE OR REPLACE FUNCTION earshot_wilson_centre AS (k, n, z) ->
    k / n + z * z / (2 * n);

CREATE OR REPLACE FUNCTION earshot_wilson_margin AS (k, n, z) ->
    z * sqrt(k / n * (1 - k / n) / n + pow(z / n, 2) / 4);

CREATE OR REPLACE FUNCTION earshot_wilson_lower AS (k, n, z) ->
    if(
        n > 0,
        if(
            k = 0,
            0.0,
            100 * (earshot_wilson_centre(k, n, z) - earshot_wilson_margin(k, n, z)) / (1 + z * z / n)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_wilson_upper AS (k, n, z) ->
    if(
        n > 0,
        if(
            k = n,
            100.0,
            100 * (earshot_wilson_centre(k, n, z) + earshot_wilson_margin(k, n, z)) / (1 + z * z / n)),
        NULL);

-- Adjusted-Wald interval of a net score: 3/4 of an answer more in each box, 3 more in all.
-- https://measuringu.com/nps-three-confidence-intervals/
CREATE OR REPLACE FUNCTION earshot_adjusted_wald_centre AS (top, bottom, n) ->
    100 * (toInt64(top) - toInt64(bottom)) / (n + 3);

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_margin AS (top, bottom, n, z) ->
    100 * z * sqrt(
        ((top + bottom + 1.5) / (n + 3) - pow((toInt64(top) - toInt64(bottom)) / (n + 3), 2)) / (n + 3));

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_lower AS (top, bottom, n, z) ->
    if(
        n > 0,
        greatest(
            -100.0,
            earshot_adjusted_wald_centre(top, bottom, n) - earshot_adjusted_wald_margin(top, bottom, n, z)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_upper AS (top, bottom, n, z) ->
    if(
        n > 0,
        least(
            100.0,
            earshot_adjusted_wald_centre(top, bottom, n) + earshot_adjusted_wald_margin(top, bottom, n, z)),
        NULL);

-- gamma(a + 1/2) / gamma(a): for large a by the difference of two Stirling series, because the two
-- logarithms would cancel. https://dlmf.nist.gov/5.11
CREATE OR REPLACE FUNCTION earshot_gamma_ratio AS (a) ->
    if(
        a < 16,
        exp(lgamma(a + 0.5) - lgamma(a)),
        sqrt(a) * exp(
            -1 / (8 * a) + 1 / (192 * pow(a, 3)) - 1 / (640 * pow(a, 5))
            + 17 / (14336 * pow(a, 7)) - 31 / (18432 * pow(a, 9))));

-- cos(theta)^(df - 1), without cancellation at either end of theta.
CREATE OR REPLACE FUNCTION earshot_t_shape AS (theta, df) ->
    exp((1 - df) / 2 * log1p(pow(tan(theta), 2)));

-- The integral of the shape over 0..theta, by Gauss-Legendre quadrature with the nodes and weights of
-- order 20; `python -m tests.scores.legendre_table` writes them. https://dlmf.nist.gov/3.5
CREATE OR REPLACE FUNCTION earshot_t_area AS (theta, df) ->
    theta / 2 * arraySum(
        (node, weight) -> weight * earshot_t_shape(theta * (1 + node) / 2, df),
        [
            -0.9931285991850949, -0.9639719272779138, -0.912234428251326, -0.8391169718222188,
            -0.7463319064601508, -0.636053680726515, -0.5108670019508271, -0.37370608871541955,
            -0.22778585114164507, -0.07652652113349734, 0.07652652113349734, 0.22778585114164507,
            0.37370608871541955, 0.5108670019508271, 0.636053680726515, 0.7463319064601508,
            0.8391169718222188, 0.912234428251326, 0.9639719272779138, 0.9931285991850949
        ],
        [
            0.017614007139152118, 0.04060142980038694, 0.06267204833410907, 0.08327674157670475,
            0.10193011981724044, 0.11819453196151841, 0.13168863844917664, 0.14209610931838204,
            0.14917298647260374, 0.15275338713072584, 0.15275338713072584, 0.14917298647260374,
            0.14209610931838204, 0.13168863844917664, 0.11819453196151841, 0.10193011981724044,
            0.08327674157670475, 0.06267204833410907, 0.04060142980038694, 0.017614007139152118
        ]);

-- A first theta, good to a digit or more (Wallace 1959, Ann. Math. Stat. 30:1121).
CREATE OR REPLACE FUNCTION earshot_t_start AS (df, confidence) ->
    atan(sqrt(exp(pow(earshot_z_solve(confidence) * (8 * df + 3) / (8 * df + 1), 2) / df) - 1));

-- t with P(-t <= T <= t) = confidence, for a df that is not NULL. With theta = atan(t / sqrt(df)) the
-- probability is 2 / sqrt(pi) * gamma_ratio(df / 2) * area(theta). Four steps of Halley's method solve it
-- for theta: the fold goes over four copies of the area that is wanted. https://dlmf.nist.gov/8.17
CREATE OR REPLACE FUNCTION earshot_t_solve AS (df, confidence) ->
    sqrt(df) * tan(
        arrayFold(
            (theta, goal) -> theta - 1 / (
                earshot_t_shape(theta, df) / (earshot_t_area(theta, df) - goal) + (df - 1) / 2 * tan(theta)),
            arrayWithConstant(4, confidence * sqrt(pi()) / 2 / earshot_gamma_ratio(df / 2)),
            earshot_t_start(df, confidence)));

-- The same for any df and confidence: NULL unless they are at least 1 and more than 0.5.
CREATE OR REPLACE FUNCTION earshot_t AS (df, confidence) ->
    if(df >= 1 AND confidence > 0.5, earshot_t_solve(assumeNotNull(df), assumeNotNull(confidence)), NULL);

-- s^2 / n of a mean on a scale. It is a quotient of integers of 256 bits: exact however many answers.
CREATE OR REPLACE FUNCTION earshot_scale_variance AS (n, total, squares) ->
    toFloat64(toInt256(n) * toInt256(squares) - toInt256(total) * toInt256(total))
        / (toFloat64(n) * n * nullIf(toInt64(n) - 1, 0));

-- t interval of a mean, clamped to the scale. One answer has no spread, so no interval.
-- http://goldbook.iupac.org/C01247.html
CREATE OR REPLACE FUNCTION earshot_student_t_margin AS (n, total, squares, confidence) ->
    earshot_t(n - 1, confidence) * sqrt(earshot_scale_variance(n, total, squares));

CREATE OR REPLACE FUNCTION earshot_student_t_lower AS (n, total, squares, lowest, confidence) ->
    if(
        n > 1,
        greatest(
            toFloat64(lowest), total / n - earshot_student_t_margin(n, total, squares, confidence)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_student_t_upper AS (n, total, squares, highest, confidence) ->
    if(
        n > 1,
        least(
            toFloat64(highest), total / n + earshot_student_t_margin(n, total, squares, confidence)),
        NULL);

-- An array, or an empty one where it is not needed: lambdas over that cost nothing.
CREATE OR REPLACE FUNCTION earshot_needed AS (needed, items) ->
    arrayResize(items, if(needed, length(items), 0));
