"""The embedded ClickHouse that `earshot up` starts, if it is the one in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import LocalError
from streams.doctor.finding import Unmeasured

if TYPE_CHECKING:
    from deploy.local.config import LocalConfig

__all__ = ["engine_runs"]


def engine_runs(config: LocalConfig, port: int) -> str | Unmeasured:
    """Say how the embedded ClickHouse of a home folder is; `port` is the one the settings name.

    Raises:
        LocalError: Its process runs and does not answer.
    """
    from deploy.local.clickhouse import ClickHousePart  # noqa: PLC0415 - needs what was just checked

    part = ClickHousePart(config)
    status = part.status()
    if status.state == "stopped":
        return Unmeasured(f"`earshot up` started none in {config.home}")
    if status.state == "unhealthy":
        raise LocalError(
            f"The embedded ClickHouse (pid {status.pid}) runs and does not answer.",
            cure=f"Run `earshot down` and `earshot up`; {part.log} says more.",
        )
    if part.port != port:
        # Not a failure: another ClickHouse on this machine may be the one that is meant.
        return Unmeasured(f"the one in {config.home} has port {part.port}, the settings say {port}")
    return f"pid {status.pid}, {status.address}, {status.data_bytes / 2**20:.1f} MiB in {part.data}"
