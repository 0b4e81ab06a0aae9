"""Epochs that do not change while a replay runs."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Fixed"]


class Fixed:
    """The epoch each topic is folded into."""

    def __init__(self, epochs: Mapping[str, int]) -> None:
        self._epochs = dict(epochs)

    def epoch(self, topic: str) -> int:
        """Return the epoch of a topic."""
        return self._epochs[topic]

    def refresh(self) -> set[str]:
        """Return the topics that have another epoch now: none."""
        return set()
