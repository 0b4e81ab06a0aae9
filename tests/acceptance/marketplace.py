"""Answers of a marketplace: made up in the shape of real ones, or real ones from a folder."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

__all__ = ["by_month", "write"]

_TIME = "%Y-%m-%d %H:%M:%S"
ZONE = ZoneInfo("America/Sao_Paulo")


def write(folder: Path, answers: int, seed: int = 1) -> None:
    """Write reviews.csv, orders.csv and customers.csv; some reviews cover several orders."""
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
        score = rng.choices(range(1, 6), (32, 5, 8, 14, 41))[0]
        reviews.append(
            (review, order, score, "", comment, f"{asked:{_TIME}}", f"{answered:{_TIME}}")
        )
        orders.append((order, customer, "delivered"))
        customers.append((customer, f"p{number - number % 40:06}", rng.choice(["SP", "RJ", "BA"])))
    _csv(
        folder / "reviews.csv",
        "review_id,order_id,review_score,review_comment_title,review_comment_message,"
        "review_creation_date,review_answer_timestamp",
        reviews,
    )
    _csv(folder / "orders.csv", "order_id,customer_id,order_status", orders)
    _csv(folder / "customers.csv", "customer_id,customer_unique_id,customer_state", customers)


def by_month(folder: Path) -> dict[str, Counter[int]]:
    """Count the scores of reviews.csv by the month, in UTC, in which they were given."""
    months: dict[str, Counter[int]] = {}
    with (folder / "reviews.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            local = datetime.strptime(row["review_answer_timestamp"], _TIME).replace(tzinfo=ZONE)
            month = f"{local.astimezone(UTC):%Y-%m}"
            months.setdefault(month, Counter())[int(row["review_score"])] += 1
    return months


def _csv(path: Path, heading: str, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading.split(","))
        writer.writerows(rows)
