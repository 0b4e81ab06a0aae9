"""The embedded ClickHouse: chDB behind ClickHouse's native protocol and HTTP interface.

What it is for: one laptop and tests. Dashboards, BI tools and drivers talk to it as to any
ClickHouse server; the data is on disk, and an acknowledged INSERT survives the process.

What it is not: a production server. It has one user, no roles and no TLS, it listens on loopback
addresses only, it replicates nothing, and whoever may query it may read what its process may read.

Run it with `python -m sinks.embedded --help`; `docs/embedded-clickhouse.md` says what it covers.
"""

from __future__ import annotations

__all__: list[str] = []
