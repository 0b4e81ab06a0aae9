"""How the row of a record whose bytes are erased is told from the others.

Of the rows with one key, the table `rejects` keeps the one with the most `replays`. A worker that
folds a chunk again writes the row again, with all its bytes; so the row without them counts this many
replays more, and no other outdoes it.
"""

from __future__ import annotations

__all__ = ["ERASED"]

ERASED = 2**31
