"""Look up what a fold must know of the past before it folds some records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from streams.agents.opening import Ask, Opened
from streams.fold.partition import Decoded
from streams.store import Store

__all__ = ["Learner"]


class Learner:
    """Looks up identities and histories that a fold does not remember."""

    def __init__(self, *, store: Store, ask: Ask) -> None:
        self._store = store
        self._ask = ask

    async def learn(self, opened: Opened, decoded: Sequence[Decoded]) -> None:
        """Look up what the fold must know before it folds some records."""
        fold, origin = opened.fold, opened.origin
        if missing := fold.missing(decoded):
            fold.learn(
                await self._ask(
                    partial(self._store.lookup, fold.kind, origin, fold.lookup_bound, missing)
                )
            )
        if subjects := fold.missing_customers(decoded):
            histories = await self._ask(
                partial(self._store.histories, fold.kind, origin, fold.lookup_bound, subjects)
            )
            for version in {one.definitions for events in histories.values() for one in events}:
                await self._ask(partial(self._store.definitions, version))
            fold.learn_customers(subjects, histories, self._store.definitions)
