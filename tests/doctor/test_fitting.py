"""What is said of topics, lag and clocks, without any of them."""

from __future__ import annotations

import pytest
from kafka import TopicPartition

from schemas.catalog import INPUTS, TOPICS
from schemas.errors import SinkError, StreamError
from streams.doctor.broker import lag_of, topics_fit
from streams.doctor.store import skew_fits
from streams.topics import TopicState


def _states(**changed: int) -> list[TopicState]:
    return [
        TopicState(topic, changed.get(topic.name.removeprefix("feedback."), 4)) for topic in TOPICS
    ]


def test_topics_as_in_the_catalog_fit() -> None:
    assert topics_fit(_states()) == f"{len(TOPICS)} topics, 4 partitions each input"


def test_outputs_may_have_another_number_of_partitions() -> None:
    assert topics_fit(_states(alerts=1, slices=16))


def test_missing_topics_are_named_with_the_command_that_makes_them() -> None:
    with pytest.raises(
        StreamError, match=r"2 of 9 .*feedback\.followups, feedback\.care"
    ) as caught:
        topics_fit(_states(followups=0, care=0))
    assert "earshot topics --create" in caught.value.cure


@pytest.mark.parametrize("topic", [topic.name.removeprefix("feedback.") for topic in INPUTS])
def test_inputs_with_different_partitions_would_part_a_customer(topic: str) -> None:
    with pytest.raises(StreamError, match=rf"feedback\.{topic} 8") as caught:
        topics_fit(_states(**{topic: 8}))
    assert "same number" in caught.value.cure


def _tp(partition: int) -> TopicPartition:
    return TopicPartition("feedback.responses", partition)


def test_lag_is_what_is_not_committed_yet() -> None:
    ends = {_tp(0): 1500, _tp(1): 10, _tp(2): 7}
    text = lag_of(ends, {_tp(0): 100, _tp(1): 10})
    assert text == "1,407 records wait: feedback.responses/0 1,400, feedback.responses/2 7"


def test_lag_names_the_worst_partitions_and_counts_the_rest() -> None:
    ends = {_tp(number): 10 + number for number in range(6)}
    assert lag_of(ends, {_tp(0): 0}).endswith("feedback.responses/2 12 and 2 more")


def test_no_lag_and_no_worker_are_told_apart() -> None:
    assert lag_of({_tp(0): 5}, {_tp(0): 5}) == "nothing waits in 1 partitions"
    assert lag_of({_tp(0): 5}, {}) == "no worker has committed yet, 5 records wait"


def test_a_committed_offset_beyond_the_end_is_no_negative_lag() -> None:
    assert lag_of({_tp(0): 5}, {_tp(0): 9}) == "nothing waits in 1 partitions"


@pytest.mark.parametrize(("skew_s", "word"), [(2.5, "ahead of"), (-2.5, "behind")])
def test_a_small_skew_is_told_with_its_direction(skew_s: float, word: str) -> None:
    assert f"2.500 s {word} this machine" in skew_fits(skew_s, 0.01)
    assert "broker's cannot be measured" in skew_fits(skew_s, 0.01)


@pytest.mark.parametrize("skew_s", [31.0, -31.0])
def test_a_skew_of_more_than_half_a_slice_fails(skew_s: float) -> None:
    with pytest.raises(SinkError, match="limit is 30 s") as caught:
        skew_fits(skew_s, 0.01)
    assert "NTP" in caught.value.cure


def test_a_slow_answer_is_no_proof_of_a_skew() -> None:
    assert skew_fits(31.0, 2.0)
