"""From settings to how the intake folds and flushes."""

from __future__ import annotations

from streams.agents.intake import IntakeConfig
from streams.settings import Settings

__all__ = ["intake_config"]


def intake_config(settings: Settings, name: str) -> IntakeConfig:
    """Return how a worker of some name folds."""
    worker, registry = settings.worker, settings.registry
    return IntakeConfig(
        chunk_size=worker.chunk,
        flush_s=worker.flush_s,
        flush_rows=worker.flush_rows,
        known_answers=worker.known_answers,
        known_customers=worker.known_customers,
        clock_skew_ms=int(worker.clock_skew_s * 1000),
        max_record_bytes=worker.max_record_bytes,
        # The schemas shipped with Earshot are all there are: nobody registers another one meanwhile.
        unknown_schema_s=registry.unknown_schema_s if registry.url else 0.0,
        reject_run=worker.reject_run,
        reject_share=worker.reject_share,
        reject_window=worker.reject_window,
        worker=name,
    )
