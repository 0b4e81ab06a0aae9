"""How long until it was solved, and whose time that was."""

from __future__ import annotations

from tests.histories.conversations.telling import at, days, hours, minutes, ms, segments_of, tell


def test_the_eternal_goodbye_starts_nothing() -> None:
    solved = (
        at("09:00", "CREATED"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:20", "CUSTOMER_MESSAGE"),
        at("09:30", "AGENT_MESSAGE"),
        at("09:31", "SOLVED"),
    )
    goodbye = (
        at("09:40", "CUSTOMER_MESSAGE"),  # "thanks!"
        at("12:00", "AGENT_MESSAGE", actor="SYSTEM"),
        at("2026-03-05 09:00", "CLOSED", actor="SYSTEM"),
    )

    before, after = tell(*solved), tell(*solved, *goodbye)

    assert after.history.facts() == before.history.facts()
    assert before.plain("full_resolution") == minutes(31)
    assert after.history.conversation("desk", "k1").state == "closed"
    assert after.history.conversation("desk", "k1").last_solve_ms == ms("09:31")


def test_reopened_after_a_week() -> None:
    told = tell(
        at("2026-03-02 09:00", "CREATED"),
        at("2026-03-02 09:30", "AGENT_MESSAGE"),
        at("2026-03-02 10:00", "SOLVED"),
        at("2026-03-09 10:00", "REOPENED"),
        at("2026-03-09 10:20", "AGENT_MESSAGE"),
        at("2026-03-09 10:50", "SOLVED"),
    )

    assert told.plain("first_resolution") == hours(1)
    assert told.plain("full_resolution") == days(7) + hours(1) + minutes(50)
    # The week it was solved is nobody's wait.
    assert told.plain("requester_wait") == hours(1) + minutes(50)
    assert told.value("reopened") == 1
    assert told.facts("reopened")[0].time_ms == ms("2026-03-02 10:00")
    assert told.facts("requester_wait.calendar")[0].time_ms == ms("2026-03-09 10:50")


def test_a_reopened_conversation_has_a_first_resolution_and_no_full_one() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("10:00", "SOLVED"),
        at("11:00", "REOPENED"),
    )

    assert told.plain("first_resolution") == hours(1)
    assert told.plain("full_resolution") is None
    assert told.value("effort") is None
    conversation = told.history.conversation("desk", "k1")
    assert (conversation.state, conversation.first_solve_ms) == ("waiting", ms("10:00"))
    assert conversation.last_solve_ms is None


def test_whose_time_it_was() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:05", "BOT_MESSAGE"),  # 5 waiting
        at("09:15", "BOT_HANDOFF"),  # 10 with the bot
        at("09:35", "AGENT_MESSAGE"),  # 20 waiting
        at("09:36", "PENDING"),  # 1 the agent's
        at("11:36", "CUSTOMER_MESSAGE"),  # 120 pending
        at("11:46", "ON_HOLD"),  # 10 waiting
        at("12:46", "AGENT_MESSAGE"),  # 60 on hold; a reply does not end the hold
        at("12:50", "TRANSFERRED"),  # nor does a transfer
        at("13:16", "SOLVED"),  # 30 on hold
    )

    assert told.plain("bot_time") == minutes(10)
    assert told.plain("agent_wait") == minutes(120)
    assert told.plain("hold_time") == minutes(90)
    assert told.plain("requester_wait") == minutes(5 + 20 + 1 + 10 + 90)
    assert told.plain("full_resolution") == minutes(256)
    assert told.value("transfers") == 1
    assert told.value("replies") == 2
    assert [state for state, _, _ in segments_of(told.events)] == [
        "waiting", "bot", "waiting", "agent", "pending", "waiting", "on_hold",
    ]  # fmt: skip


def test_closed_without_being_solved() -> None:
    told = tell(at("09:00", "CREATED"), at("09:30", "AGENT_MESSAGE"), at("10:00", "CLOSED"))

    assert told.plain("first_resolution") == hours(1)
    assert told.plain("full_resolution") == hours(1)
    assert told.history.conversation("desk", "k1").state == "closed"


def test_solved_again_without_a_reopening_changes_nothing() -> None:
    told = tell(at("09:00", "CREATED"), at("10:00", "SOLVED"), at("11:00", "SOLVED"))

    assert told.plain("full_resolution") == hours(1)


def test_the_handle_time_of_each_contact() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "CALL_ENDED", talk_ms=300_000, hold_ms=60_000, after_work_ms=30_000),
        at("10:10", "CALL_ENDED", talk_ms=120_000, after_work_ms=0),
        at("11:10", "AGENT_MESSAGE", after_work_ms=5_000),
        at("12:10", "CALL_ENDED", talk_ms=120_000, hold_ms=-1),  # not believed
    )

    assert told.values("handle.total") == [390_000, 120_000, 5_000]
    assert told.values("handle.talk") == [300_000, 120_000]
    assert told.values("handle.hold") == [60_000]
    assert told.values("handle.after_work") == [30_000, 0, 5_000]


def test_a_transfer_after_the_solution_was_none_on_the_way_to_it() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:01", "TRANSFERRED"),
        at("09:02", "SOLVED"),
        at("09:03", "TRANSFERRED"),
    )

    assert told.value("transfers") == 1
    assert told.history.conversation("desk", "k1").transfers == 2


def test_counts_end_at_a_hundred() -> None:
    passed_on = [at("09:01", "TRANSFERRED") for _ in range(101)]
    answered = [at("09:02", "AGENT_MESSAGE") for _ in range(101)]
    told = tell(at("09:00", "CREATED"), *passed_on, *answered, at("09:03", "SOLVED"))

    assert told.value("transfers") == 100
    assert told.value("replies") == 100
    assert told.history.conversation("desk", "k1").replies == 101
