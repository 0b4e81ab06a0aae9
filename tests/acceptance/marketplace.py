"""A marketplace's files: made up in the shape of real ones, and read the plain way."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

__all__ = ["Order", "by_month", "orders_of", "scores_of", "write"]

_TIME = "%Y-%m-%d %H:%M:%S"
ZONE = ZoneInfo("America/Sao_Paulo")


class Order(NamedTuple):
    """One order; times in epoch milliseconds."""

    purchased_ms: int
    due_ms: int
    delivered_ms: int | None


def write(folder: Path, answers: int, seed: int = 1) -> None:
    """Write reviews.csv, orders.csv and customers.csv.

    Some reviews cover several orders, some customers order often, some orders never arrive, and those
    who wait too long are less content.
    """
    rng = random.Random(seed)
    reviews, orders, customers = [], [], []
    review = ""
    for number in range(answers):
        order, customer = f"o{number:06}", f"c{number:06}"
        if not review or rng.random() > 0.05:
            review = f"r{number:06}"
        asked = datetime(2016, 10, 11, tzinfo=UTC) + timedelta(days=rng.randrange(740))
        answered = asked + timedelta(seconds=rng.randrange(60, 9 * 86_400))
        comment = rng.choice(
            ["", "", "ok", "line one\nline two", 'said "late", again', "não, às 3h"]
        )
        purchased = asked - timedelta(seconds=rng.randrange(86_400, 20 * 86_400))
        due = (purchased + timedelta(days=rng.randrange(2, 30))).replace(hour=0, minute=0, second=0)
        took = timedelta(seconds=int(rng.lognormvariate(13.2, 0.7)))
        delivered = None if rng.random() < 0.1 else purchased + took
        late = delivered is not None and delivered > due
        score = rng.choices(range(1, 6), (46, 10, 14, 12, 18) if late else (8, 3, 8, 20, 61))[0]
        reviews.append(
            (review, order, score, "", comment, f"{asked:{_TIME}}", f"{answered:{_TIME}}")
        )
        orders.append((
            order, customer, "delivered" if delivered else "shipped", f"{purchased:{_TIME}}",
            f"{delivered:{_TIME}}" if delivered else "", f"{due:{_TIME}}",
        ))  # fmt: skip
        customers.append((customer, f"p{number - number % 40:06}", rng.choice(["SP", "RJ", "BA"])))
    _csv(
        folder / "reviews.csv",
        "review_id,order_id,review_score,review_comment_title,review_comment_message,"
        "review_creation_date,review_answer_timestamp",
        reviews,
    )
    _csv(
        folder / "orders.csv",
        "order_id,customer_id,order_status,order_purchase_timestamp,order_delivered_customer_date,"
        "order_estimated_delivery_date",
        orders,
    )
    _csv(folder / "customers.csv", "customer_id,customer_unique_id,customer_state", customers)


def by_month(folder: Path) -> dict[str, Counter[int]]:
    """Count the scores of reviews.csv by the month, in UTC, in which they were given."""
    months: dict[str, Counter[int]] = {}
    for row in _rows(folder / "reviews.csv"):
        local = datetime.strptime(row["review_answer_timestamp"], _TIME).replace(tzinfo=ZONE)
        month = f"{local.astimezone(UTC):%Y-%m}"
        months.setdefault(month, Counter())[int(row["review_score"])] += 1
    return months


def scores_of(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the order and the score of every answer."""
    for row in _rows(folder / "reviews.csv"):
        yield row["order_id"], int(row["review_score"])


def orders_of(folder: Path) -> dict[str, Order]:
    """Return the orders by their ids."""
    return {
        row["order_id"]: Order(
            _ms(row["order_purchase_timestamp"]),
            _ms(row["order_estimated_delivery_date"]),
            _ms(row["order_delivered_customer_date"]) if row["order_delivered_customer_date"] else None,
        )
        for row in _rows(folder / "orders.csv")
    }  # fmt: skip


def _ms(text: str) -> int:
    return int(datetime.strptime(text, _TIME).replace(tzinfo=ZONE).timestamp()) * 1000


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _csv(path: Path, heading: str, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading.split(","))
        writer.writerows(rows)
