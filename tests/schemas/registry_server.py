"""A Confluent-compatible schema registry in memory, over real HTTP, that can also misbehave."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from schemas.compatibility import problems_reading
from schemas.errors import SchemaError
from schemas.registry import RegisteredSchema

Answer = tuple[int, Any]

_NO_SUBJECT: Answer = (404, {"error_code": 40401, "message": "Subject not found."})
_NO_VERSION: Answer = (404, {"error_code": 40402, "message": "Version not found."})
_NO_SCHEMA: Answer = (404, {"error_code": 40403, "message": "Schema not found"})
_INVALID: Answer = (422, {"error_code": 42201, "message": "Invalid schema"})


class RegistryServer:
    """The registry behind the handler. `fault` replaces every answer, `answers` that of one path."""

    def __init__(self, schemas: list[RegisteredSchema]) -> None:
        self.schemas = list(schemas)
        self.asked: Counter[str] = Counter()
        self.authorization: str | None = None
        self.fault: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.routes_without: tuple[str, ...] = ()
        self.answers: dict[str, Answer] = {}
        self.url = ""

    def require(self, user: str, password: str) -> None:
        """Answer 401 to everybody else from now on."""
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """Return the status and the JSON data of one call."""
        path = path.partition("?")[0]
        if path in self.answers:
            return self.answers[path]
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if any(path.endswith(missing) for missing in self.routes_without):
            return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
        match method, parts:
            case "GET", ["schemas", "ids", number]:
                found = [one for one in self.schemas if one.id == int(number)]
                return (200, {"schema": json.dumps(found[0].definition)}) if found else _NO_SCHEMA
            case "GET", ["schemas", "ids", number, "versions"]:
                found = [one for one in self.schemas if one.id == int(number)]
                rows = [{"subject": one.subject, "version": one.version} for one in found]
                return (200, rows) if rows else _NO_SCHEMA
            case "GET", ["subjects", subject, "versions", "latest"]:
                return self._latest(subject)
            case "POST", ["subjects", subject, "versions"]:
                return self._register(subject, json.loads(body["schema"]))
            case "POST", ["compatibility", "subjects", subject, "versions"]:
                return self._check(subject, json.loads(body["schema"]), self._versions(subject))
            case "POST", ["compatibility", "subjects", subject, "versions", "latest"]:
                return self._check(
                    subject, json.loads(body["schema"]), self._versions(subject)[-1:]
                )
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _versions(self, subject: str) -> list[RegisteredSchema]:
        found = [one for one in self.schemas if one.subject == subject]
        return sorted(found, key=lambda one: one.version)

    def _latest(self, subject: str) -> Answer:
        versions = self._versions(subject)
        if not versions:
            return _NO_SUBJECT
        last = versions[-1]
        text = json.dumps(last.definition)
        return 200, {"subject": subject, "version": last.version, "id": last.id, "schema": text}

    def _register(self, subject: str, definition: Any) -> Answer:
        versions = self._versions(subject)
        same = [one.id for one in versions if one.definition == definition]
        if same:
            return 200, {"id": same[0]}
        status, verdict = self._check(subject, definition, versions) if versions else (200, {})
        if status != 200:
            return status, verdict
        if versions and not verdict["is_compatible"]:
            return 409, {"error_code": 409, "message": "Schema being registered is incompatible"}
        try:
            problems_reading(definition, definition)
        except SchemaError:
            return _INVALID
        number = max((one.id for one in self.schemas), default=0) + 1
        self.schemas.append(RegisteredSchema(number, subject, len(versions) + 1, definition))
        return 200, {"id": number}

    def _check(self, subject: str, definition: Any, versions: list[RegisteredSchema]) -> Answer:
        if not versions:
            return _NO_SUBJECT if not self._versions(subject) else _NO_VERSION
        try:
            problems = [
                problem
                for one in versions
                for pair in ((definition, one.definition), (one.definition, definition))
                for problem in problems_reading(*pair)
            ]
        except SchemaError:
            return _INVALID
        return 200, {"is_compatible": not problems}


@contextmanager
def registry_server(schemas: list[RegisteredSchema]) -> Iterator[RegistryServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    registry = RegistryServer(schemas)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            registry.asked[f"{self.command} {self.path}"] += 1
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if registry.fault is not None:
                registry.fault(self)
                return
            wanted = registry.authorization
            if wanted is not None and self.headers.get("Authorization") != wanted:
                reply(self, 401, b'{"error_code": 401, "message": "Unauthorized"}')
                return
            status, data = registry.answer(self.command, self.path, json.loads(raw or b"null"))
            reply(self, status, json.dumps(data).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing: the tests read what they need from `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """Send one whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def status(
    code: int, body: bytes = b"", **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a fault: this answer to every call."""
    return lambda handler: reply(handler, code, body, **headers)


def silence(until: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a fault: no answer before the event."""

    def wait(_: BaseHTTPRequestHandler) -> None:
        until.wait(10)

    return wait


def drip(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a fault: an answer that never pauses for long, and takes this long as a whole."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.02)  # being slow is what this answer is for

    return send


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Be a fault: announce more bytes than come."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"schema"')
    handler.close_connection = True
