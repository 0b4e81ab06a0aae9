"""First-contact resolution by its definitions side by side."""

from __future__ import annotations

from typing import Any

import pytest

from streams.histories.events import InteractionEvent
from tests.histories.conversations.telling import Told, at, ms, tell

SOLVED_AT_ONCE = (
    at("09:00", "CREATED"),
    at("09:10", "AGENT_MESSAGE"),
    at("10:00", "SOLVED"),
)


def flags(told: Told) -> dict[str, int | None]:
    names = ("no_further", "one_reply", "no_repeat.7d", "no_repeat.14d")
    return {name: told.value(f"fcr.{name}") for name in names}


def other(when: str, conversation_id: str = "k2", **fields: Any) -> InteractionEvent:
    return at(when, "CREATED", conversation_id=conversation_id, **fields)


def test_solved_with_one_answer() -> None:
    told = tell(*SOLVED_AT_ONCE)

    assert set(flags(told).values()) == {1}
    assert told.facts("fcr.no_repeat.7d")[0].time_ms == ms("10:00")


def test_an_open_conversation_has_no_flags() -> None:
    told = tell(*SOLVED_AT_ONCE[:2])

    assert set(flags(told).values()) == {None}


def test_a_further_word_of_the_customer_and_a_second_reply() -> None:
    told = tell(*SOLVED_AT_ONCE, at("09:20", "CUSTOMER_MESSAGE"), at("09:30", "AGENT_MESSAGE"))

    assert flags(told) == {
        "no_further": 0, "one_reply": 0, "no_repeat.7d": 1, "no_repeat.14d": 1,
    }  # fmt: skip


def test_thanks_after_the_solution_is_no_further_contact() -> None:
    told = tell(*SOLVED_AT_ONCE, at("10:05", "CUSTOMER_MESSAGE"))

    assert set(flags(told).values()) == {1}


def test_what_was_said_before_the_first_answer_is_the_question() -> None:
    told = tell(at("09:05", "CUSTOMER_MESSAGE"), at("09:06", "CUSTOMER_MESSAGE"), *SOLVED_AT_ONCE)

    assert told.value("fcr.no_further") == 1


def test_solved_by_a_bot() -> None:
    at_once = tell(
        at("09:00", "CREATED"), at("09:01", "BOT_MESSAGE"), at("09:02", "SOLVED", actor="BOT")
    )
    after_asking = tell(
        at("09:00", "CREATED"),
        at("09:01", "BOT_MESSAGE"),
        at("09:02", "CUSTOMER_MESSAGE"),
        at("09:03", "SOLVED", actor="BOT"),
    )

    assert (at_once.value("fcr.no_further"), at_once.value("fcr.one_reply")) == (1, 0)
    assert after_asking.value("fcr.no_further") == 0


def test_solved_without_an_answer() -> None:
    told = tell(at("09:00", "CREATED"), at("09:01", "CUSTOMER_MESSAGE"), at("09:02", "SOLVED"))

    assert (told.value("fcr.no_further"), told.value("fcr.one_reply")) == (1, 0)


@pytest.mark.parametrize(
    ("reopened", "in_seven", "in_fourteen"),
    [
        ("2026-03-03 10:00", 0, 0),
        ("2026-03-09 10:00", 0, 0),  # seven days to the second
        ("2026-03-09 10:00:01", 1, 0),
        ("2026-03-16 10:00", 1, 0),
        ("2026-03-16 10:00:01", 1, 1),
    ],
)
def test_a_reopening_undoes_it_and_counts_as_a_repeat_within_the_days(
    reopened: str, in_seven: int, in_fourteen: int
) -> None:
    told = tell(*SOLVED_AT_ONCE, at(reopened, "REOPENED"))

    assert flags(told) == {
        "no_further": 0, "one_reply": 0, "no_repeat.7d": in_seven, "no_repeat.14d": in_fourteen,
    }  # fmt: skip
    assert told.value("reopened") == 1


@pytest.mark.parametrize(
    ("begins", "in_seven", "in_fourteen"),
    [
        ("2026-03-02 09:30", 1, 1),  # before the solution: not because of it
        ("2026-03-02 10:00", 1, 1),
        ("2026-03-02 10:00:01", 0, 0),
        ("2026-03-09 10:00", 0, 0),
        ("2026-03-09 10:00:01", 1, 0),
        ("2026-03-16 10:00", 1, 0),
        ("2026-03-16 10:00:01", 1, 1),
    ],
)
def test_another_conversation_is_a_repeat_within_the_days(
    begins: str, in_seven: int, in_fourteen: int
) -> None:
    told = tell(*SOLVED_AT_ONCE, other(begins))

    assert told.values("fcr.no_repeat.7d") == [in_seven]
    assert told.values("fcr.no_repeat.14d") == [in_fourteen]
    assert told.value("fcr.no_further") == 1


def test_it_repeats_only_what_is_about_the_same_issue() -> None:
    def no_repeat(first: dict[str, str], second: dict[str, str]) -> int | None:
        told = tell(*SOLVED_AT_ONCE, at("09:01", "NOTE", **first), other("12:00", **second))
        return told.value("fcr.no_repeat.7d")

    bill, parcel = {"contact_reason": "bill"}, {"contact_reason": "parcel"}
    issue = {"issue_id": "i1"}
    assert no_repeat({}, {}) == 0
    assert no_repeat(bill, bill) == 0
    assert no_repeat(bill, parcel) == 1
    assert no_repeat(bill, {}) == 1
    assert no_repeat({**issue, **bill}, {**issue, **parcel}) == 0
    assert no_repeat({**issue, **bill}, {"issue_id": "i2", **bill}) == 1
    assert no_repeat({**issue, **bill}, bill) == 1


def test_a_repeat_is_taken_back_when_it_turns_out_to_be_about_something_else() -> None:
    told = tell(*SOLVED_AT_ONCE, other("12:00"))
    assert told.value("fcr.no_repeat.7d") == 0

    concerned = told.add(at("12:01", "NOTE", conversation_id="k2", contact_reason="something else"))

    assert told.value("fcr.no_repeat.7d") == 1
    assert concerned == [("desk", "k2"), ("desk", "k1")]


def test_a_repeat_is_found_when_its_true_beginning_arrives_late() -> None:
    told = tell(*SOLVED_AT_ONCE, at("2026-03-20 12:00", "CUSTOMER_MESSAGE", conversation_id="k2"))
    assert told.value("fcr.no_repeat.14d") == 1

    told.add(other("2026-03-10 09:00"))

    assert (told.value("fcr.no_repeat.7d"), told.value("fcr.no_repeat.14d")) == (1, 0)


def test_the_same_conversation_id_of_another_system_is_another_conversation() -> None:
    told = tell(*SOLVED_AT_ONCE, other("12:00", "k1", source="phone"))

    assert told.value("fcr.no_repeat.7d") == 0
