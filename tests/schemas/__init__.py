"""Tests of the contracts: schemas, framing, registries, measures."""
