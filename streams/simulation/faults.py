"""What happens on the way: late, out of order, twice, corrected afterwards, or broken."""

from __future__ import annotations

from collections.abc import Iterator

from streams.simulation.answers import comment
from streams.simulation.bad import Spoiler
from streams.simulation.config import Faults
from streams.simulation.events import Draft, Record
from streams.simulation.scene import Scene
from streams.simulation.surveys import ANSWERS

__all__ = ["on_the_way"]

_DELETES = 0.15
_AGAIN = 0.15
_MOST_REVISIONS = 4

#: Share of the duplicates that come much later: a producer restarted, a file was loaded again.
_MUCH_LATER = 0.2


def on_the_way(scene: Scene, faults: Faults, spoiler: Spoiler) -> Iterator[Draft]:
    """Yield everything that is sent for the drafts of a scene, in no particular order."""
    for draft in scene.drafts:
        yield from _sent(scene, _delayed(scene, draft, faults), faults, spoiler)
        if draft.topic == ANSWERS and scene.chance(faults.corrections):
            for correction in _corrections(scene, draft):
                yield from _sent(scene, correction, faults, spoiler)


def _delayed(scene: Scene, draft: Draft, faults: Faults) -> Draft:
    drawn = scene.rng.random()
    if drawn < faults.late:  # minutes to an hour
        late_ms = scene.fixed(120 + 3480 * scene.rng.random() ** 3)
        return draft._replace(at_ms=draft.at_ms + late_ms, intent="late")
    if drawn < faults.late + faults.out_of_order * (1 - faults.late):
        return draft._replace(at_ms=draft.at_ms + scene.fixed(scene.rng.uniform(1, 30)))
    return draft


def _sent(scene: Scene, draft: Draft, faults: Faults, spoiler: Spoiler) -> Iterator[Draft]:
    """Yield a draft, and what is sent after it because of it."""
    yield draft
    if scene.chance(faults.duplicates):
        much_later = scene.chance(_MUCH_LATER)
        delay_ms = scene.wait(1200, 0.7) if much_later else scene.wait(1, 1.0)
        yield draft._replace(at_ms=draft.at_ms + delay_ms, intent="duplicate")
    if scene.chance(faults.bad):
        yield spoiler.spoil(scene, draft)


def _corrections(scene: Scene, first: Draft) -> Iterator[Draft]:
    """Yield one or more further revisions of an answer, each the whole answer again."""
    record = first.record or {}
    at_ms = record["responded_at"]
    for revision in range(2, _MOST_REVISIONS + 1):
        at_ms += scene.wait(240)
        delete = scene.chance(_DELETES)
        record = record | _change(scene, record, delete=delete) | {
            "event_id": scene.new_id("e"),
            "revision": revision,
            "updated_at": at_ms,
        }  # fmt: skip
        yield Draft(
            at_ms + 50, first.topic, record, first.known, revision=revision, intent="correction"
        )
        if delete or not scene.chance(_AGAIN):
            return


def _change(scene: Scene, record: Record, *, delete: bool) -> Record:
    if delete:
        return {"op": "DELETE"}
    if "value_number" not in record:
        return {"op": "UPDATE", "value_text": comment(scene.rng.gauss(0.0, 1.0), scene.rng)}
    low, high, score = record["scale_min"], record["scale_max"], int(record["value_number"])
    # any other score of the scale, near ones being likelier: people nudge, slips go far
    other = low + high - score if high - low == 1 else score
    while other == score:
        other = min(max(score + round(scene.rng.gauss(0.0, (high - low) / 3)), low), high)
    return {"op": "UPDATE", "value_number": float(other)}
