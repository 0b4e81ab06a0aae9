"""What a fact is counted under: all that was known when it happened, and nothing later."""

from __future__ import annotations

from tests.histories.conversations.telling import Told, at, tell


def of(told: Told, name: str) -> dict[str, str]:
    return dict(told.facts(name)[0].dimensions)


def test_a_fact_knows_what_was_said_up_to_it() -> None:
    told = tell(
        at("09:00", "CREATED", channel="EMAIL", touchpoint="delivery", product="sofa"),
        at("09:10", "AGENT_MESSAGE", agent_id="ann", team_id="first line", region="EU"),
        at("09:20", "AGENT_MESSAGE", agent_id="bob", product="table"),
        at("09:30", "SOLVED", journey="purchase", journey_stage="delivered"),
    )

    assert of(told, "first_reply.created.calendar") == {
        "agent_id": "ann",
        "channel": "EMAIL",
        "product": "sofa",
        "region": "EU",
        "team_id": "first line",
        "touchpoint": "delivery",
    }
    assert of(told, "full_resolution.calendar") == {
        "agent_id": "bob",
        "channel": "EMAIL",
        "journey": "purchase",
        "journey_stage": "delivered",
        "product": "table",
        "region": "EU",
        "team_id": "first line",
        "touchpoint": "delivery",
    }


def test_an_unknown_channel_says_nothing() -> None:
    told = tell(at("09:00", "CREATED", channel="CHAT"), at("09:10", "SOLVED", channel="UNKNOWN"))

    assert of(told, "full_resolution.calendar") == {"channel": "CHAT"}


def test_agent_and_team_are_told_by_people_and_assignments() -> None:
    told = tell(
        at("09:00", "CREATED", team_id="web form"),
        at("09:01", "BOT_MESSAGE", agent_id="bot 7", team_id="bots"),
        at("09:02", "ASSIGNED", actor="SYSTEM", agent_id="ann", team_id="first line"),
        at("09:03", "NOTE", actor="SYSTEM", team_id="robots"),
        at("09:04", "SOLVED", actor="UNKNOWN", agent_id="bob"),
    )

    assert of(told, "first_reply.any.calendar") == {}
    assert of(told, "full_resolution.calendar") == {"agent_id": "bob", "team_id": "first line"}


def test_attributes_are_dimensions_too() -> None:
    told = tell(
        at("09:00", "CREATED", attributes=(("plan", "free"), ("tier", "gold"))),
        at("09:10", "SOLVED", attributes=(("plan", "pro"), ("tier", ""))),
    )

    assert of(told, "full_resolution.calendar") == {
        "attributes.plan": "pro",
        "attributes.tier": "gold",
    }


def test_a_conversation_says_what_is_known_of_it_now() -> None:
    told = tell(
        at("09:00", "CREATED", contact_reason="bill", priority="low", issue_id="i1"),
        at("09:10", "SOLVED", contact_reason="refund", channel="CHAT"),
        at("09:20", "NOTE", priority="high", team_id="first line"),
    )

    conversation = told.history.conversation("desk", "k1")
    assert conversation.contact_reason == "refund"
    assert conversation.issue_id == "i1"
    assert dict(conversation.dimensions) == {"channel": "CHAT", "team_id": "first line"}
