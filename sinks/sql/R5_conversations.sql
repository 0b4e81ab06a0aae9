-- Conversations one by one, and what they say together with the answers about them.

-- The value of a fact a conversation yields once; NULL if it does not yield it. Durations in seconds.
CREATE OR REPLACE FUNCTION earshot_fact AS (names, values, name) ->
    if(has(names, name), values[indexOf(names, name)], NULL);

CREATE OR REPLACE FUNCTION earshot_fact_s AS (names, values, name) ->
    if(has(names, name), values[indexOf(names, name)] / 1000, NULL);

CREATE OR REPLACE FUNCTION earshot_flag AS (names, values, name) ->
    if(has(names, name), values[indexOf(names, name)] = 1, NULL)::Nullable(Bool);

CREATE OR REPLACE VIEW {database}.conversations_current AS
SELECT
    * EXCEPT (_topic, _epoch, _partition, _version, _definitions, fact_names, fact_times, fact_values),
    toBool(state NOT IN ('solved', 'closed')) AS is_open,
    if(is_open, (toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(started_at)) / 1000, NULL) AS age_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.created.calendar') AS first_reply_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.created.business') AS first_reply_business_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.any.calendar') AS first_reply_any_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.human.calendar') AS first_reply_human_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.handoff.calendar') AS first_reply_handoff_s,
    earshot_fact_s(fact_names, fact_values, 'first_reply.assigned.calendar') AS first_reply_assigned_s,
    earshot_fact_s(fact_names, fact_values, 'first_resolution.calendar') AS first_resolution_s,
    earshot_fact_s(fact_names, fact_values, 'first_resolution.business') AS first_resolution_business_s,
    earshot_fact_s(fact_names, fact_values, 'full_resolution.calendar') AS full_resolution_s,
    earshot_fact_s(fact_names, fact_values, 'full_resolution.business') AS full_resolution_business_s,
    earshot_fact_s(fact_names, fact_values, 'requester_wait.calendar') AS requester_wait_s,
    earshot_fact_s(fact_names, fact_values, 'agent_wait.calendar') AS agent_wait_s,
    earshot_fact_s(fact_names, fact_values, 'hold_time.calendar') AS hold_s,
    earshot_fact_s(fact_names, fact_values, 'bot_time.calendar') AS bot_s,
    earshot_fact(fact_names, fact_values, 'effort') AS effort,
    earshot_flag(fact_names, fact_values, 'reopened') AS reopened,
    earshot_flag(fact_names, fact_values, 'fcr.no_further') AS fcr_no_further,
    earshot_flag(fact_names, fact_values, 'fcr.one_reply') AS fcr_one_reply,
    earshot_flag(fact_names, fact_values, 'fcr.no_repeat.7d') AS fcr_no_repeat_7d,
    toBool(first_solved_at + toIntervalDay(7) > now64(3)) AS fcr_no_repeat_7d_provisional,
    earshot_flag(fact_names, fact_values, 'fcr.no_repeat.14d') AS fcr_no_repeat_14d,
    toBool(first_solved_at + toIntervalDay(14) > now64(3)) AS fcr_no_repeat_14d_provisional,
    if(
        has(fact_names, 'sla'),
        arrayCount((name, met) -> name = 'sla' AND met = 1, fact_names, fact_values),
        NULL) AS sla_met,
    if(
        has(fact_names, 'sla'),
        arrayCount(
            (name, due, met) -> name = 'sla' AND met = 0 AND due <= now64(3), fact_names, fact_times, fact_values),
        NULL) AS sla_missed,
    if(
        has(fact_names, 'promise'),
        arrayCount((name, kept) -> name = 'promise' AND kept = 1, fact_names, fact_values),
        NULL) AS promises_kept,
    if(
        has(fact_names, 'promise'),
        arrayCount(
            (name, due, kept) -> name = 'promise' AND kept = 0 AND due <= now64(3),
            fact_names, fact_times, fact_values),
        NULL) AS promises_broken
FROM
(
    SELECT *
    FROM {database}.conversations FINAL
    WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    -- In several partitions only if the key of the topic was changed: the row that knows most counts.
    ORDER BY events DESC, _version DESC, _epoch DESC, _partition
    LIMIT 1 BY source, conversation_id
)
COMMENT 'Every conversation once, with what its events say so far. A column is NULL where there is nothing to say yet.';

CREATE OR REPLACE VIEW {database}.sla_open AS
SELECT
    source,
    conversation_id,
    customer_id,
    anonymous_id,
    touchpoint,
    channel,
    team_id,
    agent_id,
    state,
    started_at,
    target.2 AS due_at,
    (toUnixTimestamp64Milli(due_at) - toUnixTimestamp64Milli(now64(3))) / 1000 AS left_s,
    toBool(left_s < 0) AS overdue
FROM
(
    SELECT *
    FROM {database}.conversations FINAL
    WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    ORDER BY events DESC, _version DESC, _epoch DESC, _partition
    LIMIT 1 BY source, conversation_id
)
ARRAY JOIN arrayZip(fact_names, fact_times, fact_values) AS target
WHERE state NOT IN ('solved', 'closed') AND target.1 = 'sla' AND target.3 = 0
COMMENT 'Service-level targets of open conversations that were not met, or not yet.';

CREATE OR REPLACE VIEW {database}.fact_revisions AS
SELECT
    fact,
    source,
    conversation_id,
    fact_at,
    was,
    became,
    final_at,
    revised_at
FROM {database}.revisions FINAL
WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
COMMENT 'Facts that changed after they were final: a late record came after their horizon.';

CREATE OR REPLACE VIEW {database}.silent_failures AS
SELECT
    period_start,
    grouped_by,
    touchpoint,
    channel,
    observed.1 AS observed_n,
    observed.2 AS observed_value,
    observed.3 AS observed_lower,
    observed.4 AS observed_upper,
    said.1 AS said_n,
    said.2 AS said_value,
    said.3 AS said_lower,
    said.4 AS said_upper,
    gap.1 AS difference,
    gap.2 AS difference_lower,
    gap.3 AS difference_upper,
    gap.4 AS z,
    gap.5 AS p,
    confidence,
    gap.6 AS status,
    provisional
FROM
(
    SELECT
        * EXCEPT (rule, observed_summary, said_summary),
        earshot_score_from(rule, observed_summary) AS observed,
        earshot_score_from(rule, said_summary) AS said,
        earshot_difference_by(rule, observed_summary, said_summary, 1) AS gap
    FROM
    (
        SELECT
            h.period_start AS period_start,
            h.grouped_by AS grouped_by,
            h.touchpoint AS touchpoint,
            h.channel AS channel,
            any(r.rule) AS rule,
            earshot_summary_by(
                rule, anyIf(h.histogram, h.measure = 'fcr.no_repeat.7d')) AS observed_summary,
            earshot_summary_by(rule, anyIf(h.histogram, h.measure = 'fcr.self')) AS said_summary,
            any(r.confidence) AS confidence,
            toBool(h.period_start + 86400 + any(r.horizon_s) > now()) AS provisional
        FROM {database}.histograms_by_period(seconds = 86400) AS h
        CROSS JOIN
        (
            SELECT * FROM {database}.score_rules_current
            WHERE measure = 'fcr.no_repeat.7d' AND rule.kind = 'share'
            LIMIT 1
        ) AS r
        WHERE h.measure IN ('fcr.no_repeat.7d', 'fcr.self') AND h.grouped_by IN ('', 'touchpoint', 'channel')
        GROUP BY period_start, grouped_by, touchpoint, channel
    )
)
COMMENT 'By day: conversations without a repeat contact within 7 days against customers who say it was resolved. Where the first is higher, customers gave up without coming back.';

CREATE OR REPLACE VIEW {database}.effort_and_ces AS
SELECT
    grouped_by,
    touchpoint,
    scale_min,
    scale_max,
    n,
    if(status IN ('ok', 'thin'), r, NULL) AS correlation,
    if(status IN ('ok', 'thin'), earshot_pearson_lower(r, n, z), NULL) AS lower,
    if(status IN ('ok', 'thin'), earshot_pearson_upper(r, n, z), NULL) AS upper,
    'fisher_z' AS method,
    confidence,
    status
FROM
(
    SELECT
        grouping.1 AS grouped_by,
        grouping.2 AS touchpoint,
        a.scale_min AS scale_min,
        a.scale_max AS scale_max,
        count() AS n,
        if(isFinite(corr(c.effort, a.value_number)), corr(c.effort, a.value_number), NULL) AS r,
        any(t.z) AS z,
        any(t.confidence) AS confidence,
        earshot_status(n, any(t.n_privacy), any(t.n_stat)) AS status
    FROM {database}.answers_current AS a
    INNER JOIN
    (
        -- Answers name a conversation, not its system: an id that two systems use is left out.
        SELECT conversation_id, any(effort) AS effort
        FROM {database}.conversations_current
        WHERE conversation_id != ''
        GROUP BY conversation_id
        HAVING count() = 1 AND effort IS NOT NULL
    ) AS c ON c.conversation_id = a.conversation_id
    CROSS JOIN {database}.thresholds AS t
    ARRAY JOIN [('', ''), ('touchpoint', a.touchpoint)] AS grouping
    WHERE a.metric = 'CES' AND a.higher_is_better AND a.value_number IS NOT NULL AND NOT a.dismissed AND NOT a.is_test
    GROUP BY grouping, scale_min, scale_max
)
COMMENT 'How observed effort of conversations and the effort their customers report (CES, high is easy) go together: Pearson correlation by scale. Expected below zero; near zero the weights of effort do not fit.';
