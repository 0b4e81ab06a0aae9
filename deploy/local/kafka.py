"""The local Kafka: one node, broker and controller in one Java process, on loopback."""

from __future__ import annotations

import base64
import shutil
import socket
import string
import subprocess
import uuid
from pathlib import Path

from kafka.errors import KafkaError
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.parser import KafkaProtocol

from deploy.local import process
from deploy.local.config import HOST
from deploy.local.jars import fetch_jars
from deploy.local.java import find_java
from deploy.local.part import Launch, Part
from deploy.local.prerequisites import (
    Problem,
    java_problem,
    maven_problem,
    path_problem,
    port_problem,
    require,
)
from schemas.errors import LocalError

__all__ = ["KafkaPart", "ask_cluster_id"]

_HERE = Path(__file__).parent
_PROBE_S = 2.0
_FORMAT_S = 60.0
_OLDEST_WITH_CLUSTER_ID = 2
_END_OF_ASCII = 128

# The heap is small, so the serial collector saves threads and costs nothing one could measure.
_JVM = (
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)

# Paths with letters beyond ASCII need a UTF-8 locale: Java takes their encoding from there.
_ENV = (("LC_ALL", "C.UTF-8"),)


class KafkaPart(Part):
    """The Kafka of a home folder."""

    name = "Kafka"
    key = "kafka"

    @property
    def log(self) -> Path:
        """Kafka's errors, and whatever Java itself says."""
        return self.home.logs / "kafka.out"

    @property
    def whole_log(self) -> Path:
        """Everything Kafka logs."""
        return self.home.logs / "kafka.log"

    @property
    def data(self) -> Path:
        """Kafka's log directory."""
        return self.home.kafka / "data"

    @property
    def _configured_port(self) -> int:
        return self.config.kafka_port

    def problems(self) -> list[Problem | None]:
        """Check Java, Maven, the ports and the paths."""
        return [
            java_problem(),
            maven_problem(self.config.cache),
            path_problem(self.config.home, "EARSHOT_HOME"),
            path_problem(self.config.cache, "EARSHOT_CACHE"),
            port_problem("Kafka", self.config.kafka_port, "kafka_port"),
            port_problem("Kafka's controller", self.config.controller_port, "controller_port"),
        ]

    def _launch(self) -> Launch:
        java = find_java()
        if java is None:
            require([java_problem()])
        jars = fetch_jars(self.config.cache, self.say)
        scratch = self.home.kafka / "tmp"
        # Compression libraries are unpacked here, and a killed Java leaves them behind.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        properties = self._write_properties()
        base = (
            str(java),
            *_JVM,
            f"-Xmx{self.config.kafka_heap_mb}m",
            "-Xms64m",
            f"-Djava.io.tmpdir={scratch}",
            f"-XX:ErrorFile={self.home.logs}/java_error_%p.log",
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.xml'}",
            f"-Dearshot.logs={self.home.logs}",
            "-cp",
            f"{jars}/*",
        )
        if self._cluster_id() is None:
            self._format(base, properties)
        return Launch(
            argv=(*base, "kafka.Kafka", str(properties)),
            env=_ENV,
            ports=(self.config.kafka_port, self.config.controller_port),
        )

    def _write_properties(self) -> Path:
        template = string.Template((_HERE / "server.properties").read_text(encoding="ascii"))
        path = self.home.kafka / "server.properties"
        path.write_text(
            template.substitute(
                kafka_port=self.config.kafka_port,
                controller_port=self.config.controller_port,
                data=_escaped(str(self.data)),
            ),
            encoding="ascii",
        )
        return path

    def _cluster_id(self) -> str | None:
        """Return the id the data folder was formatted with, None if it was not."""
        try:
            text = (self.data / "meta.properties").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return fields.get("cluster.id")

    def _format(self, base: tuple[str, ...], properties: Path) -> None:
        command = [*base, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
        command += ["-t", _new_cluster_id(), "-c", str(properties), "--ignore-formatted"]
        try:
            done = subprocess.run(
                command,
                env={**process.environment(), **dict(_ENV)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_FORMAT_S,
                check=False,
            )
            said = done.stderr.strip() or done.stdout.strip()
            failed = done.returncode != 0
        except subprocess.TimeoutExpired:
            said, failed = f"no answer within {_FORMAT_S:.0f} seconds", True
        if failed:
            end = "\n".join(f"    {line}" for line in said.splitlines()[-6:])
            raise LocalError(
                f"Kafka could not format its data folder {self.data}:\n{end}\n",
                cure="Remove that folder if its data may go, or set EARSHOT_HOME to another one.",
            )

    def _hurdle(self, record: process.Record) -> str:
        try:
            answered = ask_cluster_id(record.ports[0])
        except (OSError, KafkaError) as error:
            return f"no metadata from {self.address} ({error})"
        if answered is None:
            return f"the broker at {self.address} has not joined its cluster yet"
        if answered != self._cluster_id():
            return f"another Kafka answers at {self.address}"
        return ""


def ask_cluster_id(port: int) -> str | None:
    """Ask a local broker for metadata, and return the id of its cluster.

    None stands for a broker that answers and is not yet a member, so that no topic can be created.

    Raises:
        OSError: Nobody answers in time.
        KafkaError: The answer makes no sense.
    """
    wire = KafkaProtocol(client_id="earshot-local")
    wire.send_request(MetadataRequest(version=_OLDEST_WITH_CLUSTER_ID, topics=[]))
    with socket.create_connection((HOST, port), timeout=_PROBE_S) as connection:
        connection.settimeout(_PROBE_S)
        connection.sendall(wire.send_bytes())
        while True:
            received = connection.recv(65536)
            if not received:
                raise ConnectionResetError("closed without an answer")
            for _, response in wire.receive_bytes(received):
                known = any(broker.port == port for broker in response.brokers)
                return str(response.cluster_id) if known else None


def _new_cluster_id() -> str:
    """Return an id as Kafka makes them; a leading dash would look like an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
    return f"E{text[1:]}"


def _escaped(value: str) -> str:
    r"""Write a value as Java's properties files want it: ASCII, the rest as `\uXXXX`.

    >>> _escaped("/home/zoé")
    '/home/zo\\u00e9'
    """
    units = value.encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(code) if code < _END_OF_ASCII else f"\\u{code:04x}" for code in codes)
