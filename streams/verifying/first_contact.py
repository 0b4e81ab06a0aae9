"""Was it solved at the first contact? Flags at the first solution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.verifying.fact import Fact
from streams.verifying.issue import same_issue
from streams.verifying.timeline import Timeline

__all__ = ["first_contact_facts"]

_DAY_MS = 86_400_000


def first_contact_facts(one: Timeline, others: Sequence[Timeline]) -> Iterator[Fact]:
    """Yield `reopened` and the flags of first-contact resolution, once a conversation was solved."""
    solved = one.first(lambda step: step.solve)
    if solved is None:
        return
    reopens = [step for step in one.steps if step.reopen]
    repeats = [step.time_ms for step in reopens]
    repeats += [other.start_ms for other in same_issue(one, others)]

    def flag(name: str, value: bool) -> Fact:
        return Fact(name, solved.time_ms, int(value), solved.dimensions)

    yield flag("reopened", bool(reopens))
    yield flag("fcr.no_further", not reopens and not _further_word(one))
    replies = sum(step.human_reply for step in one.steps)
    yield flag("fcr.one_reply", not reopens and replies == 1)
    for days in (7, 14):
        until_ms = solved.time_ms + days * _DAY_MS
        came = any(solved.time_ms < moment <= until_ms for moment in repeats)
        yield flag(f"fcr.no_repeat.{days}d", not came)


def _further_word(one: Timeline) -> bool:
    """Whether the customer wrote after the first reply of a person, or of a bot if no person came."""
    reply = one.first(lambda step: step.human_reply) or one.first(lambda step: step.bot_reply)
    return reply is not None and any(
        step.type == "CUSTOMER_MESSAGE" and step.was_open for step in one.steps[reply.at + 1 :]
    )
