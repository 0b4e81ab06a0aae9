"""Every setting, in one class: read from `EARSHOT_*` variables, then `earshot.toml`, then the defaults.

A nested setting's variable joins the names with two underscores: `EARSHOT_CLICKHOUSE__HOST`.
Any secret can also come from a file: `EARSHOT_CLICKHOUSE__PASSWORD_FILE`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.errors import ConfigError

__all__ = [
    "ClickHouse",
    "Demo",
    "Kafka",
    "Local",
    "Log",
    "Privacy",
    "Registry",
    "Scores",
    "Settings",
    "Worker",
    "load_settings",
    "unknown_variables",
]

#: Variables with our prefix that are no settings.
_OTHER_VARIABLES = (
    "EARSHOT_HOME", "EARSHOT_CACHE", "EARSHOT_CI", "EARSHOT_FULL", "EARSHOT_OLIST", "EARSHOT_KILL_AT",
    "EARSHOT_FAULTS_KILLS", "EARSHOT_FAULTS_REBALANCES",
)  # fmt: skip

Port = Annotated[int, Field(ge=1, le=65535)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(_Group):
    """Where the broker is, and who we are to it."""

    brokers: str = Field(
        "127.0.0.1:9092", description="Bootstrap servers, `host:port[,host:port]`."
    )
    group: str = Field("earshot", description="Consumer group of the workers.")
    partitions: int = Field(
        4,
        ge=1,
        le=1024,
        description="Partitions a topic is created with when it is keyed by customer.",
    )
    replication: int = Field(1, ge=1, le=9, description="Replicas a topic is created with.")
    session_s: float = Field(
        45.0, ge=6, le=300, description="Seconds of silence after which a worker counts as dead."
    )


class Registry(_Group):
    """Where Avro schemas come from."""

    url: str = Field(
        "",
        description="Base URL of a Confluent-compatible registry. Empty: the files shipped with Earshot.",
    )
    user: str = Field("", description="User for basic authentication, empty for none.")
    password: SecretStr = Field(SecretStr(""), description="Password for basic authentication.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    timeout_s: float = Field(
        5.0, gt=0, description="Seconds to wait for one answer of the registry."
    )
    unknown_schema_s: float = Field(
        600.0,
        ge=0,
        description="Seconds a partition waits for a schema id the registry does not know, before its "
        "records are rejected. The schemas shipped with Earshot are never waited for.",
    )

    @model_validator(mode="before")
    @classmethod
    def _secret_from_file(cls, data: object) -> object:
        return _read_password_file(data)


class ClickHouse(_Group):
    """Where ClickHouse is. The native port is for Earshot, the HTTP port for BI tools."""

    host: str = Field("127.0.0.1", description="Host of ClickHouse.")
    port: Port = Field(9000, description="Port of the native protocol.")
    http_port: Port = Field(8123, description="Port of the HTTP interface, printed for BI tools.")
    database: str = Field(
        "earshot",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Database of all tables and views.",
    )
    user: str = Field("earshot", description="User.")
    password: SecretStr = Field(SecretStr(""), description="Password.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    secure: bool = Field(False, description="TLS on the native port.")
    timeout_s: float = Field(
        60.0, gt=0, description="Seconds to wait for one answer of ClickHouse."
    )

    @model_validator(mode="before")
    @classmethod
    def _secret_from_file(cls, data: object) -> object:
        return _read_password_file(data)


class Worker(_Group):
    """How a worker folds and flushes."""

    chunk: int = Field(
        65536,
        ge=1,
        description="Offsets in a chunk, a power of two. A restart reads a partition again from the "
        "start of its chunk. To change it, build everything anew: `earshot replay --into shadow`.",
    )
    flush_s: float = Field(
        1.0, gt=0, description="Seconds between two flushes while records arrive."
    )
    flush_rows: int = Field(50_000, ge=1, description="Rows that force a flush before its time.")
    fetch_records: int = Field(10_000, ge=1, description="Most records of one fetch.")
    known_answers: int = Field(
        1_000_000,
        ge=0,
        description="Answers a worker remembers for duplicates and corrections. Others are looked up "
        "in ClickHouse.",
    )
    known_customers: int = Field(
        5_000,
        ge=0,
        description="Customers whose history a worker remembers, for each partition; some 20 kB for "
        "one with ten events of conversations. Others are looked up in ClickHouse.",
    )
    clock_skew_s: float = Field(
        300.0, ge=0, description="Seconds an event may be dated after its broker timestamp."
    )
    max_record_bytes: int = Field(
        1_048_576, ge=64, description="Largest record that is decoded; a larger one is rejected."
    )
    fetch_bytes: int = Field(
        16_777_216,
        ge=65_536,
        description="Most bytes of one fetch from a broker. A worker holds some six fetches at most.",
    )
    partition_fetch_bytes: int = Field(
        4_194_304, ge=65_536, description="Most bytes of one partition in a fetch."
    )
    reject_run: int = Field(
        10_000,
        ge=0,
        description="Rejects in a row after which a partition stops instead of rejecting everything; "
        "0 for no limit.",
    )
    reject_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Part of `reject_window` records that may be rejected before a partition stops; "
        "1 for no limit.",
    )
    reject_window: int = Field(
        20_000, ge=100, description="Records over which `reject_share` is taken."
    )
    stop_s: float = Field(
        20.0, gt=0, description="Seconds a stop or a rebalance waits for a flush."
    )
    stall_s: float = Field(
        300.0,
        gt=0,
        description="Seconds a partition with records to read may stand still, neither stopped nor "
        "waiting for anything known, before the worker ends itself with code 1. Not below 60.",
    )
    web_host: str = Field("127.0.0.1", description="Address the worker's probes listen on.")
    web_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the worker's probes `/live`, `/ready`, `/status`; 0 for none.",
    )

    @model_validator(mode="after")
    def _power_of_two(self) -> Worker:
        if self.chunk & (self.chunk - 1):
            msg = f"{self.chunk} is not a power of two"
            raise ValueError(msg)
        return self


class Scores(_Group):
    """When a score may be shown, and how sure its interval is."""

    n_privacy: int = Field(1, ge=1, description="Fewer answers than this: the value is suppressed.")
    n_stat: int = Field(30, ge=1, description="Fewer answers than this: the status is `thin`.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Confidence of every interval.")
    measures_file: Path | None = Field(
        None, description="Measure definitions. Empty: the ones shipped with Earshot."
    )


class Privacy(_Group):
    """What erasing a customer does."""

    forget: Literal["keep", "drop"] = Field(
        "keep",
        description="What becomes of published counts when a customer is erased: `keep` leaves them as "
        "they are, `drop` takes out what the customer had added.",
    )
    wait_s: float = Field(
        120.0, ge=0, description="Seconds `earshot forget` waits until the workers have erased."
    )


class Local(_Group):
    """The parts `earshot up` starts on this machine."""

    home: Path | None = Field(
        None,
        description="Folder of data, logs and pids. Also `EARSHOT_HOME`. Empty: the user's data folder.",
    )
    kafka_port: Port = Field(9092, description="Port of the local Kafka broker.")
    controller_port: Port = Field(9093, description="Port of the local Kafka controller.")
    kafka_heap_mb: int = Field(512, ge=128, description="Heap of the local Kafka, in MiB.")
    clickhouse_port: Port = Field(9000, description="Native port of the embedded ClickHouse.")
    clickhouse_http_port: Port = Field(8123, description="HTTP port of the embedded ClickHouse.")
    start_s: float = Field(90.0, gt=0, description="Seconds a local part may take to start.")


class Demo(_Group):
    """The demo's stream."""

    seconds: float = Field(60.0, gt=0, description="Seconds the simulated hour takes.")
    seed: int = Field(7, description="Seed of the simulated customers.")


class Log(_Group):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: console on a terminal, JSON otherwise."
    )


class Settings(BaseSettings):
    """All settings. Frozen: a running process never changes its mind."""

    model_config = SettingsConfigDict(
        env_prefix="EARSHOT_",
        env_nested_delimiter="__",
        toml_file="earshot.toml",
        frozen=True,
        extra="forbid",
        populate_by_name=True,
    )

    kafka: Kafka = Field(default_factory=Kafka)
    registry: Registry = Field(default_factory=Registry)
    clickhouse: ClickHouse = Field(default_factory=ClickHouse)
    worker: Worker = Field(default_factory=Worker)
    scores: Scores = Field(default_factory=Scores)
    privacy: Privacy = Field(default_factory=Privacy)
    local: Local = Field(default_factory=Local)
    demo: Demo = Field(default_factory=Demo)
    log: Log = Field(default_factory=Log)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _read_password_file(data: object) -> object:
    if not isinstance(data, dict) or not data.get("password_file") or data.get("password"):
        return data
    path = Path(str(data["password_file"]))
    try:
        return {**data, "password": path.read_text(encoding="utf-8").strip()}
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise ValueError(msg) from None


def load_settings(**overrides: object) -> Settings:
    """Read all settings.

    Raises:
        ConfigError: One or more settings are wrong; the message lists all of them at once.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"earshot.toml is not valid TOML: {error}.", cure="Correct it.") from None
    except ValidationError as error:
        lines = [
            _told(tuple(str(part) for part in problem["loc"]), problem["type"], problem["msg"])
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigError(
            "Some settings are wrong:\n" + "\n".join(lines),
            cure="\nSee docs/settings.md for each one's meaning.",
        ) from None


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Return a sentence for every variable that looks like a setting of ours and is none.

    Only a warning: an environment may hold variables of other makers with our prefix.
    """
    known = {*_variables(), *_OTHER_VARIABLES}
    told = []
    for name in sorted(names):
        if name.startswith("EARSHOT_") and name.upper() not in known and "__" not in name[8:]:
            told.append(f"{name} is no setting.{_meant(name, known)}")
    return told


def _told(where: tuple[str, ...], kind: str, text: str) -> str:
    variable = "EARSHOT_" + "__".join(where).upper()
    name = ".".join(where)
    if kind == "extra_forbidden":
        return f"  {name} ({variable}): there is no such setting.{_meant(variable, _variables())}"
    if kind.endswith("_parsing"):
        text = f"not a value of the right kind ({text.split(',', 1)[0].lower()})"
    return f"  {name} ({variable}): {text.removeprefix('Value error, ')}"


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.75)
    return f" Did you mean {near[0]}?" if near else ""


def _variables() -> list[str]:
    return [
        f"EARSHOT_{group}__{name}".upper()
        for group, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields
    ]
