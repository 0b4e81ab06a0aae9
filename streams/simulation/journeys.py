"""The map customers travel: stages, touchpoints, how good each is, and where people go next."""

from __future__ import annotations

from dataclasses import dataclass

from streams.simulation.chance import Weighted

__all__ = ["ARRIVALS", "TOUCHPOINTS", "Touchpoint"]


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One touchpoint.

    `level` shifts satisfaction there, in standard deviations. `contact` is the share of visits
    that lead to a conversation. `asks_nps` says whether its survey asks for a recommendation too.
    """

    name: str
    stage: str
    journey: str
    team: str
    level: float
    contact: float
    asks_nps: bool
    channels: Weighted[str]
    reasons: Weighted[str]
    onward: Weighted[str]


_DIGITAL = Weighted(("CHAT", 0.4), ("WEB", 0.25), ("IN_APP", 0.2), ("EMAIL", 0.15))
_MIXED = Weighted(("CHAT", 0.3), ("PHONE", 0.25), ("EMAIL", 0.25), ("IN_APP", 0.1), ("SMS", 0.1))
_CHAT = Weighted(("CHAT", 0.7), ("IN_APP", 0.2), ("WEB", 0.1))

TOUCHPOINTS: dict[str, Touchpoint] = {
    place.name: place
    for place in (
        Touchpoint(
            name="discovery", stage="awareness", journey="buying", team="sales",
            level=0.05, contact=0.10, asks_nps=False, channels=_DIGITAL,
            reasons=Weighted(("product_question", 0.7), ("price", 0.3)),
            onward=Weighted(("checkout", 0.8), ("discovery", 0.15), ("support_chat", 0.05)),
        ),
        Touchpoint(
            name="checkout", stage="purchase", journey="buying", team="sales",
            level=0.20, contact=0.12, asks_nps=False, channels=_DIGITAL,
            reasons=Weighted(("payment", 0.6), ("voucher", 0.2), ("address", 0.2)),
            onward=Weighted(("delivery", 0.75), ("onboarding", 0.2), ("support_chat", 0.05)),
        ),
        Touchpoint(
            name="delivery", stage="delivery", journey="receiving", team="logistics",
            level=0.05, contact=0.22, asks_nps=True, channels=_MIXED,
            reasons=Weighted(("where_is_it", 0.6), ("damaged", 0.25), ("wrong_item", 0.15)),
            onward=Weighted(
                ("onboarding", 0.3), ("account", 0.3), ("returns", 0.15), ("discovery", 0.25)
            ),
        ),
        Touchpoint(
            name="returns", stage="delivery", journey="receiving", team="logistics",
            level=-0.35, contact=0.45, asks_nps=False, channels=_MIXED,
            reasons=Weighted(("refund", 0.7), ("exchange", 0.3)),
            onward=Weighted(("discovery", 0.5), ("support_chat", 0.3), ("account", 0.2)),
        ),
        Touchpoint(
            name="onboarding", stage="onboarding", journey="using", team="success",
            level=0.10, contact=0.25, asks_nps=True, channels=_DIGITAL,
            reasons=Weighted(("first_steps", 0.8), ("access", 0.2)),
            onward=Weighted(("account", 0.5), ("support_chat", 0.3), ("delivery", 0.2)),
        ),
        Touchpoint(
            name="support_chat", stage="support", journey="using", team="support",
            level=-0.10, contact=0.95, asks_nps=True, channels=_CHAT,
            reasons=Weighted(("malfunction", 0.5), ("how_to", 0.35), ("complaint", 0.15)),
            onward=Weighted(("account", 0.5), ("discovery", 0.35), ("support_chat", 0.15)),
        ),
        Touchpoint(
            name="account", stage="renewal", journey="staying", team="support",
            level=0.0, contact=0.15, asks_nps=False, channels=_MIXED,
            reasons=Weighted(("invoice", 0.5), ("renewal", 0.3), ("cancellation", 0.2)),
            onward=Weighted(("discovery", 0.55), ("checkout", 0.3), ("support_chat", 0.15)),
        ),
    )
}  # fmt: skip

#: Where a customer is when the simulation begins: the long-run shares of the moves above, so that
#: the mix of touchpoints does not drift while it runs.
ARRIVALS: Weighted[str] = Weighted(
    ("discovery", 0.214), ("checkout", 0.219), ("delivery", 0.184), ("returns", 0.028),
    ("onboarding", 0.099), ("support_chat", 0.098), ("account", 0.159),
)  # fmt: skip
