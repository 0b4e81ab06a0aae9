"""Tests of scores: golden values, a slow second implementation, laws, and SQL against Python."""
