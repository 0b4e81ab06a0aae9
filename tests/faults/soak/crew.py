"""The workers of a soak: started, killed, put to sleep; none of them may end by itself."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Any

from kafka.errors import KafkaError

from tests.worker.harness import Stage, WorkerProcess

__all__ = ["Crew"]

#: A session after which a sleeper is missed.
_SESSION_S = 8
_STOP_S = 90.0
_EVICTING_S = 120.0


class Crew:
    """The workers that should be running; what they did wrong is in `problems`."""

    def __init__(self, stage: Stage, *, most: int, chunk: int) -> None:
        self.most = most
        self.problems: list[str] = []
        self.workers: list[WorkerProcess] = []
        self.started = 0
        self._stage = stage
        self._settings: dict[str, Any] = {
            "chunk": chunk, "flush_s": 1, "fetch_records": 10_000, "known_answers": 20_000,
            "known_customers": 2_000, "stop_s": 20,
        }  # fmt: skip
        stage.variables["EARSHOT_KAFKA__SESSION_S"] = str(_SESSION_S)

    @property
    def pids(self) -> list[int]:
        """The processes that should be running."""
        return [worker.process.pid for worker in self.workers]

    def start(self) -> WorkerProcess:
        """Start one more."""
        worker = self._stage.start(**self._settings)
        self.workers.append(worker)
        self.started += 1
        return worker

    def kill(self, worker: WorkerProcess, hold_s: float) -> None:
        """Kill a worker, and start another one in its place some seconds later."""
        self.workers.remove(worker)
        worker.kill()
        time.sleep(hold_s)
        self._evict()
        self.start()

    def sleep(self, worker: WorkerProcess, hold_s: float) -> None:
        """Freeze a worker for some seconds."""
        worker.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(hold_s)
        finally:
            worker.process.send_signal(signal.SIGCONT)

    def leave(self, worker: WorkerProcess) -> None:
        """Ask a worker to end."""
        self.workers.remove(worker)
        self._stop(worker)

    def stop(self) -> None:
        """Ask all workers to end."""
        for worker in list(self.workers):
            self.leave(worker)

    def look(self) -> None:
        """Note who ended without being told to, and start others in their place."""
        for worker in list(self.workers):
            code = worker.process.poll()
            if code is not None:
                self.workers.remove(worker)
                self._blame(worker, f"ended by itself with {code}")
                self.start()

    def _stop(self, worker: WorkerProcess) -> None:
        try:
            code = worker.stop(within_s=_STOP_S)
        except subprocess.TimeoutExpired:
            self._blame(worker, f"did not stop within {_STOP_S:g} s")
            worker.kill()
            return
        if code != 0:
            self._blame(worker, f"stopped with {code}")

    def _blame(self, worker: WorkerProcess, what: str) -> None:
        self.problems.append(f"worker {worker.process.pid} {what}: {worker.end_of_log()[-1500:]}")

    def _evict(self) -> None:
        """Remove the dead from the group, so that the others need not wait for its session's end."""
        deadline = time.monotonic() + _EVICTING_S
        while True:
            try:
                self._stage.evict()
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return
