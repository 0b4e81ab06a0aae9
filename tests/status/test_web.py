"""The worker's endpoints, asked by a real client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from schemas.errors import ConfigError
from streams.batch import TopicPartition
from streams.conditions import Conditions
from streams.progress import Progress
from streams.watchdog import Stall
from streams.web import Pages, served

TP, OTHER = TopicPartition("feedback.responses", 2), TopicPartition("feedback.responses", 10)
POSITIONS = {
    TP: Progress(start=64, position=90, log_end=100, durable=80, committed=70),
    OTHER: Progress(start=0, position=0),
}
ALARM = {"reason": "no_table", "what": "It lacks a table.", "cure": "Make it."}


class Worker:
    """What a worker has to say, and a client that asks it."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0
        self.conditions = Conditions(lambda: self.now_s)
        self.pages = Pages(
            worker="host:1",
            version="0.1.0",
            conditions=self.conditions,
            positions=lambda: POSITIONS,
            now=lambda: self.now_s,
        )
        self.url = ""

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with ClientSession() as session, session.get(self.url + path) as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    one = Worker()
    async with served(one.pages, "127.0.0.1", 0) as port:
        one.url = f"http://127.0.0.1:{port}"
        yield one


async def test_a_worker_that_waits_for_nothing_is_ready(worker: Worker) -> None:
    worker.conditions.running(TP)
    assert await worker.get("/ready") == (200, {"ready": True, "partitions": [], "waiting": []})
    assert await worker.get("/live") == (200, {"live": True})


async def test_a_stopped_partition_is_named_with_why_and_the_cure(worker: Worker) -> None:
    worker.conditions.running(OTHER)
    worker.conditions.stopped(TP, **ALARM)
    worker.now_s += 60
    worker.conditions.stopped(TP, **ALARM)
    code, body = await worker.get("/ready")
    assert (code, body["ready"]) == (503, False)
    assert body["partitions"] == [
        {"topic": "feedback.responses", "partition": 2, "state": "stopped", **ALARM,
         "since": "2023-11-14T22:13:20+00:00"}
    ]  # fmt: skip
    assert (await worker.get("/live"))[0] == 200, "a restart is no cure"
    worker.conditions.running(TP)
    assert (await worker.get("/ready"))[0] == 200


async def test_what_the_worker_waits_for_is_said(worker: Worker) -> None:
    worker.conditions.running(TP)
    worker.conditions.waits(reason="clickhouse", what="It does not answer.", cure="Start it.")
    worker.conditions.waits(reason="registry", what="Nor does it.", cure="Start it.")
    code, body = await worker.get("/ready")
    assert code == 503
    assert [one["reason"] for one in body["waiting"]] == ["clickhouse", "registry"]
    status = (await worker.get("/status"))[1]
    assert status["partitions"][0]["condition"]["what"] == "It does not answer."
    worker.conditions.goes_on("clickhouse")
    assert (await worker.get("/ready"))[0] == 503
    worker.conditions.goes_on("registry")
    assert (await worker.get("/ready"))[0] == 200


async def test_a_stalled_worker_is_dead(worker: Worker) -> None:
    worker.pages.stalled(Stall(TP, POSITIONS[TP], 300.0))
    code, body = await worker.get("/live")
    assert (code, body["live"]) == (503, False)
    assert body["stalled"] == {
        "topic": "feedback.responses", "partition": 2, "position": 90, "lag": 20, "still_s": 300.0
    }  # fmt: skip
    assert (await worker.get("/ready"))[0] == 503


async def test_the_status_has_every_partition_in_the_order_of_numbers(worker: Worker) -> None:
    worker.conditions.running(TP)
    worker.now_s += 12.34
    code, body = await worker.get("/status")
    assert code == 200
    assert (body["worker"], body["version"], body["uptime_s"]) == ("host:1", "0.1.0", 12.3)
    first, second = body["partitions"]
    condition = first.pop("condition")
    assert first == {
        "topic": "feedback.responses", "partition": 2, "position": 90, "log_end": 100,
        "lag": 20, "durable": 80, "committed": 70,
    }  # fmt: skip
    assert condition["state"] == "running"
    # Nothing was fetched yet, so nobody knows how much there is.
    assert (second["partition"], second["lag"]) == (10, None)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/", 404), ("POST", "/ready", 405), ("GET", "/a" * 2000, 400)],
)
async def test_nothing_else_is_answered(worker: Worker, method: str, path: str, code: int) -> None:
    async with (
        ClientSession() as session,
        session.request(
            method, worker.url + path, data=b"x" if method == "POST" else None
        ) as answer,
    ):
        assert answer.status == code
        assert "Traceback" not in await answer.text()


async def test_a_probe_with_a_huge_header_is_refused_and_others_are_not(worker: Worker) -> None:
    headers = {"X-Long": "x" * 10_000}
    async with (
        ClientSession() as session,
        session.get(worker.url + "/live", headers=headers) as one,
    ):
        assert one.status == 400
    assert (await worker.get("/live"))[0] == 200


async def test_an_idle_client_does_not_keep_the_worker_from_ending() -> None:
    one = Worker()
    async with asyncio.timeout(10):
        async with served(one.pages, "127.0.0.1", 0) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        rest = await reader.read()
        assert json.loads(rest.partition(b"\r\n\r\n")[2]) == {"live": True}
        writer.close()
        await writer.wait_closed()


async def test_a_port_that_is_taken_is_told_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            async with served(Worker().pages, "127.0.0.1", port):
                pass
    assert f"127.0.0.1:{port}" in caught.value.what
    assert "EARSHOT_WORKER__WEB_PORT" in caught.value.cure


async def test_a_partition_that_waits_alone_is_not_ready_either(worker: Worker) -> None:
    worker.conditions.running(OTHER)
    worker.conditions.held(TP, reason="unknown_schema", what="It is unknown.", cure="Register it.")
    code, body = await worker.get("/ready")
    assert code == 503
    assert [(one["partition"], one["state"]) for one in body["partitions"]] == [(2, "waiting")]
    assert body["waiting"] == []
