"""Agents: thin. They wire the pure parts to topics and to ClickHouse."""
