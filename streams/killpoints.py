"""Named points at which the fault suite makes a worker die.

`EARSHOT_KILL_AT=slices_written:3` ends the process the third time it passes that point, as `kill -9`
would: no handler runs, nothing is flushed. With a signal behind it (`slices_written:3:TERM`) the process
sends itself that signal instead and goes on. Without the variable a point costs one look at a dict.
"""

from __future__ import annotations

import os
import signal
from typing import Final, Literal, get_args

__all__ = ["POINTS", "Point", "arm", "passing"]

Point = Literal[
    "fetched",
    "decoded",
    "folded",
    "rejects_written",
    "raw_written",
    "histories_written",
    "slices_written",
    "outputs_sent",
    "ledger_written",
    "durable",
    "committed",
]

#: All points, in the order a record passes them.
POINTS: Final[tuple[Point, ...]] = get_args(Point)

VARIABLE: Final = "EARSHOT_KILL_AT"

#: What a shell says of a process that was killed.
_KILLED: Final = 137

#: Point -> how often it is yet to be passed, and the signal; empty in every process but a test's.
_armed: dict[str, tuple[int, str]] = {}


def arm(text: str) -> None:
    """Die at a point: `POINT[:NTH[:SIGNAL]]`.

    Raises:
        ValueError: There is no such point, or it is written otherwise.
    """
    point, _, rest = text.partition(":")
    nth, _, name = rest.partition(":")
    if point not in POINTS:
        msg = f"{point!r} is no kill point; there are {', '.join(POINTS)}"
        raise ValueError(msg)
    _armed[point] = (int(nth or 1), name)


def passing(point: Point) -> None:
    """Note that a point is passed; if its time has come, the process dies here."""
    if not _armed or point not in _armed:
        return
    left, name = _armed.pop(point)
    if left > 1:
        _armed[point] = (left - 1, name)
    elif name:
        os.kill(os.getpid(), signal.Signals[f"SIG{name}"])
    else:
        os._exit(_KILLED)


if os.environ.get(VARIABLE):
    arm(os.environ[VARIABLE])
