"""Tests mirror the packages; `contract/` holds the suites that run on several implementations."""
