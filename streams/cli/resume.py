"""`earshot resume`: allow what a partition stopped for, so that it goes on."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["resume"]


def resume(
    place: Annotated[
        str, typer.Argument(metavar="TOPIC/PARTITION", help="The partition that stopped.")
    ],
    accept: Annotated[
        str,
        typer.Option(
            "--accept",
            help="What to allow: rejects (records that cannot be counted become rejects, however many) "
            "or lost (what Kafka deleted before it was read is gone).",
        ),
    ],
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
    until: Annotated[
        int,
        typer.Option(
            "--until",
            min=0,
            help="Offset before which it is allowed. By default what is in the log now: "
            "for rejects up to its end, for lost up to its start.",
        ),
    ] = 0,
) -> None:
    """Allow what stopped a partition. The worker sees it within seconds and goes on.

    Ends with 2 if there is no such partition.
    """
    from streams.allowing import allow
    from streams.settings import load_settings

    topic, _, number = place.rpartition("/")
    if not topic or not number.isdigit():
        raise typer.BadParameter(
            f"{place!r} is written otherwise, for example feedback.responses/3.",
            param_hint="TOPIC/PARTITION",
        )
    if accept not in ("rejects", "lost"):
        raise typer.BadParameter("It is rejects or lost.", param_hint="--accept")
    end = allow(
        load_settings(), topic, int(number), "rejects" if accept == "rejects" else "lost",
        until=until, why=why,
    )  # fmt: skip
    said = "Rejects are" if accept == "rejects" else "The loss is"
    typer.echo(f"{said} accepted in {topic}, partition {number}, before offset {end}.")
    typer.echo("A running worker goes on within seconds: `earshot status`.")
