"""The contract of the embedded ClickHouse: what any client may rely on."""
