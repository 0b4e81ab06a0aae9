"""Kafka and ClickHouse on this machine, without Docker."""
