"""Run a command that dies when the process that started it does, however that one ends.

Run as a script, before the command: `python -I -S tie.py PARENT_PID COMMAND [ARGUMENT ...]`.
The kernel watches the thread that started this script, so start it from one that lives on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Tie this process to its parent, then become the command. Returns only if it is too late."""
    parent, command = int(argv[1]), argv[2:]
    # Kept across exec. SIGKILL, because nobody is left who would insist after a SIGTERM.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:  # otherwise it died before we asked to be told
        os.execv(command[0], command)  # noqa: S606 - our own command, and no shell


if __name__ == "__main__":
    main(sys.argv)
