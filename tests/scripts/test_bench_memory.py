"""`scripts/bench/memory`: what servers are filled with, how weights are summed up, and the script itself."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from benching.filling import CHUNK_COMMANDS, chunks, fill, geoadd, hset_time, iamat, position
from benching.memory.report import row, text
from benching.memory.subjects import Weight
from hypothesis import given
from hypothesis import strategies as st

from herd.core.errors import HerdError
from herd.core.limits import Limits
from herd.core.wire import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def bench_memory(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench" / "memory", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# What servers are filled with.


@given(st.integers(0, 9_999_999))
def test_every_client_has_a_report_that_both_servers_take(number: int) -> None:
    latitude, longitude = position(number)
    assert -80 <= latitude <= 80
    assert -170 <= longitude <= 170
    client_id = b"client%07d.example.org" % number
    where = b"%+.6f%+.6f" % (latitude, longitude)
    time = b"1479413884.%09d" % number
    assert parse_line(iamat(number), Limits().client_id_bytes) == (iamat(number), client_id, where, time)
    assert geoadd(number) == b"GEOADD positions %.6f %.6f %b\n" % (longitude, latitude, client_id)
    assert hset_time(number) == b"HSET times %b %b\n" % (client_id, time)


def test_clients_are_at_different_places() -> None:
    assert len({position(number) for number in range(10_000)}) == 10_000


def test_chunks_hold_every_command_of_every_client_once() -> None:
    made = list(chunks((geoadd, hset_time), CHUNK_COMMANDS + 1))
    assert [count for count, _ in made] == [2 * CHUNK_COMMANDS, 2]
    assert made[1][1] == geoadd(CHUNK_COMMANDS) + hset_time(CHUNK_COMMANDS)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def answer(there: socket.socket, answers: bytes, *, commands: int) -> None:
    """Read so many commands, answer in pieces, and close."""
    read = 0
    while read < commands:
        read += there.recv(1 << 16).count(b"\n")
    for at in range(0, len(answers), 7):
        there.sendall(answers[at : at + 7])
    there.close()


def test_filling_ends_with_the_last_answer(ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    answers = b":1\r\n" * 3
    server = Thread(target=answer, args=(there, answers), kwargs={"commands": 3})
    server.start()
    assert fill(here, chunks((geoadd,), 3)) == len(answers)
    server.join()


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (b"? IA", "the server refused: b'? IA"),
        (b"-ERR wr", "the server refused: b'-ERR wr"),
        (b":1\r\n", "the server closed the connection"),
    ],
)
def test_a_server_that_refuses_is_not_filled(
    ends: tuple[socket.socket, socket.socket], answers: bytes, told: str
) -> None:
    here, there = ends
    server = Thread(target=answer, args=(there, answers), kwargs={"commands": 3})
    server.start()
    with pytest.raises(HerdError) as failed:
        fill(here, chunks((iamat,), 3))
    server.join()
    assert str(failed.value).startswith(told)


# The sums.


def test_bytes_are_of_a_client_and_ratios_of_a_round() -> None:
    weights = {
        "herd": [Weight(2048, 3000, 1010, 1.0), Weight(4096, 2000, 1010, 3.0)],
        "redis": [Weight(1024, 1000, 40, 1.0), Weight(1024, 2000, 40, 1.0)],
    }
    made = row("herd", 10, weights)
    assert made == {
        "clients": 10,
        "subject": "herd",
        "empty_kib": 3,
        "bytes_per_client": {"median": 250.0, "least": 200.0, "most": 300.0},
        "seconds": 2.0,
        "line_bytes": 100.0,
        "times_redis": {"median": 2.0, "least": 1.0, "most": 3.0},
    }
    yardstick = row("redis", 10, weights)
    assert {"times_redis", "line_bytes"}.isdisjoint(yardstick)
    table = text({"interpreter": "CPython", "machine": "Linux", "rounds": 2, "rows": [made, yardstick]})
    words = ["10", "herd", "250", "(200-300)", "2.00", "(1.00-3.00)", "100.0", "3", "2.0"]
    assert words in [line.split() for line in table.splitlines()]


# The script.


def test_a_server_is_filled_and_weighed() -> None:
    done = bench_memory("herd pure", "--clients", "300", "--json")
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["rows"]
    assert (found["clients"], found["subject"]) == (300, "herd pure")
    assert 90 < found["line_bytes"] < 100
    assert found["empty_kib"] > 10_000
    assert "round 1 of 1: herd pure, 300 clients" in done.stderr


def test_a_mistake_on_the_command_line_is_told() -> None:
    done = bench_memory("memcached")
    assert done.returncode == 2
    assert "'memcached' is none of herd, herd pure, herd disk, redis, redis+time" in done.stderr
