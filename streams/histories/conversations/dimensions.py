"""What is known about a conversation as of each of its events."""

from __future__ import annotations

from streams.histories.dimensions import own_dimensions
from streams.histories.events import InteractionEvent

__all__ = ["Dimensions", "LatestDimensions"]

#: Pairs of name and value, by name, without empty values.
Dimensions = tuple[tuple[str, str], ...]


class LatestDimensions:
    """Of every dimension the last value the events so far told, in their order."""

    __slots__ = ("_latest", "_said", "dimensions")

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}
        self._said: Dimensions = ()
        self.dimensions: Dimensions = ()

    def learn(self, event: InteractionEvent) -> Dimensions:
        """Take the next event in and return the dimensions as of it."""
        says = own_dimensions(event)
        # Most events say what the one before them said: then nothing can change.
        if says != self._said:
            self._said = says
            self._latest.update(says)
            self.dimensions = tuple(sorted(self._latest.items()))
        return self.dimensions
