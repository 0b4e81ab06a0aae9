"""Tests of what `deploy/` starts and builds, without a container engine."""
