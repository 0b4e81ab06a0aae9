"""All checks run, whatever becomes of the others."""

from __future__ import annotations

import threading
import time

from schemas.errors import StreamError
from streams.doctor import Check, Finding, Unmeasured, examine


def _fails() -> str:
    raise StreamError("It is broken.", cure="Mend it.")


def _crashes() -> str:
    raise KeyError("customer-7")


def test_findings_come_in_the_order_of_the_checks() -> None:
    slow = threading.Event()

    def second() -> str:
        slow.wait(5)
        return "two"

    def third() -> str:
        slow.set()
        return "three"

    checks = [Check("one", lambda: "one"), Check("two", second), Check("three", third)]
    assert [finding.detail for finding in examine(checks, limit_s=5)] == ["one", "two", "three"]


def test_a_failure_carries_its_cure_and_skips_only_what_needs_it() -> None:
    checks = [
        Check("a", _fails),
        Check("b", lambda: "fine", needs=("a",)),
        Check("c", lambda: "fine", needs=("b",)),
        Check("d", lambda: "fine"),
    ]
    assert examine(checks, limit_s=5) == [
        Finding("a", "failed", "It is broken.", "Mend it."),
        Finding("b", "skipped", "needs a"),
        Finding("c", "skipped", "needs a"),
        Finding("d", "ok", "fine"),
    ]


def test_a_crash_of_a_check_is_a_failure_that_quotes_nothing() -> None:
    broken, fine = examine([Check("a", _crashes), Check("b", lambda: "fine")], limit_s=5)
    assert broken.state == "failed"
    assert "KeyError" in broken.detail
    assert "customer-7" not in broken.detail + broken.cure
    assert fine.state == "ok"


def test_what_cannot_be_measured_is_skipped_with_its_reason() -> None:
    assert examine([Check("a", lambda: Unmeasured("nothing there"))], limit_s=5) == [
        Finding("a", "skipped", "nothing there")
    ]


def test_a_check_that_hangs_fails_in_time_and_holds_nobody_up() -> None:
    forever = threading.Event()

    def hangs() -> str:
        forever.wait(60)
        return "late"

    checks = [
        Check("hangs", hangs),
        Check("hangs too", hangs),
        Check("after", lambda: "fine", needs=("hangs",)),
        Check("fine", lambda: "fine"),
    ]
    started = time.monotonic()
    findings = examine(checks, limit_s=0.2)
    assert time.monotonic() - started < 5
    forever.set()
    assert [finding.state for finding in findings] == ["failed", "failed", "skipped", "ok"]
    assert findings[0].detail == "No answer within 0.2 s."


def test_checks_run_side_by_side() -> None:
    meeting = threading.Barrier(3)

    def meets() -> str:
        meeting.wait(5)
        return "met"

    findings = examine([Check(name, meets) for name in "abc"], limit_s=10)
    assert [finding.state for finding in findings] == ["ok"] * 3
