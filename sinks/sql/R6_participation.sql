-- Who is asked, how often, and who answers.

-- What some of a group did, hidden where the group is too small to show. Its size is shown, as n of a score is.
CREATE OR REPLACE FUNCTION earshot_of_group AS (k, n, n_privacy) ->
    if(n > 0 AND n < n_privacy, NULL, k);

CREATE OR REPLACE VIEW {database}.participation_funnel AS
SELECT
    f.period_start AS period_start,
    f.survey_id AS survey_id,
    f.channel AS channel,
    f.invited AS invited,
    earshot_of_group(f.delivered, f.invited, t.n_privacy) AS delivered,
    -- Each of the step that its score is a share of. What is part of something hidden is hidden too.
    if(delivered IS NULL, NULL, earshot_of_group(f.opened, f.delivered, t.n_privacy)) AS opened,
    if(delivered IS NULL, NULL, earshot_of_group(f.started, f.delivered, t.n_privacy)) AS started,
    if(delivered IS NULL, NULL, earshot_of_group(f.answered, f.delivered, t.n_privacy)) AS answered,
    if(started IS NULL, NULL, earshot_of_group(f.completed, f.started, t.n_privacy)) AS completed,
    earshot_status(f.invited, t.n_privacy, 0) AS status
FROM
(
    SELECT
        toStartOfDay(slice_start) AS period_start,
        survey_id,
        channel,
        sum(n) AS invited,
        sumIf(n, bucket >= 2) AS delivered,
        sumIf(n, bucket >= 3) AS opened,
        sumIf(n, bucket >= 4) AS started,
        sumIf(n, bucket >= 5) AS answered,
        sumIf(n, bucket >= 6) AS completed
    FROM {database}.slices FINAL
    WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
        AND measure = 'participation' AND slice_start <= now()
    GROUP BY period_start, survey_id, channel
    HAVING invited > 0
) AS f
CROSS JOIN {database}.thresholds AS t
COMMENT 'How many invitations came how far, by day of the invitation, survey and channel. Who came to a step came to all before it.';

CREATE OR REPLACE VIEW {database}.participation_bias AS
SELECT
    * EXCEPT (p_rank, looks),
    if(
        p IS NULL,
        NULL,
        least(1.0, min(p * looks / p_rank) OVER (
            PARTITION BY period_start, survey_id, dimension, p IS NULL
            ORDER BY p DESC, p_rank DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))) AS q,
    if(p IS NULL, NULL, toBool(q < 1 - confidence AND status = 'ok')) AS biased
FROM
(
    SELECT
        *,
        row_number() OVER (PARTITION BY period_start, survey_id, dimension, p IS NULL ORDER BY p) AS p_rank,
        count(p) OVER (PARTITION BY period_start, survey_id, dimension) AS looks
    FROM
    (
        SELECT
            period_start,
            s.survey_id AS survey_id,
            dimension,
            segment,
            s.invited AS invited,
            earshot_of_group(s.answered, s.invited, t.n_privacy) AS answered,
            if(status IN ('ok', 'thin'), earshot_share(s.answered, s.invited), NULL) AS response_rate,
            if(status IN ('ok', 'thin'), earshot_wilson_lower(s.answered, s.invited, t.z), NULL) AS lower,
            if(status IN ('ok', 'thin'), earshot_wilson_upper(s.answered, s.invited, t.z), NULL) AS upper,
            s.others_invited AS others_invited,
            earshot_of_group(s.others_answered, s.others_invited, t.n_privacy) AS others_answered,
            if(status IN ('ok', 'thin'), earshot_share(s.others_answered, s.others_invited), NULL)
                AS others_response_rate,
            response_rate - others_response_rate AS difference,
            if(status IN ('ok', 'thin'),
                earshot_share_difference_lower(s.answered, s.invited, s.others_answered, s.others_invited, t.z),
                NULL) AS difference_lower,
            if(status IN ('ok', 'thin'),
                earshot_share_difference_upper(s.answered, s.invited, s.others_answered, s.others_invited, t.z),
                NULL) AS difference_upper,
            if(status IN ('ok', 'thin'),
                earshot_share_difference_z(s.answered, s.invited, s.others_answered, s.others_invited),
                NULL) AS z,
            earshot_p_of_z(z) AS p,
            t.confidence AS confidence,
            earshot_status(least(s.invited, s.others_invited), t.n_privacy, t.n_stat) AS status
        FROM
        (
            SELECT
                *,
                sum(invited) OVER (PARTITION BY period_start, survey_id, dimension) - invited AS others_invited,
                sum(answered) OVER (PARTITION BY period_start, survey_id, dimension) - answered AS others_answered
            FROM
            (
                SELECT
                    toDateTime(toStartOfMonth(slice_start), 'UTC') AS period_start,
                    look.1 AS survey_id,
                    look.2 AS dimension,
                    look.3 AS segment,
                    sum(n) AS invited,
                    sumIf(n, bucket >= 5) AS answered
                FROM {database}.slices FINAL
                ARRAY JOIN
                    [
                        ('', 'survey_id', slices.survey_id),
                        (slices.survey_id, 'touchpoint', touchpoint),
                        (slices.survey_id, 'channel', channel),
                        (slices.survey_id, 'journey_stage', journey_stage)
                    ] AS look
                WHERE measure = 'participation' AND slice_start <= now()
                    AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
                GROUP BY period_start, survey_id, dimension, segment
                HAVING invited > 0
            )
        ) AS s
        CROSS JOIN {database}.thresholds AS t
    )
)
COMMENT 'By month: do those who answer resemble those who were asked? Each touchpoint, channel or stage of a survey, and each survey, against all others; q is adjusted for the number of looks.';

CREATE OR REPLACE VIEW {database}.contacts_per_customer AS
SELECT
    customer_id,
    anonymous_id,
    countIf(contacted_at > now64(3) - toIntervalHour(24)) AS contacts_24h,
    countIf(contacted_at > now64(3) - toIntervalDay(7)) AS contacts_7d,
    countIf(contacted_at > now64(3) - toIntervalDay(30)) AS contacts_30d,
    count() AS contacts_365d,
    max(contacted_at) AS last_contact_at
FROM
(
    -- Whoever is known by customer_id is not known by anonymous_id as well: as for histories.
    SELECT
        source,
        invitation_id AS id,
        any(r.customer_id) AS customer_id,
        any(if(r.customer_id = '', r.anonymous_id, '')) AS anonymous_id,
        min(event_time) AS contacted_at
    FROM {database}.invitations AS r FINAL
    WHERE status = 'SENT' AND NOT is_test
        AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    GROUP BY source, invitation_id
    UNION ALL
    SELECT
        source,
        event_id AS id,
        any(r.customer_id) AS customer_id,
        any(if(r.customer_id = '', r.anonymous_id, '')) AS anonymous_id,
        min(event_time) AS contacted_at
    FROM {database}.interactions AS r FINAL
    WHERE type = 'OUTREACH' AND NOT is_test
        AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    GROUP BY source, event_id
)
WHERE contacted_at <= now64(3)
    AND contacted_at > now64(3) - toIntervalDay(365)
    AND (customer_id != '' OR anonymous_id != '')
GROUP BY customer_id, anonymous_id
COMMENT 'How often each customer was contacted lately: invitations sent and outreach.';

CREATE OR REPLACE VIEW {database}.contact_rule_breaches AS
SELECT
    period_start,
    contact_rule,
    survey_id,
    channel,
    contacts,
    earshot_of_group(found.breaches, contacts, n_privacy) AS breaches,
    if(status IN ('ok', 'thin'), earshot_share(found.breaches, contacts), NULL) AS share,
    if(status IN ('ok', 'thin'), earshot_wilson_lower(found.breaches, contacts, z), NULL) AS lower,
    if(status IN ('ok', 'thin'), earshot_wilson_upper(found.breaches, contacts, z), NULL) AS upper,
    confidence,
    earshot_status(contacts, n_privacy, n_stat) AS status
FROM
(
    SELECT
        toStartOfDay(slice_start) AS period_start,
        contact_rule,
        survey_id,
        channel,
        sum(n) AS contacts,
        sumIf(n, bucket = 1) AS breaches
    FROM {database}.slices FINAL
    WHERE measure = 'contact' AND slice_start <= now()
        AND (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    GROUP BY period_start, contact_rule, survey_id, channel
    HAVING contacts > 0
) AS found
CROSS JOIN {database}.thresholds AS t
COMMENT 'Invitations that broke a contact rule, of those it is for, by day, survey and channel.';
