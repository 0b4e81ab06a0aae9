"""`earshot simulate`: send a believable stream of customers."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from streams.simulation import SimulationConfig, Truth

__all__ = ["INTERRUPTED", "Destination", "simulate"]

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

_DURATION = re.compile(r"(?P<count>\d+(\.\d+)?)(?P<unit>ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

#: An incident of a simulation without an end begins after this time and lasts as long.
_ENDLESS_INCIDENT_S = 600.0

_NOTABLE_HASTE = 1.1


class Destination(StrEnum):
    """Where events go."""

    KAFKA = "kafka"
    STDOUT = "stdout"


def simulate(
    *,
    rate: Annotated[float, typer.Option(min=0.001, help="Events per real second.")] = 20.0,
    lasts: Annotated[
        str, typer.Option("--for", help="How long it plays: 90s, 10m, 1h. Default: until Ctrl-C.")
    ] = "",
    speed: Annotated[
        float,
        typer.Option(min=0.001, help="60 plays an hour of customers' lives in a minute."),
    ] = 1.0,
    start: Annotated[
        str,
        typer.Option(
            help="First moment of stream time, ISO 8601. Default: such that stream time and clock "
            "meet at the end.",
            show_default=False,
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed and start give the same events.")] = 7,
    customers: Annotated[
        int, typer.Option(min=0, help="How many customers. 0: as many as fit the rate.")
    ] = 0,
    incident: Annotated[
        bool, typer.Option(help="Let one touchpoint get worse in the middle of the simulation.")
    ] = True,
    incident_touchpoint: Annotated[str, typer.Option(help="Which one.")] = "delivery",
    incident_after: Annotated[
        str, typer.Option(help="When, in stream time. Default: after a third.", show_default=False)
    ] = "",
    incident_for: Annotated[
        str, typer.Option(help="How long, in stream time. Default: a third.", show_default=False)
    ] = "",
    incident_strength: Annotated[float, typer.Option(min=0, max=3, help="How bad.")] = 1.0,
    duplicates: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events sent twice.")
    ] = 0.02,
    corrections: Annotated[
        float, typer.Option(min=0, max=1, help="Share of answers changed or deleted later.")
    ] = 0.02,
    late: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events sent minutes to an hour late.")
    ] = 0.01,
    out_of_order: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events sent seconds late.")
    ] = 0.02,
    bad: Annotated[
        float, typer.Option(min=0, max=1, help="Bad records for each good one.")
    ] = 0.002,
    daily_rhythm: Annotated[bool, typer.Option(help="More by day (UTC) than by night.")] = False,
    to: Annotated[
        Destination,
        typer.Option(help="stdout prints the events as lines of JSON, without waiting."),
    ] = Destination.KAFKA,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Send the events of simulated customers, and count what must become of them.

    The summary says how many events were sent and their fates: what a worker must report.
    """
    from rich.console import Console

    from schemas.errors import ConfigError
    from streams.simulation import Faults, Incident, SimulationConfig, Truth
    from streams.simulation.interruption import interruptible
    from streams.simulation.period import begin_ms

    plays_s = _seconds(lasts, "--for") if lasts else None
    span_s = None if plays_s is None else plays_s * speed
    now_ms = int(time.time() * 1000)
    try:
        latest_ms = begin_ms(now_ms=now_ms, plays_s=plays_s, speed=speed)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--speed") from None
    start_ms = _moment(start) if start else latest_ms
    if start_ms > latest_ms and to is Destination.KAFKA:
        raise typer.BadParameter(
            "Events would be dated in the future. Start earlier, or leave it out.",
            param_hint="--start",
        )
    third_s = _ENDLESS_INCIDENT_S if span_s is None else span_s / 3
    config = SimulationConfig(
        start_ms=start_ms,
        seed=seed,
        rate=rate / speed,
        duration_s=span_s,
        customers=customers or None,
        incident=Incident(
            touchpoint=incident_touchpoint,
            after_s=_seconds(incident_after, "--incident-after") if incident_after else third_s,
            lasts_s=_seconds(incident_for, "--incident-for") if incident_for else third_s,
            strength=incident_strength,
        )
        if incident
        else None,
        faults=Faults(
            duplicates=duplicates,
            corrections=corrections,
            late=late,
            out_of_order=out_of_order,
            bad=bad,
        ),
        daily_rhythm=daily_rhythm,
    )
    truth = Truth()
    console = Console(stderr=True)
    if config.haste > _NOTABLE_HASTE:
        typer.echo(
            f"Waits are {config.haste:.1f} times shorter than usual, so that {config.population:,} "
            f"customers reach this rate. --customers {config.unhurried} keeps them.",
            err=True,
        )
    with interruptible() as stopped:
        if to is Destination.STDOUT:
            _print_events(config, truth, stopped)
        else:
            _send_events(config, truth, stopped, console, speed)
    # the events have stdout to themselves
    _print_summary(truth, as_json=as_json, to_stderr=to is Destination.STDOUT)
    if stopped():
        raise typer.Exit(INTERRUPTED)


def _send_events(
    config: SimulationConfig,
    truth: Truth,
    stopped: Callable[[], bool],
    console: Console,
    speed: float,
) -> None:
    from streams.producing import Publisher
    from streams.settings import load_settings
    from streams.simulation import SimulatedEvent, play, simulate
    from streams.simulation.display import Display
    from streams.simulation.sending import send
    from streams.wiring import registry_of

    settings = load_settings()
    registry = registry_of(settings)
    with (
        Publisher(settings.kafka.brokers, registry, client_id="earshot-simulate") as publisher,
        Display(console, time.monotonic) as display,
    ):

        def publish(event: SimulatedEvent) -> None:
            send(event, publisher)
            truth.add(event)
            display.sent(event)

        play(
            simulate(config, registry),
            publish,
            start_ms=config.start_ms,
            speed=speed,
            clock=time.monotonic,
            sleep=time.sleep,
            stopped=stopped,
        )


def _print_events(config: SimulationConfig, truth: Truth, stopped: Callable[[], bool]) -> None:
    from streams.simulation import simulate
    from streams.simulation.sending import line

    try:
        for event in simulate(config):
            if stopped():
                return
            sys.stdout.write(line(event) + "\n")
            truth.add(event)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_summary(truth: Truth, *, as_json: bool, to_stderr: bool) -> None:
    from streams.simulation.display import summary

    if as_json:
        typer.echo(json.dumps({"total": truth.total, **truth.as_dict()}), err=to_stderr)
    else:
        typer.echo("\n".join(summary(truth)), err=to_stderr)


def _seconds(text: str, option: str) -> float:
    """Read a duration.

    >>> _seconds("90s", "--for"), _seconds("1.5h", "--for")
    (90.0, 5400.0)
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match["count"]) * _UNIT_S[match["unit"]] if match else math.nan
    if not seconds > 0:
        raise typer.BadParameter(
            "Give a number and a unit: 500ms, 90s, 10m, 1h or 2d.", param_hint=option
        )
    return seconds


def _moment(text: str) -> int:
    """Read a moment as epoch milliseconds; without an offset it is UTC.

    >>> _moment("1970-01-01T00:01:00"), _moment("1970-01-01T01:01:00+01:00")
    (60000, 60000)
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            "Give a moment as 2026-01-31T08:00:00Z.", param_hint="--start"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
