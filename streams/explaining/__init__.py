"""Explain a number: the arithmetic, the definition and the records behind it."""

from __future__ import annotations

from streams.explaining.explanation import Explained, Explanation, explain
from streams.explaining.query import SHAPE, Query, query_of

__all__ = ["SHAPE", "Explained", "Explanation", "Query", "explain", "query_of"]
