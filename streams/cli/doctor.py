"""`earshot doctor`: is everything the pipeline depends on as it should be?"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.local.config import LocalConfig
    from streams.doctor import Finding, State
    from streams.settings import Settings

__all__ = ["NOT_ALL_OK", "doctor"]

NOT_ALL_OK = 4
"""The exit code when a check failed."""

_STYLES: dict[State, str] = {"ok": "green", "failed": "bold red", "skipped": "dim"}


def doctor(
    wait: Annotated[
        float, typer.Option("--wait", min=0.1, help="Seconds each check may take.")
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Check everything the pipeline depends on, and say how to cure what is not well.

    All checks run, also when one fails; one that depends on a failed one is skipped. Ends with 0 if
    none failed, with 4 otherwise. Nothing is changed.
    """
    from streams.doctor import checks_of, examine
    from streams.settings import load_settings

    # The clients log what we tell in a sentence, with stack traces.
    for library in ("kafka", "clickhouse_driver", "httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    settings = load_settings()
    checks = checks_of(settings, lambda: _local(settings), limit_s=wait)
    findings = examine(checks, limit_s=wait)
    if as_json:
        _print_json(findings)
    else:
        _print_lines(findings)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(NOT_ALL_OK)


def _local(settings: Settings) -> LocalConfig | None:
    from schemas.errors import LocalError
    from streams.cli.up import local_config

    try:
        return local_config(settings)
    except LocalError:
        return None


def _print_json(findings: Sequence[Finding]) -> None:
    from dataclasses import asdict

    answer = {
        "ok": not any(finding.state == "failed" for finding in findings),
        "checks": [asdict(finding) for finding in findings],
    }
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _print_lines(findings: Sequence[Finding]) -> None:
    from rich.text import Text

    from streams.cli.console import console

    out = console()
    wide = max(len(finding.name) for finding in findings)
    indent = "\n" + " " * (wide + 10)
    for finding in findings:
        text = finding.detail + (f"\n{finding.cure.strip()}" if finding.cure else "")
        line = Text.assemble(
            (f"{finding.state:<8}", _STYLES[finding.state]),
            f"{finding.name:<{wide}}  ",
            text.replace("\n", indent),
        )
        out.print(line, soft_wrap=True)
    failed = sum(finding.state == "failed" for finding in findings)
    skipped = sum(finding.state == "skipped" for finding in findings)
    rest = f", {skipped} skipped" if skipped else ""
    out.print(
        f"\n{failed} of {len(findings)} checks failed{rest}." if failed else f"\nAll is well{rest}."
    )
