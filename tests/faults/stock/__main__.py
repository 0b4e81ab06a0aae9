"""Print the fault matrix as a Markdown table; progress goes to stderr."""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import Address, ClickHouse
from tests.faults.servers import own_clickhouse, own_kafka
from tests.faults.stock.faults import Ground
from tests.faults.stock.matrix import ROWS, markdown, measure

_VERSIONS = ("faust-streaming", "aiokafka", "clickhouse-driver", "chdb-core")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with own_kafka(folder / "kafka") as kafka, own_clickhouse(folder / "clickhouse") as server:
            ground = Ground(kafka.address, server.access, folder)
            outcomes = {}
            for row in ROWS:
                print(f"{row.text} ...", file=sys.stderr, flush=True)
                outcomes[row.fault] = measure(row.fault, row.kinds, ground)
            engine = _version_of(server.access)
    print("\n".join(markdown(outcomes)))
    names = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    print(f"\nWith {names} (ClickHouse {engine}).")


def _version_of(access: ClickHouseAccess) -> str:
    server = Address(access.host, access.port, access.user, access.password, "default")
    one = ClickHouse(server)
    try:
        return str(one.rows("SELECT version()")[0][0])
    finally:
        one.close()


if __name__ == "__main__":
    main()
