"""From the raw rows of one input partition to every cell they come to.

A record that counts by itself is counted with the definitions it was folded with; an answer with those of
its newest revision. A history is counted with the definitions of its last record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from schemas.measures import Measures
from streams.verifying.answers import answer_cells, counts, newest_of_each
from streams.verifying.contacts import contact_facts
from streams.verifying.conversations import conversation_facts
from streams.verifying.fact import Cell, Fact, cells_of_fact
from streams.verifying.journeys import journey_facts
from streams.verifying.once_per_customer import once_cells
from streams.verifying.participation import participation_facts
from streams.verifying.records import record_cells
from streams.verifying.row import SOURCES, Row, first_of_each, subject_of
from streams.verifying.timeline import timeline_of

__all__ = ["Definitions", "facts_of_history", "history_cells", "recount", "single_cells"]

#: The measure definitions by version.
Definitions = Mapping[int, Measures]


def recount(topic: str, rows: Iterable[Row], definitions: Definitions) -> Counter[Cell]:
    """Return all cells of the rows of one partition."""
    standing = first_of_each(rows, SOURCES[topic].identity)
    cells = Counter(single_cells(topic, standing, definitions))
    cells.update(history_cells(topic, standing, definitions))
    return cells


def single_cells(topic: str, rows: Iterable[Row], definitions: Definitions) -> Iterator[Cell]:
    """Yield the cells of records and answers that count by themselves.

    All revisions of an answer must be among the rows.
    """
    if topic == "feedback.responses":
        rows = newest_of_each(rows)
    for row in rows:
        measures = definitions[row["_definitions"]]
        if topic == "feedback.responses":
            if not counts(row):
                continue
            yield from answer_cells(row, measures)
        yield from record_cells(topic, row, measures)


def history_cells(topic: str, rows: Iterable[Row], definitions: Definitions) -> Iterator[Cell]:
    """Yield the cells of histories. All records of a customer must be among the rows."""
    if topic == "feedback.responses":
        yield from _answers_of_customers(list(rows), definitions)
        return
    own_id = SOURCES[topic].own_id
    histories: dict[str, list[Row]] = {}
    for row in rows:
        if own_id and not row["is_test"]:
            histories.setdefault(subject_of(row, own_id), []).append(row)
    for history in histories.values():
        measures = definitions[_last(history)["_definitions"]]
        if any(measure.fact for measure in measures.measures):
            for fact in facts_of_history(topic, history, measures):
                yield from cells_of_fact(fact, measures)


def _answers_of_customers(rows: Sequence[Row], definitions: Definitions) -> Iterator[Cell]:
    """Yield the cells of answers that count once per customer.

    An answer belongs to the customer of its newest revision. Every customer it ever belonged to has it
    in the history. Rows with a false `_own` are there for that alone: their customers are not counted.
    """
    revisions: dict[tuple[str, str, str], list[Row]] = {}
    customers: dict[str, set[tuple[str, str, str]]] = {}
    for row in rows:
        answer = row["source"], row["response_id"], row["question_id"]
        revisions.setdefault(answer, []).append(row)
        if row.get("_own", True):
            customers.setdefault(subject_of(row, "response_id"), set()).add(answer)
    for customer, answers in customers.items():
        history = [row for answer in answers for row in revisions[answer]]
        standing = [
            row for row in newest_of_each(history) if subject_of(row, "response_id") == customer
        ]
        yield from once_cells(standing, definitions[_last(history)["_definitions"]])


def _last(rows: Iterable[Row]) -> Row:
    return max(rows, key=lambda row: int(row["_offset"]))


def facts_of_history(topic: str, history: Sequence[Row], measures: Measures) -> Iterator[Fact]:
    """Yield the facts of all records of one customer in one topic."""
    rules = measures.rules
    if topic == "feedback.invitations":
        delivered = rules.assume_delivered
        yield from participation_facts(history, assume_delivered=delivered)
        yield from contact_facts(history, rules.contact_rules)
    if topic == "feedback.interactions":
        by_conversation: dict[tuple[str, str], list[Row]] = {}
        for row in history:
            name = row["source"], row["conversation_id"]
            by_conversation.setdefault(name, []).append(row)
        timelines = {name: timeline_of(events) for name, events in by_conversation.items()}
        for name, one in timelines.items():
            others = [other for key, other in timelines.items() if key != name]
            yield from conversation_facts(one, others, rules)
        yield from journey_facts(history, rules.journeys)
