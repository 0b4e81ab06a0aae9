"""Scores and counts to test with."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas.measures import Score

NPS = Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6))
TOP_BOX = Score("top_box", "share", "%", "", top=(4, 5))
MEAN = Score("mean", "mean", "points", "")
COUNT = Score("count", "count", "records", "")
MEDIAN = Score("median", "quantile", "points", "", q=0.5)
SLOW = Score("p90", "quantile", "s", "", q=0.9)
MEAN_TIME = Score("mean_time", "mean", "s", "")
REOPENED = Score("reopened", "share", "%", "", top=(2, 3), base=(1, 3))

NPS_SCALE = (0, 10)
CSAT_SCALE = (1, 5)

CONFIDENCES = (0.8, 0.9, 0.95, 0.99)


def answers(scale: tuple[int, int]) -> st.SearchStrategy[list[int]]:
    """Lists of answers that a slow implementation can look at one by one."""
    return st.lists(st.integers(*scale), min_size=1, max_size=40)


def histograms(scale: tuple[int, int]) -> st.SearchStrategy[dict[int, int]]:
    """Counts of any size, with at least one answer."""
    return st.dictionaries(
        st.integers(*scale), st.integers(0, 10**6) | st.integers(0, 10**12), min_size=1
    ).filter(lambda counts: sum(counts.values()) > 0)


def boxes(largest: int) -> st.SearchStrategy[tuple[int, int, int]]:
    """Answers in the top box, the bottom box and between them, at least one in all."""
    count = st.integers(0, largest)
    return st.tuples(count, count, count).filter(lambda parts: sum(parts) > 0)


def durations() -> st.SearchStrategy[list[int]]:
    """Durations in ms, from none to years."""
    return st.lists(st.integers(0, 10**5) | st.integers(0, 10**11), min_size=1, max_size=60)
