"""The registry client against a server that behaves, and against one that does not."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import ConfigError, SchemaError
from schemas.registry import FileRegistry, HttpRegistry, RegistryUnavailable, UnknownSchema
from schemas.registry.base import RegisteredSchema
from schemas.registry.transport import MAX_ANSWER_BYTES
from tests.schemas import registry_server as faults
from tests.schemas.builders import field, record
from tests.schemas.registry_server import RegistryServer

ANSWERS = "feedback.responses-value"


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with faults.registry_server(FileRegistry().all()) as running:
        yield running


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_shipped_schemas_come_back_unchanged(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    shipped = FileRegistry().all()
    assert [registry.by_id(schema.id) for schema in shipped] == shipped
    assert [registry.latest(schema.subject) for schema in shipped] == shipped


def test_an_id_is_asked_for_once_for_ever(server: RegistryServer) -> None:
    clock = Clock()
    registry = HttpRegistry(server.url, clock=clock)
    first = registry.by_id(1)
    clock.now += 1e9
    server.fault = faults.status(500)
    assert registry.by_id(1) is first
    assert server.asked["GET /schemas/ids/1"] == 1


def test_an_unknown_id_is_asked_for_again_after_a_while(server: RegistryServer) -> None:
    clock = Clock()
    registry = HttpRegistry(server.url, recheck_s=10, clock=clock)
    for _ in range(3):
        with pytest.raises(UnknownSchema):
            registry.by_id(77)
    assert server.asked["GET /schemas/ids/77"] == 1
    server.schemas.append(RegisteredSchema(77, ANSWERS, 2, record(field("a", "int"))))
    clock.now += 9.9
    with pytest.raises(UnknownSchema):
        registry.by_id(77)
    clock.now += 0.2
    assert registry.by_id(77).version == 2


def test_a_new_version_is_seen_after_a_while(server: RegistryServer) -> None:
    clock = Clock()
    registry = HttpRegistry(server.url, recheck_s=10, clock=clock)
    assert registry.latest(ANSWERS).version == 1
    server.schemas.append(RegisteredSchema(77, ANSWERS, 2, record(field("a", "int"))))
    assert registry.latest(ANSWERS).version == 1
    clock.now += 10.1
    assert registry.latest(ANSWERS).version == 2


def test_threads_that_ask_at_once_share_one_call(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    asked, go = threading.Event(), threading.Event()
    original = server.answer

    def slow(method: str, path: str, body: object) -> faults.Answer:
        asked.set()
        assert go.wait(10)
        return original(method, path, body)

    server.answer = slow  # type: ignore[method-assign]  # a fault is made
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(registry.by_id, 1)
        assert asked.wait(10)
        others = [pool.submit(registry.by_id, 1) for _ in range(7)]
        go.set()
        found = {id(future.result()) for future in [first, *others]}
    assert len(found) == 1
    assert server.asked["GET /schemas/ids/1"] == 1


def test_where_subjects_share_an_id_ours_is_meant(server: RegistryServer) -> None:
    server.schemas.insert(0, RegisteredSchema(1, "a-staging-value", 9, {}))
    server.schemas[0] = RegisteredSchema(1, "a-staging-value", 9, server.schemas[1].definition)
    assert HttpRegistry(server.url).by_id(1).subject == ANSWERS


def test_a_registry_without_the_versions_call_is_asked_by_subject(server: RegistryServer) -> None:
    server.routes_without = ("/versions",)
    assert HttpRegistry(server.url).by_id(1) == FileRegistry().by_id(1)


def test_a_registry_that_tells_the_subject_beside_the_schema(server: RegistryServer) -> None:
    schema = FileRegistry().by_id(1)
    server.routes_without = ("/versions", "/latest")
    answer = {"schema": json.dumps(schema.definition), "subject": schema.subject, "version": 1}
    server.answers["/schemas/ids/1"] = (200, answer)
    assert HttpRegistry(server.url).by_id(1) == schema


def test_a_schema_of_an_unknown_subject_is_an_outage_not_a_reject(server: RegistryServer) -> None:
    server.routes_without = ("/versions",)
    server.schemas.append(RegisteredSchema(77, "old-value", 1, record(field("a", "int"))))
    with pytest.raises(RegistryUnavailable, match="subject of schema 77"):
        HttpRegistry(server.url).by_id(77)


def test_registering_gives_the_next_version_at_once(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    old = registry.latest(ANSWERS)
    extra = field("extra", ["null", "int"], default=None)
    wider = {**old.definition, "fields": [*old.definition["fields"], extra]}
    assert registry.check(ANSWERS, wider)
    made = registry.register(ANSWERS, wider)
    assert (made.subject, made.version) == (ANSWERS, 2)
    assert registry.latest(ANSWERS) == made == registry.by_id(made.id)
    assert registry.register(ANSWERS, wider) == made


def test_an_incompatible_schema_is_refused(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    narrow = record(field("event_id", "int"), name="Answer")
    assert not registry.check(ANSWERS, narrow)
    with pytest.raises(SchemaError, match="incompatible") as caught:
        registry.register(ANSWERS, narrow)
    assert not isinstance(caught.value, RegistryUnavailable)


def test_a_first_version_and_an_invalid_one(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    assert registry.check("new-value", record(field("a", "int")))
    with pytest.raises(SchemaError, match="not valid Avro"):
        registry.register("new-value", {"type": "record", "name": "X"})
    with pytest.raises(SchemaError, match="not valid Avro"):
        registry.check(ANSWERS, {"type": "record", "name": "X"})


def test_a_registry_that_compares_with_the_latest_version_only(server: RegistryServer) -> None:
    server.routes_without = (f"/compatibility/subjects/{ANSWERS}/versions",)
    registry = HttpRegistry(server.url)
    assert registry.check(ANSWERS, FileRegistry().latest(ANSWERS).definition)
    assert not registry.check(ANSWERS, record(field("event_id", "int"), name="Answer"))


def test_a_subject_with_odd_characters_stays_one_path_segment(server: RegistryServer) -> None:
    registry = HttpRegistry(server.url)
    made = registry.register("a/b ?c", record(field("a", "int")))
    assert registry.latest("a/b ?c") == made


@pytest.mark.parametrize("in_url", [True, False])
def test_basic_authentication(server: RegistryServer, in_url: bool) -> None:
    server.require("ann", "s3cret")
    url = server.url.replace("//", "//ann:s3cret@") if in_url else server.url
    registry = HttpRegistry(url) if in_url else HttpRegistry(url, "ann", "s3cret")
    assert registry.by_id(1).subject == ANSWERS


def test_refused_credentials_are_an_outage_that_names_the_cure(server: RegistryServer) -> None:
    server.require("ann", "s3cret")
    with pytest.raises(RegistryUnavailable, match="EARSHOT_REGISTRY__PASSWORD") as caught:
        HttpRegistry(server.url, "ann", "wr0ng").by_id(1)
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.status(500, b'{"error_code": 50001}'), id="500"),
        pytest.param(faults.status(503), id="503"),
        pytest.param(faults.status(429), id="429"),
        pytest.param(faults.status(200, b"<html>"), id="html"),
        pytest.param(faults.status(200, b"\xff\xfe"), id="not text"),
        pytest.param(faults.status(200, b"[" * 100_000), id="deep"),
        pytest.param(faults.status(200, b"{}"), id="no schema"),
        pytest.param(faults.status(200, b"[]"), id="list"),
        pytest.param(faults.status(200, b'{"schema": "{"}'), id="broken schema"),
        pytest.param(faults.status(200, b'{"schema": "\\"string\\""}'), id="no record"),
        pytest.param(faults.status(200, b" " * (MAX_ANSWER_BYTES + 1)), id="large"),
        pytest.param(faults.status(404), id="404 of a proxy"),
        pytest.param(faults.status(404, b'{"error_code": 404}'), id="404 of a wrong path"),
        pytest.param(faults.cut, id="cut"),
    ],
)
def test_a_fault_is_an_outage_and_never_an_answer(server: RegistryServer, fault: object) -> None:
    server.fault = fault  # type: ignore[assignment]  # any fault by its name
    registry = HttpRegistry(server.url.replace("//", "//ann:s3cret@"), timeout_s=0.3)
    calls = (
        lambda: registry.by_id(1),
        lambda: registry.latest(ANSWERS),
        lambda: registry.register(ANSWERS, record()),
        lambda: registry.check(ANSWERS, record()),
    )
    for call in calls:
        with pytest.raises(RegistryUnavailable, match=r"127\.0\.0\.1") as caught:
            call()
        assert "s3cret" not in str(caught.value)
        assert caught.value.cure
    server.fault = None
    assert registry.by_id(1).subject == ANSWERS  # the failure was not kept


def test_silence_ends_with_the_timeout(server: RegistryServer) -> None:
    end = threading.Event()
    server.fault = faults.silence(end)
    with pytest.raises(RegistryUnavailable, match="in time"):
        HttpRegistry(server.url, timeout_s=0.1).by_id(1)
    end.set()


def test_an_answer_that_drips_ends_with_the_timeout_too(server: RegistryServer) -> None:
    server.fault = faults.drip(3)
    with pytest.raises(RegistryUnavailable, match="in time"):
        HttpRegistry(server.url, timeout_s=0.2).by_id(1)


def test_a_redirect_is_not_followed(server: RegistryServer) -> None:
    with faults.registry_server(FileRegistry().all()) as other:
        server.fault = faults.status(302, Location=f"{other.url}/schemas/ids/1")
        with pytest.raises(RegistryUnavailable, match="redirects"):
            HttpRegistry(server.url, "ann", "s3cret").by_id(1)
        assert not other.asked


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RegistryUnavailable, match="cannot be reached"):
            HttpRegistry(url).by_id(1)


def test_an_id_of_another_format_is_no_schema_of_ours(server: RegistryServer) -> None:
    answer = {"schema": "syntax = proto3;", "schemaType": "PROTOBUF"}
    server.fault = faults.status(200, json.dumps(answer).encode())
    with pytest.raises(UnknownSchema, match="no Avro schema"):
        HttpRegistry(server.url).by_id(1)


@pytest.mark.parametrize("kind", ["AVRO", None])
def test_avro_may_be_said_or_left_out(server: RegistryServer, kind: str | None) -> None:
    definition = FileRegistry().by_id(1).definition
    answer = {"schema": json.dumps(definition), "schemaType": kind}
    server.answers["/schemas/ids/1"] = (200, answer)
    assert HttpRegistry(server.url).by_id(1).definition == definition


@pytest.mark.parametrize("url", ["", "registry:8081", "ftp://registry", "http://", "http://x/?a=1"])
def test_a_wrong_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="EARSHOT_REGISTRY__URL"):
        HttpRegistry(url)


def test_the_contracts_import_without_httpx() -> None:
    program = (
        "import sys; sys.modules['httpx'] = None\n"
        "from schemas.registry import HttpRegistry, FileRegistry\n"
        "FileRegistry().by_id(1)\n"
        "try: HttpRegistry('http://x')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("`pip install '.[upstream]'` in a checkout of Earshot."), (
        done.stderr
    )
