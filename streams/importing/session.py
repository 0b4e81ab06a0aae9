"""One import of one file, from where the last one stopped to the end, or to the next stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from streams.importing.bad_rows import BadRows, bad_path
from streams.importing.mapping import Mapping
from streams.importing.plan import Outgoing, Plan
from streams.importing.reasons import Refused
from streams.importing.rows import Row, format_of
from streams.importing.run import run
from streams.importing.state import Progressed, StateFile, fingerprint_of
from streams.importing.tally import Tally

__all__ = ["Outbox", "Session", "rehearse"]

Report = Callable[[Tally, float], None]


class Outbox(Protocol):
    """What an import needs of a publisher."""

    def publish_raw(self, topic: str, value: bytes | None, key: bytes | None) -> None:
        """Send one record, sooner or later."""
        ...

    def flush(self) -> None:
        """Return when everything sent is acknowledged, raise if it cannot be."""
        ...


class Session:
    """Import `file` as `plan` says, with its state and its refused rows beside it.

    Args:
        plan: The mapping, ready for the file.
        file: The file.
        target: The Kafka it goes to: a state of another one is not used to go on.
        state: Place of the state file; None for next to the input.
        bad: Place of the refused rows; None for next to the input.
        restart: Begin with the first row, whatever the state says.

    Raises:
        ConfigError: The state is of an unfinished import of something else, or unreadable.
    """

    def __init__(
        self,
        plan: Plan,
        file: Path,
        target: str,
        *,
        state: Path | None = None,
        bad: Path | None = None,
        restart: bool = False,
    ) -> None:
        self.plan = plan
        self.state = StateFile(
            state or file.with_name(f"{file.name}.import.json"),
            {
                "file": fingerprint_of(file),
                "mapping": plan.mapping.fingerprint,
                "look-ups": lookup_fingerprints(plan.mapping, file.parent),
                "brokers": target,
            },
        )
        self._earlier = self.state.earlier()
        self.before: Progressed | None = None if restart else self.state.load()
        self.tally = Tally() if self.before is None else self.before.tally
        options = plan.mapping.input
        file_format = format_of(file, options)
        self.bad = BadRows(
            bad or bad_path(file, file_format), file_format, plan.rows.columns or (), options
        )

    @property
    def lacks_revision(self) -> bool:
        """Whether answers of a file that changed since are sent without a `revision`."""
        earlier = self._earlier
        return (
            earlier is not None
            and earlier.what.get("file") != self.state.what["file"]
            and any("revision" not in event.fields for event in self.plan.mapping.events
                    if event.topic == "feedback.responses")
        )  # fmt: skip

    @property
    def already_done(self) -> bool:
        """Whether the very same import was finished before."""
        return self.before is not None and self.before.finished

    def run(
        self,
        outbox: Outbox,
        report: Report,
        stopping: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> bool:
        """Import the rest; return whether the file was read to its end.

        Args:
            outbox: Where events go.
            report: Takes the counts and the share of the file that was read.
            stopping: Whether to stop after the row at hand.
            clock: Seconds, for the checkpoints.

        Raises:
            StreamError: Kafka does not acknowledge. The state says up to which row it did.
            ConfigError: The state or the refused rows cannot be written.
        """

        def checkpoint(tally: Tally) -> None:
            outbox.flush()
            self.state.save(tally, bad=self.bad.flush())

        earlier = self._earlier
        self.bad.begin(
            earlier.bad if earlier else None,
            go_on=self.before is not None,
            finished=earlier is not None and earlier.finished,
        )
        self.state.save(self.tally, bad=self.bad.flush())
        try:
            finished = run(
                self.plan,
                self.tally,
                send=lambda event: outbox.publish_raw(event.topic, event.value, event.key.encode()),
                refuse=self.bad.add,
                checkpoint=checkpoint,
                report=report,
                stopping=stopping,
                clock=clock,
            )
            if finished:
                self.state.save(self.tally, bad=self.bad.flush(), finished=True)
        finally:
            self.bad.close()
        return finished


def rehearse(
    plan: Plan,
    show: Callable[[Outgoing], None],
    refuse: Callable[[Row, Refused], None],
    report: Report,
    stopping: Callable[[], bool],
) -> Tally:
    """Do everything an import does, except sending and writing."""
    tally = Tally()
    run(
        plan, tally, send=show, refuse=refuse, checkpoint=lambda tally: None, report=report,
        stopping=stopping,
    )  # fmt: skip
    return tally


def lookup_fingerprints(mapping: Mapping, folder: Path) -> dict[str, str]:
    """Return the fingerprint of each look-up file by its name in the mapping."""
    return {name: fingerprint_of(folder / entry.file) for name, entry in mapping.lookups.items()}
