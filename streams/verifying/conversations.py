"""The facts of the conversations of one customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from schemas.measures import HistoryRules
from streams.verifying import business_time
from streams.verifying.effort import effort_facts
from streams.verifying.fact import Fact
from streams.verifying.first_contact import first_contact_facts
from streams.verifying.promises import promise_facts
from streams.verifying.replies import next_reply_clocks
from streams.verifying.sla import sla_facts
from streams.verifying.timeline import Clock, State, Step, Timeline, last_of

__all__ = ["conversation_facts"]

_MOST = 100
_WORKING: tuple[State, ...] = ("waiting", "agent", "on_hold")
_HANDLED = ("talk", "hold", "after_work")

#: What lasted longer than some 300 years was measured wrongly.
_LONGEST_MS = 10**13


def conversation_facts(
    one: Timeline, others: Sequence[Timeline], rules: HistoryRules
) -> Iterator[Fact]:
    """Yield the facts of one conversation; `others` are the customer's other conversations."""
    for name, clock in _clocks(one, rules):
        yield from _first_replies(one, name, clock)
        yield from _next_replies(one, name, clock)
        yield from _solutions(one, name, clock)
    yield from _counts(one)
    yield from _handling(one)
    yield from effort_facts(one, others, rules.effort)
    yield from first_contact_facts(one, others)
    yield from sla_facts(one, rules)
    yield from promise_facts(one)


def _clocks(one: Timeline, rules: HistoryRules) -> Iterator[tuple[str, Clock]]:
    yield "calendar", lambda start, end: end - start
    named = rules.calendars.get(last_of(one.steps, "calendar_id"))
    calendar = named or rules.calendars.get(rules.default_calendar)
    if calendar is not None:
        yield "business", partial(business_time.between, calendar)


def _first_replies(one: Timeline, name: str, clock: Clock) -> Iterator[Fact]:
    start = one.start_ms
    any_reply = one.first(lambda step: step.human_reply or step.bot_reply)
    if any_reply is not None:
        took = clock(start, any_reply.time_ms)
        yield _fact(any_reply, f"first_reply.any.{name}", took)
    reply = one.first(lambda step: step.human_reply)
    if reply is not None:
        took = clock(start, reply.time_ms)
        yield _fact(reply, f"first_reply.created.{name}", took)
        with_bot = one.time_in(["bot"], reply.at, clock)
        yield _fact(reply, f"first_reply.human.{name}", took - with_bot)
        assigned = one.first(lambda step: step.type == "ASSIGNED" and step.was_open)
        if assigned is not None and assigned.at < reply.at:
            took = clock(assigned.time_ms, reply.time_ms)
            yield _fact(reply, f"first_reply.assigned.{name}", took)
    handoff = one.first(lambda step: step.type == "BOT_HANDOFF" and step.was_open)
    if handoff is not None:
        answer = one.first(lambda step: step.human_reply, after=handoff.at)
        if answer is not None:
            took = clock(handoff.time_ms, answer.time_ms)
            yield _fact(answer, f"first_reply.handoff.{name}", took)


def _next_replies(one: Timeline, name: str, clock: Clock) -> Iterator[Fact]:
    for asked, ended in next_reply_clocks(one):
        if ended is not None and ended.human_reply:
            took = clock(asked.time_ms, ended.time_ms)
            yield _fact(ended, f"next_reply.{name}", took)


def _solutions(one: Timeline, name: str, clock: Clock) -> Iterator[Fact]:
    solves = [step for step in one.steps if step.solve]
    if not solves:
        return
    first, last = solves[0], solves[-1]
    took = clock(one.start_ms, first.time_ms)
    yield _fact(first, f"first_resolution.{name}", took)
    if one.is_solved:
        took = clock(one.start_ms, last.time_ms)
        yield _fact(last, f"full_resolution.{name}", took)
        waits: list[tuple[str, tuple[State, ...]]] = [
            ("requester_wait", _WORKING),
            ("agent_wait", ("pending",)),
            ("hold_time", ("on_hold",)),
            ("bot_time", ("bot",)),
        ]
        for wait, states in waits:
            yield _fact(last, f"{wait}.{name}", one.time_in(states, last.at, clock))


def _counts(one: Timeline) -> Iterator[Fact]:
    solves = [step for step in one.steps if step.solve]
    if solves and one.is_solved:
        last = solves[-1]
        before = one.steps[: last.at]
        transfers = sum(step.type == "TRANSFERRED" for step in before)
        replies = sum(step.human_reply for step in before)
        yield _fact(last, "transfers", min(_MOST, transfers))
        yield _fact(last, "replies", min(_MOST, replies))


def _handling(one: Timeline) -> Iterator[Fact]:
    for step in one.steps:
        parts = {name: step.row[f"{name}_ms"] for name in _HANDLED}
        known = {name: ms for name, ms in parts.items() if ms is not None}
        if known and min(known.values()) >= 0 and max(known.values()) <= _LONGEST_MS:
            yield _fact(step, "handle.total", sum(known.values()))
            for name, ms in known.items():
                yield _fact(step, f"handle.{name}", ms)


def _fact(step: Step, name: str, value: int) -> Fact:
    return Fact(name, step.time_ms, value, step.dimensions)
