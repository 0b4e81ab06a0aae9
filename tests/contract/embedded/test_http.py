"""The HTTP interface, as clickhouse-connect, curl and BI tools use it."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import clickhouse_connect
import lz4.frame
import pytest
import zstd

from tests.contract.embedded.process import PASSWORD, USER, Address

pytestmark = pytest.mark.clickhouse

LOGIN = {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}


class Web:
    def __init__(self, server: Address) -> None:
        self.server = server

    def ask(
        self,
        method: str = "POST",
        body: Any = None,
        *,
        path: str = "/",
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        link = http.client.HTTPConnection(self.server.host, self.server.http_port, timeout=20)
        with contextlib.closing(link):
            given = LOGIN if headers is None else headers
            target = f"{path}?{urlencode(params)}" if params else path
            raw = body.encode() if isinstance(body, str) else body
            link.request(method, target, raw, given)
            answer = link.getresponse()
            return answer, answer.read()


@pytest.fixture
def web(server: Address) -> Web:
    return Web(server)


@pytest.fixture
def client(server: Address, database: str) -> Iterator[Any]:
    opened = clickhouse_connect.get_client(
        host=server.host,
        port=server.http_port,
        username=USER,
        password=PASSWORD,
        database=database,
    )
    yield opened
    opened.close()


@pytest.mark.parametrize("path", ["/", "/ping"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_says_ok_to_anybody(web: Web, path: str, method: str) -> None:
    answer, body = web.ask(method, path=path, headers={})
    assert (answer.status, body) == (200, b"Ok.\n" if method == "GET" else b"")


def test_an_unknown_path_is_404(web: Web) -> None:
    assert web.ask("GET", path="/nothing")[0].status == 404


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({}, {}, 401),
        ({"X-ClickHouse-User": USER, "X-ClickHouse-Key": "wrong"}, {}, 403),
        ({}, {"user": "somebody", "password": PASSWORD}, 403),
        ({"Authorization": "Bearer x"}, {}, 403),
        ({}, {"user": USER, "password": PASSWORD}, 200),
        (LOGIN, {}, 200),
    ],
)
def test_a_login_is_needed(
    web: Web, headers: dict[str, str], params: dict[str, str], status: int
) -> None:
    answer, body = web.ask(body="SELECT 1", headers=headers, **params)
    assert answer.status == status
    assert (answer.headers["X-ClickHouse-Exception-Code"] == "516") == (status != 200)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert PASSWORD.encode() not in body


def test_the_answer_carries_clickhouse_s_headers(web: Web) -> None:
    answer, body = web.ask(
        body="SELECT number FROM numbers(5)", query_id="id-1", wait_end_of_query=1
    )
    assert body == b"0\n1\n2\n3\n4\n"
    assert answer.headers["X-ClickHouse-Query-Id"] == "id-1"
    assert answer.headers["X-ClickHouse-Server-Display-Name"] == "embedded"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert answer.headers["X-ClickHouse-Format"] == "TabSeparated"
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("5", "5")


def test_a_header_of_the_answer_cannot_be_injected(web: Web) -> None:
    answer, _ = web.ask(body="SELECT 1", query_id="x\r\nX-Evil: 1")
    assert answer.status == 200
    assert "X-Evil" not in answer.headers


def test_the_format_is_chosen_by_the_text_the_header_or_a_parameter(web: Web) -> None:
    sql = "SELECT 1 AS a"
    by_header = {**LOGIN, "X-ClickHouse-Format": "JSONEachRow"}
    assert web.ask(body=f"{sql} FORMAT CSVWithNames", default_format="TSV")[1] == b'"a"\n1\n'
    assert web.ask(body=sql, headers=by_header)[1] == b'{"a":1}\n'
    assert web.ask(body=sql, default_format="JSONEachRow")[1] == b'{"a":1}\n'
    assert json.loads(web.ask(body=f"{sql} FORMAT JSON")[1])["data"] == [{"a": 1}]


def test_get_only_reads(web: Web, database: str) -> None:
    assert web.ask("GET", query="SELECT 1")[1] == b"1\n"
    answer, _ = web.ask("GET", query=f"CREATE TABLE {database}.x (a UInt8) ENGINE = Memory")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert web.ask(query=f"EXISTS TABLE {database}.x")[1] == b"0\n"


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELECT 1; SELECT 2", "62", 400),
        ("SELECT * FROM nope", "60", 404),
        ("SELECT 1 SETTINGS nope = 1", "115", 404),
        ("SELECT throwIf(1)", "395", 500),
        ("", "62", 400),
    ],
)
def test_errors_have_a_status_and_a_code(web: Web, sql: str, code: str, status: int) -> None:
    answer, body = web.ask(body=sql)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert body.startswith(f"Code: {code}. DB::Exception: ".encode())


def test_an_error_in_the_middle_breaks_the_body(web: Web) -> None:
    # The engine runs ahead of the answer: without the pauses it may fail before the first piece is
    # sent, and then the error is, rightly, a status.
    sql = (
        "SELECT throwIf(number = 4), sleepEachRow(0.4) FROM numbers(9) "
        "SETTINGS max_threads = 1, max_block_size = 1"
    )
    link = http.client.HTTPConnection(web.server.host, web.server.http_port, timeout=20)
    with contextlib.closing(link):
        link.request("POST", "/", sql, LOGIN)
        answer = link.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    assert f"__exception__\r\n{tag}\r\nCode: 395.".encode() in broken.value.partial


def test_settings_and_parameters_come_in_the_url(web: Web) -> None:
    assert web.ask(body="SELECT getSetting('max_block_size')", max_block_size=123)[1] == b"123\n"
    answer, _ = web.ask(body="SELECT 1", no_such_setting=1)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "115"
    assert web.ask(body="SELECT {a:UInt8} + 1, {b:String}", param_a=4, param_b="x")[1] == b"5\tx\n"
    assert web.ask(body="SELECT currentDatabase()", database="system")[1] == b"system\n"
    assert web.ask(body="SELECT 1", database="nope")[0].status == 404


def test_a_session_keeps_temporary_tables_and_settings(web: Web) -> None:
    for sql in (
        "CREATE TEMPORARY TABLE s (a UInt8)",
        "INSERT INTO s VALUES (7)",
        "SET max_threads = 3",
    ):
        assert web.ask(body=sql, session_id="one")[0].status == 200
    assert (
        web.ask(body="SELECT a, getSetting('max_threads') FROM s", session_id="one")[1] == b"7\t3\n"
    )
    assert web.ask(body="SELECT * FROM s")[0].status == 404
    answer, _ = web.ask(body="SELECT 1", session_id="never", session_check=1)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


@pytest.mark.parametrize(
    ("coding", "pack", "unpack"),
    [
        ("gzip", gzip.compress, gzip.decompress),
        ("lz4", lz4.frame.compress, lz4.frame.decompress),
        ("zstd", zstd.compress, zstd.decompress),
    ],
)
def test_bodies_are_compressed_both_ways(
    web: Web, database: str, coding: str, pack: Any, unpack: Any
) -> None:
    web.ask(body=f"CREATE TABLE {database}.z (n UInt32) ENGINE = MergeTree ORDER BY n")
    lines = b"".join(b"%d\n" % number for number in range(20_000))
    answer, _ = web.ask(
        body=pack(lines[:50_000]) + pack(lines[50_000:]),
        headers={**LOGIN, "Content-Encoding": coding},
        query=f"INSERT INTO {database}.z FORMAT TSV",
    )
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "20000"
    answer, body = web.ask(
        body=f"SELECT n FROM {database}.z ORDER BY n",
        headers={**LOGIN, "Accept-Encoding": coding},
        enable_http_compression=1,
        wait_end_of_query=1,
    )
    assert answer.headers["Content-Encoding"] == coding
    assert unpack(body) == lines
    broken, _ = web.ask(
        body=pack(lines)[:-20],
        headers={**LOGIN, "Content-Encoding": coding},
        query=f"INSERT INTO {database}.z FORMAT TSV",
    )
    assert broken.status == 400
    assert web.ask(body=f"SELECT count() FROM {database}.z")[1] == b"20000\n"


def test_a_body_that_breaks_off_inserts_nothing(web: Web, database: str) -> None:
    web.ask(body=f"CREATE TABLE {database}.b (n UInt32) ENGINE = MergeTree ORDER BY n")
    target = "/?" + urlencode({"query": f"INSERT INTO {database}.b FORMAT TSV"})
    with socket.create_connection((web.server.host, web.server.http_port)) as sock:
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {LOGIN['Authorization']}\r\n"
        sock.sendall(f"{head}Content-Length: 100000\r\n\r\n1\n2\n3\n".encode())
    assert web.ask(body=f"SELECT count() FROM {database}.b")[1] == b"0\n"


def test_clickhouse_connect_inserts_natively_and_streams(client: Any) -> None:
    client.command(
        "CREATE TABLE i (n UInt32, t DateTime('Asia/Tokyo')) ENGINE = MergeTree ORDER BY n"
    )
    assert client.protocol_version == 54405
    summary = client.insert("i", [[n, 1_700_000_000 + n] for n in range(1000)], ["n", "t"])
    assert summary.written_rows == 1000
    moment = client.query("SELECT t FROM i WHERE n = 5").result_rows[0][0]
    assert (moment.timestamp(), moment.utcoffset().total_seconds()) == (1_700_000_005, 9 * 3600)
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
        assert sum(len(block) for block in blocks) == 300_000
    assert client.query("SELECT {s:String}", parameters={"s": "x'\t" * 5000}).result_rows == [
        ("x'\t" * 5000,)
    ]
    assert client.query("SELECT n FROM i LIMIT 0").column_names == ("n",)
    assert client.ping()


def test_native_bytes_of_a_client_without_a_version_are_bare(web: Web) -> None:
    _, body = web.ask(body="SELECT toUInt32(7) AS a FORMAT Native")
    assert body == b"\x01\x01\x01a\x06UInt32" + struct.pack("<I", 7)
