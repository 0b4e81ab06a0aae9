"""Where an import is: a small file that lets it go on after Ctrl-C or a crash."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError
from streams.importing.bad_rows import Written
from streams.importing.tally import Tally

__all__ = ["Earlier", "Progressed", "StateFile", "fingerprint_of"]

_HEAD = 65536
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Progressed:
    """What the state file of an earlier run says. Everything up to `tally.rows` is in Kafka."""

    tally: Tally
    finished: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last import beside the file, of whatever: the refused rows it wrote, and what it was of."""

    bad: Written
    finished: bool
    what: dict[str, Any]


class StateFile:
    """The state of importing one file with one mapping into one Kafka.

    `what` names those three; a state of anything else is not used to go on.
    """

    def __init__(self, path: Path, what: dict[str, Any]) -> None:
        self.path = path
        self.what = what

    def load(self) -> Progressed | None:
        """Return what was done so far; None if nothing, or if it was finished with another input.

        Raises:
            ConfigError: The state is unreadable, or it is of an unfinished import of something else.
        """
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            known = Progressed(Tally.from_data(data["tally"]), data["finished"])
            version, what = data["version"], data["what"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"{self.path} is not the state of an import.",
                cure="Begin anew with --restart; what was sent before becomes a duplicate.",
            ) from None
        changed = sorted(key for key in self.what if what.get(key) != self.what[key])
        if version == _VERSION and not changed:
            return known
        if known.finished:
            return None
        raise ConfigError(
            f"An import stopped after row {known.tally.rows}, and since then "
            f"{' and '.join(changed) or 'Earshot'} changed.",
            cure="Begin anew with --restart (what was sent becomes a duplicate and changes no "
            "number), or put it back to go on.",
        )

    def earlier(self) -> Earlier | None:
        """Return what the last import left, also one that cannot go on; None if that is unknown."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            bad = Written(int(data["bad"]["size"]), str(data["bad"]["sha256"]))
            return Earlier(bad, bool(data["finished"]), dict(data["what"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, tally: Tally, *, bad: Written, finished: bool = False) -> None:
        """Write the state so that a crash leaves either the old one or this one.

        Raises:
            ConfigError: The folder cannot be written to.
        """
        data = {
            "version": _VERSION,
            "what": self.what,
            "finished": finished,
            "bad": bad._asdict(),
            "tally": tally.as_data(),
        }
        scratch = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            with scratch.open("w", encoding="utf-8") as file:
                json.dump(data, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(self.path)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise ConfigError(
                f"Cannot write the state {self.path}: {error.strerror}.",
                cure="Name a file that can be written with --state.",
            ) from None


def fingerprint_of(path: Path) -> str:
    """Return size, time of change and a hash of the first 64 KiB of a file.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = hashlib.sha256(file.read(_HEAD)).hexdigest()[:16]
            status = os.fstat(file.fileno())
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}.", cure="Correct the path."
        ) from None
    return f"{status.st_size}-{status.st_mtime_ns}-{head}"
