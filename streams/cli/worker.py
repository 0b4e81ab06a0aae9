"""`earshot worker`: fold the input topics into ClickHouse."""

from __future__ import annotations

__all__ = ["worker"]


def worker() -> None:
    """Run one worker: read the input topics, fold them, write to ClickHouse. Stops on Ctrl-C.

    Start as many as there are cores, up to the number of partitions; they share the work. A worker
    may be killed at any moment: nothing is lost or counted twice.
    """
    from streams.app import run_worker
    from streams.logs import set_up_logs
    from streams.settings import load_settings

    settings = load_settings()
    set_up_logs(settings.log)
    run_worker(settings)
