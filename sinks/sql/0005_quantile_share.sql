-- The comment said that a quantile is not above so many values; it is the other way round.

ALTER TABLE {database}.score_rules
    COMMENT COLUMN q 'Share of the values that are at or below a quantile.';
