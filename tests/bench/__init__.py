"""Benchmarks: each compares in one run, and prints what it compared."""
