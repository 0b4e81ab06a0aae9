"""What a measure counts and by which rules, in words."""

from __future__ import annotations

from dataclasses import asdict

from schemas.facts import FACTS
from schemas.measures import HistoryRules, Measure, Measures
from streams.explaining.amounts import duration

__all__ = ["definition_of"]


def definition_of(measure: Measure, measures: Measures) -> list[tuple[str, str]]:
    """Return what a definition says, as pairs of a heading and a sentence."""
    found = [("measure", measure.doc), ("counts", _counts(measure))]
    if measure.is_duration:
        found.append(("buckets", "durations, each bucket within 1 % of what it holds"))
    elif measure.scale is not None:
        better = "higher" if measure.higher_is_better else "lower"
        found.append(("scale", f"{measure.scale[0]} to {measure.scale[1]}, {better} is better"))
    if measure.once_per:
        found.append(("once per", f"{measure.once_per}: each customer's latest answer of it (UTC)"))
    found.append(("dimensions", ", ".join(measure.dimensions) or "none"))
    found += [("rule", rule) for rule in _rules(measure, measures.rules)]
    found.append(("source", measure.source))
    return found


def _counts(measure: Measure) -> str:
    if measure.fact:
        fact = FACTS[measure.fact]
        return f"the fact {measure.fact} of {fact.topic}: {fact.doc}"
    limits = [
        ("survey_kind", sorted(measure.survey_kinds)),
        ("survey_version", [str(version) for version in sorted(measure.survey_versions)]),
        ("type", sorted(measure.types)),
    ]
    said = [f"{name} {' or '.join(values)}" for name, values in limits if values]
    if measure.completed_only:
        said.append("completed")
    what = f"answers to {measure.metric}" if measure.metric else "records"
    return ", ".join([f"{what} of {measure.topic}", *said])


def _rules(measure: Measure, rules: HistoryRules) -> list[str]:
    """Return the rules that facts of this measure follow."""
    fact = measure.fact
    if fact.endswith(".business"):
        default = rules.default_calendar or "none, so only conversations that name one have it"
        return [f"calendar: that of the conversation, else {default}"]
    if fact == "effort":
        weights = asdict(rules.effort)
        return ["points: " + ", ".join(f"{name} {points}" for name, points in weights.items())]
    if fact == "sla":
        return [
            f"policy {policy.id}: "
            + ", ".join(f"{name} {_ms(ms)}" for name, ms in policy.targets_ms.items())
            + (f", calendar {policy.calendar}" if policy.calendar else "")
            + "".join(
                f", {name} {' or '.join(sorted(values))}" for name, values in policy.match.items()
            )
            for policy in rules.policies
        ]
    if fact.startswith("journey."):
        return [
            f"journey {one.name}: stages {', '.join(one.stages)}"
            + "".join(f"; {stage} within {_ms(ms)}" for stage, ms in one.expected_ms.items())
            + f"; ends after {_ms(one.ends_after_ms)} of silence"
            for one in rules.journeys.values()
        ]
    if fact == "participation":
        delivered = "counts" if rules.assume_delivered else "does not count"
        return [f"what was sent and did not bounce {delivered} as delivered"]
    if fact == "contact":
        return [
            f"contact rule {one.name}:"
            + (f" at most {one.most}" if one.most is not None else "")
            + (f" in {_ms(one.per_ms)}" if one.per_ms is not None else "")
            + (f" at least {_ms(one.min_gap_ms)} apart" if one.min_gap_ms is not None else "")
            for one in rules.contact_rules
        ]
    return []


def _ms(ms: int) -> str:
    return duration(ms / 1000)
