"""Fold a stretch of the log again: to repair what is stored of it, or to build it anew beside it."""
