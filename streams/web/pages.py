"""The answers of the endpoints, as data. What they say is documented in docs/status.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streams.batch import TopicPartition
from streams.conditions import Condition, Conditions
from streams.progress import Progress
from streams.watchdog import Stall

__all__ = ["Answer", "Pages"]

_OK, _UNAVAILABLE = 200, 503


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code of HTTP, and what is sent as JSON."""

    code: int
    body: dict[str, Any]


class Pages:
    """Makes the answers, anew for every request.

    Args:
        worker: This worker's name.
        version: Version of Earshot.
        conditions: How its partitions are, and what it waits for.
        positions: Returns how far it is in each of its partitions.
        now: Returns the seconds since 1970.
    """

    def __init__(
        self,
        *,
        worker: str,
        version: str,
        conditions: Conditions,
        positions: Callable[[], Mapping[TopicPartition, Progress]],
        now: Callable[[], float],
    ) -> None:
        self._worker = worker
        self._version = version
        self._conditions = conditions
        self._positions = positions
        self._now = now
        self._started_s = now()
        self._stall: Stall | None = None

    def stalled(self, stall: Stall) -> None:
        """Note what the watchdog saw: from now on the worker counts as dead."""
        self._stall = stall

    def live(self) -> Answer:
        """Say whether the worker should be left alone (200) or started again (503)."""
        stall = self._stall
        if stall is None:
            return Answer(_OK, {"live": True})
        why = {
            **_place(stall.tp),
            "position": stall.progress.position,
            "lag": stall.progress.lag,
            "still_s": round(stall.still_s, 1),
        }
        return Answer(_UNAVAILABLE, {"live": False, "stalled": why})

    def ready(self) -> Answer:
        """Say whether every partition runs and nothing is waited for (200), or which does not (503)."""
        halted = [
            {**_place(tp), **_condition(condition)}
            for tp, condition in sorted(self._conditions.partitions().items())
            if condition.state != "running"
        ]
        waiting = [_condition(condition) for condition in self._conditions.waiting()]
        is_ready = not halted and not waiting and self._stall is None
        body = {"ready": is_ready, "partitions": halted, "waiting": waiting}
        return Answer(_OK if is_ready else _UNAVAILABLE, body)

    def status(self) -> Answer:
        """Say everything about this worker."""
        positions, conditions = self._positions(), self._conditions.as_seen()
        partitions = [
            {
                **_place(tp),
                **_progress(positions.get(tp)),
                "condition": _condition(conditions.get(tp)),
            }
            for tp in sorted(positions.keys() | conditions.keys())
        ]
        body = {
            "worker": self._worker,
            "version": self._version,
            "uptime_s": round(self._now() - self._started_s, 1),
            "waiting": [_condition(condition) for condition in self._conditions.waiting()],
            "partitions": partitions,
        }
        return Answer(_OK, body)


def _place(tp: TopicPartition) -> dict[str, Any]:
    return {"topic": tp.topic, "partition": tp.partition}


def _condition(condition: Condition | None) -> dict[str, Any]:
    if condition is None:
        # Ours, and nothing was read from it yet.
        return {"state": "running", "reason": "", "what": "", "cure": "", "since": None}
    return {
        "state": condition.state,
        "reason": condition.reason,
        "what": condition.what,
        "cure": condition.cure,
        "since": datetime.fromtimestamp(condition.since_s, UTC).isoformat(timespec="seconds"),
    }


def _progress(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return dict.fromkeys(("position", "log_end", "lag", "durable", "committed"))
    return {
        "position": progress.position,
        "log_end": progress.log_end,
        "lag": progress.lag if progress.log_end is not None else None,
        "durable": progress.durable,
        "committed": progress.committed,
    }
