"""How long until somebody answered, by each definition."""

from __future__ import annotations

from tests.histories.conversations.telling import at, days, hours, minutes, ms, segments_of, tell


def test_the_first_reply_of_a_person_counts_from_the_start() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:01", "CUSTOMER_MESSAGE"),
        at("09:16", "AGENT_MESSAGE"),
        at("09:40", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.created") == minutes(16)
    assert told.facts("first_reply.created.calendar")[0].time_ms == ms("09:16")


def test_without_a_reply_there_is_no_reply_time() -> None:
    told = tell(at("09:00", "CREATED"), at("09:01", "CUSTOMER_MESSAGE"), at("09:30", "SOLVED"))

    assert not [name for name in told.names() if name.startswith(("first_reply", "next_reply"))]


def test_what_the_customer_cannot_see_or_nobody_wrote_is_no_reply() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:00:01", "AGENT_MESSAGE", actor="SYSTEM"),  # "we got your mail"
        at("09:05", "AGENT_MESSAGE", public=False),
        at("09:06", "NOTE"),
        at("09:07", "BOT_MESSAGE", public=False),
        at("09:20", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.any") == minutes(20)
    assert told.plain("first_reply.created") == minutes(20)
    assert told.history.conversation("desk", "k1").replies == 1


def test_a_call_is_a_reply_if_somebody_talked() -> None:
    missed = tell(at("09:00", "CREATED"), at("09:02", "CALL_ENDED", talk_ms=0))
    talked = tell(at("09:00", "CREATED"), at("09:02", "CALL_ENDED", talk_ms=30_000))

    assert missed.plain("first_reply.created") is None
    assert talked.plain("first_reply.created") == minutes(2)


def test_a_bot_hands_off_and_the_clock_of_people_starts_again() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:01", "BOT_MESSAGE"),
        at("09:05", "CUSTOMER_MESSAGE"),
        at("09:06", "AGENT_MESSAGE", actor="BOT"),
        at("09:11", "BOT_HANDOFF"),
        at("09:41", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.any") == minutes(1)
    assert told.plain("first_reply.created") == minutes(41)
    assert told.plain("first_reply.human") == minutes(31)  # 09:01 to 09:11 was the bot's
    assert told.plain("first_reply.handoff") == minutes(30)


def test_a_bot_that_speaks_after_the_handoff_does_not_take_the_customer_back() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "BOT_HANDOFF"),
        at("09:11", "BOT_MESSAGE"),  # "a colleague will be with you soon"
        at("09:30", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.human") == minutes(30)
    assert segments_of(told.events) == [("waiting", ms("09:00"), ms("09:30"))]


def test_a_bot_chat_left_alone_and_resumed_a_week_later() -> None:
    told = tell(
        at("2026-03-02 09:00", "CREATED"),
        at("2026-03-02 09:01", "BOT_MESSAGE"),
        at("2026-03-09 10:00", "CUSTOMER_MESSAGE"),
        at("2026-03-09 10:01", "BOT_HANDOFF"),
        at("2026-03-09 10:21", "AGENT_MESSAGE"),
        at("2026-03-09 10:31", "SOLVED"),
    )

    week = days(7) + hours(1)
    assert told.plain("first_reply.created") == week + minutes(21)
    assert told.plain("first_reply.human") == minutes(21)  # 1 before the bot, 20 after it
    assert told.plain("first_reply.handoff") == minutes(20)
    assert told.plain("bot_time") == week
    assert told.plain("requester_wait") == minutes(31)
    assert told.plain("full_resolution") == week + minutes(31)


def test_from_the_assignment() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "ASSIGNED"),
        at("09:20", "ASSIGNED"),
        at("09:25", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.assigned") == minutes(15)


def test_who_is_assigned_after_the_first_reply_had_nothing_to_answer() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:05", "AGENT_MESSAGE"),
        at("09:10", "ASSIGNED"),
        at("09:30", "AGENT_MESSAGE"),
    )

    assert told.plain("first_reply.created") == minutes(5)
    assert told.plain("first_reply.assigned") is None


def test_each_further_reply_counts_from_the_first_unanswered_message() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:01", "CUSTOMER_MESSAGE"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:20", "CUSTOMER_MESSAGE"),
        at("09:25", "CUSTOMER_MESSAGE"),
        at("09:29", "CUSTOMER_MESSAGE"),
        at("09:30", "AGENT_MESSAGE"),
        at("09:31", "AGENT_MESSAGE"),
        at("10:00", "CUSTOMER_MESSAGE"),
        at("10:45", "AGENT_MESSAGE"),
    )

    assert told.values("next_reply.calendar") == [minutes(10), minutes(45)]
    assert [fact.time_ms for fact in told.facts("next_reply.calendar")] == [
        ms("09:30"),
        ms("10:45"),
    ]


def test_a_solution_without_a_word_is_no_reply_and_a_reopening_is_a_question() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:20", "CUSTOMER_MESSAGE"),
        at("09:30", "SOLVED"),
        at("11:00", "REOPENED"),
        at("11:05", "CUSTOMER_MESSAGE"),
        at("11:20", "AGENT_MESSAGE"),
    )

    assert told.values("next_reply.calendar") == [minutes(20)]


def test_a_reply_in_a_solved_conversation_is_none() -> None:
    told = tell(at("09:00", "CREATED"), at("09:10", "SOLVED"), at("09:20", "AGENT_MESSAGE"))

    assert told.plain("first_reply.any") is None
    assert told.value("replies") == 0


def test_in_the_same_moment_a_question_comes_before_its_answer() -> None:
    told = tell(
        at("09:30", "SOLVED"),
        at("09:30", "AGENT_MESSAGE"),
        at("09:30", "CUSTOMER_MESSAGE"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:00", "CREATED"),
    )

    assert told.values("next_reply.calendar") == [0]
    assert told.plain("full_resolution") == minutes(30)
