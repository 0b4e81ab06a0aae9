"""The bounded memory: the newest stay, nothing of an open chunk goes, and it says what it lacks."""

from __future__ import annotations

from streams.fold.known import Known, KnownRecords


def known(offset: int) -> Known:
    return Known(frozenset({1}), 1, (), offset)


def filled(limit: int, *offsets: int) -> KnownRecords:
    records = KnownRecords(limit, complete=True)
    for offset in offsets:
        records.put((f"r{offset}",), known(offset))
    return records


def held(records: KnownRecords) -> set[str]:
    return {name for name in (f"r{offset}" for offset in range(20)) if records.get((name,))}


def test_the_oldest_are_forgotten_first() -> None:
    records = filled(2, 1, 2, 3, 4)
    records.forget_before(10)
    assert held(records) == {"r3", "r4"}


def test_what_was_seen_again_is_new() -> None:
    records = filled(2, 1, 2, 3)
    records.put(("r1",), known(4))
    records.forget_before(10)
    assert held(records) == {"r3", "r1"}


def test_an_open_chunk_is_kept_whole_whatever_the_limit() -> None:
    records = filled(0, 1, 2, 8, 9)
    records.put(("r1",), known(10))
    records.forget_before(8)
    assert held(records) == {"r1", "r8", "r9"}
    records.forget_before(16)
    assert len(records) == 0


def test_it_is_complete_until_it_forgets() -> None:
    records = filled(3, 1, 2, 3)
    assert records.missing([("r1",), ("new",)]) == set()
    records.forget_before(10)
    assert records.complete
    records.put(("r4",), known(4))
    records.forget_before(10)
    assert not records.complete
    assert records.missing([("r1",), ("r2",), ("new",)]) == {("r1",), ("new",)}
