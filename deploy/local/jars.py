"""Kafka's jars: resolved once by Maven, then taken from a cache that several homes share."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from schemas.errors import LocalError

__all__ = ["POM", "are_cached", "fetch_jars", "jar_folder"]

POM = Path(__file__).with_name("pom.xml")

_MAVEN_S = 900.0


def jar_folder(cache: Path) -> Path:
    """Return the cached folder for today's `pom.xml`, whether it is there or not."""
    return cache / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def are_cached(cache: Path) -> bool:
    """Say whether a start needs neither Maven nor a network."""
    return jar_folder(cache).is_dir()


def fetch_jars(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the folder of Kafka's jars, and fill it by Maven if it is not there yet.

    Raises:
        LocalError: Maven is missing or could not resolve the jars.
    """
    folder = jar_folder(cache)
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalError("Maven (mvn) is not in PATH.", cure="Run `apt-get install maven`.")
    say("Fetching Kafka by Maven, about 45 MB, this once ...")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="kafka-partial-", dir=cache))
    except OSError as error:
        raise LocalError(
            f"Cannot write the cache folder {cache}: {error.strerror}.",
            cure="Set EARSHOT_CACHE to a folder you can write to.",
        ) from None
    try:
        output = _copy_jars(maven, partial)
        if output is not None and _copy_jars(maven, partial, "-o") is not None:
            # Without a network, Maven's own repository may still hold them; this was not the case.
            raise LocalError(
                f"Maven could not resolve Kafka's jars:\n{output}\n",
                cure="Check the network and ~/.m2/settings.xml (proxy, mirror), and try again.",
            )
        partial.chmod(0o755)  # a cache may be filled by one user and used by another
        # A folder under its final name is complete: nothing else ever gets that name.
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was faster, and the jars are equal
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _copy_jars(maven: str, target: Path, *options: str) -> str | None:
    """Run Maven. Returns None, or the last lines of what it said when it failed."""
    command = [maven, "-q", "-B", "-C", *options, "-f", str(POM), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_MAVEN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"    no answer within {_MAVEN_S:.0f} seconds"
    if done.returncode == 0:
        return None
    said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
    return "\n".join(f"    {line}" for line in said[:4]) or f"    exit code {done.returncode}"
