"""The words of the system: contracts, topics, measures, errors. No Faust, no ClickHouse, no clock."""
