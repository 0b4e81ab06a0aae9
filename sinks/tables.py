"""The columns of every table Earshot writes, in the order rows hold them.

The DDL is in `sinks/sql`; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.measures import DIMENSIONS

__all__ = ["COORDINATES", "RAW_TABLES", "TABLES", "Field", "FieldKind", "Table", "shown"]

#: How a field of an Avro record becomes a column: text (null becomes empty), a flag, a number or a
#: time (null stays), a list, or the attributes (a list of name and value becomes a map).
FieldKind = Literal["text", "flag", "number", "time", "list", "attributes"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column that is filled from a field of the same name."""

    name: str
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, and for a raw table the fields of its records."""

    name: str
    columns: tuple[str, ...]
    fields: tuple[Field, ...] = ()


def shown(database: str) -> str:
    """Return the condition in SQL that a row belongs to an epoch the views show."""
    return f"(_topic, _epoch) NOT IN (SELECT topic, epoch FROM {database}.hidden_epochs)"


#: Columns every raw row ends with: where it stood in the log, and what folded it.
COORDINATES: tuple[str, ...] = (
    "_topic",
    "_epoch",
    "_partition",
    "_offset",
    "_timestamp",
    "_definitions",
)


def _raw(name: str, fields: dict[FieldKind, str], order: str) -> Table:
    kinds = {field: kind for kind, names in fields.items() for field in names.split()}
    listed = tuple(Field(field, kinds[field]) for field in order.split())
    return Table(name, (*(field.name for field in listed), *COORDINATES), listed)


_WHO = "customer_id anonymous_id account_id"

_ANSWERS = _raw(
    "answers",
    {
        "text": "event_id source response_id question_id op tenant_id survey_id survey_kind "
        f"question_text metric value_text raw_value {_WHO} conversation_id agent_id team_id "
        "touchpoint journey journey_stage product region channel language country device",
        "flag": "higher_is_better dismissed completed is_test",
        "number": "revision survey_version scale_min scale_max value_number time_to_complete_ms",
        "time": "invited_at opened_at started_at responded_at updated_at",
        "list": "value_choices tags",
        "attributes": "attributes",
    },
    "event_id source response_id question_id revision op tenant_id survey_id survey_version "
    "survey_kind question_text metric scale_min scale_max higher_is_better value_number value_text "
    f"value_choices raw_value dismissed completed time_to_complete_ms {_WHO} conversation_id "
    "agent_id team_id touchpoint journey journey_stage product region channel invited_at opened_at "
    "started_at responded_at updated_at language country device tags attributes is_test",
)

_INVITATIONS = _raw(
    "invitations",
    {
        "text": "event_id source invitation_id tenant_id survey_id survey_kind status "
        f"suppress_reason {_WHO} conversation_id touchpoint journey_stage channel",
        "flag": "is_test",
        "time": "event_time expires_at",
        "attributes": "attributes",
    },
    "event_id source invitation_id tenant_id survey_id survey_kind status suppress_reason "
    f"{_WHO} conversation_id touchpoint journey_stage channel event_time expires_at attributes "
    "is_test",
)

_INTERACTIONS = _raw(
    "interactions",
    {
        "text": f"event_id source tenant_id conversation_id issue_id type actor agent_id team_id {_WHO} "
        "channel queue direction contact_reason priority touchpoint journey journey_stage on_map "
        "sla_policy_id sla_metric calendar_id product region",
        "flag": "public urgent is_test",
        "number": "talk_ms hold_ms after_work_ms queue_ms",
        "time": "due_at event_time",
        "attributes": "attributes",
    },
    f"event_id source tenant_id conversation_id issue_id type actor agent_id team_id {_WHO} public "
    "channel queue direction contact_reason priority urgent touchpoint journey journey_stage on_map "
    "sla_policy_id sla_metric due_at calendar_id talk_ms hold_ms after_work_ms queue_ms event_time "
    "product region attributes is_test",
)

_FOLLOWUPS = _raw(
    "followups",
    {
        "text": f"event_id source tenant_id case_id trigger_event_id {_WHO} owner_id team_id status "
        "outcome root_cause touchpoint channel",
        "flag": "personalised is_test",
        "time": "due_at event_time",
        "attributes": "attributes",
    },
    f"event_id source tenant_id case_id trigger_event_id {_WHO} owner_id team_id status due_at "
    "outcome root_cause personalised touchpoint channel event_time attributes is_test",
)

#: What a row of `slices` and one of `erased_counts` have in common: the cell.
_CELL = (
    "measure",
    "series",
    "dimensions",
    *DIMENSIONS,
    "attributes",
    "slice_start",
    "bucket",
)

_SLICES = Table(
    "slices",
    (
        *_CELL,
        "n",
        "_topic",
        "_epoch",
        "_partition",
        "_chunk",
        "_chunk_date",
        "_version",
        "_definitions",
    ),
)

_CONVERSATIONS = Table(
    "conversations",
    (
        "customer_id",
        "anonymous_id",
        "source",
        "conversation_id",
        "issue_id",
        "contact_reason",
        "state",
        "touchpoint",
        "channel",
        "journey",
        "journey_stage",
        "team_id",
        "agent_id",
        "product",
        "region",
        "attributes",
        "started_at",
        "first_solved_at",
        "solved_at",
        "last_event_at",
        "events",
        "customer_messages",
        "replies",
        "transfers",
        "reopens",
        "fact_names",
        "fact_times",
        "fact_values",
        "_topic",
        "_epoch",
        "_partition",
        "_version",
        "_definitions",
    ),
)

_REVISIONS = Table(
    "revisions",
    (
        "fact",
        "source",
        "conversation_id",
        "fact_at",
        "was",
        "became",
        "final_at",
        "revised_at",
        "_topic",
        "_epoch",
        "_partition",
        "_offset",
        "_definitions",
    ),
)

_LEDGER = Table(
    "ledger",
    (
        "_topic",
        "_epoch",
        "_partition",
        "_chunk",
        "first",
        "last",
        "read",
        "accepted",
        "corrected",
        "duplicate",
        "rejected",
        "gaps",
        "definitions",
        "chunk_started_at",
        "worker",
    ),
)

_ERASURES = Table(
    "erasures",
    (
        "_topic",
        "_epoch",
        "_partition",
        "_offset",
        "request",
        "subject",
        "mode",
        "erased_at",
        "rows",
        "cells",
    ),
)

_ERASED_COUNTS = Table(
    "erased_counts",
    (
        *_CELL,
        "n",
        "mode",
        "_topic",
        "_epoch",
        "_partition",
        "_offset",
        "_definitions",
    ),
)

_REJECTS = Table(
    "rejects",
    (
        "_topic",
        "_epoch",
        "_partition",
        "_offset",
        "_timestamp",
        "reason",
        "detail",
        "schema_id",
        "key",
        "value",
        "headers",
        "replays",
        "replay_of",
        "_definitions",
    ),
)

_REJECT_OUTCOMES = Table(
    "reject_outcomes",
    (
        "_topic",
        "_epoch",
        "_partition",
        "_offset",
        "outcome",
        "fate",
        "by_epoch",
        "by_partition",
        "by_offset",
        "replays",
        "at",
        "why",
        "_precedence",
    ),
)

_DEFINITIONS = Table("definitions", ("version", "fingerprint", "text"))

_ALLOWANCES = Table("allowances", ("topic", "epoch", "partition", "accepts", "until", "why", "at"))

_EPOCHS = Table("epochs", ("topic", "epoch", "topic_id", "chunk", "state", "changed_at"))

_SCORE_RULES = Table(
    "score_rules",
    (
        "measure",
        "score",
        "topic",
        "kind",
        "unit",
        "dimensions",
        "top_low",
        "top_high",
        "bottom_low",
        "bottom_high",
        "base_low",
        "base_high",
        "q",
        "is_duration",
        "higher_is_better",
        "once_per",
        "horizon_s",
        "scale_low",
        "scale_high",
        "n_privacy",
        "n_stat",
        "confidence",
        "z",
        "definitions",
        "updated_at",
    ),
)

_ROLLUPS = Table("rollups", ("dimensions", "definitions"))

_JOURNEY_MAPS = Table(
    "journey_maps",
    (
        "journey",
        "stages",
        "starts",
        "transitions",
        "ends_after_ms",
        "expected_ms",
        "definitions",
    ),
)

_CONDITIONS = Table(
    "conditions",
    (
        "_topic",
        "_partition",
        "state",
        "reason",
        "what",
        "cure",
        "since",
        "worker",
        "changed_at",
    ),
)

RAW_TABLES: tuple[Table, ...] = (_ANSWERS, _INVITATIONS, _INTERACTIONS, _FOLLOWUPS)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *RAW_TABLES,
        _SLICES,
        _CONVERSATIONS,
        _REVISIONS,
        _LEDGER,
        _ERASURES,
        _ERASED_COUNTS,
        _REJECTS,
        _REJECT_OUTCOMES,
        _DEFINITIONS,
        _ALLOWANCES,
        _EPOCHS,
        _SCORE_RULES,
        _ROLLUPS,
        _JOURNEY_MAPS,
        _CONDITIONS,
    )
}
