"""`earshot`: one tool, a verb first. Heavy imports stay inside the commands, so `--help` is quick."""

from __future__ import annotations

import logging
import os
import sys
from importlib import metadata
from typing import Annotated

import typer

from schemas.errors import EarshotError
from streams.cli.demo import demo
from streams.cli.doctor import doctor
from streams.cli.down import down
from streams.cli.explain import explain
from streams.cli.forget import forget
from streams.cli.import_ import import_
from streams.cli.migrate import migrate
from streams.cli.rejects import rejects
from streams.cli.replay import replay
from streams.cli.resume import resume
from streams.cli.schemas import schemas
from streams.cli.scores import scores
from streams.cli.simulate import simulate
from streams.cli.status import status
from streams.cli.topics import topics
from streams.cli.up import up
from streams.cli.verify import verify
from streams.cli.worker import worker

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    name="earshot",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_LOCAL, _RUN, _DATA = "Parts on this machine", "The pipeline", "In and out"
app.command(rich_help_panel=_LOCAL)(demo)
app.command(rich_help_panel=_LOCAL)(up)
app.command(rich_help_panel=_LOCAL)(down)
app.command(rich_help_panel=_LOCAL)(status)
app.command(rich_help_panel=_RUN)(schemas)
app.command(rich_help_panel=_RUN)(topics)
app.command(rich_help_panel=_RUN)(migrate)
app.command(rich_help_panel=_RUN)(doctor)
app.command(rich_help_panel=_RUN)(worker)
app.command(rich_help_panel=_RUN)(resume)
app.command(rich_help_panel=_RUN)(replay)
app.command(rich_help_panel=_DATA)(scores)
app.command(rich_help_panel=_DATA)(explain)
app.command(rich_help_panel=_DATA)(verify)
app.add_typer(rejects, rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(forget)
app.command("import", rich_help_panel=_DATA)(import_)
app.command(rich_help_panel=_DATA)(simulate)


@app.callback(invoke_without_command=True)
def options(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Earshot hears customers as it happens: answers and events in, exact and honest scores out."""
    if version:
        print(f"earshot {metadata.version('earshot')}")
    elif ctx.invoked_subcommand is None:
        print(ctx.get_help())
    else:
        return
    raise typer.Exit


def main() -> None:
    """Run a command; an expected failure is one clear message and its exit code."""
    # Without this, the clients' own warnings would stand before our one clear sentence.
    for name in ("kafka", "clickhouse_driver"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _warn_of_unknown_variables()
    try:
        app()
    except EarshotError as error:
        print(f"earshot: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _warn_of_unknown_variables() -> None:
    ours = [name for name in os.environ if name.startswith("EARSHOT_")]
    if not ours:
        return  # `--help` need not wait for the settings
    from streams.settings import unknown_variables

    for told in unknown_variables(ours):
        print(f"earshot: warning: {told}", file=sys.stderr)
