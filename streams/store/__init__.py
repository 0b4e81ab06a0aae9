"""What the worker reads from and writes to ClickHouse. Blocking: run it in a thread.

State is a query as of an offset: there is no second copy of it to corrupt.
"""

from __future__ import annotations

from streams.store.store import Store

__all__ = ["Store"]
