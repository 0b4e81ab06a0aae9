-- What no view shows: replays that are not finished, and what a finished one replaced. Counts that were
-- taken back for erased customers have a topic of their own.
CREATE OR REPLACE VIEW {database}.hidden_epochs AS
SELECT
    arrayJoin([topic, concat(topic, '#forgotten')]) AS topic,
    epoch
FROM {database}.epochs FINAL
WHERE state != 'current'
COMMENT 'Epochs of the input topics that the other views leave out.';
