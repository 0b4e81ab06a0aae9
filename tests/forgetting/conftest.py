"""The stage of the worker's tests."""

from __future__ import annotations

from tests.worker.conftest import stage

__all__ = ["stage"]
