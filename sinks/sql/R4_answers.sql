-- Answers one by one.

CREATE OR REPLACE VIEW {database}.answers_current AS
SELECT * EXCEPT (_topic, _epoch, _partition, _offset, _timestamp, _definitions)
FROM
(
    SELECT *
    FROM {database}.answers FINAL
    WHERE (_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)
    ORDER BY revision DESC, _epoch, _partition, _offset
    LIMIT 1 BY source, response_id, question_id
)
WHERE op != 'DELETE'
COMMENT 'The newest revision of every answer that was not deleted.';
