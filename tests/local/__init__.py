"""The local parts: Kafka, ClickHouse, and the commands that run them."""
