"""How the intake folds and flushes, and what the settings say of it."""

from __future__ import annotations

from dataclasses import dataclass

from streams.settings import Settings

__all__ = ["IntakeConfig", "intake_config"]


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """How the intake folds and flushes."""

    chunk_size: int
    flush_s: float
    flush_rows: int
    known_answers: int
    known_customers: int
    clock_skew_ms: int
    max_record_bytes: int
    worker: str
    unknown_schema_s: float = 0.0
    reject_run: int = 0
    reject_share: float = 1.0
    reject_window: int = 10_000


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
