"""`herd say` at real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Herd, Scripted

ANSWER = b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"
Serve = Callable[..., Scripted]
Run = Callable[..., Any]


def test_the_line_gets_its_newline_and_the_answer_is_printed_as_it_came(
    answer_clients: Serve, run_cli: Run
) -> None:
    server = answer_clients(lambda _: ANSWER)
    result = run_cli("say", server.at, "IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450")
    assert (result.exit_code, result.stdout_bytes) == (0, ANSWER)
    assert server.got == [b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"]


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("one\\ntwo\\t", b"one\\ntwo\\t\n"),
        ("ends already\r\n", b"ends already\r\n"),
        ("", b"\n"),
        ("é", "é\n".encode()),
    ],
)
def test_nothing_in_the_line_is_interpreted(
    line: str, sent: bytes, answer_clients: Serve, run_cli: Run
) -> None:
    server = answer_clients(lambda _: b"fine\n")
    assert run_cli("say", server.at, line).exit_code == 0
    assert server.got == [sent]


def test_bytes_that_are_no_utf_8_go_both_ways(answer_clients: Serve) -> None:
    server = answer_clients(lambda got: b"\x00\xfe" + got)
    command = [sys.executable, "-m", "herd.cli", "say", server.at, os.fsdecode(b"caf\xe9")]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\x00\xfecaf\xe9\n", b"")


def test_a_name_is_looked_up_in_the_configuration(
    make_herd: Callable[..., Herd], answer_clients: Serve, run_cli: Run
) -> None:
    herd = make_herd()
    ball = answer_clients(lambda _: ANSWER, port=herd.config.server("Ball").clients.dial.port)
    assert run_cli("say", "--config", herd.file, "Ball", "WHATSAT kiwi 10 5").exit_code == 0
    assert ball.got == [b"WHATSAT kiwi 10 5\n"]


@pytest.mark.parametrize("answer", [b"? nonsense\n", ANSWER + b"? nonsense\r\n"])
def test_an_invalid_command_is_printed_and_exits_1(
    answer: bytes, answer_clients: Serve, run_cli: Run
) -> None:
    server = answer_clients(lambda _: answer)
    result = run_cli("say", server.at, "nonsense")
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (1, answer, "")


def test_a_question_mark_within_an_answer_is_none(answer_clients: Serve, run_cli: Run) -> None:
    server = answer_clients(lambda _: b'AT Alford\n{"name": "? "}\n\n')
    assert run_cli("say", server.at, "WHATSAT kiwi 10 5").exit_code == 0


def test_a_server_that_is_not_there(free_ports: Callable[[int], list[int]], run_cli: Run) -> None:
    (port,) = free_ports(1)
    result = run_cli("say", f"127.0.0.1:{port}", "IAMAT")
    said = f"herd: 127.0.0.1:{port} cannot be reached: Connection refused; start the herd with `herd up`\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


def test_a_server_that_says_nothing_and_closes(answer_clients: Serve, run_cli: Run) -> None:
    server = answer_clients(lambda _: b"")
    result = run_cli("say", server.at, "IAMAT")
    hint = "if it speaks TLS, give the server's NAME in its place"
    said = f"herd: {server.at} closed the connection without an answer; {hint}\n"
    assert (result.exit_code, result.stderr) == (1, said)


def test_a_server_that_is_too_slow_keeps_what_it_said(run_cli: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        result = run_cli("say", "--timeout", "0.05", where, "WHATSAT kiwi 10 5")
    assert (result.exit_code, result.stderr) == (1, f"herd: {where} did not finish its answer in 0.05 s\n")


@pytest.mark.parametrize("name", ["127.0.0.1:", "127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:65536", "h:-1"])
def test_an_address_without_a_right_port_is_a_usage_error(name: str, run_cli: Run) -> None:
    result = run_cli("say", name, "IAMAT")
    assert result.exit_code == 2
    assert "is no port: a number from 1 to 65535" in result.stderr


def test_an_unknown_name_is_a_usage_error_with_a_guess(make_herd: Callable[..., Herd], run_cli: Run) -> None:
    result = run_cli("say", "--config", make_herd().file, "alfred", "IAMAT")
    assert result.exit_code == 2
    assert "there is no server 'alfred'" in result.stderr
    assert "did you mean Alford?" in result.stderr


def test_ipv6_addresses_stand_in_brackets(run_cli: Run) -> None:
    result = run_cli("say", "[::1]:9", "IAMAT")
    assert result.exit_code == 1
    assert result.stderr.startswith("herd: [::1]:9 cannot be reached: ")


def test_a_pipe_that_nobody_reads_ends_it(answer_clients: Serve) -> None:
    server = answer_clients(lambda _: b"x" * 1_000_000)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "herd.cli", "say", server.at, "WHATSAT"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
