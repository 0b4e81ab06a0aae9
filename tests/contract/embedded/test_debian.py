"""Debian's clickhouse-client of 2018: an independent C++ implementation of the protocol."""

from __future__ import annotations

import pytest

from tests.contract.embedded.clients import Debian, Refused
from tests.contract.embedded.process import Address

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def client(debian: str, server: Address, database: str) -> Debian:
    return Debian(debian, server, database)


def test_a_csv_of_several_blocks_goes_in_from_stdin(client: Debian) -> None:
    client.run(
        "CREATE TABLE c (n UInt32, s String, l LowCardinality(String)) ENGINE = MergeTree ORDER BY n"
    )
    text = "".join(f'{n},"text {n}",brand {n % 5}\n' for n in range(50_000))
    client.ask("INSERT INTO c FORMAT CSV", "--max_insert_block_size", "7000", stdin=text)
    found = client.ask("SELECT count(), sum(n), uniqExact(s), uniqExact(l) FROM c")
    assert found == f"50000\t{49_999 * 25_000}\t50000\t5\n"


def test_values_in_the_command_go_in(client: Debian) -> None:
    client.run(
        "CREATE TABLE v (n UInt32, s Nullable(String), d DateTime('UTC')) ENGINE = MergeTree ORDER BY n"
    )
    client.run(
        "INSERT INTO v VALUES (1, NULL, '2024-02-29 12:00:00'), (2, 'x;y', '1970-01-02 00:00:00')"
    )
    assert client.ask("SELECT * FROM v ORDER BY n") == (
        "1\t\\N\t2024-02-29 12:00:00\n2\tx;y\t1970-01-02 00:00:00\n"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CSV", '0,"a"\n1,"a"\n'),
        ("TabSeparatedWithNames", "number\t\\'a\\'\n0\ta\n1\ta\n"),
        ("JSONEachRow", '{"number":"0","\'a\'":"a"}\n{"number":"1","\'a\'":"a"}\n'),
        ("Values", "(0,'a'),(1,'a')"),
    ],
)
def test_the_client_renders_formats(client: Debian, name: str, text: str) -> None:
    assert client.ask(f"SELECT number, 'a' FROM numbers(2) FORMAT {name}") == text


@pytest.mark.parametrize(
    "options", [("--compression", "0"), ("--network_compression_method", "zstd")]
)
def test_compression_is_the_client_s_choice(client: Debian, options: tuple[str, ...]) -> None:
    found = client.ask("SELECT sum(number), count() FROM numbers(200000)", *options)
    assert found == f"{199_999 * 100_000}\t200000\n"


def test_a_failed_statement_ends_the_program_with_its_code(client: Debian) -> None:
    with pytest.raises(Refused) as refused:
        client.ask("SELECT 1; SELECT * FROM nope; SELECT 2", "--multiquery")
    assert refused.value.code == 60
    assert client.ask("SELECT 1; SELECT 2", "--multiquery") == "1\n2\n"


def test_totals_are_rendered_after_the_rows(client: Debian) -> None:
    sql = "SELECT number % 2 AS k, count() FROM numbers(5) GROUP BY k WITH TOTALS ORDER BY k"
    assert client.ask(sql) == "0\t3\n1\t2\n\n0\t5\n"
