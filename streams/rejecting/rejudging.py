"""Would a record be rejected now? Decoded and judged as a worker does, without any state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.registry import Registry
from streams.fold.decoding import RecordDecoder
from streams.fold.erasing import control_of
from streams.fold.judging import Rules, check
from streams.fold.rejection import Rejection
from streams.rejecting.record import RejectedBytes

__all__ = ["Judge"]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges bytes by the schemas, the measures and the limits of today.

    Attributes:
        registry: Where the schemas are.
        rules: Measures and limits.
        max_bytes: Largest value that is decoded.
        now_ms: The broker timestamp a record would have if it were sent now, in epoch milliseconds.
    """

    registry: Registry
    rules: Rules
    max_bytes: int
    now_ms: Callable[[], int]

    def verdict(self, topic: str, content: RejectedBytes) -> Rejection | None:
        """Return why a record would be rejected, or None if it would be counted or be known already.

        Raises:
            RegistryUnavailable: The registry does not answer.
        """
        if content.value is None:
            headers = [(name.decode(errors="replace"), value) for name, value in content.headers]
            control = control_of(content.key, headers)
            if control is not None:
                return control if isinstance(control, Rejection) else None
        # A decoder of its own: a schema that is registered meanwhile must be seen.
        decoded = RecordDecoder(self.registry, max_bytes=self.max_bytes).decode(
            topic, content.value
        )
        if isinstance(decoded, Rejection):
            return decoded
        return check(topic, decoded, self.now_ms(), self.rules)
