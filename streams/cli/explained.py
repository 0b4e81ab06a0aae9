"""Print an explanation: the scores first, then what they are made of."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from streams.cli.console import console, print_table

if TYPE_CHECKING:
    from schemas.measures import Measures
    from streams.explaining import Explained, Explanation
    from streams.explaining.traces import Trace

__all__ = ["print_explanation"]

_WIDTH, _INDENT, _BAR = 100, 14, 40

#: So many conversations are told event by event without being asked to.
_FEW = 3


def print_explanation(found: Explanation, measures: Measures, *, timelines: bool) -> None:
    """Print everything about a number for people; nothing of single records where it is suppressed."""
    where = ", ".join(f"{name} {value or '(empty)'}" for name, value in found.query.where.items())
    _say(f"{found.measure.name}{f' by {where}' if where else ''}")
    _say(_window(found))
    if not found.histogram:
        _say(f"\nNo {_noun(found)}.")
    for one in found.scores:
        _print_score(one, found)
    for note in _notes(found):
        _say(f"\n{note}")
    _print_definition(found, measures)
    if found.is_suppressed:
        n = found.thresholds.n_privacy
        _say(
            f"\nHistogram and records are not shown: they stand for fewer than {n} (scores.n_privacy)."
        )
        return
    if found.histogram:
        _print_histogram(found)
    _print_records(f"The {_noun(found)}", found.gathered.made, found.gathered.count, found)
    _print_records("Left out", found.gathered.left_out, found.gathered.left_out_count, found)
    _print_revisions(found)
    few = len(found.gathered.conversations) <= _FEW
    if timelines or few:
        _print_timelines(found.gathered.made)


def _print_score(one: Explained, found: Explanation) -> None:
    from streams.explaining.amounts import amount
    from streams.explaining.formulas import INTERVALS

    result, limits = one.result, found.thresholds
    value = amount(found.measure, one.score, result.value, with_unit=True) or "NULL"
    unit = "" if one.score.unit in ("%", "s") or result.value is None else f" {one.score.unit}"
    bounds = [amount(found.measure, one.score, end) or "?" for end in (result.lower, result.upper)]
    between = (
        f"  {bounds[0]} .. {bounds[1]}"
        if bounds != ["?", "?"] and one.score.kind != "count"
        else ""
    )
    _say(
        f"\n{one.score.name}: {value}{unit}{between}  n = {result.n:,}  {result.status}", bold=True
    )
    _pair("meaning", one.score.doc)
    _pair("formula", one.formula)
    interval = INTERVALS[result.method]
    sure = f", {100 * limits.confidence:g} % confidence" if interval.source else ""
    _pair("interval", f"{interval.formula}{sure}")
    if interval.source:
        _pair("", interval.source)
    _pair(
        "status",
        f"suppressed below n = {limits.n_privacy}, thin below n = {limits.n_stat} "
        "(scores.n_privacy, scores.n_stat)",
    )


def _notes(found: Explanation) -> list[str]:
    from schemas.facts import FACTS
    from streams.explaining.amounts import duration

    notes = []
    if found.provisional:
        horizon_ms = FACTS[found.measure.fact].horizon_ms if found.measure.fact else 0
        notes.append(
            "Provisional: what decides it may still come, until "
            f"{duration(horizon_ms / 1000)} after the window."
            if horizon_ms
            else "Provisional: the window is not over."
        )
    if found.splits_periods:
        once_per = found.measure.once_per
        notes.append(
            f"The window is not exactly one {once_per} of UTC: a customer counts once in each {once_per}."
        )
    if found.erased:
        notes.append(
            f"{sum(found.erased.values()):,} are counted of customers who were erased since; of them "
            "nothing else is kept."
        )
    return notes


def _print_definition(found: Explanation, measures: Measures) -> None:
    from streams.explaining.definition import definition_of

    _say("\nDefinition", bold=True)
    for what, says in definition_of(found.measure, measures):
        _pair(what, says)
    for version, fingerprint in found.versions:
        _pair("counted with", f"version {version}, SHA-256 {fingerprint or 'not stored any more'}")
    if not found.versions:
        _pair(
            "counted with", f"nothing was counted; these definitions are version {measures.version}"
        )


def _print_histogram(found: Explanation) -> None:
    from streams.explaining.buckets import bucket_lines

    _say("\nHistogram", bold=True)
    lines = bucket_lines(found.histogram, durations=found.measure.is_duration)
    wide = max(len(label) for label, _ in lines)
    most = max(n for _, n in lines)
    digits = max(len(f"{n:,}") for _, n in lines)
    for label, n in lines:
        bar = "#" * round(_BAR * n / most) or ("." if n else "")
        _say(f"  {label:>{wide}}  {n:>{digits},}  {bar}")


def _print_records(title: str, traces: Sequence[Trace], count: int, found: Explanation) -> None:
    from streams.explaining.machine import said_at

    if not traces:
        return
    shown = (
        ""
        if len(traces) == count
        else f", the first {len(traces)} of {count:,}; --limit takes more"
    )
    _say(f"\n{title}{shown}", bold=True)
    names = [name for name, _ in traces[0].names]
    columns = ["time", *names, "value", "partition", "offset"]
    has_revisions = any(trace.revision is not None for trace in traces)
    remarks = [trace.left_out or trace.note for trace in traces]
    columns += ["revision"] * has_revisions + ["remark"] * any(remarks)
    rows = []
    for trace, remark in zip(traces, remarks, strict=True):
        row: list[Any] = [said_at(trace.time_ms), *(value for _, value in trace.names)]
        row += [_value(trace, found), trace.partition, trace.offset]
        row += [trace.revision] * has_revisions + [remark] * any(remarks)
        rows.append(row)
    _table(columns, rows, right=frozenset({"value", "partition", "offset", "revision"}))


def _value(trace: Trace, found: Explanation) -> str:
    from streams.explaining.amounts import duration

    if trace.value is None:
        return ""
    return duration(trace.value / 1000) if found.measure.is_duration else str(trace.value)


def _print_revisions(found: Explanation) -> None:
    if not found.revisions:
        return
    _say("\nRevised after it was final", bold=True)
    seconds = found.measure.is_duration

    def said(value: int | None) -> str:
        if value is None:
            return "nothing"
        return f"{value / 1000:g} s" if seconds else str(value)

    _table(
        ["revised", "source", "conversation_id", "time", "was", "became", "partition", "offset"],
        [
            [
                one.revised_at.isoformat(timespec="seconds"), one.source, one.conversation_id,
                one.fact_at.isoformat(timespec="seconds"), said(one.was), said(one.became),
                one.partition, one.offset,
            ]
            for one in found.revisions
        ],
        right=frozenset({"was", "became", "partition", "offset"}),
    )  # fmt: skip


def _print_timelines(traces: Sequence[Trace]) -> None:
    from streams.explaining.machine import said_at
    from streams.explaining.timeline import steps_of

    told = set()
    for trace in traces:
        if not trace.story or trace.conversation in told:
            continue
        told.add(trace.conversation)
        source, conversation_id = trace.conversation or ("", "")
        _say(f"\nConversation {conversation_id} of {source}", bold=True)
        _table(
            ["time", "type", "actor", "state after", "event_id", "offset"],
            [
                [
                    said_at(step.time_ms),
                    step.type,
                    step.actor,
                    step.state,
                    step.event_id,
                    step.offset,
                ]
                for step in steps_of(trace.story)
            ],
            right=frozenset({"offset"}),
        )


def _window(found: Explanation) -> str:
    from streams.explaining.periods import written

    since, _, until = written(found.query.window).partition("/")
    return f"from {since} to {until}"


def _noun(found: Explanation) -> str:
    measure = found.measure
    if measure.metric:
        return "answers"
    if measure.fact.startswith("journey."):
        return "visits"
    if measure.fact in ("participation", "contact"):
        return "invitations"
    return "conversations" if measure.fact else "records"


def _table(columns: list[str], rows: list[list[Any]], *, right: frozenset[str]) -> None:
    """Print a table. Ids are shown as they are: on a terminal, brackets would be markup."""
    if console().is_terminal:
        rows = [["" if cell is None else escape(str(cell)) for cell in row] for row in rows]
    print_table("", columns, rows, right=right)


def _pair(heading: str, text: str) -> None:
    """Print a heading and a text beside it, in several lines where it is long."""
    lines = textwrap.wrap(
        text, _WIDTH - _INDENT - 2, break_long_words=False, break_on_hyphens=False
    ) or [""]
    for index, line in enumerate(lines):
        _say(f"  {heading if not index else '':<{_INDENT}}{line}")


def _say(text: str, *, bold: bool = False) -> None:
    out = console()
    if out.is_terminal:
        out.print(
            text, style="bold" if bold else None, markup=False, highlight=False, soft_wrap=True
        )
    else:
        print(text)
