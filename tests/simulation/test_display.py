from __future__ import annotations

import io

import pytest
from rich.console import Console

from streams.simulation import SimulatedEvent
from streams.simulation.display import Display

_EVENT = SimulatedEvent(
    "feedback.responses", {}, "c-000001", 1_760_000_000_000, None, "new", "accepted", None
)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_without_a_terminal_there_is_a_plain_line_every_ten_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    with Display(Console(file=out, width=40), clock) as display:
        for second in range(25):
            clock.now_s = float(second)
            display.sent(_EVENT)
            display.sent(_EVENT)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("2025-10-09 08:53:20  2/s")
    assert "responses 21  invitations 0" in lines[0]
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("color", [True, False])
def test_on_a_terminal_the_line_stays_in_its_place_and_goes_away(color: bool) -> None:
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, force_terminal=True, no_color=not color, width=120)
    with Display(console, clock) as display:
        clock.now_s = 2.0
        display.sent(_EVENT)
        display.sent(_EVENT)
    text = out.getvalue()
    assert "1/s" in text
    assert "responses 2" in text
    assert text.endswith("\x1b[2K")  # erased: the summary is what stays
