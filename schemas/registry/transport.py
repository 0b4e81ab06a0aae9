"""HTTP to a schema registry: one bounded JSON answer a call, and every failure in our own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigError
from schemas.registry.base import RegistryUnavailable

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_ANSWER_BYTES", "Reply", "Transport"]

#: A schema is a few kilobytes; a larger answer is no registry's.
MAX_ANSWER_BYTES = 1_048_576

_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
_NOT_FOUND_CODES = range(40401, 40500)
_NOT_ALLOWED, _CONFLICT, _UNPROCESSABLE = 405, 409, 422


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a failure: its status (200, 404, 405, 409 or 422) and its JSON data."""

    status: int
    data: Any

    @property
    def ok(self) -> bool:
        """Whether the registry did what was asked."""
        return self.status == _OK

    @property
    def unknown(self) -> bool:
        """Whether the registry itself says that it has no such id, subject or version.

        The registry's own codes are 40401, 40402 and 40403. A bare 404 comes from a wrong path or a
        proxy: taking it for an answer would condemn good records.
        """
        code = self.data.get("error_code") if isinstance(self.data, dict) else None
        return self.status == _NOT_FOUND and isinstance(code, int) and code in _NOT_FOUND_CODES

    @property
    def no_such_call(self) -> bool:
        """Whether this server does not know the call."""
        return self.status in (_NOT_FOUND, _NOT_ALLOWED) and not self.unknown

    @property
    def incompatible(self) -> bool:
        """Whether the registry refuses a schema beside the released ones."""
        return self.status == _CONFLICT

    @property
    def invalid(self) -> bool:
        """Whether the registry takes a schema for no schema."""
        return self.status == _UNPROCESSABLE


class Transport:
    """Ask one registry. `address` is its URL without credentials: the only form that is ever shown.

    Raises:
        ConfigError: The URL is none, or httpx is not installed.
    """

    def __init__(
        self, url: str, user: str, password: str, timeout_s: float, clock: Callable[[], float]
    ) -> None:
        httpx = _httpx()
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError):
            parsed = httpx.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query:
            raise ConfigError(
                "The registry's URL must look like http://host:8081 or https://host/path.",
                cure="Correct EARSHOT_REGISTRY__URL.",
            )
        user, password = user or parsed.username, password or parsed.password
        self.address = str(parsed.copy_with(userinfo=b"", fragment=None)).rstrip("/")
        self._timeout_s = timeout_s
        self._clock = clock
        self._client = httpx.Client(
            auth=(user, password) if user or password else None,
            timeout=timeout_s,
            # A redirect could carry the credentials to another host.
            follow_redirects=False,
            # Without compression the limit on the answer is a limit on memory.
            headers={"Accept": f"{_MEDIA_TYPE}, application/json", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, method: str, path: str, body: Any = None) -> Reply:
        """Return the answer to one call.

        Raises:
            RegistryUnavailable: No answer, none in time, or one that is no registry's.
        """
        httpx = _httpx()
        deadline = self._clock() + self._timeout_s
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": _MEDIA_TYPE}
        try:
            with self._client.stream(
                method, self.address + path, content=content, headers=headers
            ) as response:
                self._refuse(response.status_code)
                raw = self._read(response, deadline)
        except httpx.TimeoutException:
            raise self.unavailable("did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the type goes on: the library's text may hold the URL with its credentials.
            raise self.unavailable(f"cannot be reached ({type(error).__name__})") from None
        try:
            return Reply(response.status_code, json.loads(raw))
        except (ValueError, RecursionError):
            if response.status_code == _OK:
                raise self.unavailable("answered with something that is not JSON") from None
            return Reply(response.status_code, None)

    def _refuse(self, status: int) -> None:
        if status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self.unavailable(
                f"refuses the credentials (HTTP {status})",
                cure="Correct EARSHOT_REGISTRY__USER and EARSHOT_REGISTRY__PASSWORD.",
            )
        if 300 <= status < 400:  # noqa: PLR2004 - the range of redirects
            raise self.unavailable(
                f"redirects (HTTP {status}), and redirects are not followed",
                cure="Set EARSHOT_REGISTRY__URL to the address it redirects to.",
            )
        if status not in (_OK, _NOT_FOUND, _NOT_ALLOWED, _CONFLICT, _UNPROCESSABLE):
            raise self.unavailable(f"answered with HTTP {status}")

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        raw = bytearray()
        for part in response.iter_raw():
            raw += part
            if len(raw) > MAX_ANSWER_BYTES:
                raise self.unavailable(f"answered with more than {MAX_ANSWER_BYTES} bytes")
            # httpx limits the wait for each part only; a server that drips would never end.
            if self._clock() > deadline:
                raise self.unavailable("did not answer in time")
        return bytes(raw)

    def unavailable(self, what: str, cure: str = "") -> RegistryUnavailable:
        """Return the error that says what the registry did, with its address."""
        return RegistryUnavailable(
            f"The schema registry at {self.address} {what}.",
            cure=cure or "Check that it runs and that EARSHOT_REGISTRY__URL is its base URL.",
        )

    def garbled(self) -> RegistryUnavailable:
        """Return the error for JSON that is not what a registry answers."""
        return self.unavailable("answered with something that is no registry's answer")


def _httpx() -> Any:
    try:
        import httpx  # noqa: PLC0415 - the contracts alone install without it
    except ModuleNotFoundError:
        raise ConfigError(
            "A schema registry over HTTP needs httpx.",
            cure="Run `pip install '.[upstream]'` in a checkout of Earshot.",
        ) from None
    return httpx
