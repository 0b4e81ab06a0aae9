-- Raw rows, slices and what is kept about them.
--
-- Every row is an upsert under its own key: writing it again, in any batch, any number of times,
-- changes nothing. Readers use the views of R2.
--
-- Raw rows: where two rows of a partition carry one identity and revision, the one with the lowest
-- offset wins, so the version of the engine falls as the offset grows. The partition is part of the
-- key: what a partition has seen is its memory, which no other partition may erase.

CREATE TABLE IF NOT EXISTS {database}.answers
(
    event_id String COMMENT 'Unique id of this record, made by the producer and kept when it sends the record again.',
    source LowCardinality(String) COMMENT 'System the answer comes from, for example the survey tool.',
    response_id String COMMENT 'Submission within the source.',
    question_id LowCardinality(String) COMMENT 'Question within the submission.',
    revision UInt64 COMMENT 'Revision of this answer; the highest one counts. Starts at 1.',
    op LowCardinality(String) COMMENT 'What this revision does. DELETE takes the answer out of every score.',
    tenant_id LowCardinality(String) COMMENT 'Tenant, where one pipeline serves several.',
    survey_id LowCardinality(String) COMMENT 'Survey the question belongs to.',
    survey_version Nullable(Int32) COMMENT 'Version of the survey.',
    survey_kind LowCardinality(String) COMMENT 'RELATIONSHIP asks about the whole relationship, TRANSACTIONAL about one interaction. Never scored together.',
    question_text LowCardinality(String) COMMENT 'Wording shown to the customer.',
    metric LowCardinality(String) COMMENT 'What the question measures; declared, never guessed. CES_LEGACY is the 2010 wording, where low is good.',
    scale_min Nullable(Int32) COMMENT 'Lowest possible score. Required for every metric that has a score.',
    scale_max Nullable(Int32) COMMENT 'Highest possible score. Required for every metric that has a score.',
    higher_is_better Bool COMMENT 'Direction of the scale.',
    value_number Nullable(Float64) COMMENT 'Score as a whole number on the scale; 0 or 1 for BOOL and FCR_SELF.',
    value_text String COMMENT 'Free text: the answer to a TEXT question, or the comment given with a score.',
    value_choices Array(String) COMMENT 'Choices taken in a CHOICE question.',
    raw_value String COMMENT 'The value exactly as the source sent it, for audits.',
    dismissed Bool COMMENT 'True if the question was shown and closed without an answer. Kept, never scored.',
    completed Bool COMMENT 'True if the whole submission was finished when this record was made.',
    time_to_complete_ms Nullable(Int64) COMMENT 'Milliseconds the customer took for this question.',
    customer_id String COMMENT 'Customer, as a stable pseudonym. Never an e-mail address or a name. Also the Kafka key.',
    anonymous_id String COMMENT 'Stands in for customer_id, also as the key, when the customer is not known.',
    account_id String COMMENT 'Account or company of the customer.',
    conversation_id String COMMENT 'Conversation a transactional answer is about.',
    agent_id LowCardinality(String) COMMENT 'Agent who owned the conversation when the answer was given.',
    team_id LowCardinality(String) COMMENT 'Team that owned the conversation when the answer was given.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint the answer is about, for example delivery.',
    journey LowCardinality(String) COMMENT 'Journey the touchpoint belongs to.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey.',
    product LowCardinality(String) COMMENT 'Product the answer is about.',
    region LowCardinality(String) COMMENT 'Region of the customer.',
    channel LowCardinality(String) COMMENT 'Channel the survey was answered on.',
    invited_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the invitation was sent.',
    opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the survey was opened.',
    started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first question was answered.',
    responded_at DateTime64(3, 'UTC') COMMENT 'When this answer was given. Decides the time slice it is counted in.',
    updated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When this revision was made.',
    language LowCardinality(String) COMMENT 'Language of the survey, as a BCP 47 tag.',
    country LowCardinality(String) COMMENT 'Country of the customer, as an ISO 3166-1 alpha-2 code.',
    device LowCardinality(String) COMMENT 'Device class the survey was answered on.',
    tags Array(String) COMMENT 'Free labels.',
    attributes Map(LowCardinality(String), String) COMMENT 'Further dimensions of the event, as they were at its time.',
    is_test Bool COMMENT 'True for previews and tests. Kept, never scored.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Input offset.',
    _timestamp DateTime64(3, 'UTC') COMMENT 'Broker timestamp.',
    _definitions UInt32 COMMENT 'Version of the measure definitions the record was folded with.',
    _precedence UInt64 MATERIALIZED bitNot(_offset) COMMENT 'The lowest offset wins.',
    _subject String MATERIALIZED multiIf(customer_id != '', concat('c:', customer_id), anonymous_id != '', concat('a:', anonymous_id), concat('n:', source, ':', response_id)) COMMENT 'Whose history the record belongs to.',
    INDEX by_offset (_partition, _offset) TYPE minmax GRANULARITY 4,
    INDEX by_subject _subject TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_precedence)
PARTITION BY toYYYYMM(responded_at)
ORDER BY (source, response_id, question_id, revision, _topic, _epoch, _partition)
COMMENT 'Every revision of every answer.';

CREATE TABLE IF NOT EXISTS {database}.invitations
(
    event_id String COMMENT 'Unique id of this record, made by the producer and kept when it sends the record again.',
    source LowCardinality(String) COMMENT 'System the invitation was sent by.',
    invitation_id String COMMENT 'Invitation within the source.',
    tenant_id LowCardinality(String) COMMENT 'Tenant, where one pipeline serves several.',
    survey_id LowCardinality(String) COMMENT 'Survey the customer was invited to.',
    survey_kind LowCardinality(String) COMMENT 'Kind of the survey.',
    status LowCardinality(String) COMMENT 'Step this record reports.',
    suppress_reason LowCardinality(String) COMMENT 'Why no invitation was sent, for SUPPRESSED.',
    customer_id String COMMENT 'Customer, as a stable pseudonym. Never an e-mail address or a name. Also the Kafka key.',
    anonymous_id String COMMENT 'Stands in for customer_id, also as the key, when the customer is not known.',
    account_id String COMMENT 'Account or company of the customer.',
    conversation_id String COMMENT 'Conversation the survey is about.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint the survey is about.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey.',
    channel LowCardinality(String) COMMENT 'Channel of the invitation.',
    event_time DateTime64(3, 'UTC') COMMENT 'When the step happened. Decides the time slice it is counted in.',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the survey can no longer be answered.',
    attributes Map(LowCardinality(String), String) COMMENT 'Further dimensions of the event, as they were at its time.',
    is_test Bool COMMENT 'True for previews and tests. Kept, never counted.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Input offset.',
    _timestamp DateTime64(3, 'UTC') COMMENT 'Broker timestamp.',
    _definitions UInt32 COMMENT 'Version of the measure definitions the record was folded with.',
    _precedence UInt64 MATERIALIZED bitNot(_offset) COMMENT 'The lowest offset wins.',
    _subject String MATERIALIZED multiIf(customer_id != '', concat('c:', customer_id), anonymous_id != '', concat('a:', anonymous_id), concat('n:', source, ':', invitation_id)) COMMENT 'Whose history the record belongs to.',
    INDEX by_offset (_partition, _offset) TYPE minmax GRANULARITY 4,
    INDEX by_subject _subject TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_precedence)
PARTITION BY toYYYYMM(event_time)
ORDER BY (source, event_id, _topic, _epoch, _partition)
COMMENT 'Steps of survey invitations.';

CREATE TABLE IF NOT EXISTS {database}.interactions
(
    event_id String COMMENT 'Unique id of this record, made by the producer and kept when it sends the record again.',
    source LowCardinality(String) COMMENT 'System the event comes from, for example the help desk.',
    tenant_id LowCardinality(String) COMMENT 'Tenant, where one pipeline serves several.',
    conversation_id String COMMENT 'Conversation within the source.',
    issue_id String COMMENT 'Issue, linking the conversations about one problem.',
    type LowCardinality(String) COMMENT 'What happened.',
    actor LowCardinality(String) COMMENT 'Who did it.',
    agent_id LowCardinality(String) COMMENT 'Agent who did it or was assigned.',
    team_id LowCardinality(String) COMMENT 'Team of the agent.',
    customer_id String COMMENT 'Customer, as a stable pseudonym. Never an e-mail address or a name. Also the Kafka key.',
    anonymous_id String COMMENT 'Stands in for customer_id, also as the key, when the customer is not known.',
    account_id String COMMENT 'Account or company of the customer.',
    public Bool COMMENT 'True if the customer can see it. Only public replies are responses.',
    channel LowCardinality(String) COMMENT 'Channel it happened on.',
    queue LowCardinality(String) COMMENT 'Queue of the conversation.',
    direction LowCardinality(String) COMMENT 'IN from the customer, OUT to the customer.',
    contact_reason LowCardinality(String) COMMENT 'Reason of the contact.',
    priority LowCardinality(String) COMMENT 'Priority in the source.',
    urgent Bool COMMENT 'True if the customer\'s need is urgent.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint the conversation is about.',
    journey LowCardinality(String) COMMENT 'Journey the conversation belongs to.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey.',
    on_map LowCardinality(String) COMMENT 'Whether the event was foreseen by the journey map.',
    sla_policy_id LowCardinality(String) COMMENT 'Policy of an SLA event.',
    sla_metric LowCardinality(String) COMMENT 'Metric of an SLA event.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When a promise or an SLA target is due.',
    calendar_id LowCardinality(String) COMMENT 'Business calendar that applies.',
    talk_ms Nullable(Int64) COMMENT 'Milliseconds of talk or active interaction.',
    hold_ms Nullable(Int64) COMMENT 'Milliseconds the customer was on hold.',
    after_work_ms Nullable(Int64) COMMENT 'Milliseconds of after-contact work.',
    queue_ms Nullable(Int64) COMMENT 'Milliseconds spent in the queue.',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened. Decides the time slice it is counted in.',
    product LowCardinality(String) COMMENT 'Product the conversation is about.',
    region LowCardinality(String) COMMENT 'Region of the customer.',
    attributes Map(LowCardinality(String), String) COMMENT 'Further dimensions of the event, as they were at its time.',
    is_test Bool COMMENT 'True for tests. Kept, never counted.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Input offset.',
    _timestamp DateTime64(3, 'UTC') COMMENT 'Broker timestamp.',
    _definitions UInt32 COMMENT 'Version of the measure definitions the record was folded with.',
    _precedence UInt64 MATERIALIZED bitNot(_offset) COMMENT 'The lowest offset wins.',
    _subject String MATERIALIZED multiIf(customer_id != '', concat('c:', customer_id), anonymous_id != '', concat('a:', anonymous_id), concat('n:', source, ':', conversation_id)) COMMENT 'Whose history the record belongs to.',
    INDEX by_offset (_partition, _offset) TYPE minmax GRANULARITY 4,
    INDEX by_subject _subject TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_precedence)
PARTITION BY toYYYYMM(event_time)
ORDER BY (source, event_id, _topic, _epoch, _partition)
COMMENT 'Events of conversations.';

CREATE TABLE IF NOT EXISTS {database}.followups
(
    event_id String COMMENT 'Unique id of this record, made by the producer and kept when it sends the record again.',
    source LowCardinality(String) COMMENT 'System the event comes from.',
    tenant_id LowCardinality(String) COMMENT 'Tenant, where one pipeline serves several.',
    case_id String COMMENT 'Case within the source.',
    trigger_event_id String COMMENT 'Event that opened the case, for example a low answer.',
    customer_id String COMMENT 'Customer, as a stable pseudonym. Never an e-mail address or a name. Also the Kafka key.',
    anonymous_id String COMMENT 'Stands in for customer_id, also as the key, when the customer is not known.',
    account_id String COMMENT 'Account or company of the customer.',
    owner_id LowCardinality(String) COMMENT 'Who owns the case.',
    team_id LowCardinality(String) COMMENT 'Team of the owner.',
    status LowCardinality(String) COMMENT 'Step this record reports. TOLD: the customer heard what was done.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the next step is due.',
    outcome LowCardinality(String) COMMENT 'What came of it.',
    root_cause LowCardinality(String) COMMENT 'What was behind it.',
    personalised Bool COMMENT 'True if the contact was made for this one customer.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint the case is about.',
    channel LowCardinality(String) COMMENT 'Channel of the contact.',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened. Decides the time slice it is counted in.',
    attributes Map(LowCardinality(String), String) COMMENT 'Further dimensions of the event, as they were at its time.',
    is_test Bool COMMENT 'True for tests. Kept, never counted.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Input offset.',
    _timestamp DateTime64(3, 'UTC') COMMENT 'Broker timestamp.',
    _definitions UInt32 COMMENT 'Version of the measure definitions the record was folded with.',
    _precedence UInt64 MATERIALIZED bitNot(_offset) COMMENT 'The lowest offset wins.',
    _subject String MATERIALIZED multiIf(customer_id != '', concat('c:', customer_id), anonymous_id != '', concat('a:', anonymous_id), concat('n:', source, ':', case_id)) COMMENT 'Whom the record is about.',
    INDEX by_offset (_partition, _offset) TYPE minmax GRANULARITY 4,
    INDEX by_subject _subject TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_precedence)
PARTITION BY toYYYYMM(event_time)
ORDER BY (source, event_id, _topic, _epoch, _partition)
COMMENT 'Steps of follow-ups.';

CREATE TABLE IF NOT EXISTS {database}.slices
(
    measure LowCardinality(String) COMMENT 'Measure, as in the measures file.',
    series UInt128 COMMENT 'Hash of the measure and its dimensions: stands for them in the key.',
    dimensions Array(LowCardinality(String)) COMMENT 'Dimensions the measure declares; the other columns are empty.',
    survey_id LowCardinality(String) COMMENT 'Survey.',
    question_id LowCardinality(String) COMMENT 'Question.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint.',
    channel LowCardinality(String) COMMENT 'Channel.',
    journey LowCardinality(String) COMMENT 'Journey.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey.',
    team_id LowCardinality(String) COMMENT 'Team.',
    agent_id LowCardinality(String) COMMENT 'Agent.',
    product LowCardinality(String) COMMENT 'Product.',
    region LowCardinality(String) COMMENT 'Region.',
    sla_policy LowCardinality(String) COMMENT 'Service-level policy.',
    sla_metric LowCardinality(String) COMMENT 'Metric of the service-level policy.',
    contact_rule LowCardinality(String) COMMENT 'Contact rule.',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes the measure declares as dimensions.',
    slice_start DateTime('UTC') COMMENT 'Start of the minute.',
    bucket Int32 COMMENT 'Score, flag, bucket of a duration, or 0 for a plain count.',
    n Int64 COMMENT 'What the chunk adds to the bucket; negative where it took back more.',
    _topic LowCardinality(String) COMMENT 'Input topic; with #forgotten behind it for counts of customers who were erased.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _chunk UInt64 COMMENT 'First offset of the chunk in the partition.',
    _chunk_date Date COMMENT 'Day of the first record of the chunk, by the broker.',
    _version UInt64 COMMENT 'Offset of the last record that touched this row.',
    _definitions UInt32 COMMENT 'Version of the measure definitions.'
)
ENGINE = ReplacingMergeTree(_version)
PARTITION BY _chunk_date
ORDER BY (measure, slice_start, series, bucket, _topic, _epoch, _partition, _chunk)
COMMENT 'Counts by series, minute and bucket, as absolute totals of input chunks.';

CREATE TABLE IF NOT EXISTS {database}.conversations
(
    customer_id String COMMENT 'Customer, as a stable pseudonym.',
    anonymous_id String COMMENT 'Stands in for customer_id when the customer is not known.',
    source LowCardinality(String) COMMENT 'System the conversation is in.',
    conversation_id String COMMENT 'Conversation within the source.',
    issue_id String COMMENT 'Issue, linking the conversations about one problem.',
    contact_reason LowCardinality(String) COMMENT 'Reason of the contact.',
    state LowCardinality(String) COMMENT 'waiting, agent, bot, pending, on_hold, solved or closed.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as of the last event.',
    channel LowCardinality(String) COMMENT 'Channel, as of the last event.',
    journey LowCardinality(String) COMMENT 'Journey, as of the last event.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey, as of the last event.',
    team_id LowCardinality(String) COMMENT 'Team, as of the last event.',
    agent_id LowCardinality(String) COMMENT 'Agent, as of the last event.',
    product LowCardinality(String) COMMENT 'Product, as of the last event.',
    region LowCardinality(String) COMMENT 'Region, as of the last event.',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes, as of the last event.',
    started_at DateTime64(3, 'UTC') COMMENT 'First event.',
    first_solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First solution.',
    solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Last solution, while it stands.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Last event.',
    events UInt32 COMMENT 'Events.',
    customer_messages UInt32 COMMENT 'Messages of the customer.',
    replies UInt32 COMMENT 'Replies of persons.',
    transfers UInt32 COMMENT 'Transfers.',
    reopens UInt32 COMMENT 'Times it was reopened.',
    fact_names Array(LowCardinality(String)) COMMENT 'Facts the conversation yields, see the measures.',
    fact_times Array(DateTime64(3, 'UTC')) COMMENT 'Time of each fact, which decides its slice.',
    fact_values Array(Int64) COMMENT 'Value of each fact: milliseconds, a flag or a whole number.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _version UInt64 COMMENT 'Offset of the last record that touched this row.',
    _definitions UInt32 COMMENT 'Version of the measure definitions.'
)
ENGINE = ReplacingMergeTree(_version)
PARTITION BY cityHash64(source, conversation_id) % 8
ORDER BY (source, conversation_id, _topic, _epoch, _partition)
COMMENT 'Every conversation as its events so far say.';

CREATE TABLE IF NOT EXISTS {database}.revisions
(
    fact LowCardinality(String) COMMENT 'Fact that was final and changed.',
    source LowCardinality(String) COMMENT 'System the conversation is in.',
    conversation_id String COMMENT 'Conversation within the source.',
    fact_at DateTime64(3, 'UTC') COMMENT 'Time of the fact, which decides its slice.',
    was Nullable(Int64) COMMENT 'Value before; NULL if there was none.',
    became Nullable(Int64) COMMENT 'Value after; NULL if there is none any more.',
    final_at DateTime64(3, 'UTC') COMMENT 'Since when the value had been final.',
    revised_at DateTime64(3, 'UTC') COMMENT 'Broker timestamp of the late record.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Offset of the late record.',
    _definitions UInt32 COMMENT 'Version of the measure definitions.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(revised_at)
ORDER BY (_topic, _epoch, _partition, _offset, fact, source, conversation_id, fact_at)
COMMENT 'Changes of facts that were final: a late record came after their horizon.';

CREATE TABLE IF NOT EXISTS {database}.ledger
(
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _chunk UInt64 COMMENT 'First offset of the chunk in the partition.',
    first UInt64 COMMENT 'First offset covered.',
    last UInt64 COMMENT 'Last offset covered.',
    read UInt64 COMMENT 'Records read: the sum of the four fates.',
    accepted UInt64 COMMENT 'Records that were new.',
    corrected UInt64 COMMENT 'Revisions of records that were known.',
    duplicate UInt64 COMMENT 'Records that were known already.',
    rejected UInt64 COMMENT 'Records that could not be counted.',
    gaps UInt64 COMMENT 'Offsets that hold no record: compaction, transaction markers.',
    definitions UInt32 COMMENT 'Version of the measure definitions the chunk was folded with.',
    chunk_started_at DateTime64(3, 'UTC') COMMENT 'Broker timestamp of the first record of the chunk.',
    worker LowCardinality(String) COMMENT 'Worker that wrote this row last.'
)
ENGINE = ReplacingMergeTree(last)
ORDER BY (_topic, _epoch, _partition, _chunk)
COMMENT 'The fates of every record, by chunk.';

CREATE TABLE IF NOT EXISTS {database}.erasures
(
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Offset of the control record. A chunk begins there.',
    request String COMMENT 'What joins the control records of one `earshot forget`. Says nothing about the customer.',
    subject LowCardinality(String) COMMENT 'customer or anonymous: what kind of id was erased. The id is kept nowhere.',
    mode LowCardinality(String) COMMENT 'keep: the counts still hold what the customer added. drop: it was taken back.',
    erased_at DateTime64(3, 'UTC') COMMENT 'Broker timestamp of the control record.',
    rows UInt64 COMMENT 'Raw rows that were erased.',
    cells UInt64 COMMENT 'Cells they had added to: rows of erased_counts.'
)
ENGINE = ReplacingMergeTree
ORDER BY (_topic, _epoch, _partition, _offset)
COMMENT 'Customers who were erased, without saying who.';

CREATE TABLE IF NOT EXISTS {database}.erased_counts
(
    measure LowCardinality(String) COMMENT 'Measure, as in the measures file.',
    series UInt128 COMMENT 'Hash of the measure and its dimensions: stands for them in the key.',
    dimensions Array(LowCardinality(String)) COMMENT 'Dimensions the measure declares; the other columns are empty.',
    survey_id LowCardinality(String) COMMENT 'Survey.',
    question_id LowCardinality(String) COMMENT 'Question.',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint.',
    channel LowCardinality(String) COMMENT 'Channel.',
    journey LowCardinality(String) COMMENT 'Journey.',
    journey_stage LowCardinality(String) COMMENT 'Stage of the journey.',
    team_id LowCardinality(String) COMMENT 'Team.',
    agent_id LowCardinality(String) COMMENT 'Agent.',
    product LowCardinality(String) COMMENT 'Product.',
    region LowCardinality(String) COMMENT 'Region.',
    sla_policy LowCardinality(String) COMMENT 'Service-level policy.',
    sla_metric LowCardinality(String) COMMENT 'Metric of the service-level policy.',
    contact_rule LowCardinality(String) COMMENT 'Contact rule.',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes the measure declares as dimensions.',
    slice_start DateTime('UTC') COMMENT 'Start of the minute.',
    bucket Int32 COMMENT 'Score, flag, bucket of a duration, or 0 for a plain count.',
    n Int64 COMMENT 'What the raw rows that were erased had added to the bucket; negative where they hid others.',
    mode LowCardinality(String) COMMENT 'keep: the slices still hold it. drop: slices with #forgotten in their topic take it back.',
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Offset of the control record.',
    _definitions UInt32 COMMENT 'Newest version of the measure definitions among the rows.'
)
ENGINE = ReplacingMergeTree
ORDER BY (_topic, _epoch, _partition, _offset, measure, slice_start, series, bucket)
COMMENT 'What customers who were erased had added to the counts.';

CREATE TABLE IF NOT EXISTS {database}.rejects
(
    _topic LowCardinality(String) COMMENT 'Input topic.',
    _epoch UInt32 COMMENT 'Incarnation of the input topic.',
    _partition UInt32 COMMENT 'Input partition.',
    _offset UInt64 COMMENT 'Input offset.',
    _timestamp DateTime64(3, 'UTC') COMMENT 'Broker timestamp.',
    reason LowCardinality(String) COMMENT 'Typed reason.',
    detail String COMMENT 'What was wrong, naming the field. Holds no value of the record.',
    schema_id Nullable(UInt32) COMMENT 'Schema id in the header of the record, where it could be read.',
    key Nullable(String) COMMENT 'Key of the record, byte for byte.',
    value Nullable(String) COMMENT 'Value of the record, byte for byte; null for a tombstone.',
    headers Array(Tuple(String, String)) COMMENT 'Headers of the record.',
    replays UInt32 COMMENT 'How often the record was replayed.'
)
ENGINE = ReplacingMergeTree(replays)
PARTITION BY toYYYYMM(_timestamp)
ORDER BY (_topic, _epoch, _partition, _offset)
COMMENT 'Records that could not be counted.';

CREATE TABLE IF NOT EXISTS {database}.definitions
(
    version UInt32 COMMENT 'Version of the measures file.',
    fingerprint String COMMENT 'SHA-256 of the text.',
    text String COMMENT 'The measures file.'
)
ENGINE = ReplacingMergeTree
ORDER BY version
COMMENT 'Every version of the measure definitions that folded a chunk.';

CREATE TABLE IF NOT EXISTS {database}.score_rules
(
    measure LowCardinality(String) COMMENT 'Measure.',
    score LowCardinality(String) COMMENT 'Score derived from it.',
    topic LowCardinality(String) COMMENT 'Input topic the measure counts.',
    kind LowCardinality(String) COMMENT 'net, share, mean, quantile or count.',
    unit LowCardinality(String) COMMENT 'Unit of the value.',
    dimensions Array(LowCardinality(String)) COMMENT 'Dimensions the measure declares.',
    top_low Nullable(Int32) COMMENT 'Lowest bucket of the top box.',
    top_high Nullable(Int32) COMMENT 'Highest bucket of the top box.',
    bottom_low Nullable(Int32) COMMENT 'Lowest bucket of the bottom box.',
    bottom_high Nullable(Int32) COMMENT 'Highest bucket of the bottom box.',
    base_low Nullable(Int32) COMMENT 'Lowest bucket of what a share is of; NULL for all.',
    base_high Nullable(Int32) COMMENT 'Highest bucket of what a share is of.',
    q Nullable(Float64) COMMENT 'Share of values a quantile is not below.',
    is_duration Bool COMMENT 'Whether buckets are those of durations; values are seconds.',
    higher_is_better Bool COMMENT 'Direction of the scale.',
    once_per LowCardinality(String) COMMENT 'Period in which a customer counts once; empty for every answer.',
    horizon_s UInt32 COMMENT 'Seconds after its slice that a value may still change by design.',
    scale_low Nullable(Int32) COMMENT 'Lowest score.',
    scale_high Nullable(Int32) COMMENT 'Highest score.',
    n_privacy UInt32 COMMENT 'Fewer answers: the value is suppressed.',
    n_stat UInt32 COMMENT 'Fewer answers: the status is thin.',
    confidence Float64 COMMENT 'Confidence of the interval.',
    z Float64 COMMENT 'Normal quantile of the confidence.',
    definitions UInt32 COMMENT 'Version of the measure definitions.',
    updated_at DateTime64(3, 'UTC') COMMENT 'When the rule was written.'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (measure, score)
COMMENT 'How the views derive scores: from the measures file and the settings.';

CREATE TABLE IF NOT EXISTS {database}.rollups
(
    dimensions Array(LowCardinality(String)) COMMENT 'Dimensions that are kept apart; empty for everything together.',
    definitions UInt32 COMMENT 'Version of the measure definitions.'
)
ENGINE = ReplacingMergeTree
ORDER BY (definitions, dimensions)
COMMENT 'How the views group series: from the measures file.';

CREATE TABLE IF NOT EXISTS {database}.journey_maps
(
    journey LowCardinality(String) COMMENT 'Journey.',
    stages Array(String) COMMENT 'Its stages.',
    starts Array(String) COMMENT 'Stages a path may begin in.',
    transitions Array(Tuple(String, String)) COMMENT 'Steps from one stage to another that are planned.',
    ends_after_ms UInt64 COMMENT 'Milliseconds of silence that end a path.',
    expected_ms Map(String, UInt64) COMMENT 'Milliseconds in which a stage should be left, by stage.',
    definitions UInt32 COMMENT 'Version of the measure definitions.'
)
ENGINE = ReplacingMergeTree
ORDER BY (definitions, journey)
COMMENT 'The journey maps of the measures file.';
