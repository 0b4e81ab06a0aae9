"""The auditor: every number once more, from the raw rows, by a second and deliberately simple way.

Nothing here may import `streams.fold` or `streams.histories`: two implementations that share code share
its mistakes.
"""
