"""Run checks side by side, each within a limit of time, whatever happens to the others."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.errors import EarshotError
from streams.doctor.finding import Finding, Unmeasured

__all__ = ["Check", "examine"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    `look` returns what it saw, and raises EarshotError if that is not as it should be. It is called
    only when every check in `needs` ended well; those come before it.
    """

    name: str
    look: Callable[[], str | Unmeasured]
    needs: tuple[str, ...] = ()


def examine(
    checks: Sequence[Check], *, limit_s: float, now: Callable[[], float] = time.monotonic
) -> list[Finding]:
    """Return the finding of every check, in their order.

    Each check has a thread of its own and `limit_s` seconds. One that takes longer failed; its thread
    is left behind and ends with the process.
    """
    found: dict[str, Finding] = {}
    waiting = list(checks)
    deadlines: dict[str, float] = {}
    results: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    while waiting or deadlines:
        for check in list(waiting):
            if all(name in found for name in check.needs):
                waiting.remove(check)
                if blocked := [found[name] for name in check.needs if found[name].state != "ok"]:
                    found[check.name] = Finding(check.name, "skipped", _why(blocked[0]))
                    continue
                deadlines[check.name] = now() + limit_s
                threading.Thread(
                    target=lambda check=check: results.put(_look(check)),
                    name=f"doctor-{check.name}",
                    daemon=True,
                ).start()
        if not deadlines:
            continue
        try:
            finding = results.get(timeout=max(0.0, min(deadlines.values()) - now()))
        except queue.Empty:
            for name in [name for name, until in deadlines.items() if until <= now()]:
                del deadlines[name]
                found[name] = Finding(
                    name,
                    "failed",
                    f"No answer within {limit_s:g} s.",
                    "Look at its load and at the network between, or give it longer with --wait.",
                )
            continue
        if deadlines.pop(finding.name, None) is not None:
            found[finding.name] = finding
    return [found[check.name] for check in checks]


def _why(blocked: Finding) -> str:
    """Name what is at the bottom of it: a skipped check says what it was skipped for."""
    return blocked.detail if blocked.state == "skipped" else f"needs {blocked.name}"


def _look(check: Check) -> Finding:
    try:
        seen = check.look()
    except EarshotError as error:
        return Finding(check.name, "failed", error.what, error.cure)
    except Exception as error:  # one broken check must not hide the others
        return Finding(
            check.name,
            "failed",
            f"The check itself failed ({type(error).__name__}).",
            "Report it as a bug of Earshot, with the versions of Kafka and ClickHouse.",
        )
    if isinstance(seen, Unmeasured):
        return Finding(check.name, "skipped", seen.why)
    return Finding(check.name, "ok", seen)
