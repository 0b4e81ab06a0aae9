"""The one folder that holds the local parts' data, logs and pid files."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import LocalError

__all__ = ["Home", "disk_usage"]


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of a home folder, described in docs/local.md."""

    path: Path

    @property
    def kafka(self) -> Path:
        """Kafka's data, its generated configuration and its scratch folder."""
        return self.path / "kafka"

    @property
    def clickhouse(self) -> Path:
        """ClickHouse's data."""
        return self.path / "clickhouse"

    @property
    def logs(self) -> Path:
        """What the parts wrote about themselves."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """Pid files, the ready file and the lock."""
        return self.path / "run"

    @property
    def password_file(self) -> Path:
        """The password of the embedded ClickHouse, readable by its owner only."""
        return self.path / "clickhouse.password"

    def prepare(self) -> None:
        """Create the folders that are missing.

        Raises:
            LocalError: The home folder cannot be written.
        """
        try:
            # Survey answers end up in here: nobody else on this machine should read them.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.kafka, self.clickhouse, self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LocalError(
                f"Cannot create the home folder {self.path}: {error.strerror}.",
                cure="Set EARSHOT_HOME to a folder you can write to.",
            ) from None

    def password(self) -> str | None:
        """Return the kept password of the embedded ClickHouse, None before the first start."""
        try:
            return self.password_file.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def keep_password(self, wanted: str = "") -> str:
        """Return the password to start ClickHouse with, and keep it in the password file.

        That is `wanted`, or else the one kept already, or else a new random one.
        """
        kept = self.password()
        password = wanted or kept or secrets.token_urlsafe(24)
        if password != kept:
            partial = self.password_file.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(password + "\n")
            partial.replace(self.password_file)
        return password

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second `up` or `down` out of this home meanwhile.

        Raises:
            LocalError: One is at work already.
        """
        self.prepare()
        path = self.run / "lock"
        try:
            file = path.open("w")
        except OSError as error:
            raise LocalError(
                f"Cannot write {path}: {error.strerror}.",
                cure="Set EARSHOT_HOME to a folder you can write to.",
            ) from None
        with file as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(
                    f"Another earshot is starting or stopping the parts in {self.path}.",
                    cure="Wait until it has ended and try again.",
                ) from None
            yield


def disk_usage(folder: Path) -> int:
    """Return the bytes on disk under `folder`, 0 if there is none.

    Blocks are counted, not lengths: Kafka's index files are ten MiB long and mostly holes.
    """
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:  # removed since it was listed
                continue
    return total
